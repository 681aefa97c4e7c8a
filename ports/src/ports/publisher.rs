//! The way out of an endpoint.

use async_trait::async_trait;

use crate::Message;

/// Publishes messages for other endpoints to see.
///
/// A published message cannot be taken back. The broker delivers it to its
/// subscribers at least once.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Publishes a message, at once.
    ///
    /// # Errors
    ///
    /// [`PublishError`], after which the message may have been published or
    /// not.
    async fn publish(&self, message: Message) -> Result<(), PublishError>;
}

/// No confirmation from the broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no confirmation from the broker: the message may or may not have been published")]
pub struct PublishError;
