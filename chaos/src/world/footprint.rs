//! What a step touches: all that the partial-order reduction may ask about it.
//!
//! A call reads and writes *accesses*. With the ports there are, it is one
//! object at most; a look-up over a range of keys or a transaction over several
//! documents would be more of them, and nothing else here would change.

use super::state::{Busy, World};
use super::transition_system::TransitionSystem;
use crate::handler::call::{Call, CallKind, ObjectKey};
use crate::handler::text::{Text, TextId};
use crate::system::store_map::Store;

/// Messages by endpoint and template, objects by store and template: up to the
/// names of fresh ids.
pub(crate) type Class = (u8, TextId);

/// What one call touches, in a world.
#[derive(Clone, Copy)]
pub(crate) struct Footprint<'a> {
    transitions: &'a TransitionSystem,
    world: &'a World,
    call: &'a Call,
}

/// One object that a call reads or writes.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    transitions: &'a TransitionSystem,
    pub(crate) object: &'a ObjectKey,
    pub(crate) kind: AccessKind<'a>,
}

/// How an object is accessed. Two accesses *conflict* if one of them writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessKind<'a> {
    Reads,
    Writes,
    /// Writes at most once: whoever makes this request again gets the same
    /// answer, and nothing changes, for as long as nothing is forgotten.
    Idempotent(&'a Text),
}

impl TransitionSystem {
    /// What a call touches in a world.
    pub(crate) fn footprint<'a>(&'a self, world: &'a World, call: &'a Call) -> Footprint<'a> {
        Footprint { transitions: self, world, call }
    }

    /// The calls that a delivery waits for, in the world's names.
    pub(crate) fn calls_of<'a>(&'a self, busy: &'a Busy) -> impl Iterator<Item = Call> + 'a {
        (0..self.pending_calls(busy).len()).map(|call| self.pending_call(busy, call as u8))
    }
}

impl<'a> Footprint<'a> {
    /// Everything that it reads or writes.
    pub(crate) fn accesses(self) -> impl Iterator<Item = Access<'a>> {
        let Self { transitions, call, .. } = self;
        call.object().map(|object| Access { transitions, object, kind: self.kind(object) }).into_iter()
    }

    fn kind(self, object: &ObjectKey) -> AccessKind<'a> {
        let repeats = |store| self.transitions.stores.outside(store).is_some_and(|it| it.model.repeats());
        match self.call {
            Call::Ask { request, writes: true, .. } if repeats(object.store) => {
                AccessKind::Idempotent(request)
            }
            call if call.kind() == CallKind::Read => AccessKind::Reads,
            _ => AccessKind::Writes,
        }
    }

    /// The message that it publishes.
    pub(crate) fn output(self) -> Option<&'a Text> {
        match self.call {
            Call::Publish { message } => Some(message),
            _ => None,
        }
    }

    /// Whether it is a write that is bound to fail, now and for ever, and with
    /// the same answer.
    pub(crate) fn is_refused_for_ever(self) -> bool {
        self.transitions.refused_for_ever(self.world, self.call)
    }

    /// Whether it sets a deadline that the clock decides.
    pub(crate) fn sets_deadline(self) -> bool {
        matches!(self.call, Call::Put { time_to_live: Some(_), .. } | Call::SetDeadline { .. })
    }

    /// Whether it depends on what has passed when, besides what it accesses: it sets
    /// a deadline, or asks for one that may pass. (One that has passed stays so,
    /// whatever happens.)
    pub(crate) fn depends_on_time(self) -> bool {
        match self.call {
            Call::HasPassed { deadline } => {
                deadline.sole_id().is_some_and(|deadline| self.world.is_to_come(deadline))
            }
            _ => self.sets_deadline(),
        }
    }
}

impl Access<'_> {
    /// What is accessed, up to the names of fresh ids.
    pub(crate) fn class(&self) -> Class {
        (self.object.store, self.object.key.template)
    }

    /// Whether only those who know certain fresh ids can access it.
    pub(crate) fn is_named_by_ids(&self) -> bool {
        !self.object.key.ids.is_empty()
    }

    /// Whether what happens there is remembered, and may be forgotten at will.
    pub(crate) fn is_forgotten_at_will(&self) -> bool {
        self.transitions.forgets_at_will(self.object.store)
    }

    /// Whether what is acknowledged there may be lost.
    pub(crate) fn may_be_lost(&self) -> bool {
        self.store(|store| self.transitions.may_lose(store))
    }

    /// Whether it remembers what it may forget, by whatever rule.
    pub(crate) fn forgets(&self) -> bool {
        self.store(|store| self.transitions.stores.outside(store).is_some_and(|outside| outside.forgets()))
    }

    /// Whether writing there can change what a service may forget.
    pub(crate) fn changes_what_may_be_forgotten(&self) -> bool {
        self.kind != AccessKind::Reads && self.store(|store| self.transitions.decides_forgetting(store))
    }

    fn store(&self, ask: impl Fn(Store) -> bool) -> bool {
        ask(self.object.store)
    }
}
