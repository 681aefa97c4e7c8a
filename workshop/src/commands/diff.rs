//! `cargo workshop diff`: an attendee's version and our solution; or two of our
//! solutions, which is the story of the later one.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::attendee::{Progress, State, current};
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Exercise, Files, Repository, solutions, starters};
use crate::terminal;

/// Shows what differs. Our solution is for those who have one, or insist.
pub fn run(repository: &Repository, name: Option<&str>, step: bool, spoil: bool) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let progress = Progress::load(repository.root())?;
    let states: Vec<State> = exercises.iter().map(|exercise| State::of(exercise, &progress)).collect();
    let chosen = match name {
        Some(name) => Exercise::choose(&exercises, name)?,
        None => &exercises[usual(&states, spoil)],
    };
    let place = exercises.iter().position(|exercise| exercise.name == chosen.name).unwrap_or(0);
    if !spoil && !states[place].is_done() {
        let number = &chosen.name.number;
        let step = if step { " --step" } else { "" };
        bail!(
            "{} is not green yet, and this would show you our solution: solve it first ({}), or insist with {}",
            chosen.name,
            terminal::code(&format!("cargo workshop test {number}")),
            terminal::code(&format!("cargo workshop diff {number}{step} --spoil"))
        );
    }
    let (heading, from, to) = if step {
        let previous = place.checked_sub(1).map(|place| &exercises[place]).with_context(|| {
            format!("{} is the first exercise: there is no step that leads to it", chosen.name)
        })?;
        let heading = format!("From our solution of {} (-) to that of {} (+)", previous.name, chosen.name);
        (heading, written(repository, previous)?, written(repository, chosen)?)
    } else {
        let mine = Files::read(&chosen.directory, chosen.predictions.as_deref())?;
        let heading = format!("From your version of {} (-) to our solution (+)", chosen.name);
        (heading, mine, solutions::of(repository, chosen)?)
    };
    let heading = terminal::paragraph(&heading, "");
    let mut text = terminal::paint(terminal::STRONG, heading.trim_end()) + "\n";
    match render::changes(&from, &to) {
        same if same.is_empty() => text += "\nThere is no difference.\n",
        changes => text += &changes,
    }
    terminal::show(&text);
    Ok(Outcome::Green)
}

/// Where nothing is named: the last exercise that is solved; the current one for
/// those who insist.
fn usual(states: &[State], spoil: bool) -> usize {
    let solved = states.iter().rposition(State::is_green);
    let current = current(states);
    let (first, second) = if spoil { (current, solved) } else { (solved, current) };
    first.or(second).unwrap_or(0)
}

/// What we have written below `src/`; what was provided tells no story.
fn written(repository: &Repository, exercise: &Exercise) -> Result<Files> {
    let ours = solutions::of(repository, exercise)?;
    let starter = starters::of(repository, exercise)?;
    let library = Path::new("src").join("lib.rs");
    let mut written = Files::default();
    for path in ours.paths().filter(|path| path.starts_with("src")) {
        if path == library || ours.get(path) != starter.get(path) {
            written.take_over(path, &ours);
        }
    }
    Ok(written)
}
