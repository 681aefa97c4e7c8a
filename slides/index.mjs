// `node slides/index.mjs DIR`: a page that leads to the decks in DIR.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const slides = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const field = (text, name) => (new RegExp(`^${name}: *"?(.*?)"?$`, "m").exec(text)?.[1] ?? "").trim();

const pages = readdirSync(out).filter((file) => file.endsWith(".html"));
const haveNotes = pages.some((file) => readFileSync(join(out, file), "utf8").includes('class="bespoke-marp-note"'));
const notes = haveNotes ? `, <kbd>p</kbd> opens a second
window with the speaker's notes, the next slide and a clock` : "";
const rows = readdirSync(slides)
  .filter((file) => /^\d\d-.*\.md$/.test(file) && existsSync(join(out, file.replace(/md$/, "html"))))
  .sort()
  .map((file) => {
    const text = readFileSync(join(slides, file), "utf8");
    const name = file.slice(0, -3);
    const minutes = Number(field(text, "minutes"));
    const pdf = existsSync(join(out, `${name}.pdf`)) ? "" : " hidden";
    return `<tr><td>${name.slice(0, 2)}</td><td><a href="${name}.html">${escape(field(text, "title"))}</a></td>
<td>${minutes ? `${minutes} min` : ""}</td><td${pdf}><a href="${name}.pdf">PDF</a></td></tr>`;
  });

writeFileSync(
  join(out, "index.html"),
  `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The slides</title>
<style>
:root { color-scheme: light dark; font: 20px/1.5 Arial, "Liberation Sans", sans-serif; }
body { max-width: 40em; margin: 2em auto; padding: 0 1em; }
td { padding: 0.2em 1em 0.2em 0; }
</style>
<h1>The slides</h1>
<p>Arrow keys turn the page; <kbd>f</kbd> is for the whole screen${notes}.</p>
<table>
${rows.join("\n")}
</table>
</html>
`,
);
