//! `cargo workshop`: the ladder of exercises, the verdict on each, and the
//! story of what went wrong.
//!
//! Nothing here is needed to work through an exercise: `cargo test -p ex03-…`
//! says the same. This command knows where you are, picks the one story worth
//! reading first, and says what to do next.
//!
//! How the pieces talk: every exercise is a package of its own, so this command
//! starts `cargo test` as a child. The test harness leaves a
//! [`records::Record`] of each run and each search in a directory named by
//! `CHAOS_REPORTS`; the outcome of each test is read from the child's output.
//!
//! The rooms, each of which may import those below it, and none above:
//!
//! - `commands`: what a user can ask for, a file (or a folder) for each command
//! - `player`: a page that shows a run step by step, and the browser for it
//! - `drawing`: the states of a search, and what is measured, as pictures
//! - `render`: what is shown of a result, a ladder, a prediction, a difference
//! - `attendee`: what is kept of an attendee: progress, saved versions, hints
//! - `running`: cargo and other programs, and the result of an exercise
//! - `pages`: what is written for people: hints, decks, sheets, agendas
//! - `repository`: where things are, exercises, and the files that one edits
//! - `terminal`: colours, 80 columns, and how words get out
//!
//! Beside them stand `args`, the command line, and `outcome`, the exit code.

mod args;
mod attendee;
mod commands;
mod drawing;
#[cfg(test)]
mod nonsense;
mod outcome;
mod pages;
mod player;
mod render;
mod repository;
mod running;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::outcome::Outcome;

fn main() -> ExitCode {
    let outcome = commands::run(Arguments::parse()).unwrap_or_else(|error| {
        terminal::complain(&format!("{error:#}"));
        Outcome::Trouble
    });
    outcome.into()
}
