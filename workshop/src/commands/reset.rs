//! `cargo workshop reset`: the starter once more.

use anyhow::Result;

use super::exchange::{Before, Exchange};
use super::next;
use crate::attendee::{Progress, Saved, State};
use crate::outcome::Outcome;
use crate::repository::{Exercise, Files, Repository, starters};
use crate::terminal;

/// Saves the attendee's version, and puts the starter back.
pub fn run(repository: &Repository, name: &str) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    let starter = starters::of(repository, exercise)?;
    let mut progress = Progress::load(repository.root())?;
    let present = Files::read(&exercise.directory, exercise.predictions.as_deref())?;
    if present.say_the_same_as(&starter) {
        let text = format!("{} is as it was shipped: there is nothing to reset.", exercise.name);
        terminal::show(&terminal::paragraph(&text, "  "));
        return Ok(Outcome::Green);
    }
    let saved = Saved::open(repository)?;
    let mut exchange = Exchange { repository, saved: &saved, progress: &mut progress };
    let before = exchange.put_in(exercise, &starter, false, "before a reset")?;
    let text = format!("{} is as it was shipped{}.", exercise.name, before.in_words());
    terminal::show(&terminal::paragraph(&text, "  "));
    if let Before::Saved { version, .. } = before {
        let restore = terminal::code(&format!("cargo workshop restore {version}"));
        terminal::show(&terminal::paragraph(&format!("To have it back, run {restore}."), "  "));
    }
    terminal::show(&next::about(exercise, &State::Untouched));
    Ok(Outcome::Green)
}
