// What our decks need beyond Marp: pictures inside of the page (so that it is
// one file, and a drawing follows the colours of the theme), the source of an
// excerpt under it, in a story the names of the lanes, all lines of a fault, and
// those from which on it is too late, each with a look of its own, and letters as
// large as fit.
// Used by `.ci/slides`; the decks are plain Markdown without it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import "../workshop/src/commands/book/stories.js";
import { sizesOf } from "./sizes.mjs";

const slides = dirname(fileURLToPath(import.meta.url));
const root = dirname(slides);
// Where the pages will be: links are to lead from there to the repository.
const out = process.env.SLIDES_OUT ? resolve(process.env.SLIDES_OUT) : join(root, "slides");
const types = { ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp" };

// How high a picture will be.
function pictureHeight(token) {
  const path = resolve(slides, decodeURI(token.attrGet("src") ?? ""));
  const drawing = extname(path) === ".svg" ? readFileSync(path, "utf8") : "";
  const [, width, height] = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(drawing) ?? [];
  // Of another picture nobody knows: nothing grows beside it.
  return width ? height * Math.min(1, 1160 / width) : 600;
}

// A story, each of its lines with the look that it has in the book, too.
function marked(html) {
  const open = /^<pre.*?><code.*?>/.exec(html)?.[0] ?? "";
  const [body, ...close] = html.slice(open.length).split("</code>");
  const lines = body.split("\n");
  const plain = lines.map((line) => line.replace(/&\w+;|&#\d+;/g, "x"));
  const looks = globalThis.storyLooks(plain);
  const drawn = lines.map((line, place) => (looks[place] ? `<span class="${looks[place]}">${line}</span>` : line));
  return [open + drawn.join("\n"), ...close].join("</code>");
}

function plugin(md) {
  const escape = md.utils.escapeHtml;
  const { image, fence, link_open } = md.renderer.rules;

  // A drawing in a shadow root: its styles and ids touch no other.
  md.renderer.rules.image = (tokens, place, options, env, self) => {
    const token = tokens[place];
    const address = token.attrGet("src") ?? "";
    if (token.hidden || /^([a-z]+:|\/\/)/i.test(address)) return image(tokens, place, options, env, self);
    const path = resolve(slides, decodeURI(address));
    const said = token.content || self.renderInlineAsText(token.children ?? [], options, env);
    const alt = said.replace(/\b(?:w|h|width|height):\S+\s*/g, "").trim();
    const style = token.attrGet("style");
    const attributes = `class="picture" role="img" aria-label="${escape(alt)}"${style ? ` style="${escape(style)}"` : ""}`;
    if (extname(path) === ".svg") {
      const drawing = readFileSync(path, "utf8").replace(/^[^]*?(?=<svg[\s>])/, "").trim();
      // Without blank lines: they would mean something to Markdown.
      const inner = `<style>svg{display:block;max-width:100%;height:auto}</style>${drawing.replace(/\n\s*(?=\n)/g, "")}`;
      return `<span ${attributes}><template shadowrootmode="open">${inner}</template></span>`;
    }
    const type = types[extname(path)];
    if (!type) throw new Error(`${address}: no picture that can be put into the page`);
    token.attrSet("src", `data:${type};base64,${readFileSync(path, "base64")}`);
    token.attrJoin("class", "picture");
    return image(tokens, place, options, env, self);
  };

  md.renderer.rules.fence = (tokens, place, options, env, self) => {
    const [, source] = tokens[place].info.trim().split(/\s+/);
    let html = fence(tokens, place, options, env, self);
    if (/^text\b/.test(tokens[place].info)) {
      html = marked(html);
    }
    const size = tokens[place].meta?.size;
    const caption = source ? `<figcaption>${escape(source.split("#")[0])}</figcaption>\n` : "";
    return `<figure${size ? ` style="--mono: ${size}px"` : ""}>\n${html.trim()}\n${caption}</figure>\n`;
  };

  md.renderer.rules.link_open = (tokens, place, options, env, self) => {
    const token = tokens[place];
    const address = token.attrGet("href") ?? "";
    const inside = !relative(root, out).startsWith("..");
    if (inside && address && !/^([a-z]+:|\/\/|#)/i.test(address)) {
      const [path, anchor] = address.split("#");
      const target = resolve(slides, decodeURI(path));
      if (existsSync(target)) {
        const way = relative(out, target).split(sep).join(posix.sep);
        token.attrSet("href", encodeURI(way) + (anchor ? `#${anchor}` : ""));
      }
    }
    return link_open ? link_open(tokens, place, options, env, self) : self.renderToken(tokens, place, options);
  };

  md.core.ruler.push("workshop_sizes", (state) => {
    const { tokens } = state;
    tokens.forEach((open, place) => {
      if (open.type !== "marpit_slide_open") return;
      const end = tokens.findIndex((token, at) => at > place && token.type === "marpit_slide_close");
      const slide = tokens.slice(place + 1, end);
      if (!slide.some((token) => token.tag === "h2")) return;
      const { style, pres } = sizesOf(slide, pictureHeight);
      open.attrSet("style", `${open.attrGet("style") ?? ""}${style}`);
      for (const [fence, size] of pres) fence.meta = { ...fence.meta, size };
    });
  });

  md.core.ruler.push("workshop_sources", (state) => {
    state.tokens.forEach((token, place) => {
      const next = state.tokens[place + 1];
      if (token.type === "paragraph_open" && /^Sources?:/.test(next?.content ?? "")) token.attrJoin("class", "source");
    });
  });
}

export default ({ marp }) => marp.use(plugin);
