//! Exploring independent steps in one order only (partial-order reduction).
//!
//! The arguments are numbered in [`how_it_works`](crate::how_it_works); each line
//! here that rests on one names it.

use std::collections::BTreeSet;

use super::footprints::Footprints;
use crate::handler::text::Id;
use crate::world::fault::Fault;
use crate::world::footprint::{Access, AccessKind};
use crate::world::state::{Busy, Due, Object, Phase, World};
use crate::world::step::Step;
use crate::world::transition_system::TransitionSystem;

/// The steps that must be explored from here: all that are enabled, or fewer.
pub(super) fn reduced(
    footprints: &Footprints,
    transitions: &TransitionSystem,
    world: &World,
    steps: &mut Vec<Step>,
) {
    if footprints.too_many() {
        return transitions.enabled(world, steps);
    }
    steps.clear();
    // Argument 3: a worker all of whose next steps are local goes first.
    for worker in 0..world.workers.len() {
        let view = View { footprints, transitions, world, worker };
        if view.is_local() {
            transitions.worker_steps(world, worker as u8, false, steps);
            transitions.worker_steps(world, worker as u8, true, steps);
            // Argument 5: every cycle of steps without faults has a delivery in it,
            // and deliveries are only taken where everything is expanded.
            assert!(!steps.iter().any(|step| step.starts_a_delivery()));
            assert!(!steps.is_empty(), "a busy worker can always go on");
            return;
        }
    }
    transitions.enabled(world, steps);
    // Argument 4: components one after the other.
    let active = active(footprints, world);
    steps.retain(|&step| match step {
        Step::Deliver { copy, .. } => {
            let copy = &world.queue[usize::from(copy)];
            Some(footprints.component_of(copy.endpoint, &copy.message)) == active
        }
        Step::Duplicate { of, .. } => {
            let (endpoint, message) = transitions.source(world, of);
            let component = footprints.component_of(endpoint, message);
            component == world.component || Some(component) == active
        }
        _ => true,
    });
}

/// The first component that has work left.
fn active(footprints: &Footprints, world: &World) -> Option<u8> {
    let queued = world.queue.iter().map(|copy| footprints.component_of(copy.endpoint, &copy.message));
    let busy = world
        .workers
        .iter()
        .filter_map(|worker| Some(footprints.component_of(worker.endpoint, &worker.busy.as_ref()?.message)));
    // A dropped call that may land or not is nothing that must be waited for:
    // where it never lands, the next component has its turn all the same.
    let in_flight = world.in_flight.iter().filter(|call| call.certain);
    let in_flight = in_flight.map(|call| footprints.component_of(call.endpoint, &call.message));
    queued.chain(busy).chain(in_flight).min()
}

/// The component that is worked on once `step` is taken.
pub(super) fn component_after(
    footprints: &Footprints,
    transitions: &TransitionSystem,
    world: &World,
    step: Step,
) -> u8 {
    match step {
        _ if footprints.too_many() => world.component,
        Step::Deliver { copy, .. } => {
            let copy = &world.queue[usize::from(copy)];
            footprints.component_of(copy.endpoint, &copy.message)
        }
        Step::Duplicate { of, .. } => {
            let (endpoint, message) = transitions.source(world, of);
            footprints.component_of(endpoint, message)
        }
        _ => world.component,
    }
}

/// One worker, and everybody who may do something before it moves.
struct View<'a> {
    footprints: &'a Footprints,
    transitions: &'a TransitionSystem,
    world: &'a World,
    worker: usize,
}

impl View<'_> {
    /// Whether everything that the worker can do next commutes with whatever
    /// anybody else may do before it (argument 3).
    fn is_local(&self) -> bool {
        let Some(busy) = &self.world.workers[self.worker].busy else { return false };
        match busy.phase {
            // Publishing adds to a set.
            Phase::Dispatching(_) => true,
            // Acknowledging removes a copy that nobody else looks at. That the lock
            // expires just now is dominated by the acknowledgement that fails
            // (argument 7), where acknowledgements may fail.
            Phase::Acking => {
                let classes = self.transitions.bounds.classes;
                !classes.contains(Fault::LockExpires) || classes.contains(Fault::AckFails)
            }
            Phase::Handling => {
                let mut others = None;
                self.transitions.calls_of(busy).all(|call| {
                    let footprint = self.transitions.footprint(self.world, &call);
                    // Argument 10: whoever looks at the clock waits for nobody's step,
                    // but other steps are not the same before it and after it.
                    let local =
                        |access: Access<'_>, others: &mut _| self.is_local_access(busy, access, others);
                    footprint.is_refused_for_ever()
                        || !footprint.depends_on_time()
                            && footprint.accesses().all(|access| local(access, &mut others))
                })
            }
        }
    }

    fn is_local_access(&self, busy: &Busy, access: Access<'_>, others: &mut Option<u64>) -> bool {
        if self.footprints.uses_clock() {
            return false;
        }
        let others = *others.get_or_insert_with(|| self.others(busy));
        if self.may_be_forgotten_before(busy, access, others) || self.may_be_lost_before(access) {
            return false;
        }
        let (class, users) = (access.class(), self.footprints.users(access.class()));
        let conflicting = match access.kind {
            AccessKind::Reads => users.writers,
            AccessKind::Idempotent(_) if self.footprints.asked_one_thing(class) => users.writers,
            AccessKind::Idempotent(_) | AccessKind::Writes => users.all(),
        };
        if conflicting & others == 0 {
            return true;
        }
        if !access.is_named_by_ids() {
            return false;
        }
        // An object named by a fresh id is out of the reach of whoever cannot know
        // the id.
        let known = self.known_to_others(busy, others);
        access.object.key.ids.iter().any(|id| !known.contains(id))
    }

    /// Whether something may be forgotten at will before this worker moves that
    /// the access affects or is affected by: the key that it uses, or a key whose
    /// rule looks where it writes. Nothing is forgotten of the message that the
    /// worker is busy with.
    fn may_be_forgotten_before(&self, busy: &Busy, access: Access<'_>, others: u64) -> bool {
        let forgotten = self.footprints.forgotten();
        if forgotten == 0 || !self.transitions.any_left(self.world, Fault::TimeToLiveExpires) {
            return false;
        }
        let changes_a_rule = access.changes_what_may_be_forgotten();
        let timers = self.world.timers.iter().filter(|timer| !self.transitions.is_by_clock(timer));
        let mut remembered = timers.filter_map(|timer| match &timer.due {
            Due::Memory { of, message, .. } if *message != busy.message => Some(of),
            _ => None,
        });
        remembered.any(|of| changes_a_rule || of == access.object)
            || changes_a_rule && others & forgotten != 0
    }

    /// Whether what was acknowledged there may be lost before this worker moves: what it
    /// reads is another thing then, and what it writes is lost or not.
    fn may_be_lost_before(&self, access: Access<'_>) -> bool {
        access.may_be_lost() && self.transitions.any_left(self.world, Fault::StreamForgets)
    }

    /// Whether the worker's lock may expire before it moves, so that its own
    /// message is one that others may work on.
    fn lock_may_expire(&self, busy: &Busy) -> bool {
        busy.holds_lock && self.transitions.any_left(self.world, Fault::LockExpires)
    }

    fn other_workers(&self) -> impl Iterator<Item = (u8, &Busy)> {
        let workers = self.world.workers.iter().enumerate().filter(|(number, _)| *number != self.worker);
        workers.filter_map(|(_, worker)| Some((worker.endpoint, worker.busy.as_ref()?)))
    }

    /// Every message that somebody else is working on, or may be before this
    /// worker moves: one bit each, with everything that follows from it.
    fn others(&self, busy: &Busy) -> u64 {
        let Self { footprints, transitions, world, .. } = self;
        let mut others = 0;
        for copy in &world.queue {
            others |= footprints.descendants_of(copy.endpoint, &copy.message);
        }
        for call in &world.in_flight {
            others |= footprints.descendants_of(call.endpoint, &call.message);
        }
        for (endpoint, other) in self.other_workers() {
            others |= footprints.descendants_of(endpoint, &other.message);
        }
        if self.lock_may_expire(busy) {
            others |= footprints.descendants_of(world.workers[self.worker].endpoint, &busy.message);
        }
        if transitions.any_left(world, Fault::Duplicate) {
            for copy in &transitions.sent {
                others |= footprints.descendants_of(copy.endpoint, &copy.message);
            }
        }
        others
    }

    /// The ids that others can know before this worker moves: from messages they
    /// have or may get, and from objects they may read.
    fn known_to_others(&self, busy: &Busy, others: u64) -> BTreeSet<Id> {
        let Self { transitions, world, .. } = self;
        let mut known = BTreeSet::new();
        known.extend(world.queue.iter().flat_map(|copy| &copy.message.ids));
        known.extend(self.other_workers().flat_map(|(_, other)| &other.ids));
        for in_flight in &world.in_flight {
            known.extend(&in_flight.message.ids);
            in_flight.call.map(&mut |id| {
                known.insert(id);
                id
            });
        }
        if self.lock_may_expire(busy) {
            known.extend(&busy.message.ids);
        }
        if transitions.any_left(world, Fault::Duplicate) {
            let sent = transitions.sent.iter().chain(&world.published);
            known.extend(sent.flat_map(|copy| &copy.message.ids));
        }
        let mut unread: Vec<&Object> =
            world.objects.iter().filter(|object| self.may_read(object, others)).collect();
        loop {
            let before = unread.len();
            unread.retain(|object| {
                let readable = object.key.key.ids.iter().all(|id| known.contains(id));
                if readable {
                    known.extend(object.ids());
                }
                !readable
            });
            if unread.len() == before {
                return known;
            }
        }
    }

    fn may_read(&self, object: &Object, others: u64) -> bool {
        self.footprints.users((object.key.store, object.key.key.template)).all() & others != 0
    }
}
