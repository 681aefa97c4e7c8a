//! Exploring independent steps in one order only (partial-order reduction).
//!
//! Two steps are *independent* when neither can disable the other and both
//! orders lead to the same world. Three arguments from that, all of the form
//! "any run can be reordered into one that is explored, with the same end and
//! as many faults":
//!
//! 1. **Local steps.** Publishing adds to a set, acknowledging removes a copy
//!    that nobody else looks at, a write whose etag has been overtaken will be
//!    refused for ever, and an access to a document is local when no other
//!    message that is, or still can come, under way accesses it (one of the two
//!    writing). A worker all of whose next steps are local goes first, with all
//!    its outcomes, and the others wait. (A *persistent set* of one worker:
//!    Godefroid, *Partial-Order Methods for the Verification of Concurrent
//!    Systems*, 1996.) That a lock expires while its worker is acknowledging
//!    needs no step of its own: it is the same as the acknowledgement failing
//!    (which takes one step more, so a story may be that much longer than the
//!    shortest).
//! 2. **Components.** Messages that share no document, directly or through
//!    others or through the messages they cause, form separate components.
//!    Workers are the one thing that components compete for, and any run can be
//!    reordered so that the components follow each other: none of them then
//!    needs more workers than it had. So they are explored one after the other.
//! 3. **Settling.** Were there an endless run without faults, then by the same
//!    reordering there would be an endless one among those explored: the reduced
//!    graph without faults has no cycle exactly if the full one has none.
//!
//! **Assumption, and how it is enforced.** Both 1 and 2 need to know which
//! documents the processing of a message may ever access: its *footprint*.
//! Nobody declares it. A trial run gives a first guess, the search records
//! every access, and an access outside the footprint is learned and the search
//! started afresh. A search that completes has met none: up to its first access
//! outside, any run could have been reordered into an explored one, which would
//! have met it.

use std::collections::BTreeMap;

use crate::call::{Call, CallKind};
use crate::fault::Fault;
use crate::machine::{Machine, Step};
use crate::text::{Text, TextId};
use crate::world::{Busy, Phase, World};

/// At most so many kinds of messages are told apart; beyond, no step is held
/// to be independent.
const MOST_MESSAGES: usize = 64;

/// Messages by endpoint and template, objects by store and template.
type Class = (u8, TextId);

/// What the processing of each message is known to touch and to cause.
#[derive(Debug, Default)]
pub(crate) struct Footprints {
    messages: BTreeMap<Class, usize>,
    /// Which messages read and write each object, one bit each.
    objects: BTreeMap<Class, Access>,
    /// Which messages each message causes.
    causes: Vec<u64>,
    /// Which messages each message causes in the end, itself included.
    descendants: Vec<u64>,
    component: Vec<u8>,
    /// Times to live are decided by a clock that everybody shares.
    uses_clock: bool,
    learned: bool,
    hopeless: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Access {
    readers: u64,
    writers: u64,
}

impl Footprints {
    /// Whether anything new was learned since the last [`settle`](Self::settle).
    pub(crate) fn learned(&self) -> bool {
        self.learned
    }

    fn message(&mut self, class: Class) -> usize {
        let next = self.messages.len();
        *self.messages.entry(class).or_insert_with(|| {
            self.learned = true;
            self.hopeless |= next >= MOST_MESSAGES;
            self.causes.push(0);
            next.min(MOST_MESSAGES - 1)
        })
    }

    /// Takes note of everything that can be seen in a world.
    pub(crate) fn observe(&mut self, machine: &mut Machine, world: &World) {
        for copy in &world.queue {
            self.message((copy.endpoint, copy.message.template));
        }
        for worker in &world.workers {
            let Some(busy) = &worker.busy else { continue };
            let index = self.message((worker.endpoint, busy.message.template));
            if busy.phase == Phase::Handling {
                for call in 0..machine.pending_calls(busy).len() {
                    let call = machine.pending_calls(busy)[call].clone();
                    self.access(machine, index, &call);
                }
            } else if let Phase::Dispatching(next) = busy.phase {
                let output = machine.next_output(busy, next);
                self.cause(machine, index, &output);
            }
        }
        for flying in &world.flying {
            let index = self.message((flying.endpoint, flying.message.template));
            self.access(machine, index, &flying.call);
        }
    }

    fn access(&mut self, machine: &mut Machine, message: usize, call: &Call) {
        if let Call::Publish { message: output } = call {
            self.cause(machine, message, output);
        }
        let Some(object) = call.object() else { return };
        let access = self.objects.entry((object.store, object.key.template)).or_default();
        let bits = match call.kind() {
            CallKind::Read => &mut access.readers,
            CallKind::Write | CallKind::Publish => &mut access.writers,
        };
        let bit = 1 << message;
        self.learned |= *bits & bit == 0;
        *bits |= bit;
        if let Call::Put { time_to_live: Some(_), .. } = call {
            self.learned |= !self.uses_clock;
            self.uses_clock = true;
        }
    }

    fn cause(&mut self, machine: &mut Machine, message: usize, output: &Text) {
        for subscriber in machine.subscribers(output) {
            let child = self.message((subscriber, output.template));
            let bit = 1 << child;
            self.learned |= self.causes[message] & bit == 0;
            self.causes[message] |= bit;
        }
    }

    /// Draws the conclusions from what was learned.
    pub(crate) fn settle(&mut self, machine: &Machine) {
        self.learned = false;
        let count = self.causes.len();
        if self.hopeless {
            return;
        }
        self.descendants = (0..count).map(|message| self.causes[message] | 1 << message).collect();
        for _ in 0..count {
            for message in 0..count {
                let closure = bits(self.descendants[message])
                    .fold(self.descendants[message], |all, child| all | self.descendants[child]);
                self.descendants[message] = closure;
            }
        }
        // Components: by descent, and by documents that somebody writes.
        let mut groups: Vec<u64> = self.descendants.clone();
        groups.extend(
            self.objects.values().filter(|access| access.writers != 0).map(|a| a.readers | a.writers),
        );
        if self.uses_clock {
            groups.push(u64::MAX >> (MOST_MESSAGES - count.max(1)));
        }
        let mut component: Vec<usize> = (0..count).collect();
        loop {
            let mut changed = false;
            for &group in &groups {
                let least = bits(group).map(|message| component[message]).min();
                for message in bits(group) {
                    changed |= Some(component[message]) != least;
                    component[message] = least.unwrap_or(component[message]);
                }
            }
            if !changed {
                break;
            }
        }
        // Numbered in the order in which the messages were sent.
        let mut order: Vec<usize> = Vec::new();
        let sent = machine.sent.iter().filter_map(|copy| self.index(copy.endpoint, &copy.message));
        for root in sent.chain(0..count).map(|message| component[message]) {
            if !order.contains(&root) {
                order.push(root);
            }
        }
        self.component = component
            .iter()
            .map(|root| order.iter().position(|other| other == root).expect("every root is listed") as u8)
            .collect();
    }

    fn index(&self, endpoint: u8, message: &Text) -> Option<usize> {
        self.messages.get(&(endpoint, message.template)).copied()
    }

    fn component_of(&self, endpoint: u8, message: &Text) -> u8 {
        self.index(endpoint, message).map_or(0, |message| self.component[message])
    }

    fn descendants_of(&self, endpoint: u8, message: &Text) -> u64 {
        self.index(endpoint, message).map_or(u64::MAX, |message| self.descendants[message])
    }

    /// The steps that must be explored from here: all that are enabled, or
    /// fewer.
    pub(crate) fn reduced(&self, machine: &Machine, world: &World, steps: &mut Vec<Step>) {
        if self.hopeless {
            return machine.enabled(world, steps);
        }
        steps.clear();
        for worker in 0..world.workers.len() {
            if self.is_local(machine, world, worker) {
                machine.worker_steps(world, worker as u8, false, steps);
                machine.worker_steps(world, worker as u8, true, steps);
                return;
            }
        }
        machine.enabled(world, steps);
        let active = self.active(world);
        steps.retain(|&step| match step {
            Step::Deliver { copy, .. } => {
                let copy = &world.queue[usize::from(copy)];
                Some(self.component_of(copy.endpoint, &copy.message)) == active
            }
            Step::Duplicate { of, .. } => {
                let (endpoint, message) = machine.source(world, of);
                let component = self.component_of(endpoint, message);
                component == world.phase || Some(component) == active
            }
            _ => true,
        });
    }

    /// The first component that has work left.
    fn active(&self, world: &World) -> Option<u8> {
        let queued = world.queue.iter().map(|copy| self.component_of(copy.endpoint, &copy.message));
        let busy = world
            .workers
            .iter()
            .filter_map(|worker| Some(self.component_of(worker.endpoint, &worker.busy.as_ref()?.message)));
        // A dropped call that may land or not is nothing that must be waited for:
        // where it never lands, the next component has its turn all the same.
        let flying = world
            .flying
            .iter()
            .filter(|flying| flying.certain)
            .map(|flying| self.component_of(flying.endpoint, &flying.message));
        queued.chain(busy).chain(flying).min()
    }

    /// The phase of the world once `step` is taken from it.
    pub(crate) fn phase_after(&self, machine: &Machine, world: &World, step: Step) -> u8 {
        match step {
            Step::Deliver { copy, .. } if !self.hopeless => {
                let copy = &world.queue[usize::from(copy)];
                self.component_of(copy.endpoint, &copy.message)
            }
            Step::Duplicate { of, .. } if !self.hopeless => {
                let (endpoint, message) = machine.source(world, of);
                self.component_of(endpoint, message)
            }
            _ => world.phase,
        }
    }

    /// Whether everything that a worker can do next is independent of whatever
    /// anybody else may do before it.
    fn is_local(&self, machine: &Machine, world: &World, worker: usize) -> bool {
        let Some(busy) = &world.workers[worker].busy else { return false };
        let classes = machine.bounds.classes;
        match busy.phase {
            Phase::Dispatching(_) => true,
            Phase::Acking => !classes.contains(Fault::LockExpires) || classes.contains(Fault::AckFails),
            Phase::Handling => {
                let mut others = None;
                let count = machine.pending_calls(busy).len() as u8;
                (0..count).all(|call| self.is_local_call(machine, world, worker, busy, call, &mut others))
            }
        }
    }

    fn is_local_call(
        &self,
        machine: &Machine,
        world: &World,
        worker: usize,
        busy: &Busy,
        call: u8,
        others: &mut Option<u64>,
    ) -> bool {
        let call = machine.pending_call(busy, call);
        let Some(object) = call.object() else { return true };
        if machine.overtaken(world, &call) {
            return true;
        }
        if self.uses_clock {
            return false;
        }
        let others = *others.get_or_insert_with(|| self.others(machine, world, worker, busy));
        let access = self.objects.get(&(object.store, object.key.template)).copied().unwrap_or_default();
        let conflicting = match call.kind() {
            CallKind::Read => access.writers,
            _ => access.readers | access.writers,
        };
        conflicting & others == 0
    }

    /// Every message that somebody else is working on, or may be before this
    /// worker moves.
    fn others(&self, machine: &Machine, world: &World, worker: usize, busy: &Busy) -> u64 {
        let mut others = 0;
        for copy in &world.queue {
            others |= self.descendants_of(copy.endpoint, &copy.message);
        }
        for flying in &world.flying {
            others |= self.descendants_of(flying.endpoint, &flying.message);
        }
        for (number, other) in world.workers.iter().enumerate() {
            if let Some(other_busy) = &other.busy
                && number != worker
            {
                others |= self.descendants_of(other.endpoint, &other_busy.message);
            }
        }
        if busy.holds_lock && machine.any_left(world, Fault::LockExpires) {
            others |= self.descendants_of(world.workers[worker].endpoint, &busy.message);
        }
        if machine.any_left(world, Fault::Duplicate) {
            for copy in &machine.sent {
                others |= self.descendants_of(copy.endpoint, &copy.message);
            }
        }
        others
    }
}

fn bits(mask: u64) -> impl Iterator<Item = usize> {
    (0..MOST_MESSAGES).filter(move |bit| mask & (1 << bit) != 0)
}
