//! `cargo workshop book`: all pages as the sources of one book, for mdBook, which makes
//! a site of them that is searched and read without a network.
//!
//! The sources stay where they are, and as a forge shows them. `shelf` says which pages
//! there are and where each stands in the book, `page` turns one into a chapter, `kept`
//! writes a chapter on each mistake and each other right answer, `gallery` one on each
//! published bug, and `code` one on each file that a page links to. Each has the address that its file has in the repository.

mod code;
mod gallery;
mod kept;
mod page;
mod shelf;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::folder::refuse_what_is_there;
use super::written::write_below;
use crate::outcome::Outcome;
use crate::repository::Repository;
use crate::terminal;
use page::Library;
use shelf::{Entry, Shelf};

/// How mdBook makes a site of it; what is not to be found by a search is added.
const SETTINGS: &str = include_str!("book.toml");
/// What a story and a drawing need besides mdBook's own looks.
const LOOKS: &str = include_str!("book.css");

/// Writes the book into a new folder.
pub fn run(repository: &Repository, directory: &Path) -> Result<Outcome> {
    refuse_what_is_there(directory)?;
    let shelf = Shelf::of(repository)?;
    let library = Library::new(repository, &shelf);
    let mut chapters = BTreeMap::new();
    for entry in shelf.entries() {
        chapters.insert(entry.chapter.clone(), library.chapter(entry)?);
    }
    let sources = code::chapters(repository, &library)?;
    let listed: Vec<Entry> = sources.iter().map(|(entry, _)| entry.clone()).collect();
    chapters.extend(sources.into_iter().map(|(entry, text)| (entry.chapter, text)));

    write_below(
        "book",
        directory,
        "book.toml",
        &(SETTINGS.replace("\r\n", "\n") + &unsearched(&shelf, &listed)),
    )?;
    write_below("book", directory, "book.css", &LOOKS.replace("\r\n", "\n"))?;
    write_below("book", directory, "src/SUMMARY.md", &shelf.summary(&listed))?;
    for (chapter, text) in &chapters {
        write_below("book", directory, &format!("src/{chapter}"), text)?;
    }
    for picture in library.pictures() {
        let place = directory.join("src").join(&picture);
        fs::create_dir_all(place.parent().context("it is in no folder")?)?;
        fs::copy(repository.root().join(&picture), &place)
            .with_context(|| format!("{picture} cannot be copied"))?;
    }
    let shown = directory.display();
    let said = format!(
        "{} chapters are in {shown}. {} makes a site of them, with mdBook 0.5; {} does both.",
        chapters.len(),
        terminal::code(&format!("mdbook build {shown}")),
        terminal::code("bash .ci/book"),
    );
    terminal::show(&terminal::paragraph(&said, "  "));
    Ok(Outcome::Green)
}

/// The chapters that a search leaves out, one a line.
fn unsearched(shelf: &Shelf, code: &[Entry]) -> String {
    let hidden = shelf.entries().into_iter().chain(code).filter(|entry| entry.is_hidden);
    hidden.map(|entry| format!("{:?} = {{ enable = false }}\n", entry.chapter)).collect()
}
