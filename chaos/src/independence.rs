//! Exploring independent steps in one order only (partial-order reduction).
//!
//! Two steps are *independent* when neither can disable the other and both
//! orders lead to the same world. Three arguments from that, all of the form
//! "any run can be reordered into one that is explored, with the same end and
//! as many faults":
//!
//! 1. **Local steps.** Publishing adds to a set, acknowledging removes a copy
//!    that nobody else looks at, a write whose etag has been overtaken will be
//!    refused for ever, always in the same words, and an access to a document
//!    is local when no other message that is, or still can come, under way
//!    accesses it (one of the two writing; of a service that answers a repeated
//!    request as it did the first time, and is asked only one thing under a
//!    key, nothing is written). A document whose key is a fresh id can be
//!    accessed only by who can know that id: who has it from a message, or from
//!    a document that can be read. What a service forgets at will, it forgets
//!    while nobody works on the message that it was told at, but others may be
//!    at work: so a call is not local if it uses the key of another message that
//!    may be forgotten, or writes where the service's rule looks. A worker all
//!    of whose next steps are local goes first, with all its outcomes, and the
//!    others wait. (A *persistent set* of one worker: Godefroid, *Partial-Order
//!    Methods for the Verification of Concurrent Systems*, 1996.) That a lock
//!    expires while its worker is acknowledging needs no step of its own: it is
//!    the same as the acknowledgement failing (which takes one step more, so a
//!    story may be that much longer than the shortest).
//! 2. **Components.** Messages that share no document, directly or through
//!    others (who uses a service that forgets at will shares what its rule looks
//!    at), form separate components, and a component comes after those whose
//!    messages cause its own. Nothing flows back, so any run can be reordered so
//!    that the components follow each other: what causes a message only happens
//!    sooner, and as to workers, the one thing that components compete for, none
//!    of them then needs more than it had. So they are explored one after the
//!    other.
//! 3. **Settling.** Were there an endless run without faults, then by the same
//!    reordering there would be an endless one among those explored: the reduced
//!    graph without faults has no cycle exactly if the full one has none.
//!
//! A document whose key is a fresh id (the token of a message, say) is shared
//! only by those who know the id. So that two components access documents of
//! this kind does not join them, unless one that comes first accesses a document
//! whose id the later one can know by then: from a message that was published,
//! or from the body of such a document. That, too, is looked for in every state.
//!
//! **Assumption, and how it is enforced.** Both 1 and 2 need to know which
//! documents the processing of a message may ever access: its *footprint*.
//! Nobody declares it. A trial run gives a first guess, the search records
//! every access, and an access outside the footprint is learned and the search
//! started afresh. A search that completes has met none: up to its first access
//! outside, any run could have been reordered into an explored one, which would
//! have met it.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Call, CallKind, ObjectKey};
use crate::fault::Fault;
use crate::machine::{Machine, Step};
use crate::text::{Id, Text, TextId};
use crate::world::{Busy, Object, Phase, World};

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
    /// Which components come after each component, itself included, one bit
    /// each.
    later: Vec<u64>,
    /// Objects named by fresh ids of which an earlier component accessed one
    /// that a later one could know.
    exposed: BTreeSet<Class>,
    /// What was asked of each key of a service that answers the same request
    /// always the same; nothing, where it was asked more than one thing.
    asked: BTreeMap<Class, Option<Text>>,
    /// Messages that use services which forget at will.
    forgotten: u64,
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
        // What is forgotten at will is no matter of time: see `forgetting_minds`.
        if world.timers.iter().any(|timer| machine.is_by_clock(timer)) {
            self.learned |= !self.uses_clock;
            self.uses_clock = true;
        }
        for copy in &world.queue {
            self.message((copy.endpoint, copy.message.template));
        }
        for worker in &world.workers {
            let Some(busy) = &worker.busy else { continue };
            let index = self.message((worker.endpoint, busy.message.template));
            if busy.phase == Phase::Handling {
                for call in 0..machine.pending_calls(busy).len() {
                    let call = machine.pending_call(busy, call as u8);
                    self.access(machine, world, index, &call);
                }
            } else if let Phase::Dispatching(next) = busy.phase {
                let output = machine.next_output(busy, next);
                self.cause(machine, index, &output);
            }
        }
        for flying in &world.flying {
            let index = self.message((flying.endpoint, flying.message.template));
            self.access(machine, world, index, &flying.call);
        }
    }

    fn access(&mut self, machine: &mut Machine, world: &World, message: usize, call: &Call) {
        if let Call::Publish { message: output } = call {
            self.cause(machine, message, output);
        }
        let Some(object) = call.object() else { return };
        let repeats = self.repeats(machine, message, call);
        let access = self.objects.entry((object.store, object.key.template)).or_default();
        let bits = match call.kind() {
            CallKind::Read => &mut access.readers,
            CallKind::Write if repeats => &mut access.readers,
            CallKind::Write | CallKind::Publish => &mut access.writers,
        };
        let bit = 1 << message;
        self.learned |= *bits & bit == 0;
        *bits |= bit;
        if machine.forgets_at_will(object.store) {
            self.learned |= self.forgotten & bit == 0;
            self.forgotten |= bit;
        }
        let class = (object.store, object.key.template);
        if !self.learned && !self.exposed.contains(&class) && self.is_exposed(machine, world, message, object)
        {
            self.learned = true;
            self.exposed.insert(class);
        }
        if let Call::Put { time_to_live: Some(_), .. } = call {
            self.learned |= !self.uses_clock;
            self.uses_clock = true;
        }
    }

    /// Whether a call is like a read for all others that access its object: a
    /// request to a service that answers it always the same, and that is asked
    /// nothing else under this key. In either order, two of these leave the same
    /// effect behind and get the same answer.
    ///
    /// A service that forgets does so while nobody works on the message. That keeps
    /// it out of the way, unless another message uses the same key.
    fn repeats(&mut self, machine: &Machine, message: usize, call: &Call) -> bool {
        let Call::Ask { object, request, writes: true } = call else { return false };
        let Some(outside) = machine.outside(object.store).filter(|outside| outside.model.repeats()) else {
            return false;
        };
        let class = (object.store, object.key.template);
        let access = self.objects.get(&class).copied().unwrap_or_default();
        let alone = (access.readers | access.writers) & !(1 << message) == 0;
        let asked = self.asked.entry(class).or_insert_with(|| Some(request.clone()));
        let plain = request.ids.is_empty() && object.key.ids.is_empty();
        let same = plain && asked.as_ref() == Some(request) && (alone || !outside.forgets());
        if asked.is_some() && !same {
            *asked = None;
            self.learned = true;
        }
        asked.is_some()
    }

    /// Whether a later component can know the id that names this object.
    fn is_exposed(&self, machine: &mut Machine, world: &World, message: usize, object: &ObjectKey) -> bool {
        let names = &object.key.ids;
        let Some(&own) = self.component.get(message) else { return false };
        if names.is_empty() {
            return false;
        }
        let named = |text: &Text| text.ids.iter().any(|id| names.contains(id));
        let later = self.later[usize::from(own)] & !(1 << own);
        if later == 0 {
            return false;
        }
        let published = world.published.iter().filter(|copy| named(&copy.message)).any(|copy| {
            machine.subscribers(&copy.message).iter().any(|&subscriber| {
                let component = self.component_of(subscriber, &copy.message);
                later & (1 << component) != 0
            })
        });
        published
            || world.objects.iter().any(|other| {
                let class = (other.key.store, other.key.key.template);
                !other.key.key.ids.is_empty()
                    && self.objects.get(&class).is_some_and(|access| {
                        bits(access.readers | access.writers).any(|message| self.component[message] != own)
                    })
                    && other.ids().any(|id| names.contains(&id))
            })
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
        let mut components = Components::apart(count, &self.causes);
        let contested = |access: &Access| access.writers != 0;
        for (class, access) in &self.objects {
            if contested(access) && (!machine.texts().has_ids(class.1) || self.exposed.contains(class)) {
                components.join(access.readers | access.writers);
            }
        }
        if self.forgotten != 0 {
            let watched = self.objects.iter().filter(|(class, _)| machine.is_watched(class.0));
            let writers = watched.fold(0, |all, (_, access)| all | access.writers);
            if writers != 0 {
                components.join(self.forgotten | writers);
            }
        }
        if self.uses_clock {
            components.join(u64::MAX >> (MOST_MESSAGES - count.max(1)));
        }
        components.join_circles();
        // Ids that are there from the start are known to everybody.
        let known_to_all = machine.starts_with_ids();
        let by_id: Vec<u64> = self
            .objects
            .iter()
            .filter(|(class, access)| contested(access) && machine.texts().has_ids(class.1))
            .map(|(_, access)| access.readers | access.writers)
            .collect();
        while let Some(pair) = by_id.iter().find_map(|&users| components.may_both_know(users, known_to_all)) {
            components.join(pair);
            components.join_circles();
        }
        let sent = machine.sent.iter().filter_map(|copy| self.index(copy.endpoint, &copy.message)).collect();
        (self.component, self.later) = components.numbered(sent);
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
        if self.forgetting_minds(machine, world, busy, &call, object, others) {
            return false;
        }
        let access = self.objects.get(&(object.store, object.key.template)).copied().unwrap_or_default();
        let class = (object.store, object.key.template);
        let repeats = self.asked.get(&class).is_some_and(Option::is_some);
        let conflicting = match call.kind() {
            CallKind::Read => access.writers,
            CallKind::Write if repeats => access.writers,
            _ => access.readers | access.writers,
        };
        if conflicting & others == 0 {
            return true;
        }
        let names = &object.key.ids;
        if names.is_empty() {
            return false;
        }
        let known = self.known_to_others(machine, world, worker, busy, others);
        names.iter().any(|id| !known.contains(id))
    }

    /// Whether something may be forgotten at will before this worker moves that
    /// the call affects or is affected by: the key that it uses, or a key whose
    /// rule looks where it writes. Nothing is forgotten of the message that the
    /// worker is busy with.
    fn forgetting_minds(
        &self,
        machine: &Machine,
        world: &World,
        busy: &Busy,
        call: &Call,
        object: &ObjectKey,
        others: u64,
    ) -> bool {
        if self.forgotten == 0 || !machine.any_left(world, Fault::TimeToLiveExpires) {
            return false;
        }
        let writes = call.kind() == CallKind::Write && machine.is_watched(object.store);
        let mut remembered = world
            .timers
            .iter()
            .filter(|timer| !machine.is_by_clock(timer))
            .filter(|timer| timer.forgets.as_ref().is_some_and(|(_, message)| *message != busy.message));
        remembered.any(|timer| writes || timer.key == *object) || writes && others & self.forgotten != 0
    }

    /// The ids that others can know before this worker moves: from messages they
    /// have or may get, and from documents they may read.
    fn known_to_others(
        &self,
        machine: &Machine,
        world: &World,
        worker: usize,
        busy: &Busy,
        others: u64,
    ) -> BTreeSet<Id> {
        let mut known = BTreeSet::new();
        known.extend(world.queue.iter().flat_map(|copy| &copy.message.ids));
        for (number, other) in world.workers.iter().enumerate() {
            if number != worker
                && let Some(busy) = &other.busy
            {
                known.extend(&busy.ids);
            }
        }
        for flying in &world.flying {
            known.extend(&flying.message.ids);
            flying.call.map(&mut |id| {
                known.insert(id);
                id
            });
        }
        if busy.holds_lock && machine.any_left(world, Fault::LockExpires) {
            known.extend(&busy.message.ids);
        }
        if machine.any_left(world, Fault::Duplicate) {
            let sent = machine.sent.iter().chain(&world.published);
            known.extend(sent.flat_map(|copy| &copy.message.ids));
        }
        let mut unread: Vec<&Object> = world
            .objects
            .iter()
            .filter(|object| {
                let class = (object.key.store, object.key.key.template);
                self.objects.get(&class).is_some_and(|access| (access.readers | access.writers) & others != 0)
            })
            .collect();
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

/// A partition of the messages, being made.
struct Components<'a> {
    /// The least message of each message's component.
    root: Vec<usize>,
    causes: &'a [u64],
}

impl<'a> Components<'a> {
    /// Each message by itself.
    fn apart(count: usize, causes: &'a [u64]) -> Self {
        Self { root: (0..count).collect(), causes }
    }

    fn join(&mut self, messages: u64) {
        let roots: Vec<usize> = bits(messages).map(|message| self.root[message]).collect();
        let Some(&least) = roots.iter().min() else { return };
        for root in &mut self.root {
            if roots.contains(root) {
                *root = least;
            }
        }
    }

    /// All messages that this one's component causes in the end, itself
    /// included.
    fn after(&self, message: usize) -> u64 {
        let mut reached = 1u64 << message;
        loop {
            let mut more = reached;
            for (other, &root) in self.root.iter().enumerate() {
                if bits(reached).any(|known| self.root[known] == root) {
                    more |= 1 << other | self.causes[other];
                }
            }
            if more == reached {
                return reached;
            }
            reached = more;
        }
    }

    /// Components that cause each other are one.
    fn join_circles(&mut self) {
        for message in 0..self.root.len() {
            let after = self.after(message);
            let circle = bits(after).filter(|&other| self.after(other) & (1 << message) != 0);
            self.join(circle.fold(0, |circle, other| circle | 1 << other));
        }
    }

    /// Two components among those of `users` that may have learned the same
    /// fresh id from somebody else.
    fn may_both_know(&self, users: u64, known_to_all: bool) -> Option<u64> {
        let pairs = bits(users).flat_map(|one| bits(users).map(move |other| (one, other)));
        pairs
            .filter(|&(one, other)| self.root[one] < self.root[other])
            .find(|&(one, other)| {
                let follows = self.after(one) & (1 << other) != 0 || self.after(other) & (1 << one) != 0;
                let both = 1 << one | 1 << other;
                let source = (0..self.root.len()).any(|source| self.after(source) & both == both);
                known_to_all || (!follows && source)
            })
            .map(|(one, other)| 1 << one | 1 << other)
    }

    /// The number of each message's component, those that cause others first,
    /// else in the order in which their messages were sent; and which components
    /// come after each.
    fn numbered(&self, sent: Vec<usize>) -> (Vec<u8>, Vec<u64>) {
        let mut waiting: Vec<usize> = Vec::new();
        for root in sent.into_iter().chain(0..self.root.len()).map(|message| self.root[message]) {
            if !waiting.contains(&root) {
                waiting.push(root);
            }
        }
        let mut order: Vec<usize> = Vec::new();
        while !waiting.is_empty() {
            let first = waiting.iter().position(|&root| {
                waiting.iter().all(|&other| other == root || self.after(other) & (1 << root) == 0)
            });
            order.push(waiting.remove(first.expect("components that cause each other are one")));
        }
        let number = |root: usize| order.iter().position(|&other| other == root).expect("all are there");
        let component = self.root.iter().map(|&root| number(root) as u8).collect();
        let later = order.iter().map(|&root| {
            bits(self.after(root)).fold(0, |later, message| later | 1 << number(self.root[message]))
        });
        let later = later.collect();
        (component, later)
    }
}

fn bits(mask: u64) -> impl Iterator<Item = usize> {
    (0..MOST_MESSAGES).filter(move |bit| mask & (1 << bit) != 0)
}
