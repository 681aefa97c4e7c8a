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
///
/// Ids, too, belong to the **whole stream**. Whoever publishes a withdrawal and
/// a refund with the id `order-1` is told that the refund is a duplicate, and
/// it is not stored.
#[async_trait]
pub trait SubjectStream: Send + Sync {
    /// Stores a message at the end of the stream, or finds that it is there
    /// already.
    ///
    /// # Errors
    ///
    /// [`StreamError::WrongLastSequence`] when the expectation does not hold;
    /// [`StreamError::NoReply`], after which the message may have been stored
    /// or not; [`StreamError::Unavailable`]; [`StreamError::Protocol`], also
    /// for what [cannot be published](Publication::check).
    async fn publish(&self, publication: Publication) -> Result<PublishAck, StreamError>;

    /// All messages whose subject matches the filter, oldest first. Whatever
    /// was acknowledged before this call is among them.
    ///
    /// # Errors
    ///
    /// [`StreamError::Unavailable`]; [`StreamError::Protocol`], also for what
    /// is [no filter](check_filter).
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
    /// its window lasts (`Nats-Msg-Id`). The window begins when the message is
    /// stored; a duplicate does not extend it.
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

    /// Whether it can be published. An adapter asks before it sends anything,
    /// since servers do not object: they store under a subject named `*`, take
    /// an empty id for none, and find that nothing matches what is no filter.
    ///
    /// # Errors
    ///
    /// [`StreamError::Protocol`] for a subject with empty parts, `*`, `>`,
    /// blanks or control characters, for an id that is empty, begins or ends
    /// with a blank or has control characters, and for what is
    /// [no filter](check_filter).
    pub fn check(&self) -> Result<(), StreamError> {
        if self.subject.split('.').any(|part| matches!(part, "*" | ">") || !is_part(part)) {
            return Err(StreamError::Protocol(format!("{:?} is no subject to publish to", self.subject)));
        }
        if let Some(id) = &self.message_id
            && (id.is_empty() || id.trim() != id || id.contains(char::is_control))
        {
            return Err(StreamError::Protocol(format!("{id:?} is no message id")));
        }
        match &self.expected {
            Some(Expected::LastSequenceOf { filter, .. }) => check_filter(filter),
            _ => Ok(()),
        }
    }
}

/// Whether this is a filter.
///
/// # Errors
///
/// [`StreamError::Protocol`] for empty parts, blanks, control characters, and
/// `>` elsewhere than at the end.
pub fn check_filter(filter: &str) -> Result<(), StreamError> {
    let parts = filter.strip_suffix(".>").unwrap_or(filter);
    if filter == ">" || parts.split('.').all(|part| part != ">" && is_part(part)) {
        return Ok(());
    }
    Err(StreamError::Protocol(format!("{filter:?} is no filter")))
}

fn is_part(part: &str) -> bool {
    !part.is_empty() && !part.contains(|character: char| character.is_whitespace() || character.is_control())
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
    /// The last message whose subject matches the filter has this sequence;
    /// what is published need not match it
    /// (`Nats-Expected-Last-Subject-Sequence-Subject`, from nats-server 2.11.7
    /// on; earlier ones **ignore** the filter, or sometimes the sequence, so the
    /// adapter refuses to ask them).
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
    /// may have been stored or not**; only looking again can tell, and if it is
    /// not there, it may still be on its way.
    #[error("no acknowledgement from the stream: the message may or may not have been stored")]
    NoReply,
    /// The adapter and the server do not understand each other.
    #[error("the stream answered with something unexpected: {0}")]
    Protocol(String),
}
