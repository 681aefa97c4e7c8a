// What the lines of a story are, so that each has a look of its own: the names of the
// lanes, all lines of what strikes, and those from which on it is too late. The book
// marks its stories in the browser, and the slides theirs when they are built.
globalThis.storyLooks = (lines) => {
  // Stories are broken at 80 columns; of an excerpt, an indentation may be cut off.
  const first = lines.findIndex((line) => line.trim());
  const isStory = lines.some((line) => /[●┃│]/.test(line));
  const head = lines.findIndex((line, place) => isStory && /\S/.test(line) && !/[●┃│✗]/.test(line) && /[●┃│]/.test(lines[place + 1] ?? ""));
  const width = 80 - (head < 0 ? 0 : Math.max(0, 2 - lines[head].search(/\S/)));
  let kind = "";
  return lines.map((line, place) => {
    if (place === head && (head === first || /^ /.test(line))) return "heads";
    const words = line.replace(/^[ │┃]*/, "");
    const before = lines[place - 1] ?? "";
    // What has no room on the line before it goes on here.
    const goesOn = !/●/.test(line) && /[│┃]/.test(line) && before.length + 1 + words.split(" ")[0].length > width;
    if (!goesOn) kind = /^✗/.test(line) ? "fault" : /^.?◆.*[●│┃]/.test(line) ? "turn" : "";
    return kind;
  });
};

if (typeof document !== "undefined") {
  for (const code of document.querySelectorAll("pre > code.language-text")) {
    const lines = code.textContent.split("\n");
    const looks = globalThis.storyLooks(lines);
    if (!looks.some(Boolean)) continue;
    code.replaceChildren(...lines.flatMap((line, place) => {
      const end = place + 1 < lines.length ? ["\n"] : [];
      if (!looks[place]) return [line, ...end];
      const marked = document.createElement("span");
      marked.className = `story-${looks[place]}`;
      marked.textContent = line;
      return [marked, ...end];
    }));
  }
}
