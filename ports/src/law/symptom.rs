//! What can be wrong with a world at rest, for whoever says what it means.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

use crate::Message;
use crate::words::{self, Speaker};

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

impl Symptom {
    /// What it means for any business, as a sentence without a full stop. A
    /// [`Specification`](super::Specification) that knows its business says it better.
    ///
    /// ```
    /// use ports::law::Symptom;
    /// use serde_json::json;
    ///
    /// let symptom = Symptom::NeverPublished(json!({ "Reserved": { "guest": "ann" } }));
    /// assert_eq!(symptom.about("seat 7c"), "whoever waits for Reserved(ann) from seat 7c waits for ever");
    /// assert_eq!(symptom.to_string(), "whoever waits for Reserved(ann) waits for ever");
    /// ```
    #[must_use]
    pub fn about(&self, aggregate: &str) -> String {
        // Where the message names it, it need not be named again.
        let whom = |told: &str, preposition: &str| match aggregate {
            "" => String::new(),
            name if told.contains(name) => String::new(),
            name => format!(" {preposition} {name}"),
        };
        let said = |body: &Value| {
            let told = Speaker::default().body(body);
            let from = whom(&told, "from");
            format!("{told}{from}")
        };
        match self {
            Self::NeverPublished(body) => format!("whoever waits for {} waits for ever", said(body)),
            Self::Unjustified(body) => {
                format!("others hear {} and act on it, and nothing justifies it", said(body))
            }
            Self::PublishedAgain(body) => {
                format!("for everybody who hears {}, it happens more than once", said(body))
            }
            Self::TwoContents(one, other) => {
                let [one, other] = words::told_apart(one, other, &Speaker::default());
                format!("under one id, some hear {one}, and others {other}")
            }
            Self::Contradiction(message, outputs) => {
                let outputs = words::enumeration(&outputs.iter().map(said).collect::<Vec<_>>());
                format!("of one {message}, others are told {outputs}, which exclude each other")
            }
            Self::EffectMissing(message) => {
                let name = message.to_string();
                format!("{name} has no effect{}", whom(&name, "on"))
            }
            Self::EffectTwice(message) => {
                let name = message.to_string();
                format!("{name} takes effect twice{}", whom(&name, "on"))
            }
            Self::InPart(sentence) => sentence.clone(),
            Self::DifferentOrders => {
                let who = if aggregate.is_empty() { "the state" } else { aggregate };
                format!("{who} says one thing, and everybody who listens was told another")
            }
            Self::BeforeItsCause(effect, cause) => {
                let to = whom("", "to");
                format!("{effect} came{to} before {cause}, without which nobody would have said it")
            }
            Self::Unexplained => {
                let who = if aggregate.is_empty() { "the state" } else { aggregate };
                format!("nobody can say how {who} came to be what it is")
            }
        }
    }
}

/// What it means, whomever it is about.
impl fmt::Display for Symptom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.about(""))
    }
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
