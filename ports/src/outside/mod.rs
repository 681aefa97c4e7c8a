//! What lies outside the process, as pure functions of its state: streams,
//! logs, other people's services.
//!
//! Each is a [`Model`]: given its state and a request, it says what it answers
//! and what its state is then. Whoever holds the state decides what may go
//! wrong on the way. In memory nothing does; in the chaos engine the state is
//! part of the simulated world, and every call a choice. The ports are the
//! same client over either [`Wire`], so what is explored is what was tested.

mod log;
mod service;
mod stream;

use async_trait::async_trait;
use std::time::Duration;

use crate::Snapshot;

pub use log::{LogClient, LogModel, ToldLogs};
pub use service::{Effect, ServiceClient, ServiceModel};
pub use stream::{CheckFirst, StreamClient, StreamModel, Syncs, subject_matches};

/// Something outside, as a function of its state. A state of no bytes is one
/// in which nothing has happened.
pub trait Model: Send + Sync {
    /// What it answers to a request, and what it is afterwards.
    ///
    /// # Panics
    ///
    /// When state or request were not made by the model and its client.
    fn answer(&self, state: &[u8], request: &[u8]) -> Turn;

    /// Whether a request that was answered before is answered as it was then,
    /// and changes nothing, for as long as nothing is forgotten: what an
    /// idempotency key buys.
    fn repeats(&self) -> bool {
        false
    }

    /// Whether what it has done is done elsewhere, by other people: it is part
    /// of the outcome, but no rule of the endpoint's own can look at it.
    fn is_elsewhere(&self) -> bool {
        false
    }

    /// Whether what it was to [remember](Turn::remembers) is forgotten once its
    /// time has passed. Where it is not, only a rule can make it forget.
    fn forgets_by_clock(&self) -> bool {
        true
    }

    /// Whether this request will be refused in every state that can follow, and
    /// with the same reply in all of them. (A stream's refusal says what is
    /// there instead, and that can change.)
    fn refuses_for_ever(&self, _state: &[u8], _request: &[u8]) -> bool {
        false
    }

    /// The state when something that it was to [remember](Turn::remembers) has
    /// been forgotten.
    fn forget(&self, state: &[u8], _what: &str) -> Vec<u8> {
        state.to_vec()
    }

    /// What is forgotten, in words: "the window of … is over".
    fn say_forgotten(&self, what: &str) -> String {
        what.to_owned()
    }

    /// How it forgets what it has acknowledged, if it can: not at all, where everything
    /// is on the disk before it is acknowledged.
    fn unsynced(&self) -> Option<&dyn Unsynced> {
        None
    }

    /// Puts a state into a snapshot: what is called `name`, about `key`.
    fn show(&self, snapshot: &mut Snapshot, name: &str, key: &str, state: &[u8]);

    /// The request in words: "publishes …".
    fn say_request(&self, request: &[u8]) -> String;

    /// The answer in words: "stored as 3"; nothing, where it goes without saying.
    fn say_reply(&self, reply: &[u8]) -> String;
}

/// What a request led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The answer.
    pub reply: Vec<u8>,
    /// The new state, if it is another one.
    pub state: Option<Vec<u8>>,
    /// Whether it was refused: a request to change something that changed
    /// nothing, and did not find it done either.
    pub refused: bool,
    /// What is remembered from now on, and for how long at least.
    pub remembers: Option<(String, Duration)>,
}

/// Something that acknowledges before it has synced. Where its machine loses power in
/// between, the last things that it has acknowledged are gone, and whatever it was to
/// [remember](Turn::remembers) of them. Of what is asked about several keys, only what
/// is about the empty one can be lost.
pub trait Unsynced {
    /// How many of the last things in a state may be gone at once.
    fn unsynced(&self, state: &[u8]) -> usize;

    /// What is left when the last `lost` things are gone, of so many at most.
    fn lose(&self, state: &[u8], lost: usize) -> Loss;

    /// What is gone then, in words: "the stream forgets …".
    fn say_lost(&self, state: &[u8], lost: usize) -> String;
}

/// What is left when what was acknowledged is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The state.
    pub state: Vec<u8>,
    /// What was to be [remembered](Turn::remembers), and is not any more.
    pub forgotten: Vec<String>,
}

/// How a client reaches what is outside.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Sends a request about `key`, and waits for the answer. `writes` says
    /// whether the request can change anything.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`].
    async fn ask(&self, key: &str, request: Vec<u8>, writes: bool) -> Result<Vec<u8>, NoAnswer>;
}

/// Nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The request did not get there.
    #[error("it cannot be reached")]
    Unavailable,
    /// It may have got there or not.
    #[error("no reply: the request may or may not have got there")]
    NoReply,
}

/// Bytes within JSON, for `#[serde(with = "…")]`: as text where they are text,
/// so that ids in them can be found.
pub mod bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form<'a> {
        Text(std::borrow::Cow<'a, str>),
        Bytes(Vec<u8>),
    }

    /// Writes bytes as a string where they are UTF-8, else as numbers.
    ///
    /// # Errors
    ///
    /// The serializer's own.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Form::Text(text.into()).serialize(serializer),
            Err(_) => Form::Bytes(bytes.to_vec()).serialize(serializer),
        }
    }

    /// Reads what [`serialize`] has written.
    ///
    /// # Errors
    ///
    /// When it is neither a string nor numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => text.into_owned().into_bytes(),
            Form::Bytes(bytes) => bytes,
        })
    }
}

fn encode(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("what goes over the wire can be written as JSON")
}

fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_slice(bytes).expect("model and client speak the same language")
}

#[cfg(test)]
mod tests {
    use crate::Publication;

    #[test]
    fn bytes_come_back_as_they_were() {
        for body in [&b"text \"quoted\" \xc3\xa9"[..], b"", b"\xff\x00\xfe", b"[1,2]"] {
            let publication = Publication::new("a", body);
            assert_eq!(super::decode::<Publication>(&super::encode(&publication)), publication);
        }
    }
}
