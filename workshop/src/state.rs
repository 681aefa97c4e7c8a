//! Where an attendee is with an exercise.

use std::fmt;

use crate::exercise::Exercise;
use crate::fingerprint::fingerprint;
use crate::progress::{Progress, Tested};
use crate::verdict::Verdict;

/// Where an attendee is with an exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The sources are as shipped.
    Untouched,
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
        match progress.of(&exercise.name) {
            Some(tested) if tested.sources == sources => Self::Tested(tested.clone()),
            _ => Self::InProgress,
        }
    }

    /// Whether the exercise is solved.
    pub fn is_green(&self) -> bool {
        matches!(self, Self::Tested(tested) if tested.verdict == Verdict::Green)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untouched => write!(formatter, "untouched"),
            Self::InProgress => write!(formatter, "in progress"),
            Self::Tested(Tested { verdict, failed, tests, .. }) => match verdict {
                Verdict::Green => write!(formatter, "green"),
                Verdict::Red if *tests == 0 => write!(formatter, "red: does not compile"),
                Verdict::Red => write!(formatter, "red: {failed} of {tests} tests"),
                Verdict::Inconclusive => write!(formatter, "inconclusive: {failed} of {tests} tests"),
            },
        }
    }
}

/// The exercise to work on: the first that is not green.
pub fn current(states: &[State]) -> Option<usize> {
    states.iter().position(|state| !state.is_green())
}
