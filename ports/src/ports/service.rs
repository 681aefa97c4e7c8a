//! A service of somebody else, called with an idempotency key.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::MessageId;

/// Somebody else's service: it does something in the world (reserves, charges,
/// sends) and says under which reference.
///
/// Every call carries an *idempotency key*. As long as the service remembers a
/// key, another call with it does nothing and is answered with the reference
/// of the first. How long that is, is the service's affair.
#[async_trait]
pub trait Service: Send + Sync {
    /// Has something done.
    ///
    /// # Errors
    ///
    /// [`ServiceError::KeyReused`], [`ServiceError::NoReply`],
    /// [`ServiceError::Unavailable`].
    async fn call(&self, key: MessageId, request: &Value) -> Result<MessageId, ServiceError>;
}

/// Why a service did not say that it is done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ServiceError {
    /// The key was used before, for another request. Nothing was done now.
    #[error("this idempotency key was used before, for another request")]
    KeyReused,
    /// The service could not be reached. Nothing was done.
    #[error("the service is unavailable")]
    Unavailable,
    /// The request went out and no answer came back. **It may have been done
    /// or not.**
    #[error("no answer from the service: it may or may not have been done")]
    NoReply,
}
