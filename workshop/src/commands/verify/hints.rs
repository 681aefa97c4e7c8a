//! The hints: they can be read, and the first two depths of an answer do not
//! give away what only the solution knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::culprit::Culprit;
use crate::pages::hints;
use crate::repository::{Name, Repository};

/// How many depths come before the code.
const BEFORE_CODE: usize = 2;

/// Reads the hints. A file that is not there is blamed elsewhere.
pub fn check(repository: &Repository, name: &Name) -> Vec<Culprit> {
    let path = repository.exercise(name).join("hints.md");
    let shown = repository.show(&path);
    let Ok(text) = fs::read_to_string(&path) else { return Vec::new() };
    if text.trim().is_empty() {
        return Vec::new();
    }
    let questions = match hints::parse(&text) {
        Ok(questions) => questions,
        Err(fault) => {
            let mend = "close what is open, and give each question its depths";
            return vec![Culprit::new(format!("{shown}:{}", fault.line), fault.what, mend)];
        }
    };
    let secret = secret(repository, name);
    let mut culprits = Vec::new();
    for question in &questions {
        for (place, depth) in question.depths.iter().take(BEFORE_CODE).enumerate() {
            for word in code_words(&depth.text).intersection(&secret) {
                culprits.push(Culprit::new(
                    format!("{shown}:{}", depth.line),
                    format!(
                        "depth {} of {:?} names `{word}`, which only the solution has",
                        place + 1,
                        question.title
                    ),
                    "say it in other words, or keep it for the last depth",
                ));
            }
        }
    }
    culprits
}

/// The words that only the solution has: they are neither in the starter nor in
/// the page, nor in the tests, nor in what `shared` and `ports` offer.
fn secret(repository: &Repository, name: &Name) -> BTreeSet<String> {
    let exercise = repository.exercise(name);
    let mut known = all_words(&exercise.join("src"));
    known.extend(all_words(&exercise.join("tests")));
    known.extend(all_words(&exercise.join("README.md")));
    for offered in ["ports", "shared"] {
        for file in files(&repository.root().join(offered).join("src")) {
            known.extend(public_words(&read(&file)));
        }
    }
    let solution = files(&repository.solution(name).join("src"));
    let code = solution.iter().flat_map(|file| words(&without_comments(&read(file))));
    code.filter(|word| !known.contains(word)).collect()
}

/// The words of what stands in backticks or in a block of code.
fn code_words(markdown: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut block = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => block = true,
            Event::End(TagEnd::CodeBlock) => block = false,
            Event::Code(text) => found.extend(words(&text)),
            Event::Text(text) if block => found.extend(words(&text)),
            _ => {}
        }
    }
    found
}

/// The words of what others may use: the lines that begin with `pub`, and all
/// that is in a public enum or trait.
fn public_words(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut end: Option<String> = None;
    for line in without_comments(source).lines() {
        let plain = line.trim_start();
        let indent = &line[..line.len() - plain.len()];
        if let Some(closing) = &end {
            found.extend(words(plain));
            if line.trim_end() == closing {
                end = None;
            }
        } else if plain.starts_with("pub ") {
            found.extend(words(plain));
            let open = ["pub enum ", "pub trait "].iter().any(|start| plain.starts_with(start));
            end = (open && !plain.trim_end().ends_with('}')).then(|| format!("{indent}}}"));
        }
    }
    found
}

fn without_comments(source: &str) -> String {
    let lines = source.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

fn all_words(path: &Path) -> BTreeSet<String> {
    files(path).iter().flat_map(|file| words(&read(file))).collect()
}

/// Everything that looks like the name of something.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| word.starts_with(|character: char| character.is_alphabetic() || character == '_'))
        .filter(|word| word.len() > 1 && !KEYWORDS.contains(word))
        .map(str::to_owned)
        .collect()
}

/// What everybody knows who has come this far.
const KEYWORDS: &[&str] = &[
    "as", "async", "await", "bool", "break", "const", "continue", "crate", "dyn", "else", "enum", "false",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "None", "Ok", "Err",
    "Option", "pub", "ref", "Result", "return", "self", "Self", "Some", "static", "str", "String", "struct",
    "super", "todo", "trait", "true", "type", "use", "usize", "Vec", "where", "while",
];

/// The file, or all the files below a folder.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.flat_map(|entry| files(&entry.path())).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn only_code_is_looked_at() {
        let markdown = "Not process, but `claim_it(inbox)` and\n\n```rust\nlet x1 = Claim::Done; // 7up\n```\n\nnot `a`.";
        assert_eq!(code_words(markdown), set(&["claim_it", "inbox", "x1", "Claim", "Done", "up"][..5]));
    }

    #[test]
    fn what_is_public_is_known() {
        let source = "use hidden::One;\npub struct Order {\n    pub items: u8,\n    secret: u8,\n}\n\
                      pub enum Event {\n    Added { tea: u8 }, // comment\n}\nfn private() {}\n    pub fn decide(order: u8) {\n";
        let known = public_words(source);
        assert_eq!(known, set(&["Order", "items", "u8", "Event", "Added", "tea", "decide", "order"]));
    }
}
