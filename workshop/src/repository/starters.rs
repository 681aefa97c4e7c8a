//! The starters as they were shipped: `workshop/starters/NN-name/`, a copy of
//! every file that an attendee edits. With them, `reset` needs neither git nor
//! the network. `verify` compares them with the exercises.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::exercise::Exercise;
use super::files::Files;
use super::fingerprint::fingerprint_in;
use super::name::Name;
use super::paths::Repository;
use crate::terminal;

/// Where the copy of a starter is.
pub fn folder(repository: &Repository, name: &Name) -> PathBuf {
    repository.root().join("workshop").join("starters").join(name.to_string())
}

/// The starter of an exercise: that which `exercise.toml` declares, or none.
pub fn of(repository: &Repository, exercise: &Exercise) -> Result<Files> {
    let folder = folder(repository, &exercise.name);
    let predictions = exercise.predictions.as_deref();
    let files = Files::read(&folder, predictions)?;
    if files.is_empty() || fingerprint_in(&folder, predictions) != exercise.starter {
        let what = if files.is_empty() { "is not there" } else { "was changed" };
        bail!(
            "the starter of {} in {} {what}: take that folder from a fresh copy of the repository (or, \
             if you are writing the exercise, run {})",
            exercise.name,
            repository.show(&folder),
            terminal::code(&format!("cargo workshop verify {} --fix", exercise.name.number))
        );
    }
    Ok(files)
}
