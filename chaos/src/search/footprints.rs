//! What the processing of each message touches and causes, as far as it has been
//! seen.
//!
//! Nobody declares it. A trial run gives a first guess, the search records every
//! access, and an access outside the footprint is learned and the search started
//! afresh (argument 6 in [`how_it_works`](crate::how_it_works)).

use std::collections::{BTreeMap, BTreeSet};

use super::components::{Components, MOST_MESSAGES, bits};
use crate::handler::call::{Call, ObjectKey};
use crate::handler::text::Text;
use crate::world::footprint::{Access, AccessKind, Class};
use crate::world::state::{Phase, World};
use crate::world::transition_system::TransitionSystem;

/// What the processing of each message is known to touch and to cause.
#[derive(Debug, Default)]
pub(crate) struct Footprints {
    messages: BTreeMap<Class, usize>,
    objects: BTreeMap<Class, Users>,
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
    /// What idempotent requests were made under each key.
    asked: BTreeMap<Class, Asked>,
    /// Messages that use services which forget at will.
    forgotten: u64,
    /// Times to live are decided by a clock that everybody shares.
    uses_clock: bool,
    learned: bool,
    /// More kinds of messages than can be told apart: nothing is independent.
    too_many: bool,
}

/// Which messages read and write an object, one bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Users {
    pub(super) readers: u64,
    pub(super) writers: u64,
}

impl Users {
    pub(super) fn all(self) -> u64 {
        self.readers | self.writers
    }
}

/// What idempotent requests were made under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// One and the same.
    One(Text),
    /// Several: they write.
    Several,
}

impl Footprints {
    /// Whether anything new was learned since the last
    /// [`conclude`](Self::conclude).
    pub(super) fn learned(&self) -> bool {
        self.learned
    }

    /// Whether there are too many kinds of messages to tell them apart.
    pub(super) fn too_many(&self) -> bool {
        self.too_many
    }

    /// Whether times to live are decided by a clock that everybody shares.
    pub(super) fn uses_clock(&self) -> bool {
        self.uses_clock
    }

    /// Messages that use services which forget at will, one bit each.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Who accesses objects of this class.
    pub(super) fn users(&self, class: Class) -> Users {
        self.objects.get(&class).copied().unwrap_or_default()
    }

    /// Whether all idempotent requests under this key were one and the same.
    pub(super) fn asked_one_thing(&self, class: Class) -> bool {
        matches!(self.asked.get(&class), Some(Asked::One(_)))
    }

    fn learn(&mut self, set: impl FnOnce(&mut Self) -> bool) {
        let new = set(self);
        self.learned |= new;
    }

    fn message(&mut self, class: Class) -> usize {
        let next = self.messages.len();
        *self.messages.entry(class).or_insert_with(|| {
            self.learned = true;
            self.too_many |= next >= MOST_MESSAGES;
            self.causes.push(0);
            next.min(MOST_MESSAGES - 1)
        })
    }

    /// Takes note of everything that can be seen in a world.
    pub(super) fn observe(&mut self, transitions: &mut TransitionSystem, world: &World) {
        // What is forgotten at will is no matter of time: see
        // `independence::may_be_forgotten_before`.
        if world.timers.iter().any(|timer| transitions.is_by_clock(timer)) {
            self.learn(|it| !std::mem::replace(&mut it.uses_clock, true));
        }
        for copy in &world.queue {
            self.message((copy.endpoint, copy.message.template));
        }
        for worker in &world.workers {
            let Some(busy) = &worker.busy else { continue };
            let message = self.message((worker.endpoint, busy.message.template));
            if busy.phase == Phase::Handling {
                for call in 0..transitions.pending_calls(busy).len() {
                    let call = transitions.pending_call(busy, call as u8);
                    self.call(transitions, world, message, &call);
                }
            } else if let Phase::Dispatching(next) = busy.phase {
                let output = transitions.next_output(busy, next);
                self.cause(transitions, message, &output);
            }
        }
        for in_flight in &world.in_flight {
            let message = self.message((in_flight.endpoint, in_flight.message.template));
            self.call(transitions, world, message, &in_flight.call);
        }
    }

    fn call(&mut self, transitions: &mut TransitionSystem, world: &World, message: usize, call: &Call) {
        if let Some(output) = transitions.footprint(world, call).output().cloned() {
            self.cause(transitions, message, &output);
        }
        let mut named = Vec::new();
        let footprint = transitions.footprint(world, call);
        for access in footprint.accesses() {
            self.access(message, access);
            if access.is_named_by_ids() {
                named.push((access.class(), access.object.clone()));
            }
        }
        let sets_deadline = footprint.sets_deadline();
        for (class, object) in named {
            // While something is new, the components are those of before.
            if !self.learned
                && !self.exposed.contains(&class)
                && self.is_exposed(transitions, world, message, &object)
            {
                self.learned = true;
                self.exposed.insert(class);
            }
        }
        if sets_deadline {
            self.learn(|it| !std::mem::replace(&mut it.uses_clock, true));
        }
    }

    fn access(&mut self, message: usize, access: Access<'_>) {
        let bit = 1 << message;
        let reads = match access.kind {
            AccessKind::Reads => true,
            AccessKind::Writes => false,
            AccessKind::Idempotent(request) => self.is_like_a_read(message, access, request),
        };
        self.learn(|it| {
            let users = it.objects.entry(access.class()).or_default();
            let set = if reads { &mut users.readers } else { &mut users.writers };
            let before = *set;
            *set |= bit;
            before & bit == 0
        });
        if access.is_forgotten_at_will() {
            self.learn(|it| {
                let before = it.forgotten;
                it.forgotten |= bit;
                before & bit == 0
            });
        }
    }

    /// Whether an idempotent request is like a read for all others that access its
    /// object: nothing else is asked under this key. In either order, two of these
    /// leave the same effect behind and get the same answer.
    ///
    /// A service that forgets does so while nobody works on the message. That keeps
    /// it out of the way, unless another message uses the same key.
    fn is_like_a_read(&mut self, message: usize, access: Access<'_>, request: &Text) -> bool {
        let class = access.class();
        let alone = self.users(class).all() & !(1 << message) == 0;
        let asked = self.asked.entry(class).or_insert_with(|| Asked::One(request.clone()));
        let plain = request.ids.is_empty() && !access.is_named_by_ids();
        let same = plain && *asked == Asked::One(request.clone()) && (alone || !access.forgets());
        if *asked != Asked::Several && !same {
            *asked = Asked::Several;
            self.learned = true;
        }
        self.asked_one_thing(class)
    }

    /// Whether a later component can know the ids that name this object.
    fn is_exposed(
        &self,
        transitions: &mut TransitionSystem,
        world: &World,
        message: usize,
        object: &ObjectKey,
    ) -> bool {
        let names = &object.key.ids;
        let Some(&own) = self.component.get(message) else { return false };
        let named = |text: &Text| text.ids.iter().any(|id| names.contains(id));
        let later = self.later[usize::from(own)] & !(1 << own);
        if later == 0 {
            return false;
        }
        let published = world.published.iter().filter(|copy| named(&copy.message)).any(|copy| {
            transitions.subscribers(&copy.message).iter().any(|&subscriber| {
                let component = self.component_of(subscriber, &copy.message);
                later & (1 << component) != 0
            })
        });
        published
            || world.objects.iter().any(|other| {
                let class = (other.key.store, other.key.key.template);
                !other.key.key.ids.is_empty()
                    && bits(self.users(class).all()).any(|message| self.component[message] != own)
                    && other.ids().any(|id| names.contains(&id))
            })
    }

    fn cause(&mut self, transitions: &mut TransitionSystem, message: usize, output: &Text) {
        for subscriber in transitions.subscribers(output) {
            let child = self.message((subscriber, output.template));
            let bit = 1 << child;
            self.learned |= self.causes[message] & bit == 0;
            self.causes[message] |= bit;
        }
    }

    /// Draws the conclusions from what was learned.
    pub(super) fn conclude(&mut self, transitions: &TransitionSystem) {
        self.learned = false;
        if self.too_many {
            return;
        }
        let count = self.causes.len();
        self.descendants = (0..count).map(|message| self.causes[message] | 1 << message).collect();
        for _ in 0..count {
            for message in 0..count {
                let closure = bits(self.descendants[message])
                    .fold(self.descendants[message], |all, child| all | self.descendants[child]);
                self.descendants[message] = closure;
            }
        }
        let sent = transitions.sent.iter();
        let sent = sent.filter_map(|copy| self.index(copy.endpoint, &copy.message)).collect();
        (self.component, self.later) = self.components(transitions).numbered(sent);
    }

    /// The messages, parted into those that cannot get into each other's way.
    fn components(&self, transitions: &TransitionSystem) -> Components<'_> {
        let count = self.causes.len();
        let mut components = Components::apart(count, &self.causes);
        let has_ids = |class: &Class| transitions.texts().has_ids(class.1);
        let contested = || self.objects.iter().filter(|(_, users)| users.writers != 0);
        for (class, users) in contested() {
            if !has_ids(class) || self.exposed.contains(class) {
                components.join(users.all());
            }
        }
        if self.forgotten != 0 {
            let watched = self.objects.iter().filter(|(class, _)| transitions.decides_forgetting(class.0));
            let writers = watched.fold(0, |all, (_, users)| all | users.writers);
            if writers != 0 {
                components.join(self.forgotten | writers);
            }
        }
        if self.uses_clock {
            components.join(u64::MAX >> (MOST_MESSAGES - count.max(1)));
        }
        components.join_circles();
        // Ids that are there from the start are known to everybody.
        let known_to_all = transitions.starts_with_ids();
        let by_id: Vec<u64> =
            contested().filter(|(class, _)| has_ids(class)).map(|(_, users)| users.all()).collect();
        while let Some(pair) = by_id.iter().find_map(|&users| components.may_both_know(users, known_to_all)) {
            components.join(pair);
            components.join_circles();
        }
        components
    }

    fn index(&self, endpoint: u8, message: &Text) -> Option<usize> {
        self.messages.get(&(endpoint, message.template)).copied()
    }

    /// The component of a message at an endpoint.
    pub(super) fn component_of(&self, endpoint: u8, message: &Text) -> u8 {
        self.index(endpoint, message).map_or(0, |message| self.component[message])
    }

    /// All messages that this one causes in the end, itself included: one bit
    /// each.
    pub(super) fn descendants_of(&self, endpoint: u8, message: &Text) -> u64 {
        self.index(endpoint, message).map_or(u64::MAX, |message| self.descendants[message])
    }
}
