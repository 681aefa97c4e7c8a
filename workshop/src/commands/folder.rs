//! A folder that a command is asked to make: outside of the repository, and where
//! nothing is.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::repository::Repository;

/// The path of the folder from the root of the disk; an error, if it would be inside of
/// the repository, or if something is there.
pub fn free_outside(repository: &Repository, directory: &Path) -> Result<PathBuf> {
    let directory = absolute(directory)?;
    ensure!(
        !directory.starts_with(absolute(repository.root())?),
        "{} is inside of the repository: choose a folder outside of it",
        directory.display()
    );
    refuse_what_is_there(&directory)?;
    Ok(directory)
}

/// An error, if there is something in the way, be it an empty file.
pub fn refuse_what_is_there(directory: &Path) -> Result<()> {
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

/// The path without `.` and `..`, as it is written: no link is followed.
pub fn without_detours(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The path from the root of the disk, without `..`, whether it exists or not.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    let plain = without_detours(&std::path::absolute(path).context("the folder has no name")?);
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
