//! Messages, values and numbers in words.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::{Message, MessageId};

/// Names messages for one story: knows which of them say the same and must be
/// told apart, and whether there is more than one aggregate to be named.
///
/// The default knows of no other message, and of one aggregate only.
#[derive(Clone, Debug, Default)]
pub struct Speaker {
    /// Whether fields that name an aggregate are said: where all messages are
    /// about one, they would only be noise.
    says_ids: bool,
    /// Messages that say what an earlier one has said, and how often that was.
    said_again: Arc<BTreeMap<MessageId, usize>>,
}

impl Speaker {
    /// Tells these messages apart. Fields whose names end in `_id` are said only
    /// where there are `several_aggregates`.
    #[must_use]
    pub fn of<'a>(messages: impl IntoIterator<Item = &'a Message>, several_aggregates: bool) -> Self {
        let mut known: Vec<&Message> = Vec::new();
        let mut numbers = BTreeMap::new();
        for message in messages.into_iter().filter(|message| !message.body.is_null()) {
            if known.iter().any(|other| other.id == message.id) {
                continue;
            }
            let before = known.iter().filter(|other| other.body == message.body).count();
            if before > 0 {
                numbers.insert(message.id, before + 1);
            }
            known.push(message);
        }
        Self { says_ids: several_aggregates, said_again: Arc::new(numbers) }
    }

    /// The same speaker, who tells these messages apart.
    #[must_use]
    pub fn knowing<'a>(&self, messages: impl IntoIterator<Item = &'a Message>) -> Self {
        Self::of(messages, self.says_ids)
    }

    /// A message as people say it: `AddItem(tea)`. Of several messages that say
    /// the same, the second is told as `AddItem(tea) #2`.
    #[must_use]
    pub fn said(&self, message: &Message) -> String {
        match self.said_again.get(&message.id) {
            Some(number) => format!("{} #{number}", self.body(&message.body)),
            None => self.body(&message.body),
        }
    }

    /// A message that was written as JSON, as people say it.
    #[must_use]
    pub fn message(&self, bytes: &[u8]) -> String {
        let message = serde_json::from_slice::<Message>(bytes);
        message.map_or_else(|_| "(unreadable message)".to_owned(), |message| self.said(&message))
    }

    /// A body as people say it: its name and the values of its fields.
    #[must_use]
    pub fn body(&self, body: &Value) -> String {
        match body {
            Value::Object(fields) if fields.len() == 1 => {
                let (name, value) = fields.iter().next().expect("there is one field");
                let name = if name.is_empty() { "(unnamed)" } else { name };
                match value {
                    Value::Object(inner) => {
                        // When it was said does not tell what was said.
                        let kept = |name: &str| {
                            inner.len() == 1 || (name != "at" && (self.says_ids || !name.ends_with("_id")))
                        };
                        let values = inner.iter().filter(|(name, _)| kept(name));
                        format!("{name}({})", list(values.map(|(_, value)| self.inside(value))))
                    }
                    Value::Null => name.to_owned(),
                    other => format!("{name}({})", plain(other)),
                }
            }
            other => plain(other),
        }
    }

    /// A value in a message. What is itself a message, to be said by somebody else or later,
    /// reads like one.
    fn inside(&self, value: &Value) -> String {
        match value {
            Value::Object(fields) if fields.len() == 1 && fields.keys().all(|name| is_variant(name)) => {
                self.body(value)
            }
            other => plain(other),
        }
    }
}

/// Whether a name is written as that of a variant of an enum.
fn is_variant(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// Two bodies as people say them, in as many words as it takes to tell them apart.
#[must_use]
pub fn told_apart(one: &Value, other: &Value, speaker: &Speaker) -> [String; 2] {
    let at_length = Speaker::of([], true);
    let told = [[speaker.body(one), speaker.body(other)], [at_length.body(one), at_length.body(other)]];
    let differ = told.into_iter().find(|[one, other]| one != other);
    differ.unwrap_or_else(|| [one.to_string(), other.to_string()])
}

/// How a text is told that has nothing in it.
const EMPTY: &str = "(empty)";

/// A value without the punctuation of JSON, where it can do without. What is empty is
/// told as such: it would be overlooked.
#[must_use]
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => EMPTY.to_owned(),
        Value::Object(fields) if fields.is_empty() => EMPTY.to_owned(),
        Value::String(text) => abbreviate_id(text),
        other => other.to_string(),
    }
}

/// A state as people say it, whatever it is a state of: its fields and their values.
///
/// ```
/// use ports::words::state;
/// use serde_json::json;
///
/// let order = json!({ "items": ["tea", "cake"], "paid": null, "to": { "city": "Riga" } });
/// assert_eq!(state(&order), "items: tea and cake, paid: nothing, to: (city: Riga)");
/// assert_eq!(state(&json!([])), "nothing");
/// assert_eq!(state(&json!({ "Held": { "by": "ann" } })), "Held (by: ann)");
/// ```
#[must_use]
pub fn state(value: &Value) -> String {
    let inner = |value: &Value| match value {
        Value::Object(fields) if !fields.is_empty() => format!("({})", state(value)),
        other => state(other),
    };
    match value {
        Value::Null => enumeration(&[]),
        Value::Array(items) => enumeration(&items.iter().map(inner).collect::<Vec<_>>()),
        Value::Object(fields) if !fields.is_empty() => {
            let alone = fields.len() == 1;
            list(fields.iter().map(|(name, value)| match alone && is_variant(name) {
                true => format!("{name} {}", inner(value)),
                false => format!("{}: {}", abbreviate_id(name), inner(value)),
            }))
        }
        other => plain(other),
    }
}

/// A long id is told apart by its end as well as by the whole of it.
#[must_use]
pub fn abbreviate_id(text: &str) -> String {
    match uuid::Uuid::try_parse(text) {
        Ok(_) if text.len() == 36 => format!("…{}", &text[30..]),
        _ => text.to_owned(),
    }
}

/// At most so many characters, the last one an ellipsis if it is cut.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// `a, b, c`.
#[must_use]
pub fn list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn enumeration(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// `1 fault`, `2 faults`.
#[must_use]
pub fn count(number: impl TryInto<u128>, thing: &str) -> String {
    let number = number.try_into().unwrap_or(u128::MAX);
    let plural = match thing.strip_suffix('y') {
        _ if number == 1 => thing.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ => format!("{thing}s"),
    };
    format!("{} {plural}", thousands(number))
}

/// A number with its thousands set apart: `1,234,567`.
#[must_use]
pub fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A time in words, in the largest unit that fits: `7 days`, `90 seconds`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => count(s / 86_400, "day"),
        s if s >= 3_600 && s % 3_600 == 0 => count(s / 3_600, "hour"),
        s if s >= 60 && s % 60 == 0 => count(s / 60, "minute"),
        s => count(s, "second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_agree_in_number() {
        assert_eq!(count(1, "fault"), "1 fault");
        assert_eq!(count(0, "copy"), "0 copies");
        assert_eq!(count(2, "delivery"), "2 deliveries");
        assert_eq!(count(1_234_567, "state"), "1,234,567 states");
    }

    #[test]
    fn times_are_told_in_the_largest_unit_that_fits() {
        let told = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(told(7 * 86_400), "7 days");
        assert_eq!(told(3_600), "1 hour");
        assert_eq!(told(120), "2 minutes");
        assert_eq!(told(90), "90 seconds");
    }

    #[test]
    fn bodies_read_like_calls() {
        let add = serde_json::json!({"AddItem": {"order_id": "o", "item": "tea"}});
        assert_eq!(Speaker::default().body(&add), "AddItem(tea)");
        assert_eq!(Speaker::of([], true).body(&add), "AddItem(tea, o)");
        let later = serde_json::json!({"Later": {"name": "tea time", "says": add}});
        assert_eq!(Speaker::default().body(&later), "Later(tea time, AddItem(tea))");
        let seats = serde_json::json!({"Reserve": {"seats": {"a": 1, "b": 2}, "in": {"row": 3}}});
        assert_eq!(Speaker::default().body(&seats), "Reserve({\"row\":3}, {\"a\":1,\"b\":2})");
        assert_eq!(enumeration(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
