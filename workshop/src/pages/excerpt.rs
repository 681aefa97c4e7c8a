//! Excerpts: what a page or a slide shows of a file of the repository.
//!
//! A block of code names its source after its language; a table has it on the
//! line above, as a link that is not shown.
//!
//! ~~~text
//! ```rust solutions/04-outbox/src/lib.rs#handle from="let document" to="await?;"
//! ```text solutions/04-outbox/tests/snapshots/page__verdicts.snap
//! [excerpt]: ../README.md "from=| variant | to=| tokens"
//! ~~~
//!
//! Of a story, the names of its lanes come first in any case.
//!
//! `#handle` is an item of a Rust file: a function, a method, a struct, and so
//! on. `from` and `to` are texts in the first and the last line. The path of a
//! block begins at the root; that of a table at its page, since it is a link.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

/// What names its source, or could: a block of code, or a table that does.
#[derive(Debug)]
pub struct Block {
    /// The line that names the source, counted from 0.
    pub named: usize,
    /// The lines of what it shows.
    pub shown: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What shows an excerpt.
#[derive(Debug)]
pub enum Kind {
    /// A block of code, with what follows its fence.
    Code(String),
    /// A table below its source.
    Table,
}

impl Block {
    /// The source that it names, on a page in this folder, if it names one.
    pub fn source(&self, folder: &str, lines: &[&str]) -> Result<Option<Source>> {
        match &self.kind {
            Kind::Code(info) => Source::of_block(info),
            Kind::Table => Source::of_table(lines[self.named].trim(), folder),
        }
    }
}

/// The blocks of a page, in their order.
pub fn blocks(lines: &[&str]) -> Vec<Block> {
    let text = lines.join("\n");
    let line = |place: usize| text[..place].matches('\n').count();
    let mut found = Vec::new();
    for (event, range) in Parser::new(&text).into_offset_iter() {
        if let Event::Start(Tag::CodeBlock(kind)) = event {
            let (first, last) = (line(range.start), line(range.end.saturating_sub(1)));
            let (info, shown) = match kind {
                CodeBlockKind::Fenced(info) => (info.to_string(), first + 1..last.max(first + 1)),
                CodeBlockKind::Indented => (String::new(), first..last + 1),
            };
            found.push(Block { named: first, shown, kind: Kind::Code(info) });
        }
    }
    for (place, line) in lines.iter().enumerate() {
        if line.starts_with("[excerpt]:") {
            let first =
                place + 1 + lines[place + 1..].iter().take_while(|line| line.trim().is_empty()).count();
            let rows =
                lines[first.min(lines.len())..].iter().take_while(|line| line.starts_with('|')).count();
            found.push(Block { named: place, shown: first..first + rows, kind: Kind::Table });
        }
    }
    found.sort_by_key(|block| block.named);
    found
}

/// A page in this folder, with all its excerpts as their sources have them now.
pub fn fixed(root: &Path, folder: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut new: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for block in blocks(&lines).into_iter().rev() {
        // What cannot be found is blamed, and not touched.
        if let Ok(Some(source)) = block.source(folder, &lines)
            && let Ok(wanted) = source.lines(root)
            && lines[block.shown.clone()] != wanted[..]
        {
            new.splice(block.shown, wanted);
        }
    }
    new.join("\n") + "\n"
}

/// A page in this folder whose excerpts from these files stand there by themselves.
pub fn without_sources(folder: &str, text: &str, unwanted: impl Fn(&str) -> bool) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut new: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for block in blocks(&lines).into_iter().rev() {
        let source = block.source(folder, &lines).ok().flatten();
        if !source.is_some_and(|source| unwanted(&source.path)) {
            continue;
        }
        match &block.kind {
            Kind::Code(info) => {
                let language = info.split_whitespace().next().unwrap_or_default();
                new[block.named] = lines[block.named].replacen(info.as_str(), language, 1);
            }
            Kind::Table => _ = new.drain(block.named..block.shown.start),
        }
    }
    new.join("\n") + "\n"
}

/// Where an excerpt is taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file, from the root of the repository.
    pub path: String,
    /// The item in it.
    pub item: Option<String>,
    /// What the first line contains.
    pub from: Option<String>,
    /// What the last line contains; it comes after the first.
    pub to: Option<String>,
}

/// The fields of a text, each `name="value"`, in their order; `else_only` says what there
/// may be, where something else is.
pub fn fields<'a>(text: &'a str, else_only: &'static str) -> Result<Vec<(&'a str, &'a str)>> {
    let mut rest = text.trim();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").context(else_only)?;
        let (value, after) = after.split_once('"').context("a quotation mark is not closed")?;
        found.push((name, value));
        rest = after.trim();
    }
    Ok(found)
}

impl Source {
    /// The source that follows the language of a block, if there is one.
    pub fn of_block(info: &str) -> Result<Option<Self>> {
        let rest = info.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
        if rest.is_empty() {
            return Ok(None);
        }
        let (place, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (path, item) = place.split_once('#').map_or((place, None), |(path, item)| (path, Some(item)));
        let mut source = Self { path: path.to_owned(), item: item.map(str::to_owned), ..Self::default() };
        let fields = fields(rest, "after the source there is only from=\"…\" and to=\"…\"")?;
        for (name, value) in fields {
            source.set(name, value)?;
        }
        Ok(Some(source))
    }

    /// The source of a table: the line above it, on a page in this folder of the
    /// repository, where the path begins.
    pub fn of_table(line: &str, folder: &str) -> Result<Option<Self>> {
        let Some(rest) = line.strip_prefix("[excerpt]:") else { return Ok(None) };
        let (path, title) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        let mut source = Self { path: from_the_root(folder, path)?, ..Self::default() };
        let title = title.trim();
        if !title.is_empty() {
            let inner = title.strip_prefix('"').and_then(|title| title.strip_suffix('"'));
            let inner = inner.context("what follows the path is not in quotation marks")?;
            let (from, to) = match inner.split_once(" to=") {
                Some((from, to)) => (from, Some(to)),
                None => (inner, None),
            };
            source.set("from", from.strip_prefix("from=").context("it does not begin with from=")?)?;
            if let Some(to) = to {
                source.set("to", to)?;
            }
        }
        Ok(Some(source))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        ensure!(!value.trim().is_empty(), "{name} is empty");
        let field = match name {
            "from" => &mut self.from,
            "to" => &mut self.to,
            _ => bail!("{name} is neither from nor to"),
        };
        ensure!(field.is_none(), "{name} is there twice");
        *field = Some(value.to_owned());
        Ok(())
    }

    /// The lines that it names: of a whole file as they are, of a part without
    /// the indentation that they share.
    pub fn lines(&self, root: &Path) -> Result<Vec<String>> {
        let plain = !self.path.is_empty()
            && !self.path.starts_with('/')
            && !self.path.split('/').any(|part| part == "..");
        ensure!(plain, "{:?} leads out of the repository", self.path);
        let path = root.join(&self.path);
        ensure!(path.is_file(), "{} is not there", self.path);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", self.path))?;
        self.cut(&text).with_context(|| self.path.clone())
    }

    fn cut(&self, text: &str) -> Result<Vec<String>> {
        let mut lines: Vec<&str> = text.lines().collect();
        if self.path.ends_with(".snap") {
            lines = without_header(lines);
        }
        if let Some(item) = &self.item {
            lines = find_item(&lines, item)?;
        }
        let mut first = 0;
        if let Some(from) = &self.from {
            let found = lines.iter().position(|line| line.contains(from.as_str()));
            first = found.with_context(|| format!("no line contains from, {from:?}"))?;
        }
        let mut end = lines.len();
        if let Some(to) = &self.to {
            let found = lines.iter().skip(first + 1).position(|line| line.contains(to.as_str()));
            end = first + 2 + found.with_context(|| format!("no later line contains to, {to:?}"))?;
        }
        let heads = lane_heads(&lines, first);
        let mut lines = &lines[first..end];
        while let Some((last, rest)) = lines.split_last()
            && last.trim().is_empty()
        {
            lines = rest;
        }
        ensure!(!lines.is_empty(), "nothing is left");
        let is_part = self.item.is_some() || self.from.is_some() || self.to.is_some();
        let lines: Vec<&str> = heads.into_iter().chain(lines.iter().copied()).collect();
        let indents = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line));
        let shared = indents.min().filter(|_| is_part).unwrap_or(0);
        Ok(lines.iter().map(|line| line.get(shared..).unwrap_or("").trim_end().to_owned()).collect())
    }
}

/// The path from the root of the repository, of what a page in this folder links
/// to.
pub fn from_the_root(folder: &str, path: &str) -> Result<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => _ = parts.pop().with_context(|| format!("{path:?} leads out of the repository"))?,
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// A golden file begins with what made it, between two lines `---`.
fn without_header(lines: Vec<&str>) -> Vec<&str> {
    let after = |lines: &[&str]| lines.iter().skip(1).position(|line| *line == "---");
    match after(&lines).filter(|_| lines.first() == Some(&"---")) {
        Some(place) => lines.into_iter().skip(place + 2).skip_while(|line| line.trim().is_empty()).collect(),
        None => lines,
    }
}

/// The names of the lanes, if this line of a golden file is one of a story, and not the
/// first.
fn lane_heads<'a>(lines: &[&'a str], first: usize) -> Option<&'a str> {
    const LANES: [char; 3] = ['│', '┃', '●'];
    let in_lanes = |line: &&&str| line.contains(LANES);
    let before = lines[..first].iter().rev().find(|line| !in_lanes(line))?;
    let is_story = in_lanes(&lines.get(first)?) && before.starts_with("  ") && !before.trim().is_empty();
    is_story.then_some(before)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The only item of this name, from its first line to its last; `Type::method`
/// is one in the `impl` of a type.
fn find_item<'a>(lines: &[&'a str], name: &str) -> Result<Vec<&'a str>> {
    if let Some((owner, name)) = name.split_once("::") {
        let begins = |line: &str| {
            line.trim_start().starts_with("impl")
                && line.split(['<', '>', ' ', '{', '(']).any(|word| word == owner)
        };
        let owned = lines.iter().enumerate().filter(|(_, line)| begins(line));
        let blocks = owned.map(|(first, _)| &lines[first..=last_line(lines, first)]);
        let found: Vec<Vec<&str>> = blocks.filter_map(|block| find_item(block, name).ok()).collect();
        return only(found, name);
    }
    let begins = |line: &&str| KEYWORDS.iter().any(|keyword| declares(line, keyword, name));
    let firsts = (0..lines.len()).filter(|place| begins(&lines[*place]));
    only(firsts.map(|first| lines[first..=last_line(lines, first)].to_vec()).collect(), name)
}

fn only<'a>(mut found: Vec<Vec<&'a str>>, name: &str) -> Result<Vec<&'a str>> {
    match (found.pop(), found.len()) {
        (Some(item), 0) => Ok(item),
        (None, _) => bail!("there is no item {name}"),
        (Some(_), more) => bail!("there are {} items {name}: write Type::{name}", more + 1),
    }
}

const KEYWORDS: [&str; 9] =
    ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "macro_rules!"];

fn declares(line: &str, keyword: &str, name: &str) -> bool {
    let code = line.trim_start();
    if code.starts_with("//") {
        return false;
    }
    code.match_indices(name).any(|(place, _)| {
        let before = code[..place].trim_end_matches(' ');
        let after = code[place + name.len()..].chars().next();
        let whole = !after.is_some_and(|next| next.is_alphanumeric() || next == '_');
        let words: Vec<&str> = before.split_whitespace().collect();
        let modifiers = ["pub", "async", "const", "unsafe", "extern", "pub(crate)", "pub(super)"];
        whole
            && before.len() < place
            && words.last() == Some(&keyword)
            && words[..words.len() - 1].iter().all(|word| modifiers.contains(word))
    })
}

/// The last line of the item that begins here, in code as rustfmt leaves it.
fn last_line(lines: &[&str], first: usize) -> usize {
    let depth = indent(lines[first]);
    let ends = |place: &usize| {
        let line = lines[*place].trim_end();
        let closes = if *place == first { line.ends_with('}') } else { line.trim_start().starts_with('}') };
        indent(line) == depth && !line.trim().is_empty() && (line.ends_with(';') || closes)
    };
    (first..lines.len()).find(ends).unwrap_or(lines.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "/// handle\nstruct Order;\n\npub async fn handle(\n    a: u8,\n) -> u8\nwhere\n    u8: Copy,\n{\n    if a {\n        b();\n    }\n    c()\n}\n\n\
                        impl Order {\n    fn new() -> Self { Self }\n    fn both(&self) {\n        x\n    }\n}\n\
                        impl Other for Cart {\n    fn both(&self) {}\n}\n\nfn handle_all() {}\nconst MOST: [u8; 2] = [\n    1,\n];\n";

    fn cut(info: &str, text: &str) -> Result<String, String> {
        let source = Source::of_block(info).and_then(|source| source.context("no source"));
        let lines = source.and_then(|source| source.cut(text));
        lines.map(|lines| lines.join("\n")).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn an_item_is_whole() {
        assert_eq!(cut("rust a.rs#Order", CODE).unwrap(), "struct Order;");
        let handle = cut("rust a.rs#handle", CODE).unwrap();
        assert!(handle.starts_with("pub async fn handle(") && handle.ends_with("    c()\n}"), "{handle}");
        assert_eq!(cut("rust a.rs#new", CODE).unwrap(), "fn new() -> Self { Self }");
        assert_eq!(cut("rust a.rs#Order::both", CODE).unwrap(), "fn both(&self) {\n    x\n}");
        assert_eq!(cut("rust a.rs#Cart::both", CODE).unwrap(), "fn both(&self) {}");
        assert_eq!(cut("rust a.rs#handle_all", CODE).unwrap(), "fn handle_all() {}");
        assert_eq!(cut("rust a.rs#MOST", CODE).unwrap(), "const MOST: [u8; 2] = [\n    1,\n];");
    }

    #[test]
    fn an_excerpt_can_stand_by_itself() {
        let page = "# A\n\n```text a.snap from=\"b\"\nb\n```\n\n[excerpt]: ../c.snap \"from=| d\"\n\n| d |\n|---|\n\n\
                    ```rust e.rs#f\nfn f() {}\n```\n";
        let without = without_sources("x", page, |path| path != "e.rs");
        assert_eq!(without, "# A\n\n```text\nb\n```\n\n| d |\n|---|\n\n```rust e.rs#f\nfn f() {}\n```\n");
        assert_eq!(without_sources("x", page, |_| false), page);
    }

    #[test]
    fn a_part_has_a_first_and_a_last_line() {
        assert_eq!(cut("rust a.rs#handle from=\"if a\" to=\"}\"", CODE).unwrap(), "if a {\n    b();\n}");
        assert_eq!(cut("rust a.rs from=\"fn handle_all\" to=\"1,\"", CODE).unwrap().lines().count(), 3);
        assert_eq!(cut("rust a.rs#handle from=\"c()\"", CODE).unwrap(), "    c()\n}");
        let golden = "---\nsource: a\nexpression: begins\n---\nbegins\n  here\n";
        assert_eq!(cut("text a.snap to=\"here\"", golden).unwrap(), "begins\n  here");
        let table = "[excerpt]: ../README.md \"from=| a | to=| c\"";
        let table = Source::of_table(table, "slides").unwrap().unwrap();
        assert_eq!(table.path, "README.md");
        assert_eq!(table.cut("x\n| a | b |\n|---|---|\n| c | 1 |\n| d | 2 |\n").unwrap().len(), 3);
        assert_eq!(Source::of_table("| a |", "").unwrap(), None);
        assert_eq!(Source::of_block("rust").unwrap(), None);
    }

    #[test]
    fn a_whole_file_is_shown_as_it_is() {
        let golden = "---\nsource: a\n---\n  broker  w1\n     ●───▶\n";
        assert_eq!(cut("text a.snap", golden).unwrap(), "  broker  w1\n     ●───▶");
        assert_eq!(cut("text a.snap from=\"broker\"", golden).unwrap(), "broker  w1\n   ●───▶");
    }

    #[test]
    fn a_path_begins_at_the_page() {
        let path = |folder: &str, line: &str| Source::of_table(line, folder).unwrap().unwrap().path;
        assert_eq!(path("exercises/04-x", "[excerpt]: ../../solutions/04-x/y.snap"), "solutions/04-x/y.snap");
        assert_eq!(path("", "[excerpt]: ./prices/y.snap"), "prices/y.snap");
    }

    #[test]
    fn a_part_of_a_story_has_the_names_of_its_lanes() {
        let golden = "---\nsource: a\n---\nVIOLATED\n\n  broker w1\n     ●────▶  one\n     ┃    │  is\n     ◀────●  two\n\n  ┃ known\n";
        let part = |from: &str| cut(&format!("text a.snap from=\"{from}\""), golden).unwrap();
        assert_eq!(part("two"), "broker w1\n   ◀────●  two\n\n┃ known");
        assert!(part("one").starts_with("broker w1\n   ●────▶  one\n   ┃    │  is\n"));
        assert!(part("broker").starts_with("broker w1\n   ●"));
        assert!(part("VIOLATED").starts_with("VIOLATED\n\n  broker w1"));
        assert_eq!(part("known"), "┃ known");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (info, sentence) in [
            ("rust a.rs#gone", "there is no item gone"),
            ("rust a.rs#both", "there are 2 items both"),
            ("rust a.rs#Order::gone", "there is no item gone"),
            ("rust a.rs#handle from=\"gone\"", "no line contains from, \"gone\""),
            ("rust a.rs#handle from=\"c()\" to=\"if a\"", "no later line contains to, \"if a\""),
            ("rust a.rs from=\"x", "not closed"),
            ("rust a.rs title=\"x\"", "neither from nor to"),
            ("rust a.rs from=\"x\" from=\"y\"", "twice"),
            ("rust a.rs and more", "only from="),
        ] {
            let error = cut(info, CODE).unwrap_err();
            assert!(error.contains(sentence), "{error:?} does not say {sentence:?}");
        }
        for line in ["[excerpt]: ../../x.md", "[excerpt]: ../x.md from=a", "[excerpt]: ../x.md \"a\""] {
            assert!(Source::of_table(line, "slides").is_err(), "{line}");
        }
        let root = tempfile::tempdir().unwrap();
        for path in ["gone.rs", "../x", "/etc/hosts", ""] {
            let source = Source { path: path.to_owned(), ..Source::default() };
            assert!(source.lines(root.path()).is_err(), "{path}");
        }
    }
}
