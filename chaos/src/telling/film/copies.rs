//! Which copy of its message each delivery is: a world does not tell one copy from
//! another, and people do.

use rustc_hash::FxHashMap;

use crate::world::step::Step;

/// An endpoint, and a logical message there.
pub(super) type Which = (u8, usize);

/// The copies of a run, numbered from 1 for each endpoint and message, in the order in
/// which the broker has them.
pub(super) struct Copies {
    /// Those that wait, in the order of the world's queue.
    queue: Vec<usize>,
    /// The last that each worker was given.
    workers: Vec<usize>,
    made: FxHashMap<Which, usize>,
}

impl Copies {
    pub(super) fn none(workers: usize) -> Self {
        Self { queue: Vec::new(), workers: vec![0; workers], made: FxHashMap::default() }
    }

    pub(super) fn queue(&self) -> &[usize] {
        &self.queue
    }

    pub(super) fn at_worker(&self, worker: usize) -> usize {
        self.workers[worker]
    }

    /// Another copy has come to the end of the queue.
    pub(super) fn comes(&mut self, which: Which) {
        let copy = self.another(which);
        self.queue.push(copy);
    }

    /// A delivery begins: of a copy that has waited, or of another one.
    pub(super) fn is_delivered(&mut self, step: Step, worker: usize, which: Which) {
        self.workers[worker] = match step {
            Step::Deliver { copy, .. } => self.queue.remove(usize::from(copy)),
            _ => self.another(which),
        };
    }

    fn another(&mut self, which: Which) -> usize {
        let made = self.made.entry(which).or_default();
        *made += 1;
        *made
    }
}
