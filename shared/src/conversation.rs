//! The records of a durable conversation, and how they are stored.
//!
//! A *conversation* is a log of what happened to its messages: received,
//! started, each step completed with its output, finished, or failed. Whoever
//! dies in the middle leaves a log from which the next one goes on.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::MessageId;

/// Something that happened to a message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Record {
    /// The conversation has the message.
    Received {
        /// Which message.
        message: MessageId,
        /// When it came in, as its caller says: milliseconds since 1970.
        at: u64,
    },
    /// Somebody has begun to process it.
    Started {
        /// Which message.
        message: MessageId,
    },
    /// A step is done, and must not be done again.
    StepCompleted {
        /// Which message.
        message: MessageId,
        /// Which step: 0 for the first.
        step: u32,
        /// What came of it. Whoever resumes goes on from this.
        #[serde(with = "ports::outside::bytes")]
        output: Vec<u8>,
    },
    /// All steps are done.
    Finished {
        /// Which message.
        message: MessageId,
    },
    /// An attempt failed. The next one goes on where this one stopped.
    Failed {
        /// Which message.
        message: MessageId,
        /// Why, for whoever reads the log.
        error: String,
    },
}

/// How records are stored: JSON with a version, so that a log written today
/// can be told from one that a later release writes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    version: u32,
    record: Value,
}

/// The version that [`Record::encode`] writes.
pub const VERSION: u32 = 1;

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// Cut short, or not written by [`Record::encode`].
    #[error("it is no record: {0}")]
    Malformed(String),
    /// Written by another release.
    #[error("it has the version {0}, and this release reads {VERSION}")]
    Version(u32),
    /// Of a kind, or with fields, that this version does not have.
    #[error("version {VERSION} has no such record: {0}")]
    Unknown(String),
}

impl Record {
    /// The message that this happened to.
    #[must_use]
    pub fn message(&self) -> MessageId {
        match self {
            Self::Received { message, .. }
            | Self::Started { message }
            | Self::StepCompleted { message, .. }
            | Self::Finished { message }
            | Self::Failed { message, .. } => *message,
        }
    }

    /// The record as it is stored.
    ///
    /// # Panics
    ///
    /// Never: a record can be written as JSON.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let record = serde_json::to_value(self).expect("a record is plain data");
        serde_json::to_vec(&Envelope { version: VERSION, record }).expect("a record is plain data")
    }

    /// The record that was stored as these bytes.
    ///
    /// # Errors
    ///
    /// [`Undecodable`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let Envelope { version, record } =
            serde_json::from_slice(bytes).map_err(|error| Undecodable::Malformed(error.to_string()))?;
        if version != VERSION {
            return Err(Undecodable::Version(version));
        }
        Self::deserialize(record).map_err(|error| Undecodable::Unknown(error.to_string()))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received { .. } => formatter.write_str("Received"),
            Self::Started { .. } => formatter.write_str("Started"),
            Self::StepCompleted { step, .. } => write!(formatter, "StepCompleted({step})"),
            Self::Finished { .. } => formatter.write_str("Finished"),
            Self::Failed { error, .. } => write!(formatter, "Failed({error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> [Record; 6] {
        let message = MessageId::named("check out");
        [
            Record::Received { message, at: u64::MAX },
            Record::Started { message },
            Record::StepCompleted { message, step: u32::MAX, output: b"caf\xc3\xa9 \"1\"".to_vec() },
            Record::StepCompleted { message, step: 0, output: vec![0xff, 0, 0xfe] },
            Record::Finished { message },
            Record::Failed { message, error: "no\nreply".to_owned() },
        ]
    }

    #[test]
    fn every_record_comes_back_as_it_was() {
        for record in every_kind() {
            assert_eq!(Record::decode(&record.encode()), Ok(record));
        }
    }

    #[test]
    fn what_was_written_yesterday_is_read_today() {
        let stored = br#"{"version":1,"record":{"StepCompleted":{"message":"3f8a2c54-9d0b-5b1e-8f3e-0a4c6d7e8f90","step":2,"output":"done"}}}"#;
        let message = "3f8a2c54-9d0b-5b1e-8f3e-0a4c6d7e8f90".parse().unwrap();
        let record = Record::StepCompleted { message, step: 2, output: b"done".to_vec() };
        assert_eq!(Record::decode(stored), Ok(record.clone()));
        assert_eq!(
            serde_json::from_slice::<Value>(stored).unwrap(),
            serde_json::from_slice::<Value>(&record.encode()).unwrap()
        );
    }

    #[test]
    fn a_record_cut_short_anywhere_is_noticed() {
        for record in every_kind() {
            let stored = record.encode();
            for length in 0..stored.len() {
                let cut = Record::decode(&stored[..length]);
                assert!(matches!(cut, Err(Undecodable::Malformed(_))), "{length}: {cut:?}");
            }
        }
    }

    #[test]
    fn other_versions_kinds_and_fields_are_noticed() {
        let stored = String::from_utf8(Record::Started { message: MessageId::named("m") }.encode()).unwrap();
        let with = |from: &str, to: &str| {
            let changed = stored.replace(from, to);
            assert_ne!(changed, stored);
            Record::decode(changed.as_bytes())
        };
        assert_eq!(with("\"version\":1", "\"version\":2"), Err(Undecodable::Version(2)));
        assert!(matches!(with("Started", "Paused"), Err(Undecodable::Unknown(_))));
        assert!(matches!(with("\"message\"", "\"by\":1,\"message\""), Err(Undecodable::Unknown(_))));
        assert!(matches!(with("{\"version\"", "{\"by\":1,\"version\""), Err(Undecodable::Malformed(_))));
    }
}
