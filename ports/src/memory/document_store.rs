//! Documents in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;

use super::LOCK;
use crate::{Document, DocumentStore, Etag, Precondition, StoreError};

/// What DynamoDB takes at most for one item, in bytes: 400 KB, names and
/// values counted. Here: key and body.
pub const DYNAMODB_LIMIT: usize = 409_600;

/// A [`DocumentStore`] in memory. It never fails, except with a true conflict
/// or because a document is too large for it.
///
/// Time passes in it only by [`advance`](Self::advance). Clones share the
/// documents and the clock.
#[derive(Clone, Debug, Default)]
pub struct MemoryDocumentStore {
    limit: Option<usize>,
    contents: Arc<Mutex<Contents>>,
}

#[derive(Debug, Default)]
struct Contents {
    documents: BTreeMap<String, Stored>,
    /// How often this store was written to. An etag is the number of its
    /// write, so none comes twice, whatever is deleted in between.
    writes: u64,
    /// The time since the store was made.
    now: Duration,
}

#[derive(Debug)]
struct Stored {
    document: Document,
    expires_at: Option<Duration>,
}

impl MemoryDocumentStore {
    /// An empty store that takes documents of any size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that refuses a document when its key and its body
    /// together have more than `limit_bytes` bytes; see [`DYNAMODB_LIMIT`].
    /// Size is looked at before the precondition.
    #[must_use]
    pub fn size_limited(limit_bytes: usize) -> Self {
        Self { limit: Some(limit_bytes), ..Self::default() }
    }

    /// Moves the store's clock forward, and deletes the documents whose time
    /// to live has passed by then.
    pub fn advance(&self, by: Duration) {
        let mut contents = self.lock();
        contents.now = contents.now.saturating_add(by);
        contents.delete_expired();
    }

    /// The body of every document there is now, by its key.
    #[must_use]
    pub fn documents(&self) -> BTreeMap<String, Vec<u8>> {
        let contents = self.lock();
        contents.documents.iter().map(|(key, stored)| (key.clone(), stored.document.body.clone())).collect()
    }

    fn write(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: &Precondition,
        time_to_live: Option<Duration>,
    ) -> Result<Etag, StoreError> {
        let size = key.len() + body.len();
        if let Some(limit) = self.limit.filter(|limit| size > *limit) {
            return Err(StoreError::TooLarge { key: key.to_owned(), size, limit });
        }
        let mut contents = self.lock();
        contents.check(key, precondition)?;
        contents.writes += 1;
        let etag = Etag(format!("e{}", contents.writes));
        let expires_at = time_to_live.map(|time_to_live| contents.now.saturating_add(time_to_live));
        let document = Document { body, etag: etag.clone() };
        contents.documents.insert(key.to_owned(), Stored { document, expires_at });
        contents.delete_expired(); // a time to live of zero has passed already
        Ok(etag)
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().expect(LOCK)
    }
}

impl Contents {
    fn check(&self, key: &str, precondition: &Precondition) -> Result<(), StoreError> {
        let current = self.documents.get(key).map(|stored| &stored.document.etag);
        let holds = match precondition {
            Precondition::None => true,
            Precondition::IfAbsent => current.is_none(),
            Precondition::IfEtag(etag) => current == Some(etag),
        };
        if holds { Ok(()) } else { Err(StoreError::Conflict { key: key.to_owned() }) }
    }

    fn delete_expired(&mut self) {
        self.documents.retain(|_, stored| stored.expires_at.is_none_or(|at| at > self.now));
    }
}

#[async_trait]
impl DocumentStore for MemoryDocumentStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        Ok(self.lock().documents.get(key).map(|stored| stored.document.clone()))
    }

    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError> {
        self.write(key, body, &precondition, None)
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        self.write(key, body, &precondition, Some(time_to_live))
    }

    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError> {
        let mut contents = self.lock();
        contents.check(key, &precondition)?;
        contents.documents.remove(key);
        Ok(())
    }
}
