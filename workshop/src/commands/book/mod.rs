//! `cargo workshop book`: all pages as the sources of one book, for mdBook, which makes
//! a site of them that is searched and read without a network.
//!
//! The sources stay where they are, and as a forge shows them. `shelf` says which pages
//! there are and where each stands in the book, `page` turns one into a chapter, `kept`
//! writes a chapter on each mistake and each other right answer, `gallery` one on each
//! published bug, and `code` one on each file that a page links to. Each has the address
//! that its file has in the repository.

mod code;
mod gallery;
mod kept;
mod page;
mod shelf;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::folder::refuse_what_is_there;
use super::written::write_below;
use crate::outcome::Outcome;
use crate::player;
use crate::repository::Repository;
use crate::terminal;
use page::Library;
use shelf::{Entry, Shelf};

/// How mdBook makes a site of it; what is not to be found by a search is added.
const SETTINGS: &str = include_str!("book.toml");
/// What a story and a drawing need besides mdBook's own looks.
const LOOKS: &str = include_str!("book.css");

/// What marks the lines of stories, in the browser.
const STORIES: &str = include_str!("stories.js");
/// The page that is shown first, and the one that plays a story on it.
const FRONT: &str = "index.md";
const PLAYED: &str = "first-story.html";

/// Writes the book into a new folder, with this story on its front page.
pub fn run(repository: &Repository, directory: &Path, story: Option<&Path>) -> Result<Outcome> {
    refuse_what_is_there(directory)?;
    let played = story.map(player_in).transpose()?;
    let shelf = Shelf::of(repository)?;
    let library = Library::new(repository, &shelf);
    let mut chapters = BTreeMap::new();
    for entry in shelf.entries() {
        chapters.insert(entry.chapter.clone(), library.chapter(entry)?);
    }
    let sources = code::chapters(repository, &library)?;
    let listed: Vec<Entry> = sources.iter().map(|(entry, _)| entry.clone()).collect();
    chapters.extend(sources.into_iter().map(|(entry, text)| (entry.chapter, text)));

    if let Some(played) = &played {
        let front = chapters.get_mut(FRONT).context("the book has no front page")?;
        *front = with_the_player(front).context("the front page has no story to be played")?;
        write_below("book", directory, &format!("src/{PLAYED}"), played)?;
    }
    write_below("book", directory, "stories.js", &STORIES.replace("\r\n", "\n"))?;
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

/// A page that plays a story, from a file that `story --html` has made.
fn player_in(file: &Path) -> Result<String> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    ensure!(
        player::is_ours(text.as_bytes()),
        "{shown} is no story to be played: make one with {}",
        terminal::code("cargo workshop story 01 --mistake NAME --html FILE")
    );
    Ok(text)
}

/// The front page, where the player stands below its first story.
fn with_the_player(page: &str) -> Option<String> {
    let begins = page.find("```text\n")?;
    let ends = begins + page[begins..].find("\n```\n")? + "\n```\n".len();
    let player = format!(
        "\n<iframe class=\"player\" src=\"{PLAYED}\" title=\"The same story, step by step\"></iframe>\n\n\
         The same story, to be gone through step by step, here or [on a page of its own]({PLAYED}).\n"
    );
    Some(format!("{}{player}{}", &page[..ends], &page[ends..]))
}

/// The chapters that a search leaves out, one a line.
fn unsearched(shelf: &Shelf, code: &[Entry]) -> String {
    let hidden = shelf.entries().into_iter().chain(code).filter(|entry| entry.is_hidden);
    hidden.map(|entry| format!("{:?} = {{ enable = false }}\n", entry.chapter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_player_stands_below_the_first_story() {
        let page = "# A\n\n```text\n  broker w1\n```\n\nMore.\n\n```text\nb\n```\n";
        let new = with_the_player(page).unwrap();
        let (before, after) = new.split_once("<iframe").unwrap();
        assert_eq!(before, "# A\n\n```text\n  broker w1\n```\n\n");
        assert!(
            after.ends_with("\n\nMore.\n\n```text\nb\n```\n") && after.contains("](first-story.html)"),
            "{after}"
        );
        assert_eq!(with_the_player("# A\n"), None);
    }

    #[test]
    fn only_a_player_is_played() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.html");
        assert!(player_in(&file).unwrap_err().to_string().contains("cannot be read"));
        fs::write(&file, "<p>my notes").unwrap();
        assert!(player_in(&file).unwrap_err().to_string().contains("is no story to be played"));
    }
}
