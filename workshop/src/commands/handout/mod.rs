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

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

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
    let directory = absolute(directory)?;
    ensure!(
        !root.join(MARKER).exists(),
        "this copy is a handout itself: make handouts in the repository that it was made from"
    );
    ensure!(
        !directory.starts_with(absolute(root)?),
        "{} is inside of the repository: choose a folder outside of it",
        directory.display()
    );
    refuse_what_is_there(&directory)?;
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
    refuse_what_is_there(directory)?;
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

fn refuse_what_is_there(directory: &Path) -> Result<()> {
    let Ok(kind) = std::fs::symlink_metadata(directory) else { return Ok(()) };
    let empty = kind.is_dir() && std::fs::read_dir(directory).is_ok_and(|mut inner| inner.next().is_none());
    if !empty {
        bail!(
            "{} is there already and not an empty folder: choose another name, or remove it",
            directory.display()
        );
    }
    Ok(())
}

/// The path from the root of the disk, without `..`, whether it exists or not.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).context("the folder has no name")?;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    // What is there may have several names.
    let there = plain.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    Ok(match there {
        // Without the slash that joining nothing would leave.
        Some((above, real)) => {
            plain.strip_prefix(above).into_iter().flatten().fold(real, |path, part| path.join(part))
        }
        None => plain,
    })
}
