//! From steps between canonical worlds back to a run of one world that is left
//! as it is: what can be told and replayed.

use super::reductions::Reductions;
use super::symmetry::{Places, canonicalise};
use crate::world::fault::Fault;
use crate::world::state::World;
use crate::world::step::{Source, Step};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// The run of an unaltered world that a chain of steps between canonical worlds
/// stands for.
pub(super) fn raw_trace(transitions: &mut TransitionSystem, reductions: Reductions, chain: &[Step]) -> Trace {
    let mut trace = Trace::at(transitions.initial());
    let mut world = trace.end().clone();
    let places = canonicalise(&mut world, reductions, transitions.bounds.stale > 0);
    let mut to_raw = ToRaw::new(&places);
    for &step in chain {
        to_raw.prefer_first_idle(step, trace.end());
        let raw = to_raw.translate(step);
        let before = Sizes::of(&world);
        assert_eq!(before, Sizes::of(trace.end()));
        let alive = transitions.apply(&mut world, step).is_ok();
        if !trace.take(transitions, raw) || !alive {
            break;
        }
        assert_eq!(Sizes::of(&world), Sizes::of(trace.end()));
        to_raw.step(step, raw, before, Sizes::of(&world));
        let stale_left = transitions.any_left(&world, Fault::StaleRead);
        let places = canonicalise(&mut world, reductions, stale_left);
        to_raw.rearrange(&places);
    }
    trace
}

/// How many of everything there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    queue: usize,
    published: usize,
    in_flight: usize,
}

impl Sizes {
    fn of(world: &World) -> Self {
        Self { queue: world.queue.len(), published: world.published.len(), in_flight: world.in_flight.len() }
    }
}

/// Translates places in a canonical world into places in an unaltered one.
struct ToRaw {
    workers: Vec<u8>,
    queue: Vec<u8>,
    published: Vec<u8>,
    in_flight: Vec<u8>,
}

impl ToRaw {
    fn new(places: &Places) -> Self {
        Self {
            workers: places.workers.to_vec(),
            queue: places.queue.to_vec(),
            published: places.published.to_vec(),
            in_flight: places.in_flight.to_vec(),
        }
    }

    /// Idle workers are alike: let the first of them do what any is to do.
    fn prefer_first_idle(&mut self, step: Step, raw_world: &World) {
        let (Step::Deliver { worker, .. }
        | Step::Duplicate { worker, .. }
        | Step::LockExpires { worker, .. }) = step
        else {
            return;
        };
        let chosen = self.workers[usize::from(worker)];
        let endpoint = raw_world.workers[usize::from(chosen)].endpoint;
        let first = raw_world
            .workers
            .iter()
            .position(|worker| worker.endpoint == endpoint && worker.busy.is_none())
            .map_or(chosen, |first| first as u8);
        for place in &mut self.workers {
            *place = match *place {
                place if place == chosen => first,
                place if place == first => chosen,
                place => place,
            };
        }
    }

    fn translate(&self, step: Step) -> Step {
        let worker = |place: u8| self.workers[usize::from(place)];
        match step {
            Step::Deliver { copy, worker: to } => {
                Step::Deliver { copy: self.queue[usize::from(copy)], worker: worker(to) }
            }
            Step::Duplicate { of, worker: to } => {
                let of = match of {
                    Source::Published(place, endpoint) => {
                        Source::Published(self.published[usize::from(place)], endpoint)
                    }
                    sent => sent,
                };
                Step::Duplicate { of, worker: worker(to) }
            }
            Step::LockExpires { from, worker: to } => {
                Step::LockExpires { from: worker(from), worker: worker(to) }
            }
            Step::Call { worker: by, call, outcome } => Step::Call { worker: worker(by), call, outcome },
            Step::Dispatch { worker: by, outcome } => Step::Dispatch { worker: worker(by), outcome },
            Step::Ack { worker: by, outcome } => Step::Ack { worker: worker(by), outcome },
            Step::Land { in_flight } => Step::Land { in_flight: self.in_flight[usize::from(in_flight)] },
            Step::Expire { timer } => Step::Expire { timer },
            // Streams are where they are.
            Step::Lose { store, lost } => Step::Lose { store, lost },
        }
    }

    /// Both worlds took the same step.
    fn step(&mut self, step: Step, raw: Step, before: Sizes, after: Sizes) {
        fn removed(places: &mut Vec<u8>, at: u8, raw_at: u8) {
            places.remove(usize::from(at));
            for place in places {
                *place -= u8::from(*place > raw_at);
            }
        }
        fn grown(places: &mut Vec<u8>, to: usize) {
            places.extend(places.len() as u8..to as u8);
        }
        match (step, raw) {
            (Step::Deliver { copy, .. }, Step::Deliver { copy: raw_copy, .. }) => {
                removed(&mut self.queue, copy, raw_copy);
            }
            (Step::Land { in_flight }, Step::Land { in_flight: raw_flying }) => {
                removed(&mut self.in_flight, in_flight, raw_flying);
            }
            _ => {}
        }
        assert!(after.published >= before.published);
        grown(&mut self.queue, after.queue);
        grown(&mut self.published, after.published);
        grown(&mut self.in_flight, after.in_flight);
    }

    fn rearrange(&mut self, places: &Places) {
        fn through(ours: &mut Vec<u8>, places: &[u8]) {
            *ours = places.iter().map(|&old| ours[usize::from(old)]).collect();
        }
        through(&mut self.workers, &places.workers);
        through(&mut self.queue, &places.queue);
        through(&mut self.published, &places.published);
        through(&mut self.in_flight, &places.in_flight);
    }
}
