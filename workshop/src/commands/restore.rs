//! `cargo workshop restore`: what was saved, and how to have it back.

use anyhow::{Context, Result, ensure};

use super::exchange::{Before, Exchange};
use super::next;
use crate::attendee::{Note, Progress, Saved, State, Version};
use crate::outcome::Outcome;
use crate::repository::{Exercise, Repository};
use crate::terminal;

/// Brings a version back; lists those there are, if none is named.
pub fn run(repository: &Repository, number: Option<u64>) -> Result<Outcome> {
    match number {
        Some(number) => restore(repository, number),
        None => list(repository),
    }
}

fn list(repository: &Repository) -> Result<Outcome> {
    let versions = Saved::look(repository).versions()?;
    let Some(newest) = versions.first() else {
        terminal::show("  Nothing is saved yet: `cargo workshop reset NN` saves before it changes.\n");
        return Ok(Outcome::Green);
    };
    let mut text = format!("  {}\n", terminal::paint(terminal::STRONG, "Saved versions, the newest first"));
    let width = versions.iter().map(|version| shown(version).chars().count()).max().unwrap_or(0);
    text.extend(versions.iter().map(|version| line(version, width)));
    let example = terminal::code(&format!("cargo workshop restore {}", newest.number));
    text += &format!("\n{}", terminal::paragraph(&format!("To have the newest back, run {example}."), "  "));
    terminal::show(&text);
    Ok(Outcome::Green)
}

fn shown(version: &Version) -> String {
    terminal::short(&version.name.to_string(), 32)
}

fn line(version: &Version, width: usize) -> String {
    let name = shown(version);
    let note = match &version.note {
        Some(Note { when, why, .. }) => {
            let when = when.get(..16).unwrap_or(when).replace('T', " ");
            format!("{} UTC  {why}", terminal::short(&when, 16))
        }
        None => "when and why is not known".to_owned(),
    };
    let line = format!("{:>4}  {name:<width$}  {note}", version.number);
    format!("  {}\n", terminal::short(&line, 78).trim_end())
}

fn restore(repository: &Repository, number: u64) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let mut progress = Progress::load(repository.root())?;
    let list = terminal::code("cargo workshop restore");
    let versions = Saved::look(repository).versions()?;
    let version = versions
        .iter()
        .find(|version| version.number == number)
        .with_context(|| format!("there is no saved version {number}: {list} lists those there are"))?;
    let exercise = exercises
        .iter()
        .find(|exercise| exercise.name == version.name)
        .with_context(|| format!("version {number} is of {}, which is no exercise any more", version.name))?;
    let files = version.files(exercise)?;
    ensure!(!files.is_empty(), "version {number} has lost its files: {list} lists the others");
    let ours = version.note.as_ref().is_some_and(|note| note.ours);
    let saved = Saved::open(repository)?;
    let mut exchange = Exchange { repository, saved: &saved, progress: &mut progress };
    let before = exchange.put_in(exercise, &files, ours, &format!("before version {number} came back"))?;
    let text = match before {
        Before::Same => {
            format!("{} is version {number} already: there is nothing to restore.", exercise.name)
        }
        _ => format!("{} is version {number} again{}.", exercise.name, before.in_words()),
    };
    terminal::show(&terminal::paragraph(&text, "  "));
    terminal::show(&next::about(exercise, &State::of(exercise, &progress)));
    Ok(Outcome::Green)
}
