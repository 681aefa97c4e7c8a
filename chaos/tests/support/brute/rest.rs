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

    /// At rest; or unknown, which counts as able to rest.
    fn is_an_end(&self) -> bool {
        self.at_rest() || self.is_cut_off()
    }

    /// What of the state matters where no fault comes any more: not what was
    /// spent, not the calls that may never land, not what might be duplicated, and
    /// not what might be read though it is gone.
    fn calm(mut self) -> Self {
        self.used = Default::default();
        self.flying.retain(|flying| flying.certain);
        self.published.clear();
        self.documents.retain(|_, (now, _)| now.is_some());
        self.documents.values_mut().for_each(|(_, history)| history.clear());
        self.normalise();
        self
    }
}

/// The numbers of the states from which rest is out of reach, given from where
/// each state is reached by a free step. `None` if there are too many states to
/// know.
pub(super) fn stuck(
    model: &Model<'_>,
    numbers: HashMap<State, usize>,
    back: &[Vec<usize>],
    limit: usize,
) -> Option<Vec<usize>> {
    // Most come to rest by the steps that are known already.
    let ends = numbers.iter().filter(|(state, _)| state.is_an_end()).map(|(_, &number)| number);
    let able = flood(ends.collect(), back);
    let (able, doubtful): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|(_, number)| able[*number]);
    let mut behind = Behind::default();
    for (state, _) in able {
        behind.enter(state, true);
    }
    let doubtful: Vec<(usize, usize)> =
        doubtful.into_iter().map(|(state, number)| (behind.enter(state, false), number)).collect();
    let within = behind.within_reach(model, limit)?;
    Some(doubtful.into_iter().filter(|(behind, _)| !within[*behind]).map(|(_, number)| number).collect())
}

/// From where the ends are reached.
fn flood(mut ends: Vec<usize>, back: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; back.len()];
    while let Some(state) = ends.pop() {
        if !std::mem::replace(&mut reached[state], true) {
            ends.extend(&back[state]);
        }
    }
    reached
}

/// The states that can still be reached once faults and stale reads have
/// stopped, and the steps between them.
#[derive(Default)]
struct Behind {
    numbers: HashMap<State, usize>,
    /// By number of the state: from where it is reached by one step.
    back: Vec<Vec<usize>>,
    /// Those at rest, those of which nobody knows whether they can rest, and
    /// those of which it is known that they can.
    ends: Vec<usize>,
    left: Vec<State>,
}

impl Behind {
    /// The number of the state, which is to be explored, unless it is known that
    /// it can come to rest.
    fn enter(&mut self, state: State, able: bool) -> usize {
        let calm = state.calm();
        let count = self.numbers.len();
        let number = *self.numbers.entry(calm.clone()).or_insert(count);
        if number == count {
            self.back.push(Vec::new());
            if able || calm.is_an_end() {
                self.ends.push(number);
            } else {
                self.left.push(calm);
            }
        }
        number
    }

    /// By number of the state: whether rest is within its reach.
    fn within_reach(mut self, model: &Model<'_>, limit: usize) -> Option<Vec<bool>> {
        let known = self.ends.len();
        while let Some(state) = self.left.pop() {
            let from = self.numbers[&state];
            for (fault, next) in model.successors(&state) {
                assert!(!fault, "no fault comes any more");
                let copies = next.queue.len() + next.flying.len();
                if self.numbers.len() - known > limit || next.next > MOST_NAMES || copies > MOST_COPIES {
                    return None;
                }
                let to = self.enter(next, false);
                self.back[to].push(from);
            }
        }
        Some(flood(self.ends, &self.back))
    }
}
