//! Published messages in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::LOCK;
use crate::{Message, PublishError, Publisher};

/// A [`Publisher`] that remembers what was published. It never fails.
///
/// Clones share the memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryPublisher {
    published: Arc<Mutex<Vec<Message>>>,
}

impl MemoryPublisher {
    /// A publisher that has published nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was published so far, copies included, first published first.
    #[must_use]
    pub fn published(&self) -> Vec<Message> {
        self.published.lock().expect(LOCK).clone()
    }
}

#[async_trait]
impl Publisher for MemoryPublisher {
    async fn publish(&self, message: Message) -> Result<(), PublishError> {
        self.published.lock().expect(LOCK).push(message);
        Ok(())
    }
}
