//! What travels between endpoints.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::MessageId;

/// A message: an id and a body.
///
/// The body is a serialised enum variant, `{"AddItem": {…}}`, so that it says
/// its own [`name`](Self::name).
///
/// ```
/// use ports::{Message, MessageId};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// enum Wish { Reserve { seat: String } }
///
/// let wish = Wish::Reserve { seat: "7c".into() };
/// let message = Message::new(MessageId::named("a click"), &wish);
/// assert_eq!(message.name(), "Reserve");
/// assert_eq!(message.read::<Wish>().unwrap(), wish);
/// // A copy has the same id; a second click says the same, and has another one.
/// let again = message.said_again("a second click");
/// assert!(again.body == message.body && again.id != message.id);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Which logical message this is a copy of.
    pub id: MessageId,
    /// What it says.
    pub body: Value,
}

impl Message {
    /// A message with this id that says `body`.
    ///
    /// # Panics
    ///
    /// When `body` cannot be written as JSON: a map whose keys are not
    /// strings, or a `Serialize` of your own that returns an error.
    #[must_use]
    pub fn new(id: MessageId, body: &impl Serialize) -> Self {
        let body = serde_json::to_value(body).expect("a message body must be serialisable as JSON");
        Self { id, body }
    }

    /// Another logical message that says the same: a second click on the same
    /// button, not a copy of the first. `reason` tells several of them apart.
    #[must_use]
    pub fn said_again(&self, reason: &str) -> Self {
        Self { id: self.id.derive(&format!("said again: {reason}")), body: self.body.clone() }
    }

    /// What the message says, read as a `T`.
    ///
    /// # Errors
    ///
    /// When the body is no `T`: the message was sent to an endpoint that does
    /// not understand it.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        T::deserialize(&self.body).map_err(|error| {
            anyhow::anyhow!("{} is not a message this handler understands: {error}", self.name())
        })
    }

    /// The name of the message: `AddItem`, `FirstItemAdded`, …
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.body {
            Value::String(name) if !name.is_empty() => name,
            Value::Object(fields) => match fields.keys().next() {
                None => "(empty)",
                Some(name) if name.is_empty() => "(unnamed)",
                Some(name) => name,
            },
            Value::String(_) => "(empty)",
            _ => "(unnamed)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    enum Command {
        AddItem { order_id: String, item: String },
    }

    #[test]
    fn a_message_says_its_name_and_gives_back_what_was_put_in() {
        let command = Command::AddItem { order_id: "order-1".into(), item: "tea".into() };
        let message = Message::new(MessageId::named("1"), &command);
        assert_eq!(message.name(), "AddItem");
        assert_eq!(message.read::<Command>().unwrap(), command);
    }

    #[test]
    fn a_foreign_message_is_an_error_that_names_it() {
        let message = Message::new(MessageId::named("1"), &serde_json::json!({ "Refund": { "amount": 3 } }));
        let error = message.read::<Command>().unwrap_err().to_string();
        assert!(error.starts_with("Refund is not a message"), "{error}");
    }
}
