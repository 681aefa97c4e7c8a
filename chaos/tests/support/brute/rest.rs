//! Rest, and whether it is within reach.

use std::collections::HashMap;

use super::steps::Model;
use super::world::{Doing, State};
use super::{MOST_COPIES, MOST_NAMES};

impl State {
    /// No copy of a message anywhere, no worker busy, no call that is certain to
    /// land. A deadline may run, and a call may be in flight that may land or not.
    pub fn at_rest(&self) -> bool {
        self.queue.is_empty()
            && self.busy().next().is_none()
            && self.flying.iter().all(|flying| !flying.certain)
    }

    /// Whether nobody knows what a worker does.
    pub fn is_cut_off(&self) -> bool {
        self.busy().any(|busy| busy.doing == Doing::CutOff)
    }

    /// What of the state matters where no fault comes any more: not what was
    /// spent, not the calls that may never land, not what might be duplicated, and
    /// not what might be read though it is gone.
    pub fn calm(mut self) -> Self {
        self.used = Default::default();
        self.flying.retain(|flying| flying.certain);
        self.published.clear();
        self.documents.retain(|_, (now, _)| now.is_some());
        self.documents.values_mut().for_each(|(_, history)| history.clear());
        self.normalise();
        self
    }
}

/// The states that can still be reached once faults and stale reads have
/// stopped, and the steps between them.
#[derive(Default)]
pub(super) struct Behind {
    numbers: HashMap<State, usize>,
    /// By number of the state: from where it is reached by one step.
    back: Vec<Vec<usize>>,
    /// Those at rest, and those of which nobody knows whether they can rest.
    ends: Vec<usize>,
    left: Vec<State>,
}

impl Behind {
    /// The number of the state, which is to be explored.
    pub fn enter(&mut self, state: &State) -> usize {
        let calm = state.clone().calm();
        let count = self.numbers.len();
        let number = *self.numbers.entry(calm.clone()).or_insert(count);
        if number == count {
            if calm.at_rest() || calm.is_cut_off() {
                self.ends.push(number);
            }
            self.back.push(Vec::new());
            self.left.push(calm);
        }
        number
    }

    /// By number of the state: whether rest is within its reach. `None` if there
    /// are too many states to know.
    pub fn within_reach(mut self, model: &Model<'_>, limit: usize) -> Option<Vec<bool>> {
        while let Some(state) = self.left.pop() {
            let from = self.numbers[&state];
            for (fault, next) in model.successors(&state) {
                assert!(!fault, "no fault comes any more");
                let to = self.enter(&next);
                self.back[to].push(from);
                let copies = next.queue.len() + next.flying.len();
                if self.numbers.len() > limit || next.next > MOST_NAMES || copies > MOST_COPIES {
                    return None;
                }
            }
        }
        let mut within = vec![false; self.numbers.len()];
        let mut found = self.ends;
        while let Some(state) = found.pop() {
            if !std::mem::replace(&mut within[state], true) {
                found.extend(&self.back[state]);
            }
        }
        Some(within)
    }
}
