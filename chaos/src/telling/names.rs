//! What things are called in a story: messages by what they say, ids by the
//! messages that they name, versions by their number.

use std::sync::Arc;

use ports::outside::Model;
use ports::{Message, MessageId, words};
use serde_json::{Map, Value};

use super::steps::{message_at, put_out};
use super::story::Teller;
use crate::handler::call::{ObjectKey, Reply, bytes_in_words};
use crate::handler::text::{Id, Ids, Text};
use crate::world::step::{CallOutcome, Step};

impl Teller<'_> {
    pub(super) fn text(&self, text: &Text) -> String {
        self.transitions.texts().string(text)
    }

    pub(super) fn message(&self, text: &Text) -> String {
        self.speaker.message(&self.transitions.texts().bytes(text))
    }

    pub(super) fn key_name(&self, object: &ObjectKey) -> String {
        let key = self.text(&object.key);
        // An id may have something after it: the number of an attempt, say.
        let (id, rest) = key.split_at_checked(36).unwrap_or((&key, ""));
        match self.name_of(id) {
            Some(name) => format!("{name}{rest}"),
            None => format!("{}{rest}", words::plain(&id.into())),
        }
    }

    pub(super) fn object_name(&self, object: &ObjectKey) -> String {
        let key = self.key_name(object);
        // Of several endpoints, each has an order-1 of its own.
        if self.transitions.stores.is_main(object.store) && !self.several_endpoints {
            return key;
        }
        format!("{} {key}", self.transitions.stores.label(object.store))
    }

    pub(super) fn etag(&mut self, object: &ObjectKey, etag: Id) -> String {
        let known = |(key, id): &&(ObjectKey, Id)| key == object && *id == etag;
        if self.etags.iter().find(known).is_none() {
            self.etags.push((object.clone(), etag));
        }
        self.version(object, etag).unwrap_or_default()
    }

    /// What the story calls a version, if it has come up in it.
    pub(super) fn version(&self, object: &ObjectKey, etag: Id) -> Option<String> {
        let mut of_object = self.etags.iter().filter(|(key, _)| key == object);
        of_object.position(|(_, id)| *id == etag).map(|place| format!("v{}", place + 1))
    }

    pub(super) fn outside(&self, object: &ObjectKey) -> Arc<dyn Model> {
        let outside = self.transitions.stores.outside(object.store).expect("only what is outside is asked");
        Arc::clone(&outside.model)
    }

    /// Says so if an id is not what it should be: the same message leads to the same
    /// content under another id, or two things have one.
    pub(super) fn other_id(&self, text: &Text) -> String {
        let read =
            |text: &Text| serde_json::from_slice::<Message>(&self.transitions.texts().bytes(text)).ok();
        let Some(message) = read(text) else { return String::new() };
        let cause = message_at(self.transitions, self.trace, self.at);
        let earlier = (0..self.at).filter_map(|number| {
            let published = self.published_in(number)?;
            Some((read(&published)?, message_at(self.transitions, self.trace, number)))
        });
        let sent = self.transitions.sent.iter().filter_map(|copy| Some((read(&copy.message)?, None)));
        for (other, by) in sent.chain(earlier) {
            let (same_id, same_content) = (other.id == message.id, other.body == message.body);
            if same_id && !same_content {
                return format!(" under the id of {}", self.speaker.body(&other.body));
            }
            if same_id && by.is_some() && by != cause {
                return " under the id of an earlier one".to_owned();
            }
            if same_content && !same_id && by.is_some() && by == cause {
                return " under another id".to_owned();
            }
        }
        String::new()
    }

    /// What is published in a step, if it gets through at once.
    fn published_in(&self, number: usize) -> Option<Text> {
        let taken = &self.trace.taken()[number];
        let (Step::Call { outcome, .. } | Step::Dispatch { outcome, .. }) = taken.step else { return None };
        let gets_through =
            matches!(outcome, CallOutcome::Ok | CallOutcome::ReplyLost | CallOutcome::CrashAfter);
        put_out(self.transitions, taken).filter(|_| gets_through)
    }

    /// What a deadline is called: d1, d2, … in the order in which they were set.
    pub(super) fn deadline(&self, deadline: Id) -> String {
        let set = self.trace.taken().iter().filter_map(|taken| match taken.applied.reply {
            Some(Reply::Deadline(id)) => Some(id),
            _ => None,
        });
        let place = set.into_iter().position(|id| id == deadline);
        place.map_or_else(|| self.text(&Text::etag(deadline)), |place| format!("d{}", place + 1))
    }

    /// The deadline that a text is the name of; or the text itself.
    pub(super) fn deadline_in(&self, text: &Text) -> String {
        text.sole_id().map_or_else(|| words::plain(&self.text(text).into()), |id| self.deadline(id))
    }

    /// A document's body, as much of it as fits into a few lines; nothing, if there is
    /// nothing in it.
    pub(super) fn body(&self, body: &Text) -> String {
        const MOST: usize = 150;
        let bytes = self.transitions.texts().bytes(body);
        if bytes.is_empty() {
            return String::new();
        }
        let text = match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => self.value(&value),
            Err(_) => bytes_in_words(&bytes),
        };
        if text.chars().nth(MOST).is_none() {
            return text;
        }
        let head: String = text.chars().take(MOST).collect();
        format!("{head}… ({} bytes)", words::thousands(bytes.len() as u128))
    }

    /// A JSON value without its quotes: ids of messages replaced by what the
    /// messages say, and messages and events by what they say.
    pub(super) fn value(&self, value: &Value) -> String {
        match value {
            Value::String(text) => self.name_of(text).unwrap_or_else(|| words::plain(value)),
            Value::Array(items) => format!("[{}]", words::list(items.iter().map(|item| self.value(item)))),
            Value::Object(fields) => {
                match (fields.get("id"), fields.get("body").and_then(Value::as_object)) {
                    (Some(_), Some(body)) if fields.len() == 2 && says_its_name(body) => {
                        // One of two that say the same is told apart by its id.
                        match serde_json::from_value::<Message>(value.clone()) {
                            Ok(message) => self.speaker.said(&message),
                            Err(_) => self.speaker.body(&fields["body"]),
                        }
                    }
                    _ if says_its_name(fields) => self.speaker.body(&self.named(value)),
                    _ => {
                        let fields = fields
                            .iter()
                            .map(|(name, value)| format!("{}: {}", self.field(name), self.value(value)));
                        format!("{{{}}}", words::list(fields))
                    }
                }
            }
            other => other.to_string(),
        }
    }

    /// The same, with what messages say in the place of their ids.
    fn named(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.name_of(text).map_or_else(|| value.clone(), Value::String),
            Value::Array(items) => items.iter().map(|item| self.named(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, inner)| (name.clone(), self.named(inner))).collect()
            }
            other => other.clone(),
        }
    }

    /// The name of a field: that of a message, if it is an id.
    pub(super) fn field(&self, name: &str) -> String {
        self.name_of(name).unwrap_or_else(|| words::plain(&name.into()))
    }

    /// What a handler says, with the names of messages in the place of their
    /// ids. `ids` are the world's names of the ids that its delivery knows.
    pub(super) fn in_words(&mut self, raw: &str, ids: Option<&Ids>) -> String {
        const LENGTH: usize = 36;
        let mut text = self.transitions.rehearsal.texts.intern(raw.as_bytes());
        if let Some(ids) = ids {
            text = text.map(|id| ids.get(id as usize).copied().unwrap_or(id));
        }
        let text = self.text(&text);
        let mut words = String::new();
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            let id = rest.get(..LENGTH).filter(|id| uuid::Uuid::try_parse(id).is_ok());
            match id {
                Some(id) => {
                    words.push_str(&self.name_of(id).unwrap_or_else(|| words::plain(&id.into())));
                    rest = &rest[LENGTH..];
                }
                None => {
                    words.push(character);
                    rest = &rest[character.len_utf8()..];
                }
            }
        }
        words
    }

    /// What the message with this id says, if it is known.
    pub(super) fn name_of(&self, text: &str) -> Option<String> {
        let id: MessageId = text.parse().ok()?;
        let set = || {
            self.trace.taken().iter().find_map(|taken| match taken.applied.reply {
                Some(Reply::Deadline(id)) if self.text(&Text::etag(id)) == text => Some(self.deadline(id)),
                _ => None,
            })
        };
        // An id is named by what it becomes: what is published in the end counts.
        let said = self.trace.end().published.iter().chain(&self.transitions.sent).find_map(|copy| {
            let message: Message =
                serde_json::from_slice(&self.transitions.texts().bytes(&copy.message)).ok()?;
            (message.id == id).then(|| format!("‹{}›", self.speaker.said(&message)))
        });
        said.or_else(set)
    }

    /// A text with JSON told as everywhere else, and with what messages say in the place
    /// of their ids, where these stand in quotation marks.
    pub(super) fn with_names(&self, text: &str) -> String {
        let mut told = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let mut values = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<Value>();
            let Some(Ok(value)) = values.next() else { break };
            let length = values.byte_offset();
            told.push_str(&self.with_named_ids(&rest[..start]));
            told.push_str(&self.value(&value));
            rest = &rest[start + length..];
        }
        told + &self.with_named_ids(rest)
    }

    fn with_named_ids(&self, text: &str) -> String {
        let mut told = String::new();
        let mut marked = false;
        for (place, part) in text.split('"').enumerate() {
            let name = self.name_of(part);
            if place > 0 && !marked && name.is_none() {
                told.push('"');
            }
            told.push_str(name.as_deref().unwrap_or(part));
            marked = name.is_some();
        }
        told
    }
}

/// Whether these fields are an event, or what a message says: a name, and what belongs
/// to it.
pub(super) fn says_its_name(fields: &Map<String, Value>) -> bool {
    fields.len() == 1
        && fields.iter().all(|(name, inner)| {
            name.starts_with(|first: char| first.is_ascii_uppercase()) && inner.is_object()
        })
}
