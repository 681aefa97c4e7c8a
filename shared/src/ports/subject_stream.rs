//! A stream of messages under subjects, as NATS JetStream keeps it: published
//! with expectations, read by filter.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A stream that many publish to, each message under a subject
/// (`refund.order-1`).
///
/// Messages are numbered through the **whole stream**: the first one has the
/// sequence 1, whatever its subject. What has been stored stays as it is.
///
/// Filters are subjects in which a part between dots may be `*`, any one part,
/// and the last may be `>`, one or more parts: `*.order-1`, `refund.>`.
#[async_trait]
pub trait SubjectStream: Send + Sync {
    /// Stores a message at the end of the stream, or finds that it is there
    /// already.
    ///
    /// # Errors
    ///
    /// [`StreamError::WrongLastSequence`] when the expectation does not hold;
    /// [`StreamError::NoReply`], after which the message may have been stored
    /// or not; [`StreamError::Unavailable`]; [`StreamError::Protocol`].
    async fn publish(&self, publication: Publication) -> Result<PublishAck, StreamError>;

    /// All messages whose subject matches the filter, oldest first. Whatever
    /// was acknowledged before this call is among them.
    ///
    /// # Errors
    ///
    /// [`StreamError::Unavailable`]; [`StreamError::Protocol`].
    async fn read(&self, filter: &str) -> Result<Vec<StreamMessage>, StreamError>;
}

/// A message on its way into a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Under which subject: parts between dots, without `*` and `>`.
    pub subject: String,
    /// What it says.
    #[serde(with = "crate::outside::bytes")]
    pub body: Vec<u8>,
    /// By which name the stream recognises another copy of it, for as long as
    /// its window lasts (`Nats-Msg-Id`).
    pub message_id: Option<String>,
    /// What must be true of the stream, or else nothing is stored.
    pub expected: Option<Expected>,
}

impl Publication {
    /// A message without name or expectation: stored in any case.
    #[must_use]
    pub fn new(subject: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { subject: subject.into(), body: body.into(), message_id: None, expected: None }
    }

    /// With a name by which copies are recognised.
    #[must_use]
    pub fn with_id(mut self, message_id: impl ToString) -> Self {
        self.message_id = Some(message_id.to_string());
        self
    }

    /// With an expectation.
    #[must_use]
    pub fn expecting(mut self, expected: Expected) -> Self {
        self.expected = Some(expected);
        self
    }
}

/// What a publisher expects of a stream. All numbers are sequences **of the
/// stream**; 0 says that there is no such message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expected {
    /// The last message of the whole stream has this sequence
    /// (`Nats-Expected-Last-Sequence`).
    LastSequence(u64),
    /// The last message under the subject that is published to has this
    /// sequence (`Nats-Expected-Last-Subject-Sequence`).
    LastSubjectSequence(u64),
    /// The last message whose subject matches the filter has this sequence
    /// (`Nats-Expected-Last-Subject-Sequence-Subject`; nats-server 2.10 has
    /// it only for a subject without wildcards, see the adapter).
    LastSequenceOf {
        /// Which subjects.
        filter: String,
        /// The sequence of their last message.
        sequence: u64,
    },
}

/// The stream has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishAck {
    /// Where in the stream the message is.
    pub sequence: u64,
    /// Whether a message of this id had been there already, so that nothing
    /// was stored. The sequence is that of the one that is there.
    pub duplicate: bool,
}

/// A message in a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamMessage {
    /// Its place in the whole stream: 1 for the first.
    pub sequence: u64,
    /// Under which subject.
    pub subject: String,
    /// What it says.
    #[serde(with = "crate::outside::bytes")]
    pub body: Vec<u8>,
    /// The name it was published with, if any.
    pub message_id: Option<String>,
}

/// Why a stream did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum StreamError {
    /// The expectation does not hold: somebody else has published since you
    /// looked, **or it was you**, and the acknowledgement was lost. Nothing
    /// was stored by this call.
    #[error("not what was expected: the last sequence is {actual}")]
    WrongLastSequence {
        /// What the last sequence is, of the stream, subject or filter that
        /// the expectation is about.
        actual: u64,
    },
    /// The stream could not be reached. Nothing was read or stored.
    #[error("the stream is unavailable")]
    Unavailable,
    /// The request went out and no acknowledgement came back. **The message
    /// may have been stored or not**; only looking again can tell.
    #[error("no acknowledgement from the stream: the message may or may not have been stored")]
    NoReply,
    /// The adapter and the server do not understand each other.
    #[error("the stream answered with something unexpected: {0}")]
    Protocol(String),
}
