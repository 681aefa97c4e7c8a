//! A story of the engine as a script that can be played with any handler.
//!
//! The engine's ids mean nothing elsewhere: on a real server they are drawn by lot. So a
//! message that was sent is known by its number, and one that was published by who
//! published it and what it says: the first different one, the second.

use std::collections::VecDeque;

use chaos::transcript::{Called, CopyFrom, Goes, Happening, Heard, Transcript};
use ports::{Message, MessageId};

/// A script.
pub struct Script {
    /// What is sent, and to which endpoint.
    pub sent: Vec<(String, Message)>,
    /// What happens, in this order.
    pub scenes: Vec<Scene>,
    /// What is to come of each delivery: the numbers of its scenes, oldest first.
    pub deliveries: Vec<VecDeque<usize>>,
}

/// One thing that happens.
pub enum Scene {
    /// A handler starts.
    Start { delivery: usize, endpoint: String, worker: usize, logical: Logical, copy: CopyFrom },
    /// A call is ruled upon.
    Call { delivery: usize, call: Called, goes: Goes, heard: Option<Heard> },
    /// An acknowledgement is ruled upon. `is_kept_back`: it must not count, since the
    /// message is to be delivered again.
    Acknowledge { delivery: usize, goes: Goes, is_kept_back: bool },
    /// A document's time to live is over.
    Expire { store: String, key: String },
    /// Something that only the model has.
    Other(String),
}

/// Which message it is, whatever its id.
#[derive(Clone, Debug, PartialEq)]
pub enum Logical {
    /// What was sent under this id.
    Sent(MessageId),
    /// Of the different messages that this endpoint has published and that say this, the
    /// n-th, counted from 0.
    Said { by: String, says: String, nth: usize },
}

impl Script {
    /// The script of a run.
    pub fn of(transcript: &Transcript) -> Self {
        let mut scenes = Vec::new();
        let mut deliveries: Vec<VecDeque<usize>> = Vec::new();
        let mut endpoints: Vec<&str> = Vec::new();
        let mut said = Vec::new();
        let happenings = &transcript.happenings;
        for (place, happening) in happenings.iter().enumerate() {
            let scene = match happening {
                Happening::Delivered { endpoint, worker, message, copy } => {
                    endpoints.push(endpoint);
                    deliveries.push(VecDeque::new());
                    let logical = logical(&transcript.sent, &said, message);
                    let (delivery, endpoint) = (deliveries.len() - 1, endpoint.clone());
                    Scene::Start { delivery, endpoint, worker: *worker, logical, copy: *copy }
                }
                Happening::Called { delivery, call, goes, heard } => {
                    deliveries[*delivery].push_back(scenes.len());
                    let has_effect = matches!(goes, Goes::Well | Goes::ReplyLost | Goes::CrashesAfter);
                    if let (Some(message), true) = (&call.publishes, has_effect) {
                        says(&mut said, endpoints[*delivery], message);
                    }
                    Scene::Call { delivery: *delivery, call: call.clone(), goes: *goes, heard: *heard }
                }
                Happening::Acknowledged { delivery, goes, in_vain } => {
                    deliveries[*delivery].push_back(scenes.len());
                    let again = happenings[place..].iter().any(|later| {
                        let of_queue = |copy: &CopyFrom| *copy == CopyFrom::Queue;
                        matches!(later, Happening::Delivered { endpoint, message, copy, .. }
                            if of_queue(copy)
                                && endpoint == endpoints[*delivery]
                                && is_of(happenings, *delivery, message))
                    });
                    let is_kept_back = *in_vain && again;
                    Scene::Acknowledge { delivery: *delivery, goes: *goes, is_kept_back }
                }
                Happening::Expired { store, key } => Scene::Expire { store: store.clone(), key: key.clone() },
                Happening::Other(what) => Scene::Other(what.clone()),
                _ => Scene::Other("something that is not known here".to_owned()),
            };
            scenes.push(scene);
        }
        Self { sent: transcript.sent.clone(), scenes, deliveries }
    }

    /// Whether a call of this kind, or an acknowledgement, is still to come in a
    /// delivery.
    pub fn awaits(&self, delivery: usize, is_of_kind: impl Fn(&Scene) -> bool) -> bool {
        self.deliveries[delivery].iter().any(|&scene| is_of_kind(&self.scenes[scene]))
    }
}

/// Whether the n-th delivery was one of this message.
fn is_of(happenings: &[Happening], delivery: usize, message: &Message) -> bool {
    let deliveries = happenings.iter().filter_map(|happening| match happening {
        Happening::Delivered { message, .. } => Some(message),
        _ => None,
    });
    deliveries.clone().nth(delivery).is_some_and(|delivered| delivered == message)
}

/// What was published, in the order in which it was first.
pub type AllSaid = Vec<(String, Message)>;

/// Remembers what an endpoint has published.
pub fn says(said: &mut AllSaid, by: &str, message: &Message) {
    if !said.iter().any(|(other, known)| other == by && known == message) {
        said.push((by.to_owned(), message.clone()));
    }
}

fn logical(sent: &[(String, Message)], said: &AllSaid, message: &Message) -> Logical {
    if sent.iter().any(|(_, known)| known == message) {
        return Logical::Sent(message.id);
    }
    let by = said.iter().find(|(_, known)| known == message).map(|(by, _)| by.clone()).unwrap_or_default();
    let says = without_ids(&message.body.to_string());
    let alike =
        said.iter().filter(|(other, known)| *other == by && without_ids(&known.body.to_string()) == says);
    let nth = alike.clone().position(|(_, known)| known == message).unwrap_or_default();
    Logical::Said { by, says, nth }
}

impl Logical {
    /// The message that it is, where this was published. None if it is not there (yet).
    pub fn find(&self, sent: &[(String, Message)], said: &AllSaid) -> Option<Message> {
        match self {
            Self::Sent(id) => sent.iter().find(|(_, message)| message.id == *id).map(|(_, it)| it.clone()),
            Self::Said { by, says, nth } => {
                let alike = said.iter().filter(|(other, message)| {
                    other == by && without_ids(&message.body.to_string()) == *says
                });
                alike.map(|(_, message)| message.clone()).nth(*nth)
            }
        }
    }
}

/// A text in which every id is the same.
pub fn without_ids(text: &str) -> String {
    const LENGTH: usize = 36;
    let mut rest = text;
    let mut out = String::new();
    while let Some(next) = rest.chars().next() {
        let id = rest.get(..LENGTH).filter(|part| part.parse::<MessageId>().is_ok());
        let taken = if id.is_some() { LENGTH } else { next.len_utf8() };
        out.push_str(if id.is_some() { "#" } else { &rest[..taken] });
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(id: &str, body: serde_json::Value) -> Message {
        Message { id: MessageId::named(id), body }
    }

    #[test]
    fn ids_are_not_looked_at() {
        let [one, other] = ["one", "other"].map(|name| format!("é/{}!", MessageId::named(name)));
        assert_ne!(one, other);
        assert_eq!(without_ids(&one), "é/#!");
        assert_eq!(without_ids(&one), without_ids(&other));
    }

    #[test]
    fn of_messages_that_say_the_same_the_second_is_another_one() {
        let said: AllSaid =
            ["a", "b"].map(|id| ("orders".to_owned(), message(id, json!({ "Added": "tea" })))).to_vec();
        let second = logical(&[], &said, &said[1].1);
        let elsewhere: AllSaid =
            ["c", "d"].map(|id| ("orders".to_owned(), message(id, json!({ "Added": "tea" })))).to_vec();
        assert_eq!(second.find(&[], &elsewhere), Some(elsewhere[1].1.clone()));
        assert_eq!(second.find(&[], &elsewhere[..1].to_vec()), None);
    }
}
