//! Who knows a message: where its id is written at a moment of a run.

use std::cell::RefCell;

use ports::MessageId;
use rustc_hash::FxHashMap;

use super::story::Teller;
use crate::handler::call::Call;
use crate::handler::text::Text;
use crate::world::state::{Content, Object, World};

/// A message whose way through a run is followed.
pub(super) struct Followed {
    pub(super) id: MessageId,
    pub(super) name: String,
    /// Whether its id is written in these texts.
    named: RefCell<FxHashMap<Text, bool>>,
}

impl Followed {
    pub(super) fn new(id: MessageId, name: String) -> Self {
        Self { id, name, named: RefCell::default() }
    }
}

impl Teller<'_> {
    /// Whether the broker still owes a delivery of it: a copy waits, or is being
    /// worked on and will come again unless it is acknowledged.
    pub(super) fn broker_knows(&self, world: &World, followed: &Followed) -> bool {
        let is_it = |text: &Text| self.transitions.texts().message(text).is_ok_and(|it| it.id == followed.id);
        let waits = world.queue.iter().any(|copy| is_it(&copy.message));
        let busy = world.workers.iter().filter_map(|worker| worker.busy.as_ref());
        let under_way = world.in_flight.iter().any(|late| match &late.call {
            Call::Publish { message } => is_it(message),
            _ => false,
        });
        waits || under_way || busy.filter(|busy| busy.holds_lock).any(|busy| is_it(&busy.message))
    }

    /// Whether its id is written in a document, a stream or something outside, or is
    /// the name of one.
    pub(super) fn object_knows(&self, object: &Object, followed: &Followed) -> bool {
        let texts: Vec<&Text> = match &object.content {
            Content::Document(None) => return false,
            Content::Document(Some(version)) => vec![&object.key.key, &version.body],
            Content::Stream(events) if events.is_empty() => return false,
            Content::Stream(events) => std::iter::once(&object.key.key).chain(events).collect(),
            Content::Outside(state) => vec![state],
        };
        texts.into_iter().any(|text| self.names(text, followed))
    }

    /// Whether it is written here. Each text is looked through once: one of a hundred
    /// thousand bytes, which stays from line to line, took most of the time of a story.
    fn names(&self, text: &Text, followed: &Followed) -> bool {
        *followed
            .named
            .borrow_mut()
            .entry(text.clone())
            .or_insert_with(|| self.transitions.texts().names(text, followed.id))
    }
}
