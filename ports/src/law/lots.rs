//! Ids that were drawn by lot, written in a way that is the same for every draw.
//!
//! Whoever judges a handler cannot know which ids it draws, and two runs that
//! differ in nothing else are one. In an output a lot is written as [`FRESH`]. A
//! state is given back to the machine that it belongs to, which wants ids where
//! there were ids: there the lots are numbered in the order in which they come.

use std::collections::BTreeMap;

use serde_json::Value;

use super::FRESH;
use crate::MessageId;

/// The lots that are drawn while a message is processed have numbers above those
/// that a state may be written with.
const DRAWN: u64 = 1 << 40;

/// The lot that a law draws as number so-and-so, where a handler would draw any id.
pub(super) fn drawn(number: u64) -> MessageId {
    MessageId::fresh(DRAWN + number)
}

/// What is a lot: every fresh id, and every id in a field of one of these names.
#[derive(Clone, Debug, Default)]
pub(super) struct Lots {
    fields: Vec<String>,
}

impl Lots {
    /// Ids in these fields are lots, whatever they are made of.
    pub(super) fn in_fields(fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { fields: fields.into_iter().map(Into::into).collect() }
    }

    /// An output, with [`FRESH`] for each lot.
    pub(super) fn left_open(&self, output: &Value) -> Value {
        self.rewritten(output, false, &mut |_, _| FRESH.to_owned())
    }

    /// A state, its lots numbered in the order in which they come.
    pub(super) fn numbered(&self, state: &Value) -> Value {
        let mut numbers: BTreeMap<MessageId, u64> = BTreeMap::new();
        self.rewritten(state, false, &mut |lot, _| {
            let next = numbers.len() as u64 + 1;
            MessageId::fresh(*numbers.entry(lot).or_insert(next)).to_string()
        })
    }

    /// The lots in a value, each once, in the order in which they come.
    pub(super) fn found(&self, value: &Value) -> Vec<MessageId> {
        let mut found = Vec::new();
        self.rewritten(value, false, &mut |lot, _| {
            if !found.contains(&lot) {
                found.push(lot);
            }
            lot.to_string()
        });
        found
    }

    /// The value with other lots in their place, those that have a new name; each is
    /// spelled in the usual way.
    pub(super) fn renamed(&self, value: &Value, names: &BTreeMap<MessageId, MessageId>) -> Value {
        self.rewritten(value, false, &mut |lot, _| names.get(&lot).unwrap_or(&lot).to_string())
    }

    /// The same, each spelled as it was: a machine that writes its lots in capitals looks
    /// for them in capitals.
    pub(super) fn renamed_as_spelled(&self, value: &Value, names: &BTreeMap<MessageId, MessageId>) -> Value {
        self.rewritten(value, false, &mut |lot, text| spelled_like(text, *names.get(&lot).unwrap_or(&lot)))
    }

    /// The value with each lot written by `write`, which is told how it is spelled there;
    /// `named` says whether it stands in a field whose ids are lots.
    fn rewritten(&self, value: &Value, named: bool, write: &mut Write<'_>) -> Value {
        match value {
            Value::String(text) => match text.parse::<MessageId>() {
                Ok(id) if named || id.is_fresh() => write(id, text).into(),
                _ => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.rewritten(item, named, write)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| {
                    let named = named || self.fields.contains(name);
                    let key = name.parse::<MessageId>().ok().filter(MessageId::is_fresh);
                    let key = key.map_or_else(|| name.clone(), |lot| write(lot, name));
                    (key, self.rewritten(value, named, write))
                })
                .collect(),
            other => other.clone(),
        }
    }
}

/// Writes a lot, given how it was spelled.
type Write<'a> = dyn FnMut(MessageId, &str) -> String + 'a;

/// An id, spelled as another one is: in capitals or not, with hyphens or without, in
/// braces, as a URN.
fn spelled_like(text: &str, id: MessageId) -> String {
    let id = id.as_uuid();
    let spelled = match text.len() {
        32 => id.simple().to_string(),
        36 => id.hyphenated().to_string(),
        38 => id.braced().to_string(),
        _ => id.urn().to_string(),
    };
    if text.contains(|letter: char| letter.is_ascii_uppercase()) {
        // All that is read again is the id; nobody spells "urn:" in capitals.
        let (before, digits) = spelled.split_at(spelled.rfind(':').map_or(0, |colon| colon + 1));
        return format!("{before}{}", digits.to_uppercase());
    }
    spelled
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn which_lots_were_drawn_makes_no_difference_and_which_are_the_same_does() {
        let (one, other) = (MessageId::fresh(7), MessageId::fresh(3));
        let state = |first: MessageId, second: MessageId| json!({ "held": [first, second], "last": first });
        let numbered = |state: Value| Lots::default().numbered(&state);
        assert_eq!(numbered(state(one, other)), numbered(state(other, one)));
        assert_ne!(numbered(state(one, other)), numbered(state(one, one)));
        assert_eq!(numbered(state(drawn(0), drawn(1))), state(MessageId::fresh(1), MessageId::fresh(2)));
        assert_eq!(numbered(numbered(state(one, other))), numbered(state(one, other)), "once is enough");
    }

    #[test]
    fn an_id_that_was_not_drawn_is_left_as_it_is() {
        let said = json!({ "Paid": { "by": MessageId::named("card"), "receipt": MessageId::named("lot") } });
        assert_eq!(Lots::default().left_open(&said), said);
        let open = json!({ "Paid": { "by": MessageId::named("card"), "receipt": FRESH } });
        assert_eq!(Lots::in_fields(["receipt"]).left_open(&said), open);
    }

    #[test]
    fn lots_that_are_keys_are_lots_too() {
        let state = |id: MessageId| json!({ id.to_string(): 1 });
        let lots = Lots::default();
        assert_eq!(lots.numbered(&state(MessageId::fresh(9))), lots.numbered(&state(drawn(4))));
    }
}
