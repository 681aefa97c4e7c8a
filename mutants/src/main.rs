//! Changes a line of what we have written, and asks whether a test notices.
//!
//! [`solutions`] does it to our answers, and asks the tests of their exercises;
//! [`engine`] does it to the engine, and asks the engine's own tests. [`kept`] puts
//! whole answers in the place of ours. All leave what is checked in alone: give them a
//! clone.

mod changes;
mod engine;
mod kept;
mod programs;
mod solutions;
mod switches;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

/// What is changed.
#[derive(Subcommand)]
enum What {
    /// Our solutions: do the tests of the exercises notice?
    Solutions(solutions::Arguments),
    /// The engine: do its own tests notice?
    Engine(engine::Arguments),
    /// Kept answers, in the place of ours: are the right ones green, and the wrong red?
    Kept(kept::Arguments),
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    programs::end_all_on_ctrl_c()?;
    match arguments.what {
        What::Solutions(arguments) => solutions::run_all(&arguments),
        What::Engine(arguments) => engine::run_all(&arguments),
        What::Kept(arguments) => kept::run_all(&arguments),
    }
}
