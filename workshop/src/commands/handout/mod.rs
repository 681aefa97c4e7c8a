//! `cargo workshop handout`: a copy for attendees, without the answers, that
//! builds without a network.
//!
//! What is copied is listed here; `copy` copies it, `manifest` takes what is
//! left out from the Cargo.toml files, `pages` what leads to it from the pages,
//! `vendor` puts the crates next to it, `slides` builds the slides, and `unlock`
//! brings a solution later. Everything is made in a folder next to the one that is
//! asked for, and gets its name when it is complete.

mod copy;
mod manifest;
mod pages;
mod slides;
mod unlock;
mod vendor;

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::folder;
use crate::outcome::Outcome;
use crate::repository::Repository;
use crate::terminal;

pub use unlock::run as unlock;

/// The file that a handout is known by.
const MARKER: &str = "HANDOUT.md";
/// What of the repository belongs into a handout, where it is there.
const CONTENTS: [&str; 18] = [
    ".cargo",
    ".gitattributes",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "agenda.toml",
    "chaos",
    "closing",
    "exercises",
    "papers",
    "ports",
    "records",
    "rust-analyzer.toml",
    "rustfmt.toml",
    "shared",
];
/// The one that this command is made of.
const OURSELVES: &str = "workshop";

/// Makes a handout, with slides if they are wanted and can be built.
pub fn run(repository: &Repository, directory: &Path, with_slides: bool) -> Result<Outcome> {
    let root = repository.root();
    ensure!(
        !root.join(MARKER).exists(),
        "this copy is a handout itself: make handouts in the repository that it was made from"
    );
    let directory = folder::free_outside(repository, directory)?;
    let parent = directory.parent().context("a handout cannot be the root of a disk")?;
    std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
    let stage = tempfile::Builder::new()
        .prefix("handout-")
        .suffix(".tmp")
        .tempdir_in(parent)
        .with_context(|| format!("nothing can be written into {}", parent.display()))?;
    fill(repository, stage.path())?;
    if with_slides {
        slides::build(repository, stage.path());
    }
    finish(stage, &directory)?;
    let shown = directory.display();
    let said = format!("{shown} is complete, and builds without a network. It begins with {MARKER}.");
    terminal::show(&terminal::paragraph(&said, "  "));
    Ok(Outcome::Green)
}

fn fill(repository: &Repository, stage: &Path) -> Result<()> {
    for name in CONTENTS.into_iter().chain([OURSELVES]) {
        copy::tree(&repository.root().join(name), &stage.join(name))?;
    }
    copy::starters(repository, stage)?;
    manifest::cut(stage)?;
    slides::settle_agenda(repository, stage)?;
    let words = include_str!("HANDOUT.md").replace("\r\n", "\n");
    std::fs::write(stage.join(MARKER), words).with_context(|| format!("{MARKER} cannot be written"))?;
    pages::unlink_all(stage)?;
    vendor::run(stage)
}

/// Gives the folder its name; until now, it has had another.
fn finish(stage: tempfile::TempDir, directory: &Path) -> Result<()> {
    folder::refuse_what_is_there(directory)?;
    if directory.exists() {
        std::fs::remove_dir(directory)
            .with_context(|| format!("{} cannot be replaced", directory.display()))?;
    }
    copy::open_to_others(stage.path())?;
    std::fs::rename(stage.path(), directory)
        .with_context(|| format!("the handout cannot be moved to {}", directory.display()))?;
    // What it would clean up has gone to where it belongs.
    _ = stage.keep();
    Ok(())
}
