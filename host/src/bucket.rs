//! A key-value bucket, as a stream with expectations.

use async_nats::jetstream::message::PublishMessage;
use async_trait::async_trait;
use ports::{Expected, Publication, PublishAck, StreamError, StreamMessage, SubjectStream};

use crate::connection::{Connection, Failure};
use crate::kv::{KvStore, key_of, marker};

/// What a bucket holds under a key: a document, or the marker of a delete. Those are the
/// bodies of what is published to it and read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// This document.
    Document(Vec<u8>),
    /// Nothing any more: somebody has deleted it.
    Deleted,
}

/// What is in front of a document. A marker has nothing else.
const DOCUMENT: &[u8] = b"document ";
const MARK: &[u8] = b"deleted";

impl Entry {
    /// The body of a message.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Document(body) => [DOCUMENT, body].concat(),
            Self::Deleted => MARK.to_vec(),
        }
    }

    /// What the body of a message says.
    ///
    /// # Errors
    ///
    /// [`StreamError::Protocol`] if it is neither.
    pub fn read(body: &[u8]) -> Result<Self, StreamError> {
        match body.strip_prefix(DOCUMENT) {
            Some(document) => Ok(Self::Document(document.to_vec())),
            None if body == MARK => Ok(Self::Deleted),
            None => Err(StreamError::Protocol("a bucket holds documents and markers only".to_owned())),
        }
    }
}

/// A bucket as the stream that it is: its subjects are keys behind the name of the bucket
/// (`orders.order-1`), all keys are numbered together, and of each only the last message is
/// kept. [`KvStore`] and `nats kv` see the same bucket: there a marker is a header.
#[derive(Clone, Debug)]
pub struct Bucket(KvStore);

impl Bucket {
    /// The bucket of this name, which is created unless it is there.
    ///
    /// # Errors
    ///
    /// As for [`KvStore::open`].
    pub async fn open(connection: &Connection, name: &str) -> Result<Self, ports::StoreError> {
        KvStore::open(connection, name).await.map(Self)
    }

    /// The subject on the server.
    fn subject(&self, subject: &str) -> Result<String, StreamError> {
        let name = self.0.bucket();
        let key = subject.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
        let key = key.ok_or_else(|| {
            StreamError::Protocol(format!("{subject:?} is no subject of the bucket {name}"))
        })?;
        Ok(self.0.subject(key))
    }
}

#[async_trait]
impl SubjectStream for Bucket {
    async fn publish(&self, publication: Publication) -> Result<PublishAck, StreamError> {
        publication.check()?;
        let subject = self.subject(&publication.subject)?;
        let message = match Entry::read(&publication.body)? {
            Entry::Document(body) => PublishMessage::build().payload(body.into()),
            Entry::Deleted => marker(),
        };
        let message = match &publication.expected {
            None => message,
            Some(Expected::LastSequence(number)) => message.expected_last_sequence(*number),
            Some(Expected::LastSubjectSequence(number)) => message.expected_last_subject_sequence(*number),
            Some(Expected::LastSequenceOf { filter, sequence }) if *filter == publication.subject => {
                message.expected_last_subject_sequence(*sequence)
            }
            Some(Expected::LastSequenceOf { filter, .. }) => {
                return Err(StreamError::Protocol(format!("a bucket expects nothing of {filter:?}")));
            }
        };
        match self.0.connection().store(subject.clone(), message).await {
            Ok(sequence) => Ok(PublishAck { sequence, duplicate: false }),
            Err(Failure::Refused) => {
                let last = self.0.connection().last(&self.0.stream(), &subject).await;
                let actual = last.map_err(Failure::of_stream)?.map_or(0, |(number, _)| number);
                Err(StreamError::WrongLastSequence { actual })
            }
            Err(failure) => Err(failure.of_stream()),
        }
    }

    /// The last message under this subject, if there is one; of several subjects, the last
    /// of each.
    async fn read(&self, filter: &str) -> Result<Vec<StreamMessage>, StreamError> {
        if !filter.contains('*') && !filter.ends_with('>') {
            let subject = self.subject(filter)?;
            let last =
                self.0.connection().last(&self.0.stream(), &subject).await.map_err(Failure::of_stream)?;
            return Ok(last
                .map(|(sequence, stored)| StreamMessage {
                    sequence,
                    subject: filter.to_owned(),
                    body: entry(stored.deleted, stored.body).to_bytes(),
                    message_id: None,
                })
                .into_iter()
                .collect());
        }
        let everything =
            self.0.connection().everything(&self.0.stream()).await.map_err(Failure::of_stream)?;
        let mut matching = Vec::new();
        for stored in everything {
            let key = key_of(&stored.subject).map_err(|error| StreamError::Protocol(error.to_string()))?;
            let subject = format!("{}.{key}", self.0.bucket());
            if ports::outside::subject_matches(filter, &subject) {
                let body = entry(stored.deleted, stored.body).to_bytes();
                matching.push(StreamMessage { sequence: stored.number, subject, body, message_id: None });
            }
        }
        Ok(matching)
    }
}

fn entry(deleted: bool, body: Vec<u8>) -> Entry {
    if deleted { Entry::Deleted } else { Entry::Document(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_being_a_body() {
        for entry in [Entry::Deleted, Entry::Document(Vec::new()), Entry::Document(b"deleted".to_vec())] {
            assert_eq!(Entry::read(&entry.to_bytes()), Ok(entry));
        }
        assert!(Entry::read(b"").is_err());
    }
}
