//! The published bugs, a chapter each: what was reported, the story by which it is found,
//! and the system, with its repair beside it.

use std::fs;

use anyhow::{Context, Result};

use super::page::fenced;
use crate::pages::excerpt::Source;
use crate::repository::Repository;

const REPORTS: &str = "gallery/src/reports";
const STORIES: &str = "gallery/tests/snapshots";

/// A published bug.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name, as that of a module.
    name: String,
    source: String,
}

impl Report {
    /// All of them, in the order of their names; none in a copy that has no gallery.
    pub fn all(repository: &Repository) -> Result<Vec<Self>> {
        let folder = repository.root().join(REPORTS);
        let names = fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            file.strip_suffix(".rs").filter(|name| *name != "mod").map(str::to_owned)
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        let read = |name: String| {
            let path = repository.root().join(REPORTS).join(format!("{name}.rs"));
            let source = fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", repository.show(&path)))?;
            Ok(Self { name, source: source.replace("\r\n", "\n") })
        };
        names.into_iter().map(read).collect()
    }

    /// What it is called: the first line of its file.
    pub fn title(&self) -> String {
        let first = self.source.lines().next().and_then(|line| line.strip_prefix("//!"));
        first.unwrap_or(&self.name).trim().to_owned()
    }

    /// Where it is in the book.
    pub fn chapter(&self) -> String {
        format!("{REPORTS}/{}.md", self.name)
    }

    /// The files that it is about.
    pub fn files(&self) -> [String; 3] {
        let story = self.story();
        [format!("{REPORTS}/{}.rs", self.name), story.replace(".snap", ".facts.snap"), story]
    }

    fn story(&self) -> String {
        format!("{STORIES}/reports__{}.snap", self.name.replace('_', "-"))
    }

    /// The page on it, as it would stand beside its file.
    pub fn page(&self, repository: &Repository) -> Result<String> {
        let (comment, code): (Vec<&str>, Vec<&str>) =
            self.source.lines().partition(|line| line.starts_with("//!"));
        let comment: Vec<&str> =
            comment.iter().skip(1).map(|line| line.trim_start_matches("//!").trim()).collect();
        let source = Source { path: self.story(), ..Source::default() };
        let story = source.lines(repository.root())?.join("\n");
        Ok(format!(
            "# {}\n\n{}\n\nOne of the [published bugs](../../README.md).\n\n## How it is found\n\n{}\n\
             ## The system, the bug and the repair\n\n{}",
            self.title(),
            cited(comment.join("\n").trim()),
            fenced("text", &story),
            fenced("rust", code.join("\n").trim()),
        ))
    }
}

/// A text whose citations are links: `owner/repository#7`, and `#8` after it.
fn cited(text: &str) -> String {
    let mut repository = "";
    let mut new = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let plain = word.trim_start_matches('(');
        let opens = &word[..word.len() - plain.len()];
        let end = |from: usize| {
            plain[from..].find(|c: char| !c.is_ascii_digit()).map_or(plain.len(), |digits| from + digits)
        };
        let citation = plain.split_once('#').filter(|(owner, _)| owner.is_empty() || owner.contains('/'));
        match citation {
            Some((named, _)) if end(named.len() + 1) > named.len() + 1 => {
                if !named.is_empty() {
                    repository = named;
                }
                let (cited, rest) = plain.split_at(end(named.len() + 1));
                let number = &cited[named.len() + 1..];
                new += &format!("{opens}[{cited}](https://github.com/{repository}/issues/{number}){rest}");
            }
            _ => new += word,
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_links() {
        let link = |cited: &str, of: &str| format!("[{cited}](https://github.com/{of})");
        assert_eq!(
            cited("*Reported:* a/b#12 (2024), after\n#7, and c/d#3. C# and 7c, as (#4) in KIP-9."),
            format!(
                "*Reported:* {} (2024), after\n{}, and {}. C# and 7c, as ({}) in KIP-9.",
                link("a/b#12", "a/b/issues/12"),
                link("#7", "a/b/issues/7"),
                link("c/d#3", "c/d/issues/3"),
                link("#4", "c/d/issues/4"),
            )
        );
    }

    #[test]
    fn a_page_has_what_was_reported_its_story_and_the_system() {
        let root = tempfile::tempdir().unwrap();
        for folder in [REPORTS, STORIES] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let write = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        write(&format!("{REPORTS}/mod.rs"), "mod a_bug;\n");
        write(
            &format!("{REPORTS}/a_bug.rs"),
            "//! A bug\n//!\n//! *Reported:* o/r#1. It\n//! hurts.\n\nfn bug() {}\n",
        );
        write(&format!("{STORIES}/reports__a-bug.snap"), "---\nsource: x\n---\nVIOLATED\n");
        let repository = Repository::at(root.path());
        let [report] = &Report::all(&repository).unwrap()[..] else { panic!("one report") };
        assert_eq!(report.chapter(), "gallery/src/reports/a_bug.md");
        assert_eq!(
            report.page(&repository).unwrap(),
            "# A bug\n\n*Reported:* [o/r#1](https://github.com/o/r/issues/1). It\nhurts.\n\n\
             One of the [published bugs](../../README.md).\n\n## How it is found\n\n```text\nVIOLATED\n```\n\n\
             ## The system, the bug and the repair\n\n```rust\nfn bug() {}\n```\n"
        );
    }
}
