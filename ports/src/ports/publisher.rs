//! The way out of an endpoint.

use async_trait::async_trait;

use crate::Message;

/// Publishes messages for other endpoints to see.
///
/// A published message cannot be taken back. The broker delivers it to its
/// subscribers at least once.
///
/// ```
/// use ports::memory::MemoryPorts;
/// use ports::{Message, MessageId};
///
/// let memory = MemoryPorts::default();
/// let publisher = memory.ports().publisher;
/// let reserve = MessageId::named("a click");
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// // Sent twice under one id, it is one message for whoever listens.
/// for _ in 0..2 {
///     publisher.publish(Message::new(reserve.derive("Reserved"), &"Reserved")).await?;
/// }
/// let published = memory.publisher.published();
/// assert_eq!(published[0], published[1]);
/// # anyhow::Ok(())
/// # }).unwrap();
/// ```
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
