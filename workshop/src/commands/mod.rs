//! The commands.

mod agenda;
mod attempt;
mod code;
mod doctor;
mod handout;
mod next;
mod replay;
mod room;
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
        Some(Command::Doctor) => doctor::run(&repository),
        Some(Command::Agenda { start }) => agenda::run(&repository, start.as_deref()),
        Some(Command::Code { name }) => code::run(&repository, name.as_deref()),
        Some(Command::Room { codes }) => room::run(&repository, &codes),
        Some(Command::Handout { directory, unlock: Some(number), mistakes }) => {
            handout::unlock(&repository, &directory, &number, mistakes)
        }
        Some(Command::Handout { directory, .. }) => handout::run(&repository, &directory),
    }
}
