//! The event store: streams that only ever grow.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StoreError;
use crate::{Message, MessageId};

/// A store of event streams with optimistic concurrency.
///
/// The *version* of a stream is the number of events in it: 0 for a stream
/// that nobody has written to. Whoever appends says which version the decision
/// was based on; if the stream has moved on, the append is refused.
///
/// ```
/// use ports::memory::MemoryPorts;
/// use ports::{Message, MessageId, NewEvent, StoreError};
///
/// let events = MemoryPorts::default().ports().events;
/// let reserve = Message::new(MessageId::named("a click"), &"Reserve");
/// let reserved = || vec![NewEvent::caused_by(&reserve, &"Reserved")];
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// assert_eq!(events.append("7c", 0, reserved()).await?, 1);
/// assert!(matches!(events.append("7c", 0, reserved()).await, Err(StoreError::Conflict { .. })));
/// // A copy is known by what it has caused.
/// assert_eq!(events.read("7c").await?[0].caused_by, reserve.id);
/// # anyhow::Ok(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait EventStore: Send + Sync {
    /// All events of a stream, oldest first; none when it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn read(&self, stream: &str) -> Result<Vec<RecordedEvent>, StoreError>;

    /// Appends events, all of them or none, and returns the new version.
    /// Appending nothing records nothing: the version stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the stream is not at `expected_version`;
    /// [`StoreError::NoReply`], after which the events may be in the stream or
    /// not; [`StoreError::Unavailable`].
    async fn append(
        &self,
        stream: &str,
        expected_version: u64,
        events: Vec<NewEvent>,
    ) -> Result<u64, StoreError>;
}

/// An event on its way into a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvent {
    /// The message that was being processed when this happened.
    pub caused_by: MessageId,
    /// What happened.
    pub body: Value,
}

impl NewEvent {
    /// An event that happened while `message` was processed.
    ///
    /// # Panics
    ///
    /// When `event` cannot be written as JSON.
    #[must_use]
    pub fn caused_by(message: &Message, event: &impl Serialize) -> Self {
        let body = serde_json::to_value(event).expect("an event must be serialisable as JSON");
        Self { caused_by: message.id, body }
    }
}

/// An event in a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedEvent {
    /// Its place in the stream: 1 for the first. The version of the stream
    /// right after this event.
    pub version: u64,
    /// The message that was being processed when this happened.
    pub caused_by: MessageId,
    /// What happened.
    pub body: Value,
}

impl RecordedEvent {
    /// What happened, read as a `T`.
    ///
    /// # Errors
    ///
    /// When the recorded event is no `T`.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        T::deserialize(&self.body)
            .map_err(|error| anyhow::anyhow!("event {} of the stream cannot be read: {error}", self.version))
    }
}
