// `node slides/notes.mjs PDF PNG DECK…`: the teacher's copy, to print: each slide of
// the decks, from its picture in PNG, with the speaker's notes beside it.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { openBrowser } from "./browser.mjs";

const [pdf, png, ...decks] = process.argv.slice(2);

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const code = (text) => escape(text).replace(/`([^`]*)`/g, "<code>$1</code>");

// A note begins with what it is for: Say, Ask, Watch out, Demo.
const said = (line) => code(line).replace(/^([A-Z][a-z ]*:)/, "<b>$1</b>");

// A line of three dashes ends a slide, unless it stands in a block of code.
function slidesOf(text) {
  const slides = [[]];
  let fenced = false;
  for (const line of text.replace(/^---\n[^]*?\n---\n/, "").split("\n")) {
    if (line.startsWith("```")) fenced = !fenced;
    if (line === "---" && !fenced) slides.push([]);
    else slides.at(-1).push(line);
  }
  return slides.map((lines) => lines.join("\n"));
}

const rows = decks.map((deck) => {
  const name = basename(deck, ".md");
  const slides = slidesOf(readFileSync(deck, "utf8")).map((slide, place) => {
    const number = String(place + 1).padStart(2, "0");
    const picture = readFileSync(join(png, `${name}-${number}-light.png`)).toString("base64");
    const notes = [...slide.matchAll(/<!--([^]*?)-->/g)].flatMap(([, note]) => note.trim().split("\n"));
    return `<section><img alt="" src="data:image/png;base64,${picture}">
<div><small>${name.slice(0, 2)}/${place + 1}</small>${notes.map((note) => `<p>${said(note)}</p>`).join("")}</div></section>`;
  });
  const title = /^title: *"?(.*?)"?$/m.exec(readFileSync(deck, "utf8"))?.[1] ?? name;
  return `<article><h1>${name.slice(0, 2)} · ${escape(title)}</h1>${slides.join("\n")}</article>`;
});

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The slides, with notes</title>
<style>
@page { size: A4; margin: 14mm; }
body { font: 10.5pt/1.4 Arial, "Liberation Sans", sans-serif; margin: 0; }
article { break-before: page; }
article:first-of-type { break-before: auto; }
h1 { font-size: 14pt; margin: 0 0 4mm; }
section { display: flex; gap: 5mm; margin-bottom: 5mm; break-inside: avoid; }
img { width: 88mm; height: 49.5mm; border: 0.3mm solid #bbb; flex: none; }
p { margin: 0 0 1.5mm; }
small { color: #666; float: right; margin-left: 3mm; }
code { font: 9pt/1.3 "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
</style>
${rows.join("\n")}
</html>
`;

const browser = await openBrowser();
try {
  const tab = await browser.newPage();
  await tab.setContent(page, { waitUntil: "load" });
  await tab.pdf({ path: pdf, preferCSSPageSize: true, outline: true });
} finally {
  await browser.close();
}
const notes = (page.match(/<b>/g) ?? []).length;
if (notes === 0) throw new Error("there are no notes in these decks");
console.log(`${pdf}: ${page.match(/<section>/g).length} slides and ${notes} notes`);
