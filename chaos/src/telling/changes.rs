//! What a write changes, in words: `items +cake, outbox −‹AddItem(tea)›`.

use serde_json::{Map, Value};

use super::names::says_its_name;
use super::story::Teller;
use crate::guarantee::diagnosis::minus;

impl Teller<'_> {
    /// What is different in `new`, if that can be said in less than so many characters.
    /// What takes something away may take half as many again: all that is left does not
    /// tell it.
    pub(super) fn change(&self, old: &[u8], new: &[u8], room: usize) -> Option<String> {
        let (old, new) = (serde_json::from_slice(old).ok()?, serde_json::from_slice(new).ok()?);
        if old == new {
            return Some("unchanged".to_owned());
        }
        let mut changes = Vec::new();
        self.changes("", &old, &new, &mut changes);
        let room = if takes_away(&old, &new) { room + room / 2 } else { room };
        let told = changes.join(", ");
        (told.chars().count() < room).then_some(told)
    }

    fn changes(&self, path: &str, old: &Value, new: &Value, changes: &mut Vec<String>) {
        match (old, new) {
            _ if old == new => {}
            (Value::Object(before), Value::Object(after))
                if !is_one_thing(before) && !is_one_thing(after) =>
            {
                let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
                changes.extend(gone.map(|(name, _)| at(path, &format!("−{}", self.field(name)))));
                for (name, value) in after {
                    match before.get(name) {
                        Some(before) => {
                            self.changes(&joined(path, &self.field(name)), before, value, changes);
                        }
                        None if is_nothing(value) => {
                            changes.push(at(path, &format!("+{}", self.field(name))));
                        }
                        None => {
                            changes.push(at(path, &format!("+{}: {}", self.field(name), self.value(value))));
                        }
                    }
                }
            }
            (Value::Array(_), Value::Array(after)) if after.is_empty() => {
                changes.push(at(path, "emptied"));
            }
            (Value::Array(before), Value::Array(after)) => {
                let (gone, come) = (minus(before, after), minus(after, before));
                if gone.len() + come.len() > 0 && gone.len() + come.len() <= after.len().max(2) {
                    let gone = gone.iter().map(|value| format!("−{}", self.value(value)));
                    let come = come.iter().map(|value| format!("+{}", self.value(value)));
                    changes.push(at(path, &gone.chain(come).collect::<Vec<_>>().join(" ")));
                } else {
                    changes.push(at(path, &format!("now {}", self.value(new))));
                }
            }
            _ if is_a_word(old) && is_a_word(new) => {
                changes.push(at(path, &format!("{} → {}", self.value(old), self.value(new))));
            }
            _ => changes.push(at(path, &format!("now {}", self.value(new)))),
        }
    }
}

/// A number, a name, yes or no.
fn is_a_word(value: &Value) -> bool {
    matches!(value, Value::Number(_) | Value::String(_) | Value::Bool(_))
}

/// Whether something that was there is there no more, or a number is smaller.
fn takes_away(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().any(|(name, value)| after.get(name).is_none_or(|other| takes_away(value, other)))
        }
        (Value::Array(before), Value::Array(after)) => !minus(before, after).is_empty(),
        (Value::Number(before), Value::Number(after)) => before.as_f64() > after.as_f64(),
        _ => false,
    }
}

/// Whether these fields are told as one thing: a message, or what an event says.
fn is_one_thing(fields: &Map<String, Value>) -> bool {
    says_its_name(fields) || fields.len() == 2 && fields.contains_key("id") && fields.contains_key("body")
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn at(path: &str, change: &str) -> String {
    if path.is_empty() { change.to_owned() } else { format!("{path} {change}") }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
