//! What one delivery hands to its handler.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Message, MessageId};

/// One delivery of one message: what the handler can say and ask besides its
/// ports.
///
/// A context lives as long as its delivery. Nothing in it survives to the next
/// copy of the message, just as nothing in a handler's memory does.
///
/// ```
/// use ports::{Context, Message, MessageId};
///
/// let context = Context::numbered();
/// let reserve = MessageId::named("a click");
/// context.note("the seat is free");
/// context.publish(Message::new(reserve.derive("Reserved"), &"Reserved"));
/// // What is handed over goes out once the handler has returned.
/// assert_eq!(context.take_outputs().len(), 1);
/// assert_eq!(context.take_notes(), ["the seat is free"]);
/// ```
pub struct Context {
    outputs: Mutex<Vec<Message>>,
    notes: Mutex<Vec<String>>,
    ids: Box<dyn Fn() -> MessageId + Send + Sync>,
}

impl Context {
    /// The context of one delivery, drawing fresh ids from `ids`.
    #[must_use]
    pub fn new(ids: impl Fn() -> MessageId + Send + Sync + 'static) -> Self {
        Self { outputs: Mutex::default(), notes: Mutex::default(), ids: Box::new(ids) }
    }

    /// A context whose fresh ids are numbered from one: for tests on the
    /// in-memory adapters.
    #[must_use]
    pub fn numbered() -> Self {
        let next = AtomicU64::new(1);
        Self::new(move || MessageId::fresh(next.fetch_add(1, Ordering::Relaxed)))
    }

    /// Hands a message to the endpoint, which dispatches it **after the
    /// handler has returned `Ok`**, and only then acknowledges the incoming
    /// message. A handler that returns an error publishes nothing this way.
    ///
    /// Used in exercises 00 to 03; from 04 on, handlers publish through the
    /// [`Publisher`](crate::Publisher) port themselves.
    pub fn publish(&self, message: Message) {
        self.outputs.lock().expect(LOCK).push(message);
    }

    /// An id that nobody has seen before, different at every attempt.
    #[must_use]
    pub fn new_id(&self) -> MessageId {
        (self.ids)()
    }

    /// Says something in the story of a run. (`println!` would repeat itself:
    /// a model checker runs the handler many times over.)
    pub fn note(&self, text: impl Into<String>) {
        self.notes.lock().expect(LOCK).push(text.into());
    }

    /// What was handed over with [`publish`](Self::publish) so far, for the
    /// runtime that dispatches it; leaves nothing behind.
    pub fn take_outputs(&self) -> Vec<Message> {
        std::mem::take(&mut self.outputs.lock().expect(LOCK))
    }

    /// What was said with [`note`](Self::note) so far; leaves nothing behind.
    pub fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().expect(LOCK))
    }
}

const LOCK: &str = "a context is locked only for the length of a push";
