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
use crate::repository::{HANDOUT, Repository};
use crate::terminal;

pub use unlock::{MISTAKES, OURS, run as unlock};

/// What of the repository belongs into a handout, where it is there.
pub const CONTENTS: [&str; 19] = [
    ".cargo",
    ".gitattributes",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "agenda.toml",
    "agendas",
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

/// Which slides a handout has, if they can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slides {
    /// None.
    None,
    /// Those that a room sees, without notes, and without our code.
    ForAttendees,
    /// All that is in them.
    Whole,
}

/// Makes a handout, with the slides that are wanted.
pub fn run(repository: &Repository, directory: &Path, slides: Slides) -> Result<Outcome> {
    ensure!(
        !repository.is_handout(),
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
    slides::build(repository, stage.path(), slides)?;
    finish(stage, &directory)?;
    let shown = directory.display();
    let said = format!("{shown} is complete, and builds without a network. It begins with {HANDOUT}.");
    terminal::show(&terminal::paragraph(&said, "  "));
    Ok(Outcome::Green)
}

fn fill(repository: &Repository, stage: &Path) -> Result<()> {
    for name in CONTENTS.into_iter().chain([OURSELVES]) {
        copy::tree(&repository.root().join(name), &stage.join(name))?;
    }
    copy::starters(repository, stage)?;
    copy::leave_out_what_needs_a_server(repository, stage)?;
    manifest::cut(stage)?;
    slides::settle_agendas(repository, stage)?;
    let words = include_str!("HANDOUT.md").replace("\r\n", "\n");
    std::fs::write(stage.join(HANDOUT), words).with_context(|| format!("{HANDOUT} cannot be written"))?;
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
