//! A run as a script that can be played with any handler, in the model or on a real
//! server.
//!
//! Scenes are about the n-th delivery of the script, and the next call of a kind in it.
//! Where a handler makes fewer calls than that of the script, the scenes about the others
//! are passed over; where it makes more, those go well, at once.
//!
//! The ids of one run mean nothing in another: on a real server they are drawn by lot. So a
//! message that was sent is known by its id, and one that was published by who published
//! it and what it says: the first different one, the second.

use std::collections::VecDeque;

use ports::{Message, MessageId};

use super::transcript::{Called, CopyFrom, Goes, Happening, Heard, Kind, Transcript};

/// A script.
#[derive(Clone, Debug)]
pub struct Script {
    /// What is sent, and to which endpoint.
    pub sent: Vec<(String, Message)>,
    /// What happens, in this order.
    pub scenes: Vec<Scene>,
    /// What is to come of each delivery: the numbers of its scenes, oldest first.
    pub deliveries: Vec<VecDeque<usize>>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Scene {
    /// A handler starts.
    Start {
        /// Which delivery it is, counted from 0.
        delivery: usize,
        /// Whose handler it is.
        endpoint: String,
        /// Which worker, of all that there are.
        worker: usize,
        /// Which message is delivered.
        logical: Logical,
        /// Why there is a copy of it.
        copy: CopyFrom,
    },
    /// A call is ruled upon.
    Call {
        /// In which delivery.
        delivery: usize,
        /// What is called.
        call: Called,
        /// How that goes.
        goes: Goes,
        /// What the caller of the script has heard.
        heard: Option<Heard>,
    },
    /// An acknowledgement is ruled upon.
    Acknowledge {
        /// In which delivery.
        delivery: usize,
        /// How that goes.
        goes: Goes,
        /// Whether it must not count, since the message is to be delivered again.
        is_kept_back: bool,
    },
    /// A document's time to live is over.
    Expire {
        /// The store, named as in [`System::store`](crate::System::store).
        store: String,
        /// Which document.
        key: String,
    },
    /// A stream forgets the last messages that it has acknowledged.
    Lose {
        /// The stream, as endpoints call it.
        stream: String,
        /// How many.
        messages: usize,
    },
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
    Said {
        /// The endpoint's name.
        by: String,
        /// The body, [without its ids](without_ids).
        says: String,
        /// Which of them.
        nth: usize,
    },
}

impl Script {
    /// The script of a run.
    #[must_use]
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
                Happening::Lost { stream, messages } => {
                    Scene::Lose { stream: stream.clone(), messages: *messages }
                }
                Happening::Other(what) => Scene::Other(what.clone()),
            };
            scenes.push(scene);
        }
        Self { sent: transcript.sent.clone(), scenes, deliveries }
    }

    /// Whether a call of this kind, or an acknowledgement, is still to come in a
    /// delivery: none stands for an acknowledgement.
    #[must_use]
    pub fn awaits(&self, delivery: usize, kind: Option<Kind>) -> bool {
        let is_it = |&scene: &usize| match &self.scenes[scene] {
            Scene::Call { call, .. } => Some(call.kind) == kind,
            Scene::Acknowledge { .. } => kind.is_none(),
            _ => false,
        };
        self.deliveries.get(delivery).is_some_and(|rest| rest.iter().any(is_it))
    }

    /// A scene of a delivery is played now, and does not come any more.
    pub fn is_due(&mut self, delivery: usize, scene: usize) {
        self.deliveries[delivery].retain(|&other| other != scene);
    }

    /// Of a delivery that does not come about, no scene is to be played.
    pub fn is_left_out(&mut self, delivery: usize) {
        self.deliveries[delivery].clear();
    }

    /// Nothing is to be played any more: everything goes on as usual.
    pub fn is_over(&mut self) {
        self.deliveries.iter_mut().for_each(VecDeque::clear);
    }
}

impl Called {
    /// Which of the calls that a handler waits for is this one of a script: the first of
    /// its kind; of several, the one that is about the same. None among them stands for
    /// what is no call.
    #[must_use]
    pub fn place_among(&self, waiting: &[Option<Called>]) -> Option<usize> {
        let says = |message: &Message| without_ids(&message.body.to_string());
        let of_kind = |other: &Option<Called>| other.as_ref().is_some_and(|other| other.kind == self.kind);
        let same = |other: &Option<Called>| {
            other.as_ref().is_some_and(|other| {
                other.store == self.store && without_ids(&other.key) == without_ids(&self.key)
                    || self.publishes.is_some()
                        && other.publishes.as_ref().map(says) == self.publishes.as_ref().map(says)
            })
        };
        let alike = waiting.iter().position(|other| of_kind(other) && same(other));
        alike.or_else(|| waiting.iter().position(of_kind))
    }

    /// What is asked for, in words that follow "to".
    #[must_use]
    pub fn in_words(&self) -> String {
        match (self.kind, &self.publishes) {
            (_, Some(message)) => format!("publish {}", message.name()),
            (Kind::Read, _) => format!("read {} in {}", without_ids(&self.key), self.store),
            (_, _) => format!("write {} in {}", without_ids(&self.key), self.store),
        }
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
    #[must_use]
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
#[must_use]
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
