//! The decks: each slide has one idea, a heading and notes; what it shows of
//! the repository is what the repository has.

use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::culprit::{Culprit, Fault};
use super::{commands_named, excerpts, links};
use crate::pages::excerpt::{Block, Kind, blocks};
use crate::pages::front_matter::{self, FrontMatter};
use crate::repository::{Name, Repository};

/// Where the decks are.
const FOLDER: &str = "slides";
/// What every deck says of itself, besides its title and minutes.
const FIELDS: [(&str, &str); 3] = [("marp", "true"), ("theme", "workshop"), ("paginate", "true")];
/// What a block of the agenda may be that shows a deck.
const BLOCKS: [&str; 3] = ["lecture", "brainstorm", "retrospective"];
/// With what a note begins that is a prompt.
const PROMPTS: [&str; 4] = ["Ask:", "Demo:", "Watch out:", "Say:"];
/// The most words on a slide, besides code, tables, pictures and its heading.
const MOST_WORDS: usize = 50;
/// The most lines and columns of code, and of a story.
const CODE: (usize, usize) = (14, 76);
const STORY: (usize, usize) = (16, 96);
/// The fewest words that say what a picture shows.
const ALT_WORDS: usize = 3;
/// Languages of what is typed or written, and is no code of ours.
const FREE: [&str; 3] = ["sh", "toml", "json"];

/// Checks all decks; with `fix`, rewrites what they show of other files.
pub fn check(repository: &Repository, fix: bool) -> Vec<Culprit> {
    let mut culprits = Vec::new();
    let mut numbers: Vec<(String, String)> = Vec::new();
    for name in front_matter::names(repository, FOLDER) {
        let path = repository.root().join(FOLDER).join(format!("{name}.md"));
        let file = repository.show(&path);
        match Name::parse(&name) {
            None => culprits.push(Culprit::new(
                &file,
                "it is not called NN-name.md (two digits, then small letters, digits and hyphens)",
                "rename the deck",
            )),
            Some(parts) => {
                if let Some((_, twin)) = numbers.iter().find(|(number, _)| *number == parts.number) {
                    let what = format!("{twin} has the same number");
                    culprits.push(Culprit::new(&file, what, "give each deck a number of its own"));
                }
                numbers.push((parts.number, file.clone()));
            }
        }
        match excerpts::read(repository, &path, fix) {
            Ok(text) => {
                culprits.extend(faults(repository.root(), &text).into_iter().map(|fault| fault.of(&file)));
                culprits.extend(links::check(repository, &path));
                culprits.extend(commands_named::check(repository, &path));
            }
            Err(error) => {
                culprits.push(Culprit::new(&file, format!("it cannot be read: {error}"), "mend it"));
            }
        }
    }
    culprits
}

fn faults(root: &Path, text: &str) -> Vec<Fault> {
    let front = match FrontMatter::parse(text) {
        Ok(front) => front,
        Err(error) => return vec![Fault::new(1, format!("{error:#}"), "write its front matter")],
    };
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    front_faults(&front, &mut found);
    let slides = slides(&lines, front.lines);
    if let Ok(minutes) = front.minutes() {
        // The title is no slide that one talks about; and one that takes no time
        // may still be shown.
        let most = (minutes * 3 / 2).max(1) as usize;
        let there = slides.len().saturating_sub(1);
        if there > most {
            let what = format!(
                "{there} slides after the title in {minutes} minutes; {most} are the most, one and a half a minute"
            );
            found.push(Fault::new(1, what, "take some out, or give it more minutes"));
        } else if there == 0 && minutes > 0 {
            found.push(Fault::new(1, "it has no slide but its title", "write one"));
        }
    }
    for (number, slide) in slides.into_iter().enumerate() {
        found.extend(Slide::read(&lines, slide).faults(number == 0));
    }
    for block in blocks(&lines) {
        found.extend(block_fault(root, &lines, &block));
    }
    found.sort_by_key(|fault| fault.line);
    found
}

fn front_faults(front: &FrontMatter, found: &mut Vec<Fault>) {
    for (name, value) in FIELDS {
        match front.get(name) {
            Some((there, _)) if there == value => {}
            Some((there, line)) => {
                found.push(Fault::new(
                    line,
                    format!("{name} is {there:?}"),
                    format!("write {name}: {value}"),
                ));
            }
            None => found.push(Fault::new(
                1,
                format!("its front matter has no {name}"),
                format!("write {name}: {value}"),
            )),
        }
    }
    let errors = [front.title().err(), front.minutes().err()];
    for error in errors.into_iter().flatten() {
        found.push(Fault::new(1, format!("{error:#}"), "write it into the front matter"));
    }
    match front.get("block") {
        Some((block, _)) if BLOCKS.contains(&block) => {}
        there => {
            let (what, line) = match there {
                Some((block, line)) => (format!("block is {block:?}"), line),
                None => ("its front matter has no block".to_owned(), 1),
            };
            found.push(Fault::new(
                line,
                what,
                format!("write block: {}, or another of {BLOCKS:?}", BLOCKS[0]),
            ));
        }
    }
}

/// The lines of each slide: what lies between lines `---`, outside of code and
/// of notes.
fn slides(lines: &[&str], first: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut code, mut note) = (first, false, false);
    for (place, line) in lines.iter().enumerate().skip(first) {
        if !note && line.starts_with("```") {
            code = !code;
        }
        if !code {
            note = (note || line.contains("<!--")) && !line.contains("-->");
        }
        if !code && !note && line.trim_end() == "---" {
            found.push(start..place);
            start = place + 1;
        }
    }
    found.push(start..lines.len());
    found
}

/// What there is on a slide, as far as it is checked.
struct Slide {
    /// Its first line with something on it.
    first: usize,
    /// The headings, and the line of each.
    headings: Vec<(usize, HeadingLevel)>,
    /// How many words there are, but for code, tables, pictures, headings and
    /// sources.
    words: usize,
    /// How each picture is described, and on which line.
    pictures: Vec<(usize, String)>,
    /// The last notes and all that follows, and the line on which they begin.
    notes: Option<(usize, String)>,
}

impl Slide {
    fn read(lines: &[&str], slide: Range<usize>) -> Self {
        let text = lines[slide.clone()].join("\n");
        let line = |place: usize| slide.start + text[..place].matches('\n').count() + 1;
        let first = slide.start + 1 + text.lines().take_while(|line| line.trim().is_empty()).count();
        let (mut headings, mut pictures, mut notes) = (Vec::new(), Vec::new(), None);
        let (mut words, mut quiet, mut alt) = (0, 0, None::<(usize, String)>);
        let mut is_source = false;
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    headings.push((line(range.start), level));
                    quiet += 1;
                }
                Event::Start(Tag::CodeBlock(_) | Tag::Table(_)) => quiet += 1,
                Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table) => quiet -= 1,
                Event::Start(Tag::Paragraph) => is_source = text[range].starts_with("Source"),
                Event::End(TagEnd::Paragraph) => is_source = false,
                Event::Start(Tag::Image { .. }) => alt = Some((line(range.start), String::new())),
                Event::End(TagEnd::Image) => pictures.push(alt.take().unwrap_or_default()),
                Event::Text(text) | Event::Code(text) => match &mut alt {
                    Some((_, alt)) => alt.push_str(&text),
                    None if quiet == 0 && !is_source => {
                        words += text.split(char::is_whitespace).filter(|word| has_letters(word)).count();
                    }
                    None => {}
                },
                Event::Html(_) | Event::InlineHtml(_) => {
                    let tail = text[range.start..].trim();
                    if tail.starts_with("<!--") {
                        notes = Some((line(range.start), tail.to_owned()));
                    }
                }
                _ => {}
            }
        }
        Self { first, headings, words, pictures, notes }
    }

    fn faults(&self, is_first: bool) -> Vec<Fault> {
        let mut found = Vec::new();
        for (line, text) in &self.pictures {
            if text.split_whitespace().count() < ALT_WORDS {
                let what = format!("the picture is described as {text:?}");
                found.push(Fault::new(*line, what, "say between [ and ] what it shows"));
            }
        }
        found.extend(self.heading_fault(is_first));
        if self.words > MOST_WORDS {
            let what = format!("the slide has {} words; {MOST_WORDS} are the most", self.words);
            found.push(Fault::new(self.first, what, "say the rest in the notes"));
        }
        found.extend(self.notes_fault());
        found
    }

    fn heading_fault(&self, is_first: bool) -> Option<Fault> {
        let level = if is_first { HeadingLevel::H1 } else { HeadingLevel::H2 };
        let mark = if is_first { "#" } else { "##" };
        match self.headings[..] {
            [(_, there)] if there == level => None,
            [(line, _)] => Some(Fault::new(
                line,
                "its heading is of another level than that of its slide",
                format!("write {mark}: one # on the first slide, ## on the others"),
            )),
            [] => Some(Fault::new(self.first, "the slide has no heading", format!("begin it with {mark}"))),
            [_, (line, _), ..] => {
                let what = format!("the slide has {} headings", self.headings.len());
                Some(Fault::new(line, what, "one idea a slide: make two of it"))
            }
        }
    }

    fn notes_fault(&self) -> Option<Fault> {
        let has_prompt = |notes: &str| {
            let prompt = |line: &str| PROMPTS.iter().any(|prompt| line.starts_with(prompt));
            notes.trim_start_matches("<!--").lines().any(|line| prompt(line.trim()))
        };
        match &self.notes {
            Some((_, notes)) if !notes.ends_with("-->") || notes.matches("<!--").count() > 1 => {
                let what = "its notes are not the last thing on the slide";
                Some(Fault::new(self.first, what, "move them there"))
            }
            Some((_, notes)) if has_prompt(notes) => None,
            Some((line, _)) => {
                let what = "no line of the notes is a prompt";
                Some(Fault::new(*line, what, format!("begin one with {}", PROMPTS.join(" or "))))
            }
            None => Some(Fault::new(
                self.first,
                "the slide has no notes",
                "write a comment at its end, with a line that begins with Ask:, Demo:, Watch out: or Say:",
            )),
        }
    }
}

fn has_letters(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

/// What a slide has no room for, and what on it has no source.
fn block_fault(root: &Path, lines: &[&str], block: &Block) -> Option<Fault> {
    let named = block.named + 1;
    let shown = &lines[block.shown.clone()];
    if let (Kind::Code(info), Ok(source)) = (&block.kind, block.source(FOLDER, lines)) {
        let language = info.split_whitespace().next().unwrap_or_default();
        let (most, widest) = if language == "rust" { CODE } else { STORY };
        if shown.len() > most {
            let what = format!("{} lines of {language}; {most} are the most", shown.len());
            return Some(Fault::new(named, what, "show less of it, with from and to"));
        }
        let wide = |line: &&str| line.chars().count() > widest;
        if let Some(place) = shown.iter().position(wide) {
            let columns = shown[place].chars().count();
            let what = format!("{columns} columns; {widest} are the most");
            return Some(Fault::new(block.shown.start + place + 1, what, "choose another excerpt"));
        }
        // A drawing in plain characters has no other home than the slide.
        let drawing = ["", "text"].contains(&language) && shown.iter().all(|line| line.is_ascii());
        if source.is_none() && !drawing && !FREE.contains(&language) {
            return Some(excerpts::without_source(block, language));
        }
    }
    excerpts::fault(root, FOLDER, lines, block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::excerpt::fixed;

    const GOOD: &str = "---\nmarp: true\ntheme: workshop\npaginate: true\ntitle: Why\nminutes: 2\nblock: \"lecture\"\n---\n\n\
        # Why\n\nBecause.\n\n<!--\nSay: hello.\n-->\n\n---\n\n## How\n\n\
        ```rust src/a.rs#two\nfn two() {\n    2\n}\n```\n\n![A picture of two](two.svg)\n\nSome words.\n\n<!--\nAsk: how?\n-->\n\n---\n\n## Costs\n\n\
        [excerpt]: ../README.md \"from=| a | to=| c\"\n\n| a | b |\n|---|---|\n| c | 1 |\n\n\
        ```text src/story.snap from=\"begins\" to=\"ends\"\nit begins\n---\n  it ends\n```\n\nSource: a long one.\n\n<!-- Demo: nothing\n\n---\n\nmore -->\n";

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("src")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        write("src/a.rs", "fn one() {}\n\n    fn two() {\n        2\n    }\n");
        write("src/story.snap", "---\nsource: x\n---\nit begins\n---\n  it ends\n");
        write("README.md", "# x\n\n| a | b |\n|---|---|\n| c | 1 |\n| d | 2 |\n");
        root
    }

    #[test]
    fn a_good_deck_has_no_faults() {
        let root = root();
        let found = faults(root.path(), GOOD);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(fixed(root.path(), FOLDER, GOOD), GOOD);
    }

    #[test]
    fn each_rule_can_be_broken() {
        let root = root();
        let long = "fn two() {\n".to_owned() + &"    2;\n".repeat(14) + "}";
        let wide = format!("fn two() {{\n    {}\n}}", "2".repeat(73));
        let words = "word ".repeat(MOST_WORDS + 1);
        for (from, to, line, sentence) in [
            ("---\nmarp", "marp", 1, "does not begin with front matter"),
            ("marp: true\n", "", 1, "no marp"),
            ("theme: workshop", "theme: default", 3, "theme is \"default\""),
            ("paginate: true\n", "", 1, "no paginate"),
            ("title: Why\n", "", 1, "no title"),
            ("minutes: 2\n", "", 1, "no minutes"),
            ("minutes: 2", "minutes: two", 1, "line 6: minutes is \"two\""),
            ("minutes: 2", "minutes: 1", 1, "2 slides after the title in 1 minutes; 1 are the most"),
            (&GOOD[GOOD.find("\n---\n\n## How").unwrap()..], "", 1, "no slide but its title"),
            ("block: \"lecture\"\n", "", 1, "no block"),
            ("\"lecture\"", "\"sermon\"", 7, "block is \"sermon\""),
            ("# Why\n", "## Why\n", 10, "another level"),
            ("## How\n", "# How\n", 20, "another level"),
            ("## How\n", "How\n", 20, "no heading"),
            ("Some words.", "## And\n", 30, "2 headings"),
            ("Some words.", &words, 20, "51 words"),
            ("<!--\nSay: hello.\n-->", "", 10, "no notes"),
            ("Ask: how?", "Well: how?", 32, "is a prompt"),
            ("Ask: how?\n-->", "Ask: how?\n-->\n\nMore.", 20, "not the last thing"),
            ("A picture of two", "", 28, "described as \"\""),
            ("    2\n", "    3\n", 22, "not what its source has"),
            ("a.rs#two", "b.rs#two", 22, "src/b.rs is not there"),
            ("a.rs#two", "a.rs#three", 22, "no item three"),
            ("rust src/a.rs#two", "rust", 22, "does not say where"),
            ("a.rs#two", "a.rs#two from=\"x", 22, "not closed"),
            ("fn two() {\n    2\n}", &long, 22, "16 lines of rust; 14 are the most"),
            ("fn two() {\n    2\n}", &wide, 24, "77 columns; 76 are the most"),
            ("| c | 1 |\n\n", "| c | 2 |\n\n", 40, "not what its source has"),
            ("to=| c", "to=| e", 40, "no later line contains to"),
            ("../README.md", "README.md", 40, "slides/README.md is not there"),
            ("../README.md", "../../README.md", 40, "leads out of the repository"),
            ("it begins\n", "it began\n", 46, "not what its source has"),
            (
                "```text src/story.snap from=\"begins\" to=\"ends\"\nit begins",
                "```text\n●",
                46,
                "does not say where",
            ),
            ("Demo:", "demo", 54, "is a prompt"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let found = faults(root.path(), &text);
            let [fault] = &found[..] else { panic!("{from:?} to {to:?}: {found:?}") };
            assert!(fault.what.contains(sentence), "{:?} does not say {sentence:?}", fault.what);
            assert_eq!(fault.line, line, "{sentence}: {text}");
        }
    }

    #[test]
    fn excerpts_are_filled_in_and_nothing_else() {
        let root = root();
        let empty = GOOD
            .replace("fn two() {\n    2\n}\n", "")
            .replace("| a | b |\n|---|---|\n| c | 1 |\n", "")
            .replace("it begins\n---\n  it ends\n", "old\n");
        let filled = fixed(root.path(), FOLDER, &empty);
        // A table that is not there yet comes right below the line that names it.
        assert!(faults(root.path(), &filled).is_empty(), "{filled}");
        assert_eq!(
            fixed(root.path(), FOLDER, &GOOD.replace("#two", "#three")),
            GOOD.replace("#two", "#three")
        );
    }
}
