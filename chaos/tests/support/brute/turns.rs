//! The point of no return, by brute force: where the runs that look like a given one
//! turn.
//!
//! A run is known by what its steps look like from outside: whether each is a fault,
//! and whether a worker begins or ends by it. Several runs may look alike; then each of
//! them has its turn, and it is not known which is meant.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::steps::Model;
use super::world::State;
use super::{MOST_COPIES, MOST_NAMES, Program, Rest, Scope};

/// What is known of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether it is a fault; nothing, if either is possible.
    pub fault: Option<bool>,
    /// How many workers more are busy afterwards; nothing, if it is one less, or as many.
    pub begins: Option<isize>,
}

/// Where a run turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Nothing of it can end right.
    BeforeItBegins,
    /// The last state from which something can end right is before the step with this
    /// number, from 0.
    At(usize),
    /// It can still end right when it ends.
    Never,
}

/// All turns of the runs that look like this and end in this world at rest, which is
/// the only wrong one. Nothing, if there are more states than `limit`, or too many ids.
pub fn turns(
    program: &Program,
    scope: &Scope,
    wrong: &Rest,
    looks: &[Look],
    limit: usize,
) -> Option<BTreeSet<Turn>> {
    let model = Model { program, scope, calm: false, wishes: RefCell::default() };
    // By number of steps: the states, and for each the places of those that come next.
    let mut layers: Vec<Vec<State>> = vec![vec![model.initial()]];
    let mut ways: Vec<Vec<BTreeSet<usize>>> = Vec::new();
    for look in looks {
        let mut next: Vec<State> = Vec::new();
        let mut places: HashMap<State, usize> = HashMap::new();
        let mut on: Vec<BTreeSet<usize>> = Vec::new();
        for state in &layers[layers.len() - 1] {
            let mut to = BTreeSet::new();
            for (fault, mut after) in model.successors(state) {
                let begins = after.busy().count() as isize - state.busy().count() as isize;
                if look.fault.is_some_and(|wanted| wanted != fault)
                    || look.begins.map_or(begins > 0, |wanted| wanted != begins)
                {
                    continue;
                }
                after.normalise();
                let place = *places.entry(after.clone()).or_insert_with(|| {
                    next.push(after);
                    next.len() - 1
                });
                to.insert(place);
            }
            on.push(to);
        }
        if next.is_empty() || next.len() > limit {
            return if next.is_empty() { Some(BTreeSet::new()) } else { None };
        }
        layers.push(next);
        ways.push(on);
    }

    let mut hope = Hope { model: Model { calm: true, ..model }, wrong, limit, known: HashMap::new() };
    // By place in the layer: the turns of the ways on from there that end wrong. "Before
    // it begins" says that nothing from there on, itself included, can end right.
    let mut turns: Vec<BTreeSet<Turn>> = Vec::new();
    for state in &layers[looks.len()] {
        let is_it = state.at_rest() && state.rest()? == *wrong;
        let turn = if is_it && hope.ends_right(state)? { Turn::Never } else { Turn::BeforeItBegins };
        turns.push(is_it.then_some(turn).into_iter().collect());
    }
    for step in (0..looks.len()).rev() {
        let mut earlier = Vec::new();
        for (state, on) in layers[step].iter().zip(&ways[step]) {
            let mut these: BTreeSet<Turn> = on.iter().flat_map(|&place| turns[place].clone()).collect();
            if these.contains(&Turn::BeforeItBegins) && hope.ends_right(state)? {
                these.remove(&Turn::BeforeItBegins);
                these.insert(Turn::At(step));
            }
            earlier.push(these);
        }
        turns = earlier;
    }
    turns.pop()
}

/// Which states can still end right, once faults have stopped.
struct Hope<'a> {
    model: Model<'a>,
    wrong: &'a Rest,
    limit: usize,
    known: HashMap<State, bool>,
}

impl Hope<'_> {
    /// Looks at everything that can come, one after the other, until something is right.
    fn ends_right(&mut self, state: &State) -> Option<bool> {
        let first = without_what_faults_need(state.clone());
        let mut seen = vec![first.clone()];
        let mut numbers: HashMap<State, usize> = HashMap::from([(first, 0)]);
        let mut from: Vec<usize> = vec![0];
        let mut at = 0;
        let right = loop {
            let Some(state) = seen.get(at).cloned() else { break None };
            match self.known.get(&state) {
                Some(true) => break Some(at),
                Some(false) => {
                    at += 1;
                    continue;
                }
                None => {}
            }
            if state.is_cut_off() {
                return None;
            }
            if state.at_rest() && state.rest()? != *self.wrong {
                break Some(at);
            }
            for (fault, next) in self.model.successors(&state) {
                assert!(!fault, "no fault comes any more");
                let next = without_what_faults_need(next);
                let copies = next.queue.len() + next.flying.len();
                if seen.len() > self.limit || next.next > MOST_NAMES || copies > MOST_COPIES {
                    return None;
                }
                let count = seen.len();
                if *numbers.entry(next.clone()).or_insert(count) == count {
                    seen.push(next);
                    from.push(at);
                }
            }
            at += 1;
        };
        match right {
            // Everything on the way there can end right, too.
            Some(mut place) => loop {
                self.known.insert(seen[place].clone(), true);
                if place == 0 {
                    return Some(true);
                }
                place = from[place];
            },
            None => {
                self.known.extend(seen.into_iter().map(|state| (state, false)));
                Some(false)
            }
        }
    }
}

/// Without what only faults ask for: what was spent, the calls that may never land, and
/// what might be read though it is gone.
fn without_what_faults_need(mut state: State) -> State {
    state.used = Default::default();
    state.flying.retain(|flying| flying.certain);
    state.documents.retain(|_, (now, _)| now.is_some());
    state.documents.values_mut().for_each(|(_, history)| history.clear());
    state.normalise();
    state
}
