//! A log of opaque records.

use async_trait::async_trait;

use super::StoreError;

/// Logs that only ever grow, by name. What a record says is the business of
/// whoever wrote it: here it is bytes.
///
/// Records are numbered from 0. Whoever appends says at which place the first
/// new record is to stand; if the log has moved on, the append is refused.
#[async_trait]
pub trait RecordLog: Send + Sync {
    /// At most `limit` records, those at `from` and after, oldest first; fewer
    /// only where the log ends.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn read(&self, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Appends records at place `expected` and after, all of them or none, and
    /// returns the place after the last. Appending nothing records nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the log does not have exactly `expected`
    /// records; [`StoreError::NoReply`], after which the records may be in
    /// the log or not; [`StoreError::Unavailable`].
    async fn append(&self, log: &str, expected: u64, records: Vec<Vec<u8>>) -> Result<u64, StoreError>;
}
