//! A conversation that survives whoever conducts it.
//!
//! Nothing in here knows what the steps do. It knows what has been done,
//! because it has been written down: one record after the other, in a log that
//! refuses a record at a place that is taken. The records, and how they are
//! stored, are in `shared::conversation`; the log is `shared::RecordLog`.

use std::collections::BTreeMap;

use shared::conversation::{Record, Undecodable};
use shared::{MessageId, RecordLog, StoreError};

/// How many records are read at once. A log may be of any length; what is in
/// memory at a time may not.
pub const BATCH: usize = 1_024;

/// What the log says of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// When it came in, as its caller says: milliseconds since 1970.
    pub received_at: Option<u64>,
    /// Whether somebody has begun.
    pub started: bool,
    /// What came of each step that is done.
    pub outputs: BTreeMap<u32, Vec<u8>>,
    /// Whether all steps are done.
    pub finished: bool,
    /// Why the last failed attempt failed.
    pub error: Option<String>,
}

/// What the log says of all messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    messages: BTreeMap<MessageId, Progress>,
}

/// What is to be done with a copy of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Everything: the message is new.
    Start,
    /// The steps from this one on.
    Resume(u32),
    /// Nothing: it is finished.
    Skip,
}

/// Why a conversation cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// Somebody else has written to the log since it was read, or the log does
    /// not answer. Start again from the log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a record in the log that nobody can read.
    #[error("record {place} of {log} cannot be read: {reason}")]
    Undecodable {
        /// Which log.
        log: String,
        /// Which record: 0 for the first.
        place: u64,
        /// What is wrong with it.
        reason: Undecodable,
    },
    /// The log says that the last possible step is done, and nothing after it.
    #[error("step {step} of message {message} is recorded as done, and there is no number after it")]
    NoNextStep {
        /// Of which message.
        message: MessageId,
        /// Which step.
        step: u32,
    },
}

impl History {
    /// Takes in one more record. To take in the same one twice changes nothing.
    pub fn apply(&mut self, record: &Record) {
        // The record says which message it is about; a message that is heard of
        // for the first time gets an entry.
        todo!("step 1: take in {record}")
    }

    /// What is known of a message, if anything is.
    #[must_use]
    pub fn of(&self, message: MessageId) -> Option<&Progress> {
        self.messages.get(&message)
    }

    /// What is to be done with a copy of a message.
    ///
    /// # Errors
    ///
    /// [`ConversationError::NoNextStep`].
    pub fn decide(&self, message: MessageId) -> Result<Decision, ConversationError> {
        // A step has a number, and numbers end. And what does it mean for what
        // was done that something else has failed?
        todo!("step 2: start, resume or skip {message}")
    }
}

/// A conversation as far as this worker knows it.
// (Until step 4 not all of this is read.)
#[allow(dead_code)]
pub struct Conversation<'a> {
    log: &'a dyn RecordLog,
    name: String,
    history: History,
    /// Where the next record belongs, if nobody else has written since.
    next: u64,
}

impl<'a> Conversation<'a> {
    /// Reads a conversation from its log.
    ///
    /// # Errors
    ///
    /// When the log does not answer, or has a record that nobody can read.
    pub async fn recover(log: &'a dyn RecordLog, name: &str) -> Result<Self, ConversationError> {
        // Batch by batch, each forgotten once it has been taken in. How do you
        // know that a batch was the last? And if the log ends just where a
        // batch does?
        let _ = log;
        todo!("step 3: read {name}, at most {BATCH} records at a time")
    }

    /// What is known so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What came of a step that is done.
    #[must_use]
    pub fn output(&self, message: MessageId, step: u32) -> Option<&[u8]> {
        self.history.of(message)?.outputs.get(&step).map(Vec::as_slice)
    }

    /// Takes a copy of a message in, and says what is to be done with it. A new
    /// message is recorded first: only what is in the log has been received.
    ///
    /// # Errors
    ///
    /// Those of [`History::decide`] and [`record`](Self::record).
    pub async fn receive(&mut self, message: MessageId, at: u64) -> Result<Decision, ConversationError> {
        let decision = self.history.decide(message)?;
        if decision == Decision::Start {
            self.record([Record::Received { message, at }, Record::Started { message }]).await?;
        }
        Ok(decision)
    }

    /// Writes records down, all or none, at the place where this worker thinks the log
    /// ends.
    ///
    /// # Errors
    ///
    /// When somebody else has written there (a conflict), and when the log does
    /// not answer.
    pub async fn record(
        &mut self,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<(), ConversationError> {
        // Afterwards this worker knows what it has written, and where the next
        // record belongs. And when the place is taken: what does this worker
        // know then?
        let records: Vec<Record> = records.into_iter().collect();
        todo!("step 4: append {} records to the log", records.len())
    }
}
