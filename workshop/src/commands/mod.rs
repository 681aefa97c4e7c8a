//! The commands.

mod attempt;
mod next;
mod replay;
mod status;
mod test;
mod tour;
mod verify;

use anyhow::Result;

use crate::args::{Arguments, Command};
use crate::outcome::Outcome;
use crate::repository::Repository;

/// Does what the user asked for.
pub fn run(arguments: Arguments) -> Result<Outcome> {
    let repository = Repository::find()?;
    match arguments.command {
        None => tour::run(&repository),
        Some(Command::Status) => status::run(&repository),
        Some(Command::Test { exercise, coverage, filter }) => {
            test::run(&repository, exercise.as_deref(), coverage, &filter)
        }
        Some(Command::Replay { code }) => replay::run(&repository, &code),
        Some(Command::Verify { exercise, fix }) => verify::run(&repository, exercise.as_deref(), fix),
    }
}
