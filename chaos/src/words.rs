//! Messages, events and calls in words.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::Value;
use shared::{Message, MessageId, Precondition};

use crate::call::RawCall;

/// A message as people say it: `AddItem(tea)`.
pub(crate) fn message(bytes: &[u8]) -> String {
    let message = serde_json::from_slice::<Message>(bytes);
    message.map_or_else(|_| "(unreadable message)".to_owned(), |message| said(&message))
}

/// A message as people say it. Of several messages that say the same, the
/// second is told as `AddItem(tea) #2`.
pub(crate) fn said(message: &Message) -> String {
    let number = SAID_AGAIN.with_borrow(|numbers| numbers.get(&message.id).copied());
    match number {
        Some(number) => format!("{} #{number}", body(&message.body)),
        None => body(&message.body),
    }
}

thread_local! {
    /// Whether fields that name an aggregate are left out: where all messages
    /// are about one, they would only be noise.
    static OMIT_IDS: Cell<bool> = const { Cell::new(true) };
    /// Messages that say what an earlier one has said, and how often that was.
    static SAID_AGAIN: RefCell<BTreeMap<MessageId, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// Makes known on this thread which messages there are to tell apart.
pub(crate) fn introduce<'a>(messages: impl Iterator<Item = &'a Message>) {
    let mut known: Vec<&Message> = Vec::new();
    let mut numbers = BTreeMap::new();
    for message in messages.filter(|message| !message.body.is_null()) {
        if known.iter().any(|other| other.id == message.id) {
            continue;
        }
        let before = known.iter().filter(|other| other.body == message.body).count();
        if before > 0 {
            numbers.insert(message.id, before + 1);
        }
        known.push(message);
    }
    SAID_AGAIN.set(numbers);
}

/// Says on this thread whether fields whose names end in `_id` are left out.
pub(crate) fn omit_ids(omit: bool) {
    OMIT_IDS.set(omit);
}

/// A body as people say it: its name and the values of its fields.
pub(crate) fn body(body: &Value) -> String {
    match body {
        Value::Object(fields) if fields.len() == 1 => {
            let (name, value) = fields.iter().next().expect("there is one field");
            match value {
                Value::Object(inner) => {
                    // When it was said does not tell what was said.
                    let kept = |name: &str| {
                        inner.len() == 1 || (name != "at" && (!OMIT_IDS.get() || !name.ends_with("_id")))
                    };
                    let values = inner.iter().filter(|(name, _)| kept(name));
                    format!("{name}({})", list(values.map(|(_, value)| plain(value))))
                }
                Value::Null => name.clone(),
                other => format!("{name}({})", plain(other)),
            }
        }
        other => plain(other),
    }
}

/// A value without the punctuation of JSON, where it can do without.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => abbreviate_id(text),
        other => other.to_string(),
    }
}

/// A long id is told apart by its end as well as by the whole of it.
fn abbreviate_id(text: &str) -> String {
    match uuid::Uuid::try_parse(text) {
        Ok(_) if text.len() == 36 => format!("…{}", &text[30..]),
        _ => text.to_owned(),
    }
}

/// At most so many characters, the last one an ellipsis if it is cut.
pub(crate) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// `a, b, c`.
pub(crate) fn list(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn enumeration(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// `1 fault`, `2 faults`.
pub(crate) fn count(number: impl TryInto<u128>, thing: &str) -> String {
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

/// A call as the handler made it.
pub(crate) fn raw_call(call: &RawCall) -> String {
    let condition = |condition: &Precondition| match condition {
        Precondition::None => String::new(),
        Precondition::IfAbsent => ", if absent".to_owned(),
        Precondition::IfEtag(etag) => format!(", if etag {}", abbreviate_id(&etag.0)),
    };
    match call {
        RawCall::ReadStream { stream } => format!("read({stream})"),
        RawCall::Append { stream, expected, events } => {
            format!("append({stream}, {expected}, {})", list(events.iter().map(|event| event_text(event))))
        }
        RawCall::Get { key, .. } => format!("get({key})"),
        RawCall::Put { key, body, condition: raw, .. } => {
            format!("put({key}, {}{})", bytes(body), condition(raw))
        }
        RawCall::Delete { key, condition: raw, .. } => format!("delete({key}{})", condition(raw)),
        RawCall::Publish { message } => {
            let id = serde_json::from_slice::<Message>(message).map(|message| message.id.to_string());
            format!("publish({}, id {})", self::message(message), abbreviate_id(&id.unwrap_or_default()))
        }
        RawCall::Ask { key, request, .. } => format!("ask({key}, {})", bytes(request)),
    }
}

/// A new event, stored as its cause and its body.
pub(crate) fn event_text(event: &[u8]) -> String {
    serde_json::from_slice::<shared::NewEvent>(event)
        .map_or_else(|_| "(unreadable event)".to_owned(), |event| body(&event.body))
}

/// Bytes as text, if they are.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{} bytes", bytes.len()),
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
    fn bodies_read_like_calls() {
        let add = serde_json::json!({"AddItem": {"order_id": "o", "item": "tea"}});
        assert_eq!(body(&add), "AddItem(tea)");
        omit_ids(false);
        assert_eq!(body(&add), "AddItem(tea, o)");
        assert_eq!(enumeration(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
