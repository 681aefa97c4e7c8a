//! What can be wrong with a world at rest, for whoever says what it means.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

use crate::Message;
use crate::words::Speaker;

/// What is wrong with a world at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symptom {
    /// This should have been published, and never was.
    NeverPublished(Value),
    /// This was published, and nothing that happened justifies it.
    Unjustified(Value),
    /// This was published under several ids: for everyone else, it happened
    /// more than once.
    PublishedAgain(Value),
    /// One message id was published with two contents.
    TwoContents(Value, Value),
    /// One message led to outputs that exclude each other.
    Contradiction(Named, Vec<Value>),
    /// The state does not show that this message was processed.
    EffectMissing(Named),
    /// The state shows that this message was processed twice.
    EffectTwice(Named),
    /// A part of an effect is missing, or there twice: see
    /// [`Specification::parts`](super::Specification::parts).
    InPart(String),
    /// The state and the published messages tell different stories.
    DifferentOrders,
    /// The first of these shows as processed before the second, and it only exists
    /// because the second was processed.
    BeforeItsCause(Named, Named),
    /// No order leads to this state.
    Unexplained,
}

/// A message with the name that a story gives it: of several that say the same,
/// the second is called `AddItem(tea) #2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    message: Message,
    name: String,
}

impl Named {
    /// The message, named by whoever tells the story.
    #[must_use]
    pub fn by(speaker: &Speaker, message: &Message) -> Self {
        Self { message: message.clone(), name: speaker.said(message) }
    }
}

/// Named without knowledge of any other message.
impl From<Message> for Named {
    fn from(message: Message) -> Self {
        Self::by(&Speaker::default(), &message)
    }
}

impl Deref for Named {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}
