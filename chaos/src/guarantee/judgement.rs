//! What is judged, and what comes of it.

use std::collections::BTreeSet;

use ports::law::{Property, Specification};
use ports::{Message, MessageId};
use serde_json::Value;

/// One endpoint's part in a world at rest, for one aggregate.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// Which aggregate.
    pub aggregate: &'a str,
    /// The logical messages that were to be processed, in the order in which
    /// they were sent (or in which the search should try first).
    pub inputs: &'a [Message],
    /// The business state.
    pub state: &'a Value,
    /// Every different message that was published.
    pub outputs: &'a [Message],
}

impl Evidence<'_> {
    /// What the outputs say, one for each id.
    pub(super) fn contents(&self, specification: &dyn Specification) -> Vec<Value> {
        self.said(specification).into_iter().map(|(_, content)| content).collect()
    }

    /// What was said under which id, copies left out.
    pub(super) fn said(&self, specification: &dyn Specification) -> Vec<(&Message, Value)> {
        let mut known = BTreeSet::new();
        let outputs = self.outputs.iter();
        let contents = outputs.map(|output| (output, specification.content(&output.body)));
        contents.filter(|(output, content)| known.insert((output.id, content.to_string()))).collect()
    }
}

/// Why some evidence is no exactly-once execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The properties that are violated, the telling one first.
    pub violated: Vec<Property>,
    /// In one sentence, why. [`findings`](Self::findings) may follow.
    pub reason: String,
    /// What cannot be explained, each with what it is: "published" and
    /// "ItemAdded(tea) under two ids".
    pub findings: Vec<(&'static str, String)>,
    /// What else is to be known, in whole sentences; often nothing.
    pub note: String,
    /// The message that it happened to, if there is one.
    pub about: Option<MessageId>,
    /// What it means for the business, a sentence each.
    pub damage: Vec<String>,
    /// The nearest legal execution, in words.
    pub nearest: Option<String>,
}

/// The search had to be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are too many orders of {messages} messages to try them all")]
pub struct TooManyOrders {
    /// How many messages there were.
    pub messages: usize,
}

/// Why evidence cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// There are too many orders to try.
    TooManyOrders(TooManyOrders),
    /// The specification names no legal outcome of these messages, in any order.
    NoLegalOutcome(String),
}

impl From<TooManyOrders> for Undecided {
    fn from(error: TooManyOrders) -> Self {
        Self::TooManyOrders(error)
    }
}

impl Judgement {
    /// One property is violated, for a reason that needs no list.
    pub(crate) fn plain(property: Property, reason: String, damage: String) -> Self {
        Self {
            violated: vec![property],
            reason,
            findings: Vec::new(),
            note: String::new(),
            about: None,
            damage: vec![damage],
            nearest: None,
        }
    }

    /// Rest is out of reach by steps without faults and by waiting.
    pub(crate) fn never_ends() -> Self {
        Self::never_rests_because(
            "with no further fault, and however long one waits, nothing can end this any more: the system never comes to rest",
        )
    }

    /// A run does not come to rest, however long it is.
    pub(crate) fn never_rests() -> Self {
        Self::never_rests_because("with no further fault, the system never comes to rest")
    }

    fn never_rests_because(reason: &str) -> Self {
        let damage = "the message is delivered again and again, and never done with".to_owned();
        Self::plain(Property::Settles, reason.to_owned(), damage)
    }
}
