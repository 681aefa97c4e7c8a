//! Adapters to real stores. Each is behind a feature of its own, since an
//! attendee needs none.

#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(feature = "jetstream")]
mod jetstream;
#[cfg(feature = "jetstream")]
mod nats_server;
#[cfg(feature = "object-store")]
mod object_store;

#[cfg(feature = "dynamodb")]
pub use dynamodb::DynamoDbStore;
#[cfg(feature = "jetstream")]
pub use jetstream::JetStream;
#[cfg(feature = "jetstream")]
pub use nats_server::NatsServer;
#[cfg(feature = "object-store")]
pub use object_store::ObjectDocumentStore;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where an adapter gets the time from: what has passed since 1970. Only
/// documents with a time to live need it.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The clock of this machine.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}
