// How large what is on a slide may be: as large as fits, so that the back row can read
// it and no half of a slide is left empty. Estimated from the text alone, since no
// browser is needed to make a page; `check.mjs` measures what comes of it.

// What there is, as `theme.css` has it.
const WIDTH = 1160;
const HEIGHT = 612;
// Of each kind, the least that is readable and the most that looks well.
const WORDS = { alone: [36, 44], beside: [30, 36] };
const TABLE = [26, 36];
// As large a table is before its cells are broken into lines.
const CELLS = 31;
const MONO = { code: [22, 28], story: [19, 27] };
// Some air is left: it is an estimate.
const FULL = 0.93;
const STEPS = 20;

const between = ([least, most], share) => Math.round(least + (most - least) * share);

// The width of a text in Arial, in ems.
function ems(text) {
  let width = 0;
  for (const letter of text) {
    if (/[ijl.,:;'’|!tfr()I\s]/.test(letter)) width += 0.3;
    else if (/[mwMW@—…]/.test(letter)) width += 0.85;
    else if (/[A-Z]/.test(letter)) width += 0.69;
    else width += 0.55;
  }
  return width;
}

// The same of what stands in a line, where code and bold letters are wider.
function emsOf(inline) {
  let [width, bold] = [0, 0];
  for (const token of inline.children ?? []) {
    if (token.type === "strong_open") bold += 1;
    else if (token.type === "strong_close") bold -= 1;
    else if (token.type === "code_inline") width += 0.88 * (0.602 * [...token.content].length + 0.4);
    else if (token.type === "softbreak") width += 0.28;
    else if (token.type === "text") width += ems(token.content) * (bold ? 1.08 : 1);
  }
  return width;
}

// Words are not cut, so that lines are not quite full.
const linesOf = (width, room) => Math.max(1, Math.ceil(width / (room * 0.97)));

function pre(token) {
  const lines = token.content.trimEnd().split("\n");
  const columns = Math.max(...lines.map((line) => [...line].length));
  const words = token.info.trim().split(/\s+/);
  return { kind: "pre", token, story: words[0] === "text", lines: lines.length, columns, named: words.length > 1 };
}

function table(tokens) {
  const rows = [];
  for (const token of tokens) {
    if (token.type === "tr_open") rows.push([]);
    if (token.type === "th_open" || token.type === "td_open") rows.at(-1).push(0);
    if (token.type === "inline") rows.at(-1)[rows.at(-1).length - 1] = emsOf(token);
  }
  const head = rows[0].map((cell) => cell * 1.08);
  return { kind: "table", rows: [head, ...rows.slice(1)] };
}

// What is on a slide, one block after the other.
function blocksOf(tokens, pictureHeight) {
  const blocks = [];
  for (let place = 0; place < tokens.length; place += 1) {
    const token = tokens[place];
    if (token.type === "fence") blocks.push(pre(token));
    if (token.type === "table_open") {
      const end = tokens.findIndex((other, at) => at > place && other.type === "table_close");
      blocks.push(table(tokens.slice(place, end)));
      place = end;
    }
    if (token.type !== "inline") continue;
    const before = tokens[place - 1];
    const image = (token.children ?? []).find((child) => child.type === "image");
    if (before?.tag === "h2") blocks.push({ kind: "title", width: emsOf(token) * 1.08 });
    else if (image) blocks.push({ kind: "picture", height: pictureHeight(image) });
    else if (/^Sources?:/.test(token.content)) blocks.push({ kind: "source", width: emsOf(token) });
    else {
      const within = (type) =>
        tokens.slice(0, place).reduce((depth, { type: other }) => depth + (other === `${type}_open`) - (other === `${type}_close`), 0);
      const item = within("list_item") > 0;
      blocks.push({ kind: item ? "item" : "words", width: emsOf(token), less: within("blockquote") ? 32 : 0 });
    }
  }
  return blocks;
}

const cells = (size, row) => row.map((cell) => cell * size + 26);
const natural = (size, rows) => rows[0].map((_, column) => Math.max(...rows.map((row) => cells(size, row)[column])));
const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);
const wraps = (size, rows) => sum(natural(size, rows)) > WIDTH;

function tableHeight(size, rows) {
  const columns = natural(size, rows);
  const share = Math.min(1, WIDTH / sum(columns));
  const lines = (row) => Math.max(...cells(size, row).map((cell, column) => linesOf(cell, columns[column] * share * 1.04)));
  return sum(rows.map((row) => lines(row) * size * 1.3 + 16));
}

// The sizes at a share of what is possible (`mono` is that of code), and how high the
// slide is then.
function at(share, mono, blocks) {
  const alone = !blocks.some(({ kind }) => ["pre", "table", "picture"].includes(kind));
  const words = between(alone ? WORDS.alone : WORDS.beside, share);
  const tables = blocks.filter(({ kind }) => kind === "table");
  let cell = between(TABLE, share);
  // No cell is broken for the sake of more.
  while (cell > CELLS && tables.some(({ rows }) => wraps(cell, rows))) cell -= 1;
  const pres = new Map();
  let height = 0;
  for (const block of blocks) {
    if (block.kind === "title") height += linesOf(block.width * 42, WIDTH) * 50.4 + 24;
    if (block.kind === "picture") height += block.height + 20;
    if (block.kind === "source") height += linesOf(block.width * 20, WIDTH) * 28 + 20;
    if (block.kind === "words") height += linesOf(block.width * words, WIDTH - block.less) * words * 1.4 + 20;
    if (block.kind === "item") height += linesOf(block.width * words, WIDTH - 1.2 * words) * words * 1.4 + 10;
    if (block.kind === "table") height += tableHeight(cell, block.rows) + 20;
    if (block.kind === "pre") {
      const [least, most] = block.story ? MONO.story : MONO.code;
      const fits = Math.floor((WIDTH - 46) / (0.603 * block.columns));
      const size = Math.max(19, Math.min(between([least, most], mono), fits));
      pres.set(block.token, size);
      height += block.lines * size * (block.story ? 1.17 : 1.36) + 28 + (block.named ? 28 : 0) + 20;
    }
  }
  return { words, cell, pres, height };
}

// The largest share with which it fits, or else none of it.
function largest(sizes) {
  for (let step = STEPS; step > 0; step -= 1) {
    if (sizes(step / STEPS).height <= HEIGHT * FULL) return step / STEPS;
  }
  return 0;
}

// The sizes of a slide: of its words and tables as custom properties, and of each code
// or story, by its token. Code comes first: it is the smallest.
export function sizesOf(tokens, pictureHeight) {
  const blocks = blocksOf(tokens, pictureHeight);
  const mono = largest((share) => at(0, share, blocks));
  const { words, cell, pres } = at(largest((share) => at(share, mono, blocks)), mono, blocks);
  return { style: `--words: ${words}px; --cells: ${cell}px;`, pres };
}
