//! Where an attendee is with an exercise.

use std::fmt;

use super::progress::{Progress, Tested};
use crate::repository::{Exercise, fingerprint};
use crate::running::ExerciseResult;

/// Where an attendee is with an exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The sources are as shipped.
    Untouched,
    /// The sources are our solution, as `catch-up` has put it in.
    OurSolution,
    /// The sources were edited, and not tested since.
    InProgress,
    /// The sources as they are were tested.
    Tested(Tested),
}

impl State {
    /// The state, from the sources and the last test of them.
    pub fn of(exercise: &Exercise, progress: &Progress) -> Self {
        let sources = fingerprint(exercise);
        if sources == exercise.starter {
            return Self::Untouched;
        }
        if progress.ours(&exercise.name) == Some(&*sources) {
            return Self::OurSolution;
        }
        match progress.of(&exercise.name) {
            Some(tested) if tested.sources == sources => Self::Tested(tested.clone()),
            _ => Self::InProgress,
        }
    }

    /// Whether the attendee has solved the exercise.
    pub fn is_green(&self) -> bool {
        matches!(self, Self::Tested(tested) if tested.result == ExerciseResult::Green)
    }

    /// Whether there is nothing left to do: it is solved, by the attendee or by us.
    pub fn is_done(&self) -> bool {
        self.is_green() || *self == Self::OurSolution
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untouched => write!(formatter, "untouched"),
            Self::OurSolution => write!(formatter, "our solution"),
            Self::InProgress => write!(formatter, "in progress"),
            Self::Tested(Tested { result, failed, tests, .. }) => match result {
                ExerciseResult::Green => write!(formatter, "green"),
                ExerciseResult::Red if *tests == 0 => write!(formatter, "red: does not compile"),
                ExerciseResult::Red => write!(formatter, "red: {failed} of {tests} tests"),
                ExerciseResult::Inconclusive => write!(formatter, "inconclusive: {failed} of {tests} tests"),
            },
        }
    }
}

/// The exercise to work on: the first that is neither green nor our solution.
pub fn current(states: &[State]) -> Option<usize> {
    states.iter().position(|state| !state.is_done())
}
