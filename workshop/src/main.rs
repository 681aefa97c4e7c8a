//! `cargo workshop`: the ladder of exercises, the verdict on each, and the
//! story of what went wrong.
//!
//! Nothing here is needed to work through an exercise: `cargo test -p ex03-…`
//! says the same. This command knows where you are, picks the one story worth
//! reading first, and says what to do next.
//!
//! How the pieces talk: every exercise is a package of its own, so this command
//! starts `cargo test` as a child. The test harness leaves a
//! [`chaos::Record`] of each run and each search in a directory named by
//! `CHAOS_REPORTS`; the outcome of each test is read from the child's output.

mod args;
mod attendee;
mod commands;
mod outcome;
mod pages;
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
