//! The mistake: the condition is looked at, and then the document is stored without one. Both
//! workers look, and both store, and the second one overwrites what the first has said yes to.
//!
//! Why it is tempting: it is what the word says: *if* it is still so, *then* write. And it passes every test
//! that does one thing after the other.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use host::bucket::Entry;
use shared::{
    Document, DocumentStore, Etag, Precondition, Publication, StoreError, StreamError, SubjectStream,
};

/// A document store in a bucket: the last message under a key is the document.
pub struct Documents {
    stream: Arc<dyn SubjectStream>,
    bucket: String,
}

/// What is under a key.
enum Last {
    /// Nobody has ever written there.
    Nothing,
    /// A document, with its number in the stream.
    Document(u64, Vec<u8>),
    /// The marker of a delete, with its number in the stream.
    Marker(u64),
}

impl Documents {
    /// The documents of this bucket.
    #[must_use]
    pub fn new(stream: Arc<dyn SubjectStream>, bucket: &str) -> Self {
        Self { stream, bucket: bucket.to_owned() }
    }

    /// Under which subject a key is.
    fn subject(&self, key: &str) -> String {
        format!("{}.{key}", self.bucket)
    }

    /// What is under a key now.
    async fn last(&self, key: &str) -> Result<Last, StoreError> {
        let messages = self.stream.read(&self.subject(key)).await.map_err(|error| of_store(key, error))?;
        let Some(last) = messages.last() else { return Ok(Last::Nothing) };
        Ok(match Entry::read(&last.body).map_err(|error| of_store(key, error))? {
            Entry::Document(body) => Last::Document(last.sequence, body),
            Entry::Deleted => Last::Marker(last.sequence),
        })
    }

    /// Under a condition, writes an entry. The condition is looked at where the entry is
    /// stored, in one step: whoever looked here, and then wrote, would overwrite what others
    /// have written in between.
    async fn write(&self, key: &str, entry: Entry, condition: Precondition) -> Result<Etag, StoreError> {
        let publication = Publication::new(self.subject(key), entry.to_bytes());
        let publication = match condition {
            Precondition::None => publication,
            Precondition::IfEtag(etag) => match self.last(key).await? {
                Last::Document(there, _) if there == number(key, &etag)? => publication,
                _ => return Err(StoreError::Conflict { key: key.to_owned() }),
            },
            Precondition::IfAbsent => match self.last(key).await? {
                Last::Document(..) => return Err(StoreError::Conflict { key: key.to_owned() }),
                Last::Marker(_) | Last::Nothing => publication,
            },
        };
        let stored = self.stream.publish(publication).await.map_err(|error| of_store(key, error))?;
        Ok(Etag(stored.sequence.to_string()))
    }
}

/// The number that an etag stands for. 0 stands for none, and what is no number is not ours.
fn number(key: &str, etag: &Etag) -> Result<u64, StoreError> {
    let number = etag.0.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| StoreError::Conflict { key: key.to_owned() })
}

/// What an error of the stream means for whoever asked the store.
fn of_store(key: &str, error: StreamError) -> StoreError {
    match error {
        StreamError::WrongLastSequence { .. } => StoreError::Conflict { key: key.to_owned() },
        StreamError::Unavailable => StoreError::Unavailable,
        StreamError::NoReply => StoreError::NoReply,
        StreamError::Protocol(what) => StoreError::Protocol(what),
    }
}

#[async_trait]
impl DocumentStore for Documents {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        Ok(match self.last(key).await? {
            Last::Document(number, body) => Some(Document { body, etag: Etag(number.to_string()) }),
            Last::Marker(_) | Last::Nothing => None,
        })
    }

    async fn put(&self, key: &str, body: Vec<u8>, condition: Precondition) -> Result<Etag, StoreError> {
        self.write(key, Entry::Document(body), condition).await
    }

    async fn delete(&self, key: &str, condition: Precondition) -> Result<(), StoreError> {
        self.write(key, Entry::Deleted, condition).await.map(|_| ())
    }

    async fn put_expiring(
        &self,
        _: &str,
        _: Vec<u8>,
        _: Precondition,
        _: Duration,
    ) -> Result<Etag, StoreError> {
        Err(StoreError::Protocol("documents that expire are not part of this exercise".to_owned()))
    }
}
