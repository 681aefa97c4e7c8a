//! Who knows a message: where its id is written at a moment of a run.

use ports::MessageId;

use super::story::Teller;
use crate::handler::call::Call;
use crate::handler::text::Text;
use crate::world::state::{Content, Object, World};

/// A message whose way through a run is followed.
pub(super) struct Followed {
    pub(super) id: MessageId,
    pub(super) name: String,
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
        texts.into_iter().any(|text| self.transitions.texts().names(text, followed.id))
    }
}
