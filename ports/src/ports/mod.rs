//! What a handler may ask of the outside world.
//!
//! Every port is a trait, so that the same handler runs on the in-memory
//! adapters, under the chaos engine and on real infrastructure. Every method
//! can fail, and a failed write is the interesting kind of failure: see
//! [`StoreError::NoReply`]. Only the [`Clock`] is always there.

mod clock;
mod document_store;
mod event_store;
mod publisher;
mod record_log;
mod service;
mod subject_stream;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::outside::Wire;

pub use clock::{Clock, ClockError, Deadline};
pub use document_store::{Document, DocumentStore, Etag, Precondition};
pub use event_store::{EventStore, NewEvent, RecordedEvent};
pub use publisher::{PublishError, Publisher};
pub use record_log::RecordLog;
pub use service::{Service, ServiceError};
pub use subject_stream::{
    Expected, Publication, PublishAck, StreamError, StreamMessage, SubjectStream, check_filter,
};

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has written since you read: your precondition, or the
    /// version you expected, no longer holds. Nothing was written.
    #[error("conflict on {key}: it has changed since it was read")]
    Conflict {
        /// The document or stream.
        key: String,
    },
    /// The store could not be reached. Nothing was read or written.
    #[error("the store is unavailable")]
    Unavailable,
    /// The request went out and no reply came back. **The write may have taken
    /// effect or not**; only looking again can tell.
    #[error("no reply from the store: the write may or may not have taken effect")]
    NoReply,
    /// The document is larger than this store takes. Nothing was written.
    #[error("{key} would be {size} bytes, and this store takes at most {limit}")]
    TooLarge {
        /// The document.
        key: String,
        /// What it would have measured, key and body, in bytes.
        size: usize,
        /// What the store takes at most, in bytes.
        limit: usize,
    },
    /// The adapter and the store do not understand each other.
    #[error("the store answered with something unexpected: {0}")]
    Protocol(String),
}

/// The ports of one endpoint, for one delivery.
#[derive(Clone)]
pub struct Ports {
    /// Its event store.
    pub events: Arc<dyn EventStore>,
    /// Its main document store: where the state lives.
    pub documents: Arc<dyn DocumentStore>,
    /// The way out: what is published here is seen by others at once.
    pub publisher: Arc<dyn Publisher>,
    /// When something is over.
    pub clock: Arc<dyn Clock>,
    /// Further document stores, by name (an inbox, an outbox, a token store).
    pub stores: BTreeMap<String, Arc<dyn DocumentStore>>,
    /// Its logs of opaque records.
    pub log: Arc<dyn RecordLog>,
    /// Streams with publish expectations, by name.
    pub streams: BTreeMap<String, Arc<dyn SubjectStream>>,
    /// Other people's services, by name.
    pub services: BTreeMap<String, Arc<dyn Service>>,
    /// What is outside besides, by name.
    pub outsides: BTreeMap<String, Arc<dyn Wire>>,
}

impl Ports {
    /// A further document store.
    ///
    /// # Panics
    ///
    /// When the endpoint was set up without a store of this name.
    #[must_use]
    pub fn store(&self, name: &str) -> &dyn DocumentStore {
        named(&self.stores, "store", name)
    }

    /// A stream with publish expectations.
    ///
    /// # Panics
    ///
    /// When the endpoint was set up without a stream of this name.
    #[must_use]
    pub fn stream(&self, name: &str) -> &dyn SubjectStream {
        named(&self.streams, "stream", name)
    }

    /// Somebody else's service.
    ///
    /// # Panics
    ///
    /// When the endpoint was set up without a service of this name.
    #[must_use]
    pub fn service(&self, name: &str) -> &dyn Service {
        named(&self.services, "service", name)
    }

    /// The way to something of one's own outside: see
    /// [`Endpoint::with_outside`](crate::Endpoint::with_outside).
    ///
    /// # Panics
    ///
    /// When the endpoint was set up without anything of this name.
    #[must_use]
    pub fn outside(&self, name: &str) -> &dyn Wire {
        named(&self.outsides, "thing outside", name)
    }
}

fn named<'a, P: ?Sized>(ports: &'a BTreeMap<String, Arc<P>>, kind: &str, name: &str) -> &'a P {
    let Some(port) = ports.get(name) else {
        let known: Vec<_> = ports.keys().map(String::as_str).collect();
        panic!("this endpoint has no {kind} named {name:?}; it has {known:?}");
    };
    port
}
