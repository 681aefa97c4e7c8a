// `node slides/check.mjs DIR PNG DECK…`: measures every slide of the decks in a
// browser, light and dark. Nothing may leave its slide, be cut off, be too
// small for the back row, or too pale to be read; there are no exceptions. With
// PNG, which may be empty, also takes a picture of each slide.
import { mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";

import { openBrowser } from "./browser.mjs";

const [out, png, ...decks] = process.argv.slice(2);
const SCHEMES = ["light", "dark"];

// Runs in the page: what is wrong with the slide that is shown.
function faults(number) {
  const SLACK = 1;
  const CONTRAST = 4.5;
  const section = [...document.querySelectorAll("section")].find((one) => one.id === String(number));
  if (!section) return [`there is no slide ${number}`];
  const found = [];
  const frame = section.getBoundingClientRect();
  // The page is shown at some scale; sizes are meant as on 1280×720.
  const scale = frame.width / 1280;
  const style = getComputedStyle(section);
  const side = (name) => parseFloat(style[`padding${name}`]) * scale;
  const inner = {
    left: frame.left + side("Left"),
    right: frame.right - side("Right"),
    top: frame.top + side("Top"),
    bottom: frame.bottom - side("Bottom"),
  };
  const name = (element) => {
    const words = (element.textContent || element.getAttribute("aria-label") || "").trim().replace(/\s+/g, " ");
    return `<${element.tagName.toLowerCase()}> “${words.length > 50 ? `${words.slice(0, 50)}…` : words}”`;
  };
  const leaves = (box, by) => {
    const far = [
      ["left", by.left - box.left],
      ["right", box.right - by.right],
      ["top", by.top - box.top],
      ["bottom", box.bottom - by.bottom],
    ].filter(([, distance]) => distance > SLACK * scale);
    return far.map(([where, distance]) => `${Math.round(distance / scale)} px at the ${where}`).join(", ");
  };

  if (section.scrollHeight > section.clientHeight + SLACK) {
    found.push(`is ${section.scrollHeight} px high in a frame of ${section.clientHeight}`);
  }
  if (section.scrollWidth > section.clientWidth + SLACK) {
    found.push(`is ${section.scrollWidth} px wide in a frame of ${section.clientWidth}`);
  }

  // Everything on the slide, what is in shadow roots included.
  const elements = [];
  const walk = (parent) => {
    for (const element of parent.children) {
      if (["TEMPLATE", "STYLE", "SCRIPT", "DEFS", "TITLE", "DESC"].includes(element.tagName.toUpperCase())) continue;
      elements.push(element);
      walk(element);
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(section);

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((part, place) => (place === 3 ? part / 255 : part));
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, place) => part * a + under[place] * (1 - a));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parentOf = (element) => element.parentElement ?? element.getRootNode().host ?? null;
  const backdrop = (element) => {
    if (!element || element === section) return over(rgba(style.backgroundColor), [255, 255, 255]);
    const colour = rgba(getComputedStyle(element).backgroundColor);
    return colour[3] === 1 ? colour.slice(0, 3) : over(colour, backdrop(parentOf(element)));
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  // What is drawn behind a text of a drawing: the last shape before it that
  // reaches around its middle.
  const behind = (text) => {
    const box = text.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    let colour = backdrop(parentOf(text.ownerSVGElement));
    for (const shape of text.ownerSVGElement.querySelectorAll("rect, circle, ellipse, path, polygon")) {
      if (shape.closest("defs, marker, clipPath, mask, symbol")) continue;
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
      const area = shape.getBoundingClientRect();
      if (x < area.left || x > area.right || y < area.top || y > area.bottom) continue;
      const look = getComputedStyle(shape);
      if (look.fill === "none" || look.fill.startsWith("url")) continue;
      const fill = rgba(look.fill);
      fill[3] *= parseFloat(look.fillOpacity) * parseFloat(look.opacity);
      colour = over(fill, colour);
    }
    return colour;
  };
  const smallest = (element) => {
    if (element.closest("pre, figcaption, .source, svg, sup, sub")) return 18;
    if (element.closest("code")) return 20;
    return element.closest("table") ? 22 : 28;
  };

  for (const element of elements) {
    const drawn = element instanceof SVGElement && element.tagName !== "svg";
    const box = element.getBoundingClientRect();
    if (box.width === 0 && box.height === 0) continue;
    // A picture is measured as a whole, and its texts against the picture.
    const frameOf = drawn ? element.ownerSVGElement.getBoundingClientRect() : inner;
    const shown = !drawn || ["text", "tspan"].includes(element.tagName);
    const far = shown ? leaves(box, frameOf) : "";
    if (far) found.push(`${name(element)} leaves ${drawn ? "its picture" : "the slide"}: ${far}`);
    if (!drawn && element.scrollWidth > element.clientWidth + SLACK && element.clientWidth > 0) {
      const wide = `${element.scrollWidth} px in ${element.clientWidth}`;
      found.push(`${name(element)} is cut off: ${wide}`);
    }
    for (const text of element.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || !text.data.trim()) continue;
      const look = getComputedStyle(element);
      const matrix = drawn && element.getScreenCTM();
      const grown = matrix ? Math.hypot(matrix.a, matrix.b) / scale : 1;
      const size = parseFloat(look.fontSize) * grown;
      // Half a pixel is nobody's fault.
      if (size < smallest(element) - 0.5) {
        found.push(`${name(element)} is ${size.toFixed(1)} px small, ${smallest(element)} is the least`);
      }
      const under = drawn ? behind(element) : backdrop(element);
      const ink = over(rgba(drawn ? look.fill : look.color), under);
      const contrast = ratio(ink, under);
      if (contrast < CONTRAST) {
        found.push(`${name(element)} is pale: contrast ${contrast.toFixed(2)}, ${CONTRAST} is the least`);
      }
      // The text itself, which its element may not contain.
      if (!drawn) {
        const range = document.createRange();
        range.selectNodeContents(text);
        const far = leaves(range.getBoundingClientRect(), inner);
        if (far) found.push(`the text of ${name(element)} leaves the slide: ${far}`);
      }
    }
  }
  for (const picture of section.querySelectorAll("img")) {
    if (!picture.complete || picture.naturalWidth === 0) found.push(`${name(picture)} is not shown`);
  }
  return [...new Set(found)];
}

// The pages of a PDF, also where its objects are packed.
function pagesOf(path) {
  const bytes = readFileSync(path);
  let text = bytes.toString("latin1");
  for (const match of text.matchAll(/\/ObjStm\b[^]*?stream\r?\n/g)) {
    const packed = bytes.subarray(match.index + match[0].length);
    text += inflateSync(packed, { finishFlush: 2 }).toString("latin1");
  }
  return text.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
}

const browser = await openBrowser();
let [bad, seen] = [0, 0];
try {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 720 });
  // What the page asks of anybody else: nothing.
  const asked = [];
  page.on("request", (request) => {
    if (!/^(file|data|blob|about):/.test(request.url())) asked.push(request.url());
  });
  if (png) mkdirSync(png, { recursive: true });
  for (const deck of decks) {
    const name = basename(deck, ".md");
    const say = (slide, scheme, what) => {
      bad += 1;
      console.error(`✗ ${deck}, slide ${slide}, ${scheme}: ${what}`);
    };
    let slides = 0;
    for (const scheme of SCHEMES) {
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      const address = pathToFileURL(join(out, `${name}.html`)).href;
      await page.goto("about:blank");
      await page.goto(address, { waitUntil: "load" });
      slides = await page.$$eval("section", (all) => all.length);
      for (let slide = 1; slide <= slides; slide += 1) {
        await page.evaluate((number) => (location.hash = `#${number}`), slide);
        await page.waitForFunction(
          (number) => {
            const active = document.querySelector(".bespoke-marp-active section, section.bespoke-marp-active");
            return active?.id === String(number);
          },
          { timeout: 5000 },
          slide,
        );
        seen += 1;
        for (const what of await page.evaluate(faults, slide)) say(slide, scheme, what);
        if (png) {
          // The buttons that show when the mouse moves are not ours.
          await page.addStyleTag({ content: ".bespoke-marp-osc { display: none !important; }" });
          const file = join(png, `${name}-${String(slide).padStart(2, "0")}-${scheme}.png`);
          await page.screenshot({ path: file });
        }
      }
    }
    for (const address of asked.splice(0)) say("any", "any", `asks the network for ${address}`);
    const pages = pagesOf(join(out, `${name}.pdf`));
    if (pages !== slides) say("any", "PDF", `has ${pages} pages for ${slides} slides`);
  }
} finally {
  await browser.close();
}
if (bad > 0) {
  console.error(`${bad} faults`);
  process.exit(1);
}
console.log(`${seen / SCHEMES.length} slides in ${decks.length} decks fit, light and dark, and can be read`);
