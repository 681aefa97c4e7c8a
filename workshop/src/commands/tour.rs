//! `cargo run`, `cargo workshop`: where you are, what happens there, and what
//! to do next.

use anyhow::Result;

use super::attempt::attempt;
use super::next;
use crate::attendee::{Progress, State, current};
use crate::outcome::Outcome;
use crate::render::{self, Detail};
use crate::repository::{Exercise, Repository};
use crate::running::{Cargo, ExerciseResult};
use crate::terminal;

/// The ladder, the current exercise under the monkeys, and the next thing to
/// do. A red exercise is no failure of the tour.
pub fn run(repository: &Repository) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let mut progress = Progress::load(repository.root())?;
    let states = |progress: &Progress| -> Vec<State> {
        exercises.iter().map(|exercise| State::of(exercise, progress)).collect()
    };
    let before = states(&progress);
    terminal::show(&(render::ladder(&exercises, &before) + "\n"));
    let Some(place) = current(&before) else {
        terminal::show(&next::after_green(&exercises, &before));
        return Ok(Outcome::Green);
    };
    let exercise = &exercises[place];
    terminal::show(&(render::heading(exercise) + "\n"));
    let result = attempt(&Cargo::at(repository.root()), exercise, &mut progress, Detail::Story, &[])?;
    let after = states(&progress);
    terminal::show(&match result {
        ExerciseResult::Green => next::answers(exercise) + &next::after_green(&exercises, &after),
        _ => next::about(exercise, &after[place]),
    });
    Ok(Outcome::Green)
}
