//! A conversation that survives whoever conducts it.
//!
//! Nothing in here knows what the steps do. It knows what has been done,
//! because it has been written down: one record after the other, in a log that
//! refuses a record at a place that is taken.

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
        let progress = self.messages.entry(record.message()).or_default();
        match record {
            Record::Received { at, .. } => progress.received_at = Some(*at),
            Record::Started { .. } => progress.started = true,
            Record::StepCompleted { step, output, .. } => {
                progress.outputs.insert(*step, output.clone());
            }
            Record::Finished { .. } => progress.finished = true,
            Record::Failed { error, .. } => progress.error = Some(error.clone()),
        }
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
        match self.of(message) {
            Some(progress) if progress.finished => Ok(Decision::Skip),
            // That an attempt has failed does not matter here. What was done
            // before it failed is done.
            Some(progress) => match progress.outputs.last_key_value() {
                None => Ok(Decision::Resume(0)),
                Some((&step, _)) => match step.checked_add(1) {
                    Some(next) => Ok(Decision::Resume(next)),
                    None => Err(ConversationError::NoNextStep { message, step }),
                },
            },
            None => Ok(Decision::Start),
        }
    }
}

/// A conversation as far as this worker knows it.
pub struct Conversation<'a> {
    log: &'a dyn RecordLog,
    name: String,
    history: History,
    /// Where the next record belongs, if nobody else has written since.
    next: u64,
}

impl<'a> Conversation<'a> {
    /// Reads a conversation from its log: batch by batch, each forgotten once
    /// it has been taken in.
    ///
    /// # Errors
    ///
    /// When the log does not answer, or has a record that nobody can read.
    pub async fn recover(log: &'a dyn RecordLog, name: &str) -> Result<Self, ConversationError> {
        let mut history = History::default();
        let mut next = 0;
        loop {
            let batch = log.read(name, next, BATCH).await?;
            for stored in &batch {
                let record = Record::decode(stored).map_err(|reason| ConversationError::Undecodable {
                    log: name.to_owned(),
                    place: next,
                    reason,
                })?;
                history.apply(&record);
                next += 1;
            }
            // A batch that is not full is the last one.
            if batch.len() < BATCH {
                return Ok(Self { log, name: name.to_owned(), history, next });
            }
        }
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
            // One append, all or nothing: two would only leave one more place
            // to die at.
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
    /// not answer. Both mean that this worker does not know the log any more.
    /// To try again at the next place would be to act on a history one has not
    /// read, so it is left to the caller, who starts again from the log.
    pub async fn record(
        &mut self,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<(), ConversationError> {
        let records: Vec<Record> = records.into_iter().collect();
        let encoded = records.iter().map(Record::encode).collect();
        self.next = self.log.append(&self.name, self.next, encoded).await?;
        records.iter().for_each(|record| self.history.apply(record));
        Ok(())
    }
}
