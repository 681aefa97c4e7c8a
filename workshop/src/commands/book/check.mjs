// `node check.mjs DIR SOURCES PNG`: looks at the book in DIR, made from SOURCES, and
// goes through it in a browser, from the disk. With PNG, which may be empty, also takes
// pictures. What is looked at:
//
// - every link leads to a page that is there, and to a heading on it; nothing is asked
//   of another host
// - every page is in the search, or said to be hidden, and what is hidden is not in it
// - hints and answers are folded away
// - at 1280 and at 360 pixels, light and dark: nothing is wider than the screen, the
//   lanes of a story stand under each other, a word in a table stays whole, and nothing
//   is said on the console
// - on paper: the page and nothing of the book around it, dark, nothing cut off
// - the front page plays its story, which goes on at a key
// - in a story, the names of its lanes and what strikes are marked
// - by keyboard: the next page, the search and its first result
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [dir, sources, png] = process.argv.slice(2);
const SIZES = [[1280, 800], [360, 740]];
const SCHEMES = ["light", "dark"];

let failures = 0;
function must(holds, what) {
  if (holds) return;
  failures += 1;
  if (failures <= 30) console.error(what);
}

// ---- Files -------------------------------------------------------------------------

const files = readdirSync(dir, { recursive: true }).map((file) => file.replaceAll("\\", "/"));
const there = new Set(files);
// 404.html is for a host, which asks for it by its name.
// The story on the front page is no page of the book; .ci/player looks at such.
const played = "first-story.html";
const pages = files.filter((file) => file.endsWith(".html") && file !== "404.html" && file !== played).sort();
const html = new Map(pages.map((page) => [page, readFileSync(join(dir, page), "utf8")]));
const decoded = (text) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
const ids = new Map([...html].map(([page, text]) =>
  [page, new Set([...text.matchAll(/\s(?:id|name)="([^"]*)"/g)].map((found) => decoded(found[1])))]));

let links = 0;
for (const [page, text] of html) {
  for (const [, tag, attribute, raw] of text.matchAll(/<(\w+)\b[^>]*?\s(href|src)="([^"]*)"/g)) {
    const link = decoded(raw);
    const isElsewhere = /^(?:[a-z]+:|\/\/)/i.test(link);
    if (isElsewhere) {
      must(tag === "a" && attribute === "href", `${page}: it asks for ${link}`);
      continue;
    }
    links += 1;
    const [path, anchor] = link.split("#");
    const to = path === "" ? page : relative(dir, resolve(dir, dirname(page), decodeURIComponent(path))).replaceAll("\\", "/");
    must(there.has(to), `${page}: the link to ${link} leads nowhere`);
    if (anchor && ids.has(to)) must(ids.get(to).has(decodeURIComponent(anchor)), `${page}: ${to} has no #${anchor}`);
  }
}

const settings = readFileSync(join(sources, "book.toml"), "utf8");
const chapters = [...readFileSync(join(sources, "src", "SUMMARY.md"), "utf8").matchAll(/\]\((.*)\.md\)$/gm)].map((found) => found[1]);
const hidden = new Set([...settings.matchAll(/^"(.*)\.md" = \{ enable = false \}$/gm)].map((found) => found[1]));
const index = files.find((file) => /^searchindex.*\.js$/.test(file));
const searched = new Set(
  JSON.parse(readFileSync(join(dir, index), "utf8").match(/"doc_urls":(\[.*?\])/)[1]).map((url) => url.split("#")[0].replace(/\.html$/, "")));
for (const chapter of chapters) {
  must(html.has(`${chapter}.html`), `${chapter} is no page`);
  must(searched.has(chapter) !== hidden.has(chapter), `${chapter} is ${hidden.has(chapter) ? "hidden, and found by a search" : "not found by a search"}`);
}

// ---- In a browser ------------------------------------------------------------------

const require = createRequire(join(process.env.BOOK_TOOLS, "package.json"));
const browser = await require("puppeteer-core").launch({
  executablePath: process.env.CHROME_PATH,
  args: process.env.CHROME_NO_SANDBOX ? ["--no-sandbox"] : [],
});
const page = await browser.newPage();
let at = "";
page.on("console", (message) => must(false, `${at}: on the console: ${message.text()}`));
page.on("pageerror", (error) => must(false, `${at}: an error: ${error.message}`));
page.on("request", (request) => must(/^(file|data):/.test(request.url()), `${at}: it asks for ${request.url()}`));
const go = async (file) => {
  at = file;
  await page.goto(pathToFileURL(join(dir, file)).href);
};
const where = () => relative(dir, fileURLToPath(page.url().split(/[?#]/)[0])).replaceAll("\\", "/");

// Runs in the page: what is wrong with its looks.
function faults() {
  const found = [];
  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) found.push(`it is ${wide} pixels wide`);
  const story = [...document.querySelectorAll("pre > code")].find((one) => one.textContent.includes("●────▶"));
  if (story) {
    const span = story.appendChild(document.createElement("span"));
    const width = (text) => ((span.textContent = text), span.getBoundingClientRect().width);
    const letter = width("a".repeat(40));
    for (const sign of "●─▶◀┃│✗◆‹›") {
      const sized = width(sign.repeat(40));
      if (Math.abs(sized - letter) > 1) found.push(`${sign} is ${(sized / letter).toFixed(2)} letters wide`);
    }
    span.remove();
  }
  // A table that is squeezed puts every letter on a line of its own.
  const words = document.createRange();
  for (const cell of document.querySelectorAll("td, th")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      for (const { 0: word, index } of text.data.matchAll(/[\p{L}\p{N}]+/gu)) {
        words.setStart(text, index);
        words.setEnd(text, index + word.length);
        const lines = new Set([...words.getClientRects()].map((line) => Math.round(line.top)));
        if (lines.size > 1) found.push(`${word} is broken in a table`);
      }
    }
  }
  for (const open of document.querySelectorAll("details[open]")) found.push(`unfolded: ${open.textContent.slice(0, 40)}`);
  return found;
}

// Runs in the page, as it is printed: what is wrong there.
function faultsOnPaper() {
  const found = [];
  for (const around of ["#mdbook-menu-bar", "#mdbook-sidebar", ".nav-chapters", ".mobile-nav-chapters", "iframe", "pre > .buttons"]) {
    for (const one of document.querySelectorAll(around)) if (one.getClientRects().length > 0) found.push(`${around} is printed`);
  }
  const title = document.querySelector("main h1");
  if (title && title.getBoundingClientRect().top < 0) found.push("its title is cut off");
  for (const text of document.querySelectorAll("main :is(h1, p, li, td, code, span)")) {
    const ink = getComputedStyle(text).color.match(/[\d.]+/g).map(Number);
    if (ink[0] + ink[1] + ink[2] > 3 * 100) found.push(`pale: ${text.textContent.slice(0, 40)}`);
  }
  for (const text of document.querySelectorAll("pre > code")) {
    if (text.scrollWidth > text.clientWidth + 1) found.push(`cut off: ${text.textContent.slice(0, 40)}`);
  }
  for (const open of document.querySelectorAll("details[open]")) found.push(`unfolded: ${open.textContent.slice(0, 40)}`);
  return found;
}

const exercise = pages.find((page) => /^exercises\/06-.*\/index\.html$/.test(page));
const beside = (name) => join(dirname(exercise), `${name}.html`);
const first = (pattern) => pages.find((page) => pattern.test(page));
const looked = {
  front: "index.html", exercise, hints: beside("hints"), answers: beside("answers"),
  mistake: first(/^solutions\/06-.*\/mistakes\/looks_into/), others: first(/^solutions\/06-[^/]*\/index\.html$/),
  paper: "papers/at-hand.html", deck: first(/^slides\/06/), sheet: first(/^brainstorms\/2/), code: first(/\.rs\.html$/),
};
if (png) mkdirSync(png, { recursive: true });
for (const [width, height] of SIZES) {
  await page.setViewport({ width, height });
  for (const scheme of SCHEMES) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    // Where it is narrow, all that somebody has written; elsewhere one of each kind.
    const isWritten = (page) => !hidden.has(page.replace(/\.html$/, "")) || /hints|answers/.test(page);
    const chosen = new Set(Object.values(looked));
    if (width < 400 && scheme === "light") pages.filter(isWritten).forEach((page) => chosen.add(page));
    for (const file of chosen) {
      await go(file);
      for (const fault of await page.evaluate(faults)) must(false, `${file}, ${width} pixels, ${scheme}: ${fault}`);
      const name = Object.keys(looked).find((name) => looked[name] === file);
      if (png && name) await page.screenshot({ path: join(png, `${name}-${width}-${scheme}.png`) });
    }
    const isDark = await page.evaluate(() => {
      const [red, green, blue] = getComputedStyle(document.documentElement).backgroundColor.match(/[\d.]+/g).map(Number);
      return red + green + blue < 3 * 128;
    });
    must(isDark === (scheme === "dark"), `it is ${isDark ? "dark" : "light"} where ${scheme} is asked for`);
  }
}

// What a browser prints: A4 without its margins, from a screen that is dark.
await page.setViewport({ width: 680, height: 960 });
await page.emulateMediaType("print");
for (const file of new Set([...Object.values(looked), "papers/glossary.html", "AGENDA.html"])) {
  await go(file);
  for (const fault of await page.evaluate(faultsOnPaper)) must(false, `${file}, on paper: ${fault}`);
}
await page.emulateMediaType("screen");

// An answer is not seen, and one key unfolds it.
await page.setViewport({ width: SIZES[0][0], height: SIZES[0][1] });
for (const file of [looked.hints, looked.answers, looked.mistake]) {
  await go(file);
  const seen = () => page.$eval("details", (details) => details.lastElementChild.checkVisibility());
  must(!(await seen()), `${file}: it is seen before it is asked for`);
  await page.focus("summary");
  await page.keyboard.press("Enter");
  must(await seen(), `${file}: Enter does not unfold it`);
}

// The story on the front page, and what is marked in the one above it.
await go("index.html");
const frame = await (await page.waitForSelector("iframe.player")).contentFrame();
await frame.waitForSelector("#steps li");
const step = () => frame.$eval("#slider", (slider) => slider.value);
const first_step = await step();
await frame.focus("#slider");
await page.keyboard.press("ArrowRight");
must((await step()) !== first_step, "the story on the front page does not go on");
for (const look of ["heads", "fault", "turn"]) must((await page.$$(`.story-${look}`)).length > 0, `no ${look} is marked in a story`);
if (png) await (await page.$("iframe.player")).screenshot({ path: join(png, "player.png") });

// By keyboard alone: a page further, and to what a search finds.
await go("index.html");
await Promise.all([page.waitForNavigation(), page.keyboard.press("ArrowRight")]);
must(where() === `${chapters[1]}.html`, `an arrow leads to ${where()}`);
await go("index.html");
await page.keyboard.press("s");
await page.waitForSelector("#mdbook-searchbar:focus, #searchbar:focus");
await page.keyboard.type("lock expires");
await page.waitForFunction(() => document.querySelectorAll("#mdbook-searchresults li a, #searchresults li a").length > 2);
if (png) await page.screenshot({ path: join(png, "search.png") });
await page.keyboard.press("ArrowDown");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
at = where();
must(at !== "index.html" && /lock|expire/i.test(await page.$eval("main", (main) => main.textContent)), `a search leads to ${at}`);
await browser.close();

if (failures > 0) {
  console.error(`${failures} things to mend`);
  process.exit(1);
}
console.log(`${pages.length} pages, ${searched.size} of them searched, ${hidden.size} hidden until wanted; ${links} links`);
