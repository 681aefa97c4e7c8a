//! How much time has passed at least: worlds have an order of deadlines, and no time.

use crate::handler::call::ObjectKey;
use crate::world::expiry::LOCK_DURATION;
use crate::world::state::{Due, Timer, World};
use crate::world::step::Step;
use crate::world::trace::TakenStep;

/// The earliest that it can be, in seconds since the start.
pub(super) struct Clock {
    now: u64,
    /// For each worker, when it got its lock.
    locked: Vec<u64>,
    /// The timers of the world, in its order, and when each was set.
    timers: Vec<(Timer, u64)>,
}

impl Clock {
    pub(super) fn of(workers: usize) -> Self {
        Self { now: 0, locked: vec![0; workers], timers: Vec::new() }
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// A step is taken.
    pub(super) fn passes(&mut self, taken: &TakenStep, after: &World) {
        match taken.step {
            Step::LockExpires { from, .. } => {
                self.now = self.now.max(self.locked[usize::from(from)] + LOCK_DURATION.as_secs());
            }
            Step::Expire { timer } => {
                let (timer, set) = self.timers.remove(usize::from(timer));
                self.now = self.now.max(set + timer.time_to_live.as_secs());
            }
            _ => {}
        }
        if let Step::Deliver { worker, .. }
        | Step::Duplicate { worker, .. }
        | Step::LockExpires { worker, .. } = taken.step
        {
            self.locked[usize::from(worker)] = self.now;
        }
        // A document that was stored anew has a timer that was set anew.
        let version = |world: &World, key: &ObjectKey| world.current(key).map(|version| version.etag);
        let stored_anew = |key: &ObjectKey| version(&taken.before, key) != version(after, key);
        let mut earlier = std::mem::take(&mut self.timers);
        for timer in &after.timers {
            let same = |(other, _): &(Timer, u64)| {
                (&other.due, other.time_to_live) == (&timer.due, timer.time_to_live)
            };
            let place = earlier.iter().position(same);
            let set = place.map(|place| earlier.remove(place).1);
            let anew = matches!(&timer.due, Due::Document(key) if stored_anew(key));
            let set = set.filter(|_| !anew);
            self.timers.push((timer.clone(), set.unwrap_or(self.now)));
        }
    }
}
