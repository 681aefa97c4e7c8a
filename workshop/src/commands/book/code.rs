//! The files and folders that a page links to and that are no pages themselves: a
//! chapter each, so that a link leads somewhere without a forge.

use std::fs;

use anyhow::{Context, Result};

use super::page::{Library, code_chapter, fenced};
use super::shelf::Entry;
use crate::pages::excerpt::Source;
use crate::repository::Repository;

/// Their chapters, in the order of their paths.
pub fn chapters(repository: &Repository, library: &Library<'_>) -> Result<Vec<(Entry, String)>> {
    let chapter = |path: String| {
        let place = repository.root().join(&path);
        let text = if place.is_dir() {
            let entries = fs::read_dir(&place).with_context(|| format!("{path} cannot be read"))?;
            let mut names: Vec<String> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names.iter().map(|name| format!("- `{name}`\n")).collect()
        } else {
            let source = Source { path: path.clone(), ..Source::default() };
            fenced(language(&path), &(source.lines(repository.root())?.join("\n") + "\n"))
        };
        let entry = Entry::code(&path, code_chapter(&path));
        Ok((entry, format!("# {path}\n\n{text}")))
    };
    library.code().into_iter().map(chapter).collect()
}

fn language(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("rs") => "rust",
        Some("toml") => "toml",
        _ => "text",
    }
}
