//! `cargo workshop status`: the ladder, at once.

use anyhow::Result;

use crate::attendee::{Progress, State};
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Exercise, Repository};
use crate::terminal;

/// Shows the ladder. Nothing is built.
pub fn run(repository: &Repository) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let progress = Progress::load(repository.root())?;
    let states: Vec<State> = exercises.iter().map(|exercise| State::of(exercise, &progress)).collect();
    terminal::show(&render::ladder(&exercises, &states));
    Ok(Outcome::Green)
}
