//! Event streams in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::LOCK;
use crate::{EventStore, NewEvent, RecordedEvent, StoreError};

/// An [`EventStore`] in memory. It never fails, except with a true conflict.
///
/// Clones share the streams.
#[derive(Clone, Debug, Default)]
pub struct MemoryEventStore {
    streams: Arc<Mutex<Streams>>,
}

type Streams = BTreeMap<String, Vec<RecordedEvent>>;

impl MemoryEventStore {
    /// A store without streams.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What every stream holds now, oldest event first, by the stream's name.
    #[must_use]
    pub fn streams(&self) -> BTreeMap<String, Vec<RecordedEvent>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().expect(LOCK)
    }
}

#[async_trait]
impl EventStore for MemoryEventStore {
    async fn read(&self, stream: &str) -> Result<Vec<RecordedEvent>, StoreError> {
        Ok(self.lock().get(stream).cloned().unwrap_or_default())
    }

    async fn append(
        &self,
        stream: &str,
        expected_version: u64,
        events: Vec<NewEvent>,
    ) -> Result<u64, StoreError> {
        let mut streams = self.lock();
        let mut version = streams.get(stream).map_or(0, |recorded| recorded.len() as u64);
        if version != expected_version {
            return Err(StoreError::Conflict { key: stream.to_owned() });
        }
        if !events.is_empty() {
            let recorded = streams.entry(stream.to_owned()).or_default();
            for NewEvent { caused_by, body } in events {
                version += 1;
                recorded.push(RecordedEvent { version, caused_by, body });
            }
        }
        Ok(version)
    }
}
