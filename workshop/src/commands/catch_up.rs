//! `cargo workshop catch-up`: to begin with an exercise, whatever became of
//! those before it.

use anyhow::Result;

use super::exchange::{Before, Exchange};
use super::next;
use crate::attendee::{Progress, Saved, State};
use crate::outcome::Outcome;
use crate::repository::{Exercise, Repository, solutions, starters};
use crate::terminal;

/// Puts our solution into each earlier exercise that is not green, and the
/// starter into this one. What was there is saved.
pub fn run(repository: &Repository, name: &str) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let chosen = Exercise::choose(&exercises, name)?;
    let mut progress = Progress::load(repository.root())?;
    // Everything that can be missing is looked up before anything is changed.
    let starter = starters::of(repository, chosen)?;
    let open: Vec<&Exercise> = exercises
        .iter()
        .take_while(|exercise| exercise.name != chosen.name)
        .filter(|exercise| !State::of(exercise, &progress).is_done())
        .collect();
    let solutions = solutions::of_all(repository, &open)?;
    let saved = Saved::open(repository)?;
    let mut exchange = Exchange { repository, saved: &saved, progress: &mut progress };
    let why = format!("before catching up to {}", chosen.name.number);
    for (exercise, solution) in &solutions {
        let before = exchange.put_in(exercise, solution, true, &why)?;
        say(exercise, "our solution", &before);
    }
    let before = exchange.put_in(chosen, &starter, false, &why)?;
    say(chosen, "the starter", &before);
    terminal::show(&next::about(chosen, &State::of(chosen, &progress)));
    Ok(Outcome::Green)
}

fn say(exercise: &Exercise, what: &str, before: &Before) {
    let text = format!("{} has {what} now{}.", exercise.name, before.in_words());
    terminal::show(&terminal::paragraph(&text, "  "));
}
