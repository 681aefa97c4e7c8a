// Shows a film: see `records::film`. Whatever comes from it is set as text, never as
// markup, for it is made of what attendees' code has written.
"use strict";

const { title, headline, bad, film, beside } = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
let withIds = false;

// An element of this kind, with these classes and children; a text becomes text.
function make(kind, classes = "", ...children) {
  const element = document.createElement(kind);
  if (classes) element.className = classes;
  element.append(...children.filter((child) => child !== null));
  return element;
}

function time(seconds) {
  const parts = [];
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const count = Math.floor(seconds / size);
    seconds %= size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ") || "0 s";
}

// ---- One side: a film, and where it is shown ------------------------------------

// The ids of its elements begin with `prefix`; `parts` is the step from which on it is
// unlike the other side, `goTo` goes to a step of it. Its lanes stand in the order of
// those of the other side, `like`, where it has them, too.
function sideOf({ film, prefix, parts, remarks, goTo, like }) {
  const at = (id) => byId(prefix + id);

  // ---- Its states

  const states = [film.start];
  for (const { change } of film.steps) {
    const before = states[states.length - 1];
    const state = { ...before };
    for (const part of ["queues", "workers", "contents"]) {
      if (!change[part]) continue;
      state[part] = [...before[part]];
      for (const [place, value] of change[part]) state[part][place] = value;
    }
    if (change.published) state.published = [...before.published, ...change.published];
    for (const part of ["now", "under_way", "deadlines", "know"]) state[part] = change[part] ?? before[part];
    states.push(state);
  }

  // ---- Words ---------------------------------------------------------------------

  // A letter for each logical message, a prime where one id has two contents.
  const primes = film.messages.map((message) =>
    film.messages.filter((other) => other.logical === message.logical).indexOf(message),
  );
  const letter = (number) => {
    const { logical } = film.messages[number];
    const round = Math.floor(logical / 26);
    return String.fromCharCode(65 + (logical % 26)) + (round || "") + "′".repeat(primes[number]);
  };
  const colour = (number) => `m${film.messages[number].logical % 8}`;
  const chip = (number, copy) => make("span", `chip ${colour(number)}`, letter(number) + (copy || ""));
  const copyInWords = ({ message, copy }) => `${film.messages[message].label}, copy ${copy}`;

  const names = new Map();
  for (const { id, label } of film.messages) if (!names.has(id)) names.set(id, `‹${label}›`);
  const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  const named = (text) => (withIds ? text : text.replace(ID, (id) => names.get(id) ?? `…${id.slice(30)}`));

  // JSON in lines: the text itself with white space between its parts, so that no
  // number is rounded and no name is lost. What is no JSON stays as it is.
  function pretty(text) {
    const WIDE = 48;
    try {
      JSON.parse(text);
    } catch {
      return text.split("\n");
    }
    const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
    let at = 0;
    // A value as lines, all but the first indented.
    function value() {
      const token = tokens[at++];
      if (token !== "{" && token !== "[") {
        const text = named(token);
        return [text !== token && /^"‹[^]*›"$/.test(text) ? text.slice(1, -1) : text];
      }
      const items = [];
      while (tokens[at] !== "}" && tokens[at] !== "]") {
        if (tokens[at] === ",") at++;
        const lines = value();
        if (tokens[at] === ":") {
          at++;
          const [first, ...rest] = value();
          lines[lines.length - 1] += `: ${first}`;
          lines.push(...rest);
        }
        items.push(lines);
      }
      const end = tokens[at++];
      const flat = items.every((lines) => lines.length === 1) ? items.join(", ") : "x".repeat(WIDE + 1);
      if (flat.length <= WIDE) return [token + flat + end];
      const inner = items.flatMap((lines, place) => {
        const comma = place + 1 < items.length ? "," : "";
        return lines.map((line, number) => `  ${line}${number + 1 === lines.length ? comma : ""}`);
      });
      return [token, ...inner, end];
    }
    return value();
  }

  // ---- What there is: boxes of lines -----------------------------------------------

  const EMPTY = "(empty)";
  const ever = (part) => states.some((state) => state[part].length > 0);
  const busyEver = (worker) => states.some((state) => state.workers[worker]);
  const storedEver = (place) => states.some((state) => state.contents[place]);

  // What a worker was told, and whether that is still so.
  function knownLines(state, { about, place, content, words }) {
    const told = (text, stale) => ({ text: `  ${named(about)}: ${text}`, stale });
    if (words) return [told(named(words))];
    const there = place === undefined ? null : state.contents[place];
    const same = there?.etag === content?.etag && there?.text === content?.text;
    const version = content?.version ? ` (${content.version})` : "";
    if (same) return [told(content ? `as it is now${version}` : "not there")];
    const lines = content ? pretty(film.texts[content.text] || EMPTY) : ["not there"];
    return [told(`out of date${version}`, true), ...lines.map((text) => ({ text: `    ${text}`, stale: true }))];
  }

  function boxes(state) {
    const all = [];
    const several = film.endpoints.length > 1;
    film.endpoints.forEach((endpoint, number) => {
      const lines = state.queues[number].map((one) => ({ text: copyInWords(one), chip: [one.message, one.copy] }));
      all.push({ id: `queue-${number}`, title: several ? `Queue of ${endpoint}` : "Queue", lines });
    });
    const published = state.published.map(({ endpoint, message }) => {
      const by = several ? `, by ${film.endpoints[endpoint]}` : "";
      return { text: film.messages[message].label + by, chip: [message] };
    });
    all.push({ id: "published", title: "Published so far", lines: published });
    state.workers.forEach((busy, number) => {
      if (!busyEver(number)) return;
      const lane = film.lanes[1 + number];
      const box = { id: `worker-${number}`, title: lane.name, note: lane.title, lines: [] };
      if (busy) {
        const { copy, locked, phase, knows } = busy;
        box.lines.push({ text: copyInWords(copy), chip: [copy.message, copy.copy] });
        if (!locked) box.lines.push({ text: "its lock has expired", stale: true });
        box.lines.push({ text: named(phase) });
        if (knows.length > 0) box.lines.push({ text: "it knows" });
        box.lines.push(...knows.flatMap((known) => knownLines(state, known)));
      } else {
        box.empty = "idle";
      }
      all.push(box);
    });
    film.places.forEach((place, number) => {
      if (!storedEver(number)) return;
      const content = state.contents[number];
      // What is named after a message has its id, too.
      const id = film.messages.find(({ label }) => place.name === `‹${label}›`)?.id ?? "";
      const short = id && !withIds ? `…${id.slice(30)}` : id;
      const note = [place.name ? place.store : "", short, content?.version].filter(Boolean).join(", ");
      const title = named(place.name || place.store);
      const box = { id: `place-${number}`, title, note, mono: true, lines: [], empty: "not there" };
      if (content && film.texts[content.text] === "") box.empty = EMPTY;
      else if (content) box.lines = pretty(film.texts[content.text]).map((text) => ({ text }));
      const older = (content?.older ?? []).map((old) => (old === null ? "no document" : named(film.texts[old])));
      box.extra = [...new Set(older)].map((text) => ({ text: `a stale read may find: ${text}` }));
      all.push(box);
    });
    const plain = (texts) => texts.map((text) => ({ text: named(text) }));
    if (ever("under_way")) all.push({ id: "under_way", title: "Calls still under way", lines: plain(state.under_way) });
    if (ever("deadlines")) all.push({ id: "deadlines", title: "Deadlines", lines: plain(state.deadlines) });
    return all;
  }

  // The lines of two versions, in order: [sign, line], where the sign is " ", "+" or "−".
  function compared(old, now) {
    const longest = old.map(() => new Uint16Array(now.length + 1));
    longest.push(new Uint16Array(now.length + 1));
    for (let i = old.length - 1; i >= 0; i--) {
      for (let j = now.length - 1; j >= 0; j--) {
        longest[i][j] =
          old[i].text === now[j].text ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    const lines = [];
    let [i, j] = [0, 0];
    while (i < old.length || j < now.length) {
      if (i < old.length && j < now.length && old[i].text === now[j].text) {
        lines.push([" ", now[j++]]);
        i++;
      } else if (i < old.length && (j === now.length || longest[i + 1][j] >= longest[i][j + 1])) {
        lines.push(["−", old[i++]]);
      } else {
        lines.push(["+", now[j++]]);
      }
    }
    return lines;
  }

  // A document is as wide at each step as it must be at one of them: nothing jumps.
  const isWide = ({ mono, lines }) => mono && lines.some(({ text }) => text.length > 26);
  const wide = new Set(states.flatMap(boxes).filter(isWide).map(({ id }) => id));

  // Where it does not move, nothing is new.
  function drawBoxes(step, moves) {
    const before = new Map(boxes(states[moves ? Math.max(step - 1, 0) : step]).map((box) => [box.id, box]));
    const drawn = boxes(states[step]).map((box) => {
      const old = before.get(box.id);
      const lines = compared(old.lines, box.lines);
      const changed = lines.some(([sign]) => sign !== " ") || old.note !== box.note;
      const list = make("ul");
      for (const [sign, { text, chip: copy, stale }] of [...lines, ...(box.extra ?? []).map((line) => ["", line])]) {
        const words = make("span", stale ? "text stale" : "text", text);
        const parts = [make("span", "mark", sign.trim()), copy ? chip(...copy) : null, copy ? " " : null, words];
        const kind = { "+": "ins", "−": "del" }[sign];
        list.append(kind ? make("li", "", make(kind, "", ...parts)) : make("li", sign ? "" : "empty", ...parts));
      }
      if (box.lines.length === 0) list.append(make("li", "empty", box.empty ?? "empty"));
      const note = box.note ? make("small", "", ` ${box.note}`) : null;
      const head = make("h3", "", box.title, note, changed ? make("em", "", " changed") : null);
      const classes = [wide.has(box.id) && "wide", box.mono && "mono", changed && "changed"];
      const drawn = make("section", ["box", ...classes.filter(Boolean)].join(" "), head, list);
      drawn.dataset.box = box.id;
      return drawn;
    });
    at("boxes").replaceChildren(...drawn);
  }

  // ---- The story -------------------------------------------------------------------

  const allLines = film.steps.flatMap((step) => step.lines);
  const touched = new Set(allLines.flatMap((line) => line.arrow ?? []));
  // What only this side has stays behind what it stands behind.
  const ranks = [];
  for (const [lane, { name, title }] of film.lanes.entries()) {
    const rank = like ? like.findIndex((other) => other.name === name && other.title === title) : lane;
    ranks.push(rank >= 0 ? rank : (ranks.at(-1) ?? 0));
  }
  const drawn = [...film.lanes.keys()].filter((lane) => lane === 0 || touched.has(lane));
  const lanes = drawn.sort((one, other) => ranks[one] - ranks[other] || one - other);
  const centre = (lane) => `${((lanes.indexOf(lane) + 0.5) * 100) / lanes.length}%`;

  function drawLine(line, know) {
    const drawn = make("span", "lanes");
    drawn.setAttribute("aria-hidden", "true");
    const put = (classes, left, text = "") => {
      const part = make("span", classes, text);
      part.style.left = left;
      drawn.append(part);
      return part;
    };
    for (const lane of lanes) put(know.includes(lane) ? "rail knows" : "rail", centre(lane));
    const { arrow, message, copy } = line;
    drawn.className = `lanes ${message === undefined ? "nobody" : colour(message)} c${Math.min(copy || 1, 4)}`;
    if (arrow) {
      const [from, to] = arrow.map((lane) => lanes.indexOf(lane));
      if (from !== to) {
        const shaft = put("arrow", centre(arrow[from < to ? 0 : 1]));
        shaft.style.width = `${(Math.abs(to - from) * 100) / lanes.length}%`;
        put(to < from ? "head left" : "head", centre(arrow[1]));
      }
      put("dot", centre(arrow[0]));
      // Beside the dot, where no rail is crossed.
      const middle = from === to ? from + 0.5 : from + (to > from ? 0.45 : -0.45);
      if (message !== undefined) {
        put(`chip ${colour(message)}`, `${((middle + 0.5) * 100) / lanes.length}%`, letter(message) + (copy || ""));
      }
    }
    return drawn;
  }

  const badge = (step) => (step.fault ? make("span", "badge", ` ✗ fault: ${step.fault}.`) : null);
  const turned = (place) => (place === film.turns ? make("span", "turned", " ◆ Point of no return.") : null);
  const parted = (place) => (place === parts ? make("span", "parted", " ≠ Here the two part.") : null);

  function drawStory() {
    const most = Math.min(4, 22 / lanes.length);
    at("story").style.setProperty("--lanes", `${(most * lanes.length).toFixed(2)}em`);
    const heads = make("span", "lanes", ...lanes.map((lane) => make("span", "", film.lanes[lane].name)));
    at("heads").append(make("span"), heads);
    film.messages.forEach((message, number) => {
      at("legend").append(make("li", "", chip(number), ` ${message.label}`));
    });
    film.steps.forEach((step, place) => {
      const button = make("button", step.fault ? "fault" : "");
      button.type = "button";
      button.tabIndex = -1;
      step.lines.forEach((line, number) => {
        const signs = number > 0 ? "" : (step.fault ? "✗" : "") + (place === film.turns ? "◆" : "");
        const sign = make("span", "sign", signs);
        sign.setAttribute("aria-hidden", "true");
        const ends = number + 1 === step.lines.length;
        // What is said of a step has its number; so has the row.
        const named = make("span", "number", number > 0 ? "" : `${place + 1} `);
        const words = make("span", "words", named, line.words, ends ? badge(step) : null, ends ? turned(place) : null, ends ? parted(place) : null);
        button.append(make("span", "row", sign, drawLine(line, states[place + 1].know), words));
      });
      button.addEventListener("click", () => goTo(place + 1));
      if (place === parts) button.classList.add("parts");
      at("steps").append(make("li", "", button));
    });
    const signs = [];
    if (film.followed && ever("know")) signs.push(`┃ ${film.followed} is known here`);
    if (film.turns !== undefined) signs.push("◆ from here on it is too late");
    if (film.remark) signs.push(film.remark);
    at("signs").textContent = signs.join("    ");
  }

  function drawClosing() {
    const { reason, note, nearest, damage } = film.closing;
    const findings = nearest ? [...film.closing.findings, ["right would be", nearest]] : film.closing.findings;
    const closing = at("closing");
    if (reason) closing.append(make("p", "", reason));
    const list = findings.flatMap(([what, text]) => [make("dt", "", what), make("dd", "", text)]);
    if (list.length > 0) closing.append(make("dl", "", ...list));
    if (note) closing.append(make("p", "", note));
    for (const text of damage) closing.append(make("p", "damage", `⇒ ${text}`));
    if (remarks.length > 0) {
      closing.append(make("p", "", "Of the script, this has no counterpart here:"));
      closing.append(make("ul", "", ...remarks.map((remark) => make("li", "", remark))));
    }
  }

  // How long its story is when it is printed in letters of one pixel, on a sheet so wide.
  function printedRows(size, wide) {
    const { reason, note, nearest, damage } = film.closing;
    const around = [reason, note, nearest, ...damage, ...remarks, ...film.closing.findings.map((one) => one[1])];
    const room = (wide - 2.2 * size - Math.min(4 * lanes.length, 22) * size) / (0.53 * size);
    const long = film.steps.flatMap(({ lines, fault }, place) =>
      lines.map(({ words }) => words.length + 3 + (fault ? 60 : 5) + (place === parts ? 22 : 0)));
    const rows = long.reduce((sum, letters) => sum + Math.ceil(letters / room), film.turns === undefined ? 0 : 1);
    const rest = around.reduce((sum, text) => sum + 1.6 + Math.ceil((text ?? "").length / (wide / (0.5 * size))), 0);
    return rows + rest + film.messages.length / 3;
  }

  // What has just happened, in words.
  function said(step, moves) {
    const scene = film.steps[step - 1];
    if (!scene) return ["Nothing has happened yet. → goes one step on."];
    if (!moves) return [make("span", "waits", "Nothing happens here meanwhile.")];
    const who = scene.lines[0]?.arrow;
    const lane = who ? film.lanes[who[0]].name : "";
    const words = scene.lines.map((line) => line.words).join("; ");
    return [make("strong", "", `${step}. ${lane ? `${lane}: ` : ""}`), words, badge(scene), turned(step - 1), parted(step - 1)].filter(Boolean);
  }

  // Shows a step, which has just come if it moves.
  function show(step, moves) {
    const buttons = at("steps").querySelectorAll("button");
    buttons.forEach((button, place) => {
      button.tabIndex = place === Math.max(step - 1, 0) ? 0 : -1;
      button.classList.toggle("waits", place === step - 1 && !moves);
      if (place === step - 1) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    at("moment").textContent = step === 0 ? "At the start" : `After step ${step}`;
    drawBoxes(step, moves);
  }

  // Scrolls the story, and not the page, to where this step can be seen. To be asked when
  // all is drawn: what is said of a step takes more lines or fewer, and the story the rest.
  function reveal(step) {
    const frame = at("story");
    const button = at("steps").querySelectorAll("button")[step - 1];
    if (!button) {
      frame.scrollTop = 0;
      return;
    }
    const [seen, whole] = [button.getBoundingClientRect(), frame.getBoundingClientRect()];
    const above = at("heads").offsetHeight + 8;
    // Under the last one stands what came of it all.
    const isLast = step === film.steps.length;
    if (isLast || seen.top < whole.top + above) frame.scrollTop += seen.top - whole.top - above;
    else if (seen.bottom > whole.bottom - 8) frame.scrollTop += Math.min(seen.bottom - whole.bottom + 8, seen.top - whole.top - above);
  }

  drawStory();
  drawClosing();
  return { film, states, show, reveal, said, printedRows };
}

// ---- Both sides ------------------------------------------------------------------

const parts = beside?.parts ?? undefined;
const left = sideOf({ film, prefix: "", parts, remarks: [], goTo: (step) => go(both ? beats.findIndex(([one]) => one === step) : step) });
const right = beside
  ? sideOf({ ...beside, parts, prefix: "right-", like: film.lanes, goTo: (step) => go(beats.findIndex(([, one]) => one === step)) })
  : null;

// Where the two are after each beat: those steps are one beat that are counterparts.
const beats = [[0, 0]];
if (right) {
  let [one, other] = [0, 0];
  const beat = (steps, others) => beats.push([(one += steps), (other += others)]);
  const lastPair = beside.counterparts.findLastIndex((counterpart) => counterpart !== null);
  beside.counterparts.forEach((counterpart, place) => {
    if (place === lastPair + 1) while (one < film.steps.length) beat(1, 0);
    while (counterpart !== null && one < counterpart) beat(1, 0);
    beat(counterpart === null ? 0 : 1, 1);
  });
  while (one < film.steps.length) beat(1, 0);
}

let both = false;
let step = -1;
let playing = null;
const last = () => (both ? beats.length - 1 : film.steps.length);
// For each side that is shown: where it is, and whether it has just moved there.
function places(beat) {
  if (!both) return [[left, beat, true]];
  const before = beats[Math.max(beat - 1, 0)];
  return [left, right].map((side, place) => [side, beats[beat][place], beat === 0 || beats[beat][place] !== before[place]]);
}
const isFault = (beat) => beat > 0 && places(beat).some(([side, step, moves]) => moves && side.film.steps[step - 1]?.fault);

// So large that the story fits on one sheet: about so many lines of so many letters. If
// nobody could read that, it takes several, in letters that everybody can.
function printSize() {
  const [high, wide] = both ? [630, 500] : [1000, 690];
  const [largest, least, ofSeveral] = [14, 7, 10];
  const fits = (size) => {
    const rows = Math.max(...(both ? [left, right] : [left]).map((side) => side.printedRows(size, wide)));
    const over = [title, headline, both ? beside.headline : ""];
    const heads = over.reduce((sum, text) => sum + 1.6 + Math.ceil(text.length / (wide / (0.5 * size))), 4);
    return (rows + heads) * 1.36 * size < high;
  };
  let size = largest;
  while (size >= least && !fits(size)) size -= 0.25;
  if (size < least) size = ofSeveral;
  document.documentElement.style.setProperty("--print", `${size}px`);
}

// ---- Going about -----------------------------------------------------------------

function go(to, quietly = false) {
  to = Math.min(Math.max(to, 0), last());
  if (to === step) return;
  step = to;
  const shown = places(step);
  for (const [side, step, moves] of shown) side.show(step, moves);
  const now = [...new Set(shown.map(([side, step]) => time(side.states[step].now)))].join(" and ");
  const count = `step ${step} of ${last()}, time ${now}`;
  byId("count").textContent = count;
  byId("slider").value = step;
  byId("slider").setAttribute("aria-valuetext", count);
  byId("now").replaceChildren(...shown.map(([side, step, moves]) => make("span", "side", ...side.said(step, moves))));
  for (const [id, off] of [["first", step === 0], ["back", step === 0], ["next", step === last()], ["last", step === last()]]) {
    byId(id).disabled = off;
  }
  for (const [side, step] of shown) side.reveal(step);
  try {
    if (!quietly) history.replaceState(null, "", `#${both ? "beside-" : ""}${step}`);
  } catch {
    // Some browsers do not let a file do so; then there is no link to a step.
  }
}

// Shows one side or both, at the same step of the first.
function show(two) {
  const at = both ? beats[step][0] : Math.max(step, 0);
  both = two;
  document.body.classList.toggle("both", both);
  byId("beside").setAttribute("aria-pressed", both);
  for (const id of ["right-story", "right-panes", "whose", "parts"]) byId(id).hidden = !both;
  if (both && parts === undefined) byId("parts").hidden = true;
  byId("headline").hidden = both;
  byId("slider").max = last();
  byId("fault").hidden = ![...Array(last() + 1).keys()].some(isFault);
  printSize();
  step = -1;
  return both ? beats.findIndex(([one]) => one === at) : at;
}

function play(on) {
  clearInterval(playing);
  playing = null;
  if (on) {
    if (step === last()) go(0);
    playing = setInterval(() => (step < last() ? go(step + 1) : play(false)), 1600);
  }
  byId("play").textContent = on ? "■ Stop" : "▶ Play";
}

function redraw() {
  withIds = !withIds;
  byId("ids").setAttribute("aria-pressed", withIds);
  const shown = places(step);
  for (const [side, step, moves] of shown) side.show(step, moves);
  for (const [side, step] of shown) side.reveal(step);
}

function nextFault() {
  const faults = [...Array(last() + 1).keys()].filter(isFault);
  go(faults.find((beat) => beat > step) ?? faults[0]);
}

function theme() {
  const root = document.documentElement;
  const dark = root.style.colorScheme
    ? root.style.colorScheme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.style.colorScheme = dark ? "light" : "dark";
}

const does = {
  first: () => go(0),
  back: () => go(step - 1),
  next: () => go(step + 1),
  last: () => go(last()),
  play: () => play(!playing),
  fault: nextFault,
  turn: () => go(both ? beats.findIndex(([one]) => one === film.turns + 1) : film.turns + 1),
  parts: () => go(parts + 1),
  beside: () => go(show(!both)),
  ids: redraw,
  theme,
};
const keys = {
  ArrowRight: "next", PageDown: "next", ArrowLeft: "back", PageUp: "back", Home: "first", End: "last",
  " ": "play", f: "fault", r: "turn", b: "beside", d: "parts", i: "ids", t: "theme",
};

document.title = title;
byId("title").textContent = title;
byId("headline").textContent = headline;
byId("headline").className = bad ? "bad" : "";
byId("turn").hidden = film.turns === undefined;
byId("beside").hidden = !right;
if (right) {
  byId("whose").textContent = `The mistake: ${headline}`;
  byId("whose").classList.toggle("bad", bad);
  byId("right-whose").textContent = `The right answer: ${beside.headline}`;
  byId("right-whose").classList.toggle("bad", beside.bad);
}
for (const [id, act] of Object.entries(does)) {
  byId(id).addEventListener("click", () => {
    if (id !== "play") play(false);
    act();
  });
}
byId("slider").addEventListener("input", () => {
  play(false);
  go(Number(byId("slider").value));
});
document.addEventListener("keydown", (event) => {
  const act = keys[event.key];
  if (!act || event.ctrlKey || event.altKey || event.metaKey || byId(act).hidden) return;
  // The slider moves by itself, and so does a button with the space bar.
  if (event.target === byId("slider") && event.key !== " " && event.key.length > 1) return;
  if (event.key === " " && event.target instanceof HTMLButtonElement) return;
  event.preventDefault();
  if (act !== "play") play(false);
  does[act]();
  // Who goes from step to step stays with the step.
  const at = document.activeElement?.closest("#steps, #right-steps");
  if (at) at.querySelector("button[tabindex='0']")?.focus();
});

// `#7` is a step of the story, `#beside-7` one of both.
function follow() {
  const [, two, step] = location.hash.match(/^#(beside-)?(\d+)$/) ?? [];
  const at = show(Boolean(two && right));
  go(step === undefined ? at : Number(step), true);
}
addEventListener("hashchange", follow);
follow();
