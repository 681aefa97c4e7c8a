//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// What the user asked for.
#[derive(Debug, Parser)]
#[command(
    name = "cargo workshop",
    bin_name = "cargo workshop",
    about = "The companion of the workshop. Without a command: a tour.",
    after_help = "Exit codes: 0 green (and the tour), 1 red, 2 usage or environment,\n\
                  3 inconclusive: nothing is red, but a test has no verdict.",
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// The command; a tour, if there is none.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A command, with what it needs to know.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the ladder: every exercise and its state. Builds nothing
    Status,
    /// Run the tests of an exercise: the verdict, then the story
    Test {
        /// 3, 03, ex03 or the full name [default: the first not green]
        #[arg(value_name = "NN")]
        exercise: Option<String>,
        /// Show what each search covered: schedules, states, faults
        #[arg(long)]
        coverage: bool,
        /// For the tests themselves: `-- every_schedule` runs only that
        #[arg(last = true, value_name = "FILTER")]
        filter: Vec<String>,
    },
    /// Tell one run again, by the code under its story
    Replay {
        /// The code, as printed under the story
        code: String,
    },
    /// Check the exercises themselves (for maintainers, and CI)
    Verify {
        /// Only this exercise [default: all of them]
        #[arg(value_name = "NN")]
        exercise: Option<String>,
        /// Rewrite the `starter` hashes in exercise.toml
        #[arg(long)]
        fix: bool,
    },
    /// Check this machine: toolchain, crates, disk, terminal. Builds nothing
    Doctor,
    /// Show the day: blocks, minutes, clock
    Agenda {
        /// When the day begins [default: as agenda.toml says]
        #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
        start: Option<String>,
    },
    /// Show your progress as a short code, for the room
    Code {
        /// Who you are, if the room may know
        #[arg(long)]
        name: Option<String>,
    },
    /// Add up the codes of a room: who is where
    Room {
        /// Codes, or files with one code on each line
        #[arg(required = true, value_name = "CODE|FILE")]
        codes: Vec<String>,
    },
    /// Make a copy for attendees, without solutions (for instructors)
    Handout {
        /// The folder to be made, or the handout to unlock in
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Bring this solution into the handout that is there
        #[arg(long, value_name = "NN")]
        unlock: Option<String>,
        /// Bring its mistakes, too
        #[arg(long, requires = "unlock")]
        mistakes: bool,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_fits_into_80_columns() {
        let mut command = Arguments::command();
        let mut pages = vec![command.render_help().to_string(), command.render_long_help().to_string()];
        for command in command.get_subcommands_mut() {
            pages.push(command.render_help().to_string());
            pages.push(command.render_long_help().to_string());
        }
        assert_eq!(pages.len(), 20);
        for line in pages.iter().flat_map(|page| page.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
