//! Messages that say one thing.

use ports::{Message, MessageId};
use serde_json::Value;

/// A message that says this, and is known by it.
pub fn named(name: &str) -> Message {
    Message::new(MessageId::named(name), &name)
}

/// A message that says this of something, and is known by that: `Sell(tea)`.
pub fn command(name: &str, what: &str) -> Message {
    Message::new(MessageId::named(what), &serde_json::json!({ name: what }))
}

/// What a message says: `tea` in `{"Sold": "tea"}`, and in `"tea"`.
pub fn about(message: &Message) -> &str {
    match &message.body {
        Value::Object(fields) => fields.values().next().and_then(Value::as_str).expect("a text"),
        body => body.as_str().expect("a text"),
    }
}

/// What a message leads to, under an id of its own that all copies share.
pub fn output(message: &Message, body: Value) -> Message {
    let id = message.id.derive(&body.to_string());
    Message { id, body }
}
