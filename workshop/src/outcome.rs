//! How the command ends.

use std::process::ExitCode;

use crate::running::ExerciseResult;

/// The exit code, by its meaning. `args.rs` documents the numbers to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well, or this was a tour.
    Green = 0,
    /// A test is red, or something to be verified is not as it should be.
    Red = 1,
    /// The command could not do what was asked: usage or environment.
    Trouble = 2,
    /// No test is red, but one has no verdict.
    Inconclusive = 3,
}

impl From<ExerciseResult> for Outcome {
    fn from(result: ExerciseResult) -> Self {
        match result {
            ExerciseResult::Green => Self::Green,
            ExerciseResult::Red => Self::Red,
            ExerciseResult::Inconclusive => Self::Inconclusive,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}
