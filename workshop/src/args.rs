//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};

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
        /// Only the tests that have this in their names: t19
        #[arg(value_name = "TEST")]
        tests: Vec<String>,
        /// Show what each search covered: schedules, states, faults
        #[arg(long)]
        coverage: bool,
        /// For the tests themselves: `-- every_schedule` runs only that
        #[arg(last = true, value_name = "FILTER")]
        filter: Vec<String>,
    },
    /// Run the tests of an exercise whenever it is saved
    Watch {
        /// 3, 03, ex03 or the full name [default: the first not green]
        #[arg(value_name = "NN")]
        exercise: Option<String>,
    },
    /// Search an exercise further than its tests do; Ctrl-C ends it early
    Explore {
        /// 3, 03, ex03 or the full name
        #[arg(value_name = "NN")]
        exercise: String,
        /// What may happen
        #[command(flatten)]
        bounds: Bounds,
        /// Our solution, instead of your version
        #[arg(long)]
        solution: bool,
    },
    /// Draw the states that a search looks at: what model checking is
    Graph {
        /// 3, 03, ex03 or the full name
        #[arg(value_name = "NN")]
        exercise: String,
        /// Those of this test: t13, or a part of its name
        #[arg(long, value_name = "TEST", conflicts_with_all = ["mistake", "Few"])]
        test: Option<String>,
        /// Those of this mistake, instead of your code
        #[arg(long, value_name = "NAME", conflicts_with = "Few")]
        mistake: Option<String>,
        /// What may happen
        #[command(flatten)]
        bounds: Few,
        /// Our solution, instead of your version
        #[arg(long, conflicts_with_all = ["test", "mistake"])]
        solution: bool,
        /// The file, an SVG [default: graph-NN.svg]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Open it in the browser
        #[arg(long)]
        open: bool,
        /// Replace what is there (an older drawing is, anyway)
        #[arg(long)]
        force: bool,
    },
    /// Tell the most telling story of an exercise as it stands
    #[command(group(ArgGroup::new("file").multiple(true)))]
    Story {
        /// 3, 03, ex03 or the full name
        #[arg(value_name = "NN")]
        exercise: String,
        /// That of this test: t13, or a part of its name
        #[arg(long, value_name = "TEST")]
        test: Option<String>,
        /// That of this mistake, instead of your code
        #[arg(long, value_name = "NAME", conflicts_with = "test")]
        mistake: Option<String>,
        /// That of one run: the code, as printed under its story
        #[arg(long, value_name = "CODE", conflicts_with_all = ["test", "mistake"])]
        code: Option<String>,
        /// Write it to this file, too
        #[arg(long, value_name = "FILE", group = "file")]
        save: Option<PathBuf>,
        /// Make a page of it, to be gone through step by step
        #[arg(long, value_name = "FILE", group = "file")]
        html: Option<PathBuf>,
        /// Open that page in the browser
        #[arg(long, requires = "html")]
        open: bool,
        /// Replace what is there (an older page is, anyway)
        #[arg(long, requires = "file")]
        force: bool,
    },
    /// Compare your predictions with what was observed
    Predict {
        /// 0, 00, ex00 or the full name
        #[arg(value_name = "NN")]
        exercise: String,
    },
    /// Tell one run again, by the code under its story
    Replay {
        /// The code, as printed under the story
        code: String,
    },
    /// Run one run's handlers live: dbg! prints once, breakpoints hold
    Debug {
        /// The code, as printed under the story
        code: String,
    },
    /// Write code, verdicts and versions to a file, if the harness is wrong
    Report {
        /// 3, 03, ex03 or the full name
        #[arg(value_name = "NN")]
        exercise: String,
        /// The file [default: report-NN.md]
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// Replace the file, if there is one
        #[arg(long)]
        force: bool,
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
        /// From the solution that it builds on, instead of yours
        #[arg(long)]
        step: bool,
        /// Stretch tasks, tests and comments, too
        #[arg(long, conflicts_with = "mistake")]
        all: bool,
        /// From our solution to this mistake: what is wrong with it
        #[arg(long, value_name = "NAME", conflicts_with = "step")]
        mistake: Option<String>,
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
        /// Rewrite what follows from others: hashes, copies, excerpts
        #[arg(long)]
        fix: bool,
        /// Only what is read: slides, sheets, agendas. Builds nothing
        #[arg(long, conflicts_with = "exercise")]
        pages: bool,
    },
    /// Check this machine: toolchain, crates, disk, terminal
    Doctor,
    /// Show the day: blocks, minutes, clock
    Agenda {
        /// A cut in agendas/, such as half-day [default: the day]
        #[arg(value_name = "CUT")]
        cut: Option<String>,
        /// When the day begins [default: as agenda.toml says]
        #[arg(long, value_name = "HH:MM", allow_hyphen_values = true)]
        start: Option<String>,
    },
    /// List the decks, or say which to open: `slides 06`, `slides tokens`
    Slides {
        /// An exercise (06), or a part of a deck's name [default: list them]
        #[arg(value_name = "NN|NAME")]
        deck: Option<String>,
    },
    /// Run a solution on a real nats-server, under kill -9, and judge it
    #[command(after_help = "The first time, it builds for some minutes.\n\n  \
        cargo workshop live 09 --orders 200 --workers 4 --kills 20 --seed 1\n  \
        cargo workshop live 09 --freezes 5 --cuts 50 --restarts 2\n  \
        cargo workshop live 06 --mistake list\n  \
        cargo workshop live 06 --mistake marks_before_it_sends\n  \
        cargo workshop live --story 06/marks_before_it_sends\n  \
        cargo workshop live --stories 09\n\n\
        Exit codes: 0 it holds, 1 it is violated, 2 usage or environment,\n\
        3 inconclusive.")]
    Live {
        /// 06 or 09, and how it is to be run
        #[arg(
            required = true,
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "NN [OPTIONS]"
        )]
        arguments: Vec<OsString>,
    },
    /// Make something new: a handler of your own; a mistake, an exercise
    New {
        /// What is to be made
        #[command(subcommand)]
        what: New,
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
    /// Write all pages as a book, for mdBook; .ci/book makes a site of it
    Book {
        /// The folder to be made
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Play this on the front page; `story --html` has made it
        #[arg(long, value_name = "FILE")]
        story: Option<PathBuf>,
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
        /// Leave out the slides, which need Node to be built
        #[arg(long, conflicts_with = "unlock")]
        no_slides: bool,
        /// Leave the notes and our code in the slides
        #[arg(long, conflicts_with_all = ["unlock", "no_slides"])]
        whole_slides: bool,
    },
}

/// What can be made.
#[derive(Debug, Subcommand)]
pub enum New {
    /// A crate of your own, beside the repository: red, worth reading
    Handler {
        /// Its name, for a folder beside the repository; or the path of its folder
        #[arg(value_name = "NAME|PATH")]
        path: PathBuf,
    },
    /// A mistake: our solution under its name, and a test like the first
    Mistake {
        /// The exercise
        #[arg(value_name = "NN")]
        exercise: String,
        /// A sentence without a subject: looks_into_the_inbox_first
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// An exercise: another one under its number and name
    Exercise {
        /// Two digits and a word: 12-sagas
        #[arg(value_name = "NN-NAME")]
        name: String,
        /// The one that it is made of [default: the last]
        #[arg(long, value_name = "NN")]
        like: Option<String>,
    },
}

/// How far a search is to go: what is not said is a message and a fault more than the
/// exercises look at.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Bounds {
    /// How many messages are sent [default: 3]
    #[arg(long, value_name = "N")]
    pub messages: Option<u8>,
    /// How many workers each endpoint has [default: 2]
    #[arg(long, value_name = "N")]
    pub workers: Option<u8>,
    /// How many faults there are in one run, at most [default: 2]
    #[arg(long, value_name = "N")]
    pub faults: Option<u8>,
    /// How many reads are stale in one run, at most (from 07 on)
    #[arg(long, value_name = "N")]
    pub stale: Option<u8>,
    /// Calls may take effect late, their caller dead or alive
    #[arg(long)]
    pub late: bool,
    /// Give up after so many states
    #[arg(long, value_name = "N", default_value_t = 5_000_000)]
    pub states: u32,
}

/// How far a search goes whose states are drawn: what is not said is so little that the
/// picture can be read.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Few {
    /// How many messages are sent [default: 1]
    #[arg(long, value_name = "N")]
    pub messages: Option<u8>,
    /// How many workers each endpoint has [default: 2]
    #[arg(long, value_name = "N")]
    pub workers: Option<u8>,
    /// How many faults in one run, at most [default: 1]
    #[arg(long, value_name = "N")]
    pub faults: Option<u8>,
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
        assert_eq!(pages.len(), 52);
        for line in pages.iter().flat_map(|page| page.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
