//! The states that a search has found, and the steps between them: what a picture of
//! the space is drawn from.
//!
//! It is bounded: of more than [`MOST`] states, those that cost the fewest faults and
//! are reached soonest are kept, and those on the way of the story. How many there were
//! is said.

use serde::{Deserialize, Serialize};

/// The most states that are kept: so many can still be drawn.
pub const MOST: usize = 2_000;

/// The states of a search within its bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// What was looked at, in words: "orders × 1 message × 2 workers × at most 1 fault".
    pub bounds: String,
    /// How many states were found; as many are kept, or [`MOST`].
    pub found: usize,
    /// Whether every step from each of them was tried. If not, there are more.
    pub whole: bool,
    /// The classes of faults that struck, in words. Steps name these by their numbers.
    pub faults: Vec<String>,
    /// The way of the story, if one is told: states by their numbers, from the start on.
    /// One that never ends comes back to a state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<usize>,
    /// The states that are kept: the start first, then in the order in which they were
    /// found.
    pub states: Vec<Spot>,
    /// The steps between those that are kept.
    pub steps: Vec<Move>,
}

/// A state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// How many faults it takes to get there, stale reads included.
    pub faults: u32,
    /// How many steps it takes.
    pub depth: u32,
    /// What there is to be said of it.
    #[serde(default, skip_serializing_if = "Kind::is_busy")]
    pub kind: Kind,
    /// Whether no right end is within reach of it without another fault, however long
    /// one waits.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lost: bool,
}

/// What there is to be said of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something is still to be done.
    #[default]
    Busy,
    /// It is at rest, and all is well.
    Right,
    /// It is at rest, and something is wrong.
    Wrong,
    /// The handler gives out here, in one step at least.
    Broken,
    /// Nobody has looked any further.
    Open,
}

impl Kind {
    fn is_busy(&self) -> bool {
        *self == Self::Busy
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(lost: &bool) -> bool {
    !lost
}

/// A step from one state to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Move {
    /// The number of the state that it leads from.
    pub from: usize,
    /// The number of the state that it leads to.
    pub to: usize,
    /// The number of the fault that it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<usize>,
}

impl Space {
    /// The same with so many states at most: those that were found first, and those on
    /// the way of the story, as long as there is room for these.
    #[must_use]
    pub fn cut_to(self, most: usize) -> Self {
        if self.states.len() <= most {
            return self;
        }
        let mut kept = vec![false; self.states.len()];
        let mut room = most;
        for state in self.way.iter().copied().chain(0..self.states.len()) {
            if room == 0 {
                break;
            }
            room -= usize::from(!std::mem::replace(&mut kept[state], true));
        }
        self.with_only(&kept)
    }

    /// The same without the states that cost more faults than the end of the story; all
    /// of it, if none is told.
    #[must_use]
    pub fn as_costly_as_the_story(self) -> Self {
        let Some(most) = self.way.iter().map(|state| self.states[*state].faults).max() else { return self };
        let kept: Vec<bool> = self.states.iter().map(|state| state.faults <= most).collect();
        self.with_only(&kept)
    }

    /// The same with only those states of which this is true.
    fn with_only(self, kept: &[bool]) -> Self {
        let mut number = 0;
        let places: Vec<Option<usize>> = kept
            .iter()
            .map(|kept| {
                number += usize::from(*kept);
                kept.then(|| number - 1)
            })
            .collect();
        let moved = |step: &Move| Some(Move { from: places[step.from]?, to: places[step.to]?, ..*step });
        Self {
            way: self.way.iter().map_while(|state| places[*state]).collect(),
            states: self
                .states
                .iter()
                .zip(kept)
                .filter(|(_, kept)| **kept)
                .map(|(state, _)| *state)
                .collect(),
            steps: self.steps.iter().filter_map(moved).collect(),
            ..self
        }
    }

    /// What is wrong with what it says, if anything is: a number that names nothing, or
    /// more states than are ever kept. (It may come from a file.)
    ///
    /// # Errors
    ///
    /// In a sentence.
    pub fn check(&self) -> Result<(), String> {
        let states = self.states.len();
        let known = |state: &usize| *state < states;
        if states == 0 {
            return Err("it has no state, not even one to start from".to_owned());
        }
        if states > MOST {
            return Err(format!("it has {states} states, and {MOST} are the most"));
        }
        if !self.way.iter().all(known) {
            return Err("the way of its story leads to a state that is not there".to_owned());
        }
        let is_sound = |step: &Move| {
            known(&step.from) && known(&step.to) && step.fault.is_none_or(|fault| fault < self.faults.len())
        };
        if !self.steps.iter().all(is_sound) {
            return Err("a step of it leads to a state, or is a fault, that is not there".to_owned());
        }
        Ok(())
    }

    /// It as JSON with a line for each state and each step: what changes in a file of it
    /// is seen line by line.
    ///
    /// # Panics
    ///
    /// Never: texts, numbers and lists can be written as JSON.
    #[must_use]
    pub fn by_lines(&self) -> String {
        let list = |name: &str, lines: Vec<String>| format!("\"{name}\": [\n{}\n]", lines.join(",\n"));
        let mut parts = vec![
            format!("\"bounds\": {}", written(&self.bounds)),
            format!("\"found\": {}", self.found),
            format!("\"whole\": {}", self.whole),
            format!("\"faults\": {}", written(&self.faults)),
        ];
        if !self.way.is_empty() {
            parts.push(format!("\"way\": {}", written(&self.way)));
        }
        parts.push(list("states", self.states.iter().map(written).collect()));
        parts.push(list("steps", self.steps.iter().map(written).collect()));
        format!("{{\n{}\n}}\n", parts.join(",\n"))
    }
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists can be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A way from each state to the next, one fault in it, and a story to the last.
    fn chain(length: usize) -> Space {
        let spot = |number: usize| Spot {
            faults: u32::from(number > 1),
            depth: number as u32,
            kind: if number + 1 == length { Kind::Wrong } else { Kind::Busy },
            lost: number > 2,
        };
        Space {
            bounds: "1 message \"</svg>\"".to_owned(),
            found: length,
            whole: true,
            faults: vec!["a crash".to_owned()],
            way: vec![0, 1, length - 1],
            states: (0..length).map(spot).collect(),
            steps: (1..length)
                .map(|to| Move { from: to - 1, to, fault: (to == 2).then_some(0) })
                .chain([Move { from: 1, to: length - 1, fault: None }])
                .collect(),
        }
    }

    #[test]
    fn what_is_written_line_by_line_is_read_again() {
        let space = chain(9);
        let text = space.by_lines();
        assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space);
        assert_eq!(text.lines().filter(|line| line.starts_with("{\"f")).count(), 9 + 9, "{text}");
        assert_eq!(space.check(), Ok(()));
    }

    #[test]
    fn of_too_many_the_first_are_kept_and_those_of_the_story() {
        let cut = chain(100).cut_to(10);
        assert_eq!(cut.check(), Ok(()));
        assert_eq!((cut.states.len(), cut.found), (10, 100));
        assert_eq!(cut.way, [0, 1, 9]);
        assert_eq!(cut.states[9].kind, Kind::Wrong);
        let steps: Vec<(usize, usize)> = cut.steps.iter().map(|step| (step.from, step.to)).collect();
        assert_eq!(steps, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (1, 9)]);
        assert_eq!(chain(10).cut_to(10), chain(10));
        // Not even the story has room.
        assert_eq!(chain(100).cut_to(2).way, [0, 1]);
    }

    #[test]
    fn a_number_that_names_nothing_is_refused() {
        let mended = |mend: fn(&mut Space)| {
            let mut space = chain(4);
            mend(&mut space);
            space.check().unwrap_err()
        };
        assert!(mended(|space| space.way.push(4)).contains("way of its story"));
        assert!(mended(|space| space.steps[0].to = 4).contains("a step"));
        assert!(mended(|space| space.steps[0].fault = Some(1)).contains("a step"));
        assert!(mended(|space| space.states.clear()).contains("no state"));
        assert!(mended(|space| space.states = vec![Spot::default(); MOST + 1]).contains("2000 are the most"));
    }
}
