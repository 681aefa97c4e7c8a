//! The document store: bytes under a key, with etags and preconditions.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// A blob-style document store with conditional writes.
///
/// Every successful write gives the document a new [`Etag`], never used before
/// for that key. A conditional write is decided by the true current version,
/// even in a store whose reads may lag behind.
///
/// ```
/// use ports::memory::MemoryPorts;
/// use ports::{Precondition, StoreError};
///
/// let documents = MemoryPorts::default().ports().documents;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let first = documents.put("7c", b"ann".to_vec(), Precondition::IfAbsent).await?;
/// // Whoever decided on what is no longer so is refused, and decides again.
/// let late = documents.put("7c", b"bob".to_vec(), Precondition::IfAbsent).await;
/// assert!(matches!(late, Err(StoreError::Conflict { .. })));
/// documents.put("7c", b"cat".to_vec(), Precondition::IfEtag(first)).await?;
/// assert_eq!(documents.get("7c").await?.unwrap().body, b"cat");
/// # anyhow::Ok(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// The document under a key, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError>;

    /// Writes a document, as a whole, and returns its new etag.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the precondition does not hold;
    /// [`StoreError::TooLarge`] when the store limits its documents;
    /// [`StoreError::NoReply`], after which the document may have been written
    /// or not; [`StoreError::Unavailable`].
    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError>;

    /// Like [`put`](Self::put), for a document that the store itself deletes
    /// once `time_to_live` has passed since this write.
    ///
    /// # Errors
    ///
    /// As for [`put`](Self::put).
    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError>;

    /// Deletes a document. Deleting what is not there, without a precondition,
    /// succeeds and does nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the precondition does not hold (a
    /// document that is gone has no etag, so [`Precondition::IfEtag`] fails on
    /// it); [`StoreError::NoReply`], after which the document may be gone or
    /// not; [`StoreError::Unavailable`].
    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError>;
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The bytes that were put.
    pub body: Vec<u8>,
    /// Which version of the document they are.
    pub etag: Etag,
}

/// Names one version of one document. Opaque: compare it, hand it back,
/// nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Etag(pub String);

impl fmt::Display for Etag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Under which condition a write may take effect.
///
/// ```
/// use ports::{Document, Etag, Precondition};
///
/// // What most writes need: as it was when I decided.
/// let read = Document { body: b"ann".to_vec(), etag: Etag("7".to_owned()) };
/// assert_eq!(Precondition::unchanged_since(Some(&read)), Precondition::IfEtag(read.etag));
/// assert_eq!(Precondition::unchanged_since(None), Precondition::IfAbsent);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precondition {
    /// In any case: the last writer wins.
    None,
    /// Only if there is no document under this key.
    IfAbsent,
    /// Only if the document is still in this version.
    IfEtag(Etag),
}

impl Precondition {
    /// The document must be as it was read: absent, or in the version that was
    /// read.
    #[must_use]
    pub fn unchanged_since(read: Option<&Document>) -> Self {
        read.map_or(Self::IfAbsent, |document| Self::IfEtag(document.etag.clone()))
    }
}
