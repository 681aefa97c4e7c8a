//! The command line.

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
    /// Answer a question: where to look, which rule, and then the code
    Hint {
        /// The exercise [default: the first not green]
        #[arg(value_name = "NN")]
        exercise: Option<String>,
        /// The number of the question; each call opens one more depth
        #[arg(value_name = "QUESTION")]
        question: Option<usize>,
        /// Open so many depths at once
        #[arg(long, value_name = "N", requires = "question")]
        depth: Option<usize>,
    },
    /// Compare your version of an exercise with our solution
    Diff {
        /// The exercise [default: the last that is green]
        #[arg(value_name = "NN")]
        exercise: Option<String>,
        /// From the previous solution to this one, instead of from yours
        #[arg(long)]
        step: bool,
        /// Even though the exercise is not green yet
        #[arg(long)]
        spoil: bool,
    },
    /// Save your version of an exercise, and put the starter back
    Reset {
        /// The exercise
        #[arg(value_name = "NN")]
        exercise: String,
    },
    /// List what was saved, or bring it back
    Restore {
        /// The number of the saved version [default: list them]
        #[arg(value_name = "N")]
        version: Option<u64>,
    },
    /// Begin with an exercise: our solutions before it, its starter there
    CatchUp {
        /// The exercise to begin with
        #[arg(value_name = "NN")]
        exercise: String,
    },
    /// Check the exercises themselves (for maintainers, and CI)
    Verify {
        /// Only this exercise [default: all of them]
        #[arg(value_name = "NN")]
        exercise: Option<String>,
        /// Rewrite what follows from others: starter hashes, copies, tables
        #[arg(long)]
        fix: bool,
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
