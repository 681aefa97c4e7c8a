// `node check.mjs DIR PNG`: goes through every player in DIR in a browser. With PNG,
// which may be empty, also takes pictures. What is looked at:
//
// - it is small, opens quickly, says nothing on the console, and asks for nothing else
// - every step is reached by keyboard, there and back; each box shows what the engine
//   has recorded of that moment (`cargo run -p records --example states`)
// - with the right answer beside it: counterparts are shown together, everything else
//   alone, each side as the engine has recorded it; where the two part is marked
// - every control has a name, is reached by Tab, and does what it says
// - what looks like markup is text
// - texts can be read, light and dark; nothing is cut off; it prints to one page, or, if
//   it is long, to several, in letters that can be read
// - a story of 200 steps opens as quickly
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.PLAYER_TOOLS, "package.json"));
const puppeteer = require("puppeteer-core");
const [dir, png] = process.argv.slice(2);
const LARGEST = 500 * 1024;
const SLOWEST = 1000;
const SIZES = [[1280, 720], [1920, 1080], [800, 600]];
// The letters of a story on paper are as large as this, in pixels, and those of one that
// takes several pages have one size.
const [LEAST, OF_SEVERAL] = [7, 10];
const HOSTILE = "</script><img src=x onerror=alert(1)><b>";

let failures = 0;
let name = "";
function must(holds, what) {
  if (holds) return;
  failures += 1;
  if (failures <= 30) console.error(`${name}: ${what}`);
}

// ---- What must be shown ------------------------------------------------------------

function statesOf(film) {
  const args = ["run", "--quiet", "--locked", "--package", "records", "--example", "states"];
  const ran = spawnSync("cargo", args, { input: JSON.stringify(film), maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(String(ran.stderr));
  return JSON.parse(ran.stdout);
}

// JSON without the white space between its parts; anything else as it is.
function plain(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
}

// The lines of each box as they must be, or a check of them.
function expected(film, state) {
  const boxes = new Map();
  const label = (message) => film.messages[message].label;
  const copy = (one) => `${label(one.message)}, copy ${one.copy}`;
  const same = (lines) => (shown) => JSON.stringify(shown) === JSON.stringify(lines);
  state.queues.forEach((queue, number) => boxes.set(`queue-${number}`, same(queue.map(copy))));
  state.workers.forEach((busy, number) => {
    boxes.set(`worker-${number}`, (shown) => {
      if (!busy) return shown.length === 0;
      let rest = shown;
      const next = (line) => rest[0] === line && ((rest = rest.slice(1)), true);
      if (!next(copy(busy.copy))) return false;
      if (!busy.locked && !next("its lock has expired")) return false;
      if (!next(busy.phase)) return false;
      if (busy.knows.length > 0 && !next("it knows")) return false;
      return busy.knows.every((known) => {
        const there = known.place === undefined ? null : state.contents[known.place];
        const is = known.content ?? null;
        const version = is?.version ? ` (${is.version})` : "";
        if (known.words) return next(`  ${known.about}: ${known.words}`);
        const key = (content) => (content ? `${content.text} ${content.etag}` : "");
        if (key(there) === key(is)) return next(`  ${known.about}: ${is ? `as it is now${version}` : "not there"}`);
        if (!next(`  ${known.about}: out of date${version}`)) return false;
        const end = rest.findIndex((line) => !line.startsWith("    "));
        const told = rest.splice(0, end < 0 ? rest.length : end).map((line) => line.slice(4));
        return plain(told.join("\n")) === (is ? plain(film.texts[is.text]) || "(empty)" : "not there");
      }) && rest.length === 0;
    });
  });
  state.contents.forEach((content, number) => {
    boxes.set(`place-${number}`, (shown) =>
      content ? plain(shown.join("\n")) === plain(film.texts[content.text]) : shown.length === 0);
  });
  const several = film.endpoints.length > 1;
  const published = state.published.map((one) => label(one.message) + (several ? `, by ${film.endpoints[one.endpoint]}` : ""));
  boxes.set("published", same(published));
  boxes.set("under_way", same(state.under_way));
  boxes.set("deadlines", same(state.deadlines));
  return boxes;
}

// Runs in the page: what is shown at this step, on the side whose ids begin like this.
function shown(prefix) {
  const byId = (id) => document.getElementById(prefix + id);
  const text = (line) => line.querySelector(".text").textContent;
  const boxes = [...byId("boxes").querySelectorAll("[data-box]")].map((box) => {
    const lines = [...box.querySelectorAll("li:not(.empty)")];
    const now = lines.filter((line) => !line.querySelector("del"));
    const before = lines.filter((line) => !line.querySelector("ins"));
    return { id: box.dataset.box, now: now.map(text), before: before.map(text), changed: box.classList.contains("changed") };
  });
  const current = [...byId("steps").querySelectorAll("button")].findIndex((one) => one.hasAttribute("aria-current"));
  const rows = byId("steps").querySelector("[aria-current]")?.getBoundingClientRect();
  const frame = byId("story").getBoundingClientRect();
  const inView = !rows || (rows.top >= frame.top - 1 && (rows.bottom <= frame.bottom + 1 || rows.height > frame.height - 80));
  return { boxes, current, inView, count: document.getElementById("count").textContent, now: document.getElementById("now").textContent, parts: [...byId("steps").querySelectorAll("button")].findIndex((one) => one.classList.contains("parts")) };
}

// ---- Going through -----------------------------------------------------------------

// What is shown of one side, at a step to which it has just moved or not.
function mustBeShown({ boxes, now: said }, film, states, step, moves, where) {
  const kinds = { queues: "queue", workers: "worker", contents: "place" };
  const scene = moves ? film.steps[step - 1] : undefined;
  for (const { words } of scene?.lines ?? []) must(said.includes(words), `${where} says ${words}`);
  if (scene?.fault) must(said.includes(`✗ fault: ${scene.fault}.`), `${where} is a fault`);
  const [is, was] = [expected(film, states[step]), expected(film, states[moves ? Math.max(step - 1, 0) : step])];
  for (const { id, now, before } of boxes) {
    must(is.get(id)?.(now), `at ${where}, ${id} shows ${JSON.stringify(now)}`);
    // Of what a worker knows, it is also told whether it is still so: that is compared above.
    must(was.get(id)?.(before), `at ${where}, ${id} did show ${JSON.stringify(before)}`);
  }
  // Whatever there is has a box.
  for (const [part, kind] of Object.entries(kinds)) {
    states[step][part].forEach((value, place) => {
      const there = part === "queues" ? value.length > 0 : value !== null;
      must(!there || boxes.some(({ id }) => id === `${kind}-${place}`), `${where} shows ${kind} ${place}`);
    });
  }
  for (const part of ["published", "under_way", "deadlines"]) {
    must(states[step][part].length === 0 || boxes.some(({ id }) => id === part), `${where} shows ${part}`);
  }
}

async function throughAllSteps(page, film, states) {
  const look = async (step) => {
    const seen = await page.evaluate(shown, "");
    const { current, inView, count } = seen;
    must(current === step - 1 && count.startsWith(`step ${step} of ${film.steps.length},`), `it is at step ${step}: ${count}`);
    must(inView, `step ${step} is in view`);
    mustBeShown(seen, film, states, step, true, `step ${step}`);
  };
  await page.keyboard.press("i");
  await page.keyboard.press("Home");
  await look(0);
  for (let step = 1; step < states.length; step++) {
    await page.keyboard.press(step % 2 ? "ArrowRight" : "PageDown");
    await look(step);
  }
  await page.keyboard.press("ArrowRight");
  await look(film.steps.length);
  for (let step = film.steps.length - 1; step >= 0; step--) {
    await page.keyboard.press(step % 2 ? "ArrowLeft" : "PageUp");
    await look(step);
  }
  await page.keyboard.press("i");
}

// The first step in which two runs are not alike.
function whereTheyPart(film, { film: other, counterparts }) {
  const says = (step) => step && JSON.stringify([step.lines.map(({ words }) => words), step.fault]);
  let place = 0;
  while ([place, null].includes(counterparts[place]) && says(film.steps[place]) === says(other.steps[place])) place += 1;
  return place < Math.max(film.steps.length, other.steps.length) ? place : undefined;
}

async function throughBothSides(page, { film, beside }, states, others) {
  const parts = whereTheyPart(film, beside);
  await page.keyboard.press("Home");
  await page.keyboard.press("i");
  await page.keyboard.press("b");
  must(await page.evaluate(() => location.hash === "#beside-0" && document.getElementById("beside").getAttribute("aria-pressed") === "true"), "b shows both sides");
  const at = [];
  const look = async (where) => {
    const sides = [await page.evaluate(shown, ""), await page.evaluate(shown, "right-")];
    const [one, other] = sides.map(({ current }) => current + 1);
    const [before, otherBefore] = at.at(-1) ?? [-1, -1];
    at.push([one, other]);
    for (const { inView } of sides) must(inView, `${where} is in view on both sides`);
    mustBeShown(sides[0], film, states, one, one !== before, `${where}, left`);
    mustBeShown(sides[1], beside.film, others, other, other !== otherBefore, `${where}, right`);
    for (const side of sides) must(side.parts === (parts ?? -1), `they part at ${parts}, and not at ${side.parts}`);
  };
  await look("beat 0");
  for (;;) {
    const hash = await page.evaluate(() => location.hash);
    await page.keyboard.press("ArrowRight");
    if ((await page.evaluate(() => location.hash)) === hash || at.length > 999) break;
    await look(`beat ${at.length}`);
  }
  // Counterparts come together, and nothing else does.
  const moves = at.slice(1).map(([one, other], beat) => [one - at[beat][0], other - at[beat][1]]);
  must(moves.every(([one, other]) => (one === 0 || one === 1) && (other === 0 || other === 1) && one + other > 0), "no side leaves a step out");
  must(JSON.stringify(at.at(-1)) === JSON.stringify([film.steps.length, beside.film.steps.length]), `both come to their ends, and not to ${at.at(-1)}`);
  const together = at.slice(1).filter((_, beat) => moves[beat][0] + moves[beat][1] === 2).map(([one, other]) => [one - 1, other - 1]);
  const pairs = beside.counterparts.flatMap((counterpart, place) => (counterpart === null ? [] : [[counterpart, place]]));
  must(JSON.stringify(together) === JSON.stringify(pairs), `counterparts are shown together: ${JSON.stringify(together)}`);
  if (parts !== undefined) {
    await page.keyboard.press("Home");
    await page.keyboard.press("d");
    must((await page.evaluate(() => location.hash)) === `#beside-${parts + 1}`, "d goes to where they part");
    must((await page.$eval("#now", (now) => now.textContent)).includes("≠ Here the two part."), "that is said");
  }
  const text = await page.$eval("#right-closing", (closing) => closing.textContent);
  for (const remark of beside.remarks) must(text.includes(remark), `it says: ${remark}`);
  const names = (prefix) => page.$$eval(`#${prefix}heads .lanes span`, (all) => all.map((one) => one.textContent));
  const [lanes, otherLanes] = [await names(""), await names("right-")];
  const common = otherLanes.filter((lane) => lanes.includes(lane));
  must(JSON.stringify(common) === JSON.stringify(lanes.filter((lane) => common.includes(lane))), `the lanes stand in one order: ${lanes}; ${otherLanes}`);
  const heads = await page.evaluate(() => ["whose", "right-whose"].map((id) => document.getElementById(id)).map((one) => !one.hidden && one.textContent));
  must(String(heads[1]).includes(beside.headline), `each side says whose it is: ${heads}`);
  // Beside each other where there is room, and else one below the other.
  const boxes = () => page.evaluate(() => ["story", "panes", "right-story", "right-panes"].map((id) => document.getElementById(id).getBoundingClientRect().toJSON()));
  const [story, panes, other] = await boxes();
  must(other.left >= story.right - 1 && Math.abs(other.top - story.top) < 2 && panes.top >= story.bottom - 1, "the two are beside each other");
  await page.setViewport({ width: 1000, height: 800 });
  const below = await boxes();
  must(below.every((box, place) => place === 0 || box.top >= below[place - 1].bottom - 1), "one is below the other");
  await page.setViewport({ width: SIZES[0][0], height: SIZES[0][1] });
  // By Tab, and as it is read out.
  await page.evaluate(() => document.activeElement?.blur());
  const stops = new Set();
  for (let presses = 0; presses < 30; presses += 1) {
    await page.keyboard.press("Tab");
    stops.add(await page.evaluate(() => document.activeElement.id));
  }
  must(["beside", "story", "panes", "right-story", "right-panes"].every((id) => stops.has(id)), `reached: ${[...stops]}`);
  await page.focus("#right-steps button[tabindex='0']");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  must(await page.evaluate(() => document.activeElement.matches("#right-steps [aria-current]")), "the focus goes with the step on the right");
  await page.click("#right-steps li:nth-child(2) button");
  must((await page.evaluate(shown, "right-")).current === 1, "a click on a step on the right goes there");
  await looks(page, film, "-beside");
  await page.keyboard.press("i");
  await page.keyboard.press("b");
  must(await page.evaluate(() => document.getElementById("right-story").hidden && !location.hash.includes("beside")), "b hides it again");
}

async function controls(page, film) {
  const at = async () => Number((await page.evaluate(() => location.hash.slice(1))) || 0);
  const last = film.steps.length;
  const go = async (key) => {
    await page.keyboard.press(key);
    return at();
  };
  must((await go("Home")) === 0 && (await go("End")) === last, "Home and End go to the ends");
  const notes = new Map(await page.$$eval("#boxes [data-box]", (all) => all.map((box) => [box.dataset.box, box.querySelector("small")?.textContent ?? ""])));
  film.places.forEach(({ name }, number) => {
    const message = film.messages.find(({ label }) => name === `‹${label}›`);
    const note = notes.get(`place-${number}`);
    if (message && note !== undefined) must(note.includes(`…${message.id.slice(30)}`), `beside ${name} stands its id, and not ${note}`);
  });
  await page.keyboard.press("Home");
  const faults = film.steps.map((step, place) => (step.fault ? place + 1 : 0)).filter(Boolean);
  for (const fault of faults) must((await go("f")) === fault, `f goes to the fault at ${fault}`);
  if (faults.length > 0) must((await go("f")) === faults[0], "f begins again");
  if (film.turns !== undefined) must((await go("r")) === film.turns + 1, "r goes to the point of no return");
  // By Tab alone: each control that can be used now, in the order of the page.
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.evaluate(() => document.activeElement?.blur());
  const usable = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, [tabindex]")]
      .filter((one) => !one.disabled && !one.hidden && one.tabIndex === 0)
      .map((one) => one.id || one.textContent.slice(0, 40)));
  // Browsers differ in where they begin after a blur, and most stop at the page itself
  // before they begin again: what counts is the order, and that nothing is left out.
  const stops = [];
  for (let presses = 0; presses <= usable.length; presses += 1) {
    await page.keyboard.press("Tab");
    stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent.slice(0, 40)));
  }
  const known = stops.filter((one) => usable.includes(one));
  const begins = known.indexOf(usable[0]);
  const reached = [...known.slice(begins), ...known.slice(0, begins)].slice(0, usable.length);
  must(JSON.stringify(reached) === JSON.stringify(usable), `Tab goes through ${usable}, and not ${reached}`);
  must(["back", "play", "next", "last", "slider", "ids", "theme", "story"].every((id) => reached.includes(id)), `reached: ${reached}`);
  // The focus is on a step, and goes with it.
  await page.focus("#steps button[tabindex='0']");
  await page.keyboard.press("ArrowRight");
  must(await page.evaluate(() => document.activeElement.matches("#steps [aria-current]")), "the focus goes with the step");
  await page.focus("#slider");
  must((await go("ArrowRight")) === 3 && (await go("Home")) === 0 && (await go("End")) === last, "the slider goes one step at a time");
  await page.click("#steps li:nth-child(2) button");
  must((await at()) === 2, "a click on a step goes there");
  await page.click("#next");
  must((await at()) === 3, "a click on the button goes one step on");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  await page.waitForFunction(() => location.hash === "#2", { timeout: 10_000 });
  await page.keyboard.press("Space");
  must((await page.$eval("#play", (button) => button.textContent)) === "▶ Play", "space stops it");
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, section")]
      .filter((one) => !one.closest("[hidden]") && !(one.textContent.trim() || one.getAttribute("aria-label"))).length);
  must(unnamed === 0, "each control has a name");
  // As it is read out: what it is, the controls, the step, the story, what there is.
  const order = await page.evaluate(() =>
    ["#title", "#headline", "#first", "#slider", "#now", "#legend", "#steps", "#closing", "#moment"].map((one) => document.querySelector(one)).every(
      (one, place, all) => place === 0 || all[place - 1].compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING));
  must(order, "it is read in the order in which it is seen");
}

// Runs in the page: texts that are too pale, or small.
function unreadable() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const found = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || ["SCRIPT", "NOSCRIPT"].includes(element.tagName) || element.closest(".unseen") || !element.getClientRects().length) continue;
    let behind = element;
    while (behind && rgba(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const colours = [getComputedStyle(element).color, getComputedStyle(behind ?? document.body).backgroundColor];
    const [light, dark] = colours.map((colour) => luminance(rgba(colour))).sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const what = `<${element.tagName.toLowerCase()} class="${element.className}"> ${element.textContent.slice(0, 30)}`;
    if (ratio < 4.5) found.add(`${what}: a contrast of ${ratio.toFixed(1)}`);
    if (parseFloat(getComputedStyle(element).fontSize) < 13) found.add(`${what}: ${getComputedStyle(element).fontSize}`);
  }
  return [...found];
}

// How large it is printed, in pixels.
function printed(page) {
  return page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--print")));
}

// What it looks like, and in how many pages it is printed. `which` is part of the names of
// the pictures, and of the links to steps.
async function looks(page, film, which = "") {
  const link = which ? `${which.slice(1)}-` : "";
  const middle = film.turns ?? Math.floor(film.steps.length / 2);
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const step of [0, middle + 1, film.steps.length]) {
      await page.evaluate((step) => (location.hash = `#${step}`), `${link}${step}`);
      for (const what of await page.evaluate(unreadable)) must(false, `${scheme}: ${what}`);
      if (png) await page.screenshot({ path: join(png, `${name}${which}-${scheme}-${step}.png`) });
    }
  }
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  for (const [width, height] of SIZES) {
    await page.setViewport({ width, height });
    const wide = await page.evaluate(() =>
      ["html", ".story", ".panes", ".box"].flatMap((one) => [...document.querySelectorAll(one)]).filter((one) => one.scrollWidth > one.clientWidth + 1)
        .map((one) => one.id || one.dataset.box || one.tagName));
    must(wide.length === 0, `at ${width}×${height}, too wide: ${wide}`);
    if (png) await page.screenshot({ path: join(png, `${name}${which}-${width}.png`) });
  }
  await page.setViewport({ width: SIZES[0][0], height: SIZES[0][1] });
  // The colours that were chosen by hand are not those of the paper.
  await page.evaluate(() => document.getElementById("theme").click());
  const pdf = Buffer.from(await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString("latin1");
  const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length;
  const size = await printed(page);
  must(size >= LEAST && (pages === 1 || size === OF_SEVERAL), `it prints to ${pages} pages, in letters of ${size} px`);
  if (png) {
    writeFileSync(join(png, `${name}${which}.pdf`), pdf, "latin1");
    await page.emulateMediaType("print");
    await page.setViewport(which ? { width: 1032, height: 703 } : { width: 703, height: 1032 });
    await page.screenshot({ path: join(png, `${name}${which}-print.png`) });
    await page.emulateMediaType("screen");
    await page.setViewport({ width: SIZES[0][0], height: SIZES[0][1] });
  }
  await page.evaluate(() => document.documentElement.style.removeProperty("color-scheme"));
}

// ---- All of it ---------------------------------------------------------------------

const DATA = /(<script type="application\/json" id="data">)([^<]*)(<\/script>)/;
const withData = (html, data) => {
  const json = JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return html.replace(DATA, (_, begin, __, end) => begin + json + end);
};

const browser = await puppeteer.launch({
  executablePath: process.env.CHROME_PATH,
  args: process.env.CHROME_NO_SANDBOX ? ["--no-sandbox"] : [],
});

async function opened(file) {
  const page = await browser.newPage();
  await page.setViewport({ width: SIZES[0][0], height: SIZES[0][1] });
  page.on("console", (message) => must(false, `on the console: ${message.text()}`));
  page.on("pageerror", (error) => must(false, `an error: ${error.message}`));
  page.on("dialog", (dialog) => must(false, `a dialog: ${dialog.message()}`));
  page.on("request", (request) => must(request.url().startsWith(pathToFileURL(file).href), `it asks for ${request.url()}`));
  await page.goto(pathToFileURL(file).href);
  // From the beginning to what can be seen and used.
  const time = await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))));
  return { page, time };
}

if (png) mkdirSync(png, { recursive: true });
// A browser that has just been started needs time for itself.
await (await browser.newPage()).goto("about:blank");
for (const file of readdirSync(dir).filter((file) => file.endsWith(".html")).sort()) {
  name = file.replace(".html", "");
  const path = join(dir, file);
  const html = readFileSync(path, "utf8");
  const data = JSON.parse(html.match(DATA)[2]);
  const { film, beside } = data;
  must(beside, "a mistake has the right answer beside it");
  const states = statesOf(film);
  const size = statSync(path).size;
  must(size <= LARGEST, `it has ${size} bytes`);
  const { page, time } = await opened(path);
  must(time < SLOWEST, `it opens in ${Math.round(time)} ms`);
  await throughAllSteps(page, film, states);
  await controls(page, film);
  await looks(page, film);
  if (beside) await throughBothSides(page, data, states, statesOf(beside.film));
  await page.close();
  console.log(`${name}: ${film.steps.length} steps, ${beside?.film.steps.length ?? "none"} beside them, ${Math.round(size / 1024)} KB, opens in ${Math.round(time)} ms`);

  // The same with texts that look like markup, wherever there are texts.
  name = `${name}, hostile`;
  const strings = (value, key) => {
    if (typeof value === "string") return ["id", "kind"].includes(key) ? value : HOSTILE + value;
    if (Array.isArray(value)) return value.map((one) => strings(one, key));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, strings(one, key)]));
  };
  const hostile = join(dir, "hostile.htm");
  writeFileSync(hostile, withData(html, strings(data)));
  const bad = await opened(hostile);
  const markup = () => bad.page.evaluate(() => document.querySelectorAll("body img, body b").length);
  for (let step = 0; step <= film.steps.length; step++) {
    must((await markup()) === 0, `at step ${step}, a text has become markup`);
    await bad.page.keyboard.press("ArrowRight");
  }
  await bad.page.keyboard.press("b");
  await bad.page.keyboard.press("Home");
  for (let beat = 0; beat <= film.steps.length + (beside?.film.steps.length ?? 0); beat++) {
    must((await markup()) === 0, `at beat ${beat}, a text has become markup`);
    await bad.page.keyboard.press("ArrowRight");
  }
  const told = await bad.page.evaluate(() => document.body.textContent.split("<img src=x").length);
  must(told > film.steps.length, "what looks like markup is shown");
  must((await bad.page.title()).includes(HOSTILE), "so is the title");
  await bad.page.close();

  // The same again and again, until it has 200 steps.
  if (film.steps.length > 40) {
    name = `${file}, long`;
    const steps = [...Array(200).keys()].map((place) => film.steps[place % film.steps.length]);
    const twice = beside && { ...beside, film: { ...film, steps }, counterparts: [...steps.keys()], parts: undefined };
    const long = join(dir, "long.htm");
    writeFileSync(long, withData(html, { ...data, film: { ...film, steps }, beside: twice }));
    const { page, time } = await opened(long);
    const size = statSync(long).size;
    must(time < SLOWEST, `it opens in ${Math.round(time)} ms`);
    must(size <= LARGEST, `it has ${size} bytes`);
    await page.keyboard.press("End");
    must((await page.evaluate(() => location.hash)) === "#200", "the last step is reached");
    must((await printed(page)) === OF_SEVERAL, "it is printed on several pages");
    await page.keyboard.press("b");
    must((await page.evaluate(() => location.hash)) === (twice ? "#beside-200" : "#200"), "both sides are at the last step");
    await page.close();
    console.log(`${name}: 200 steps, ${Math.round(size / 1024)} KB, opens in ${Math.round(time)} ms`);
  }
}
await browser.close();
if (failures > 0) {
  console.error(`${failures} things are not as they should be`);
  process.exit(1);
}
console.log("every player shows what was recorded");
