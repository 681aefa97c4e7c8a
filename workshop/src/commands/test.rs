//! `cargo workshop test`: the verdict on an exercise, and the story.

use anyhow::Result;

use super::attempt::attempt;
use super::next;
use crate::attendee::{Progress, State, current};
use crate::outcome::Outcome;
use crate::render::Detail;
use crate::repository::{Exercise, Repository};
use crate::running::{Cargo, ExerciseResult};
use crate::terminal;

/// Runs the tests of an exercise: of the current one, if none is named.
pub fn run(
    repository: &Repository,
    name: Option<&str>,
    coverage: bool,
    filter: &[String],
) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let mut progress = Progress::load(repository.root())?;
    let states = |progress: &Progress| -> Vec<State> {
        exercises.iter().map(|exercise| State::of(exercise, progress)).collect()
    };
    let exercise = match (name, current(&states(&progress))) {
        (Some(name), _) => Exercise::choose(&exercises, name)?,
        (None, Some(place)) => &exercises[place],
        (None, None) => {
            terminal::show(&next::after_green(&exercises, &states(&progress)));
            return Ok(Outcome::Green);
        }
    };
    let detail = if coverage { Detail::Coverage } else { Detail::Usual };
    let result = attempt(&Cargo::at(repository.root()), exercise, &mut progress, detail, filter)?;
    let next = match (result, filter.is_empty()) {
        (ExerciseResult::Green, true) => {
            next::answers(exercise) + &next::after_green(&exercises, &states(&progress))
        }
        _ => next::about(exercise, &State::of(exercise, &progress)),
    };
    terminal::show(&next);
    Ok(result.into())
}
