//! What the messages of an endpoint mean, one after the other.

use serde_json::Value;

use super::{Property, Symptom};
use crate::{Message, MessageId};

/// What the messages mean when they are processed one after the other.
///
/// This is the reference that a handler is held against, so it knows nothing
/// of stores, copies or failures.
pub trait Specification: Send + Sync {
    /// Which aggregate a message, coming in or going out, is about. Messages
    /// about different aggregates must not influence each other. What a message
    /// leads to may be about another aggregate than the message is.
    fn aggregate(&self, message: &Message) -> String;

    /// The state of an aggregate that no message has reached yet, in the form
    /// in which the endpoint's view returns it.
    fn initial(&self) -> Value;

    /// What processing a message may lead to: the next state and the bodies of
    /// the messages to publish. More than one possibility where the handler is
    /// free to choose. A fresh id in an output is written as [`FRESH`]. An empty list
    /// says that the message cannot come just then: whoever names one for a message
    /// in every order has no law for it.
    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)>;

    /// What processing a message would lead to that was processed before, if
    /// nobody noticed. Only used to recognise such a state; by default, the same
    /// as processing it for the first time.
    fn process_again(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        self.process(state, message)
    }

    /// What an output says, with [`FRESH`] in the place of ids that may be any.
    /// By default these are the fresh ones.
    fn content(&self, output: &Value) -> Value {
        content(output)
    }

    /// What is wrong with a state to which no order leads, and neither one
    /// message too few nor one twice, held against a legal one: of a message
    /// that takes effect in parts, some may be missing, and some there twice.
    /// Each with what it means for the business, as in [`damage`](Self::damage).
    fn parts(&self, _aggregate: &str, _state: &Value, _legal: &Value) -> Vec<(Property, String)> {
        Vec::new()
    }

    /// A record of the endpoint's log in words: "StepCompleted(2)". By default
    /// there are none for it, and its text is shown.
    fn describe_record(&self, _record: &[u8]) -> Option<String> {
        None
    }

    /// A state in words: "an order with tea and cake".
    fn describe(&self, state: &Value) -> String;

    /// What it means for the business that something went wrong, as a
    /// sentence without a full stop: "the customer of order-1 is never
    /// welcomed".
    fn damage(&self, aggregate: &str, symptom: &Symptom) -> String;
}

/// Stands for any id in an output that a [`Specification`] expects: see
/// [`Specification::content`].
pub const FRESH: &str = "any id";

/// The content of an output, fresh ids left open.
fn content(body: &Value) -> Value {
    match body {
        Value::String(text) if text.parse::<MessageId>().is_ok_and(|id| id.is_fresh()) => FRESH.into(),
        Value::Array(items) => items.iter().map(content).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), content(value))).collect(),
        other => other.clone(),
    }
}
