//! The ports, kept in memory: for trying a handler out, and for tests.
//!
//! Nothing here ever goes wrong (the chaos engine is for that). The adapters
//! are handles: a clone shares what the original holds, so a test can keep one
//! and look at what a handler has done with another.
//!
//! ```
//! use ports::memory::{MemoryPorts, Runner};
//! use ports::{Endpoint, Message, MessageId, Precondition};
//!
//! # fn main() -> anyhow::Result<()> {
//! let seats = Endpoint::new("seats", async |message, ports, _context| {
//!     let guest: String = message.read()?;
//!     ports.documents.put("seat-1", guest.into_bytes(), Precondition::IfAbsent).await?;
//!     Ok(())
//! })
//! .view(|snapshot, seat| Ok(String::from_utf8(snapshot.document(seat).unwrap_or_default().to_vec())?));
//!
//! let memory = MemoryPorts::of(&seats);
//! let runner = Runner::new(seats.clone(), memory.ports());
//! let message = Message::new(MessageId::named("reserve"), &"Ann");
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! runner.run([message]).await?;
//! # anyhow::Ok(())
//! # })?;
//!
//! assert_eq!(seats.state_of(&memory.snapshot(), "seat-1")?, "Ann");
//! # Ok(())
//! # }
//! ```

mod clock;
mod document_store;
mod event_store;
mod outside;
mod publisher;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use clock::MemoryClock;
pub use document_store::{DYNAMODB_LIMIT, MemoryDocumentStore};
pub use event_store::MemoryEventStore;
pub use outside::MemoryOutside;
pub use publisher::MemoryPublisher;
pub use run::{GaveUp, Runner};

use crate::outside::{LogClient, LogModel, ServiceClient, ServiceModel, StreamClient, StreamModel, Wire};
use crate::{DocumentStore, Endpoint, Ports, Service, Snapshot, SubjectStream};

/// The ports of one endpoint in memory, with a look behind them.
///
/// The fields are there to be exchanged: a
/// [size-limited](MemoryDocumentStore::size_limited) store for the main one,
/// or, for two endpoints that share a store, a clone of the other's.
#[derive(Clone, Debug)]
pub struct MemoryPorts {
    /// The endpoint's event store.
    pub events: MemoryEventStore,
    /// The endpoint's main document store.
    pub documents: MemoryDocumentStore,
    /// What the endpoint publishes.
    pub publisher: MemoryPublisher,
    /// The endpoint's clock. It is moved by hand, and apart from the clocks of stores.
    pub clock: MemoryClock,
    /// The endpoint's further document stores, by name.
    pub stores: BTreeMap<String, MemoryDocumentStore>,
    /// The endpoint's logs of opaque records.
    pub log: MemoryOutside,
    /// The endpoint's streams with publish expectations, by name.
    pub streams: BTreeMap<String, MemoryOutside>,
    /// Other people's services, by name.
    pub services: BTreeMap<String, MemoryOutside>,
    /// What is outside besides, by name.
    pub outsides: BTreeMap<String, MemoryOutside>,
}

impl Default for MemoryPorts {
    /// Empty stores, and none but the main ones.
    fn default() -> Self {
        Self {
            events: MemoryEventStore::default(),
            documents: MemoryDocumentStore::default(),
            publisher: MemoryPublisher::default(),
            clock: MemoryClock::default(),
            stores: BTreeMap::new(),
            log: MemoryOutside::new(LogModel),
            streams: BTreeMap::new(),
            services: BTreeMap::new(),
            outsides: BTreeMap::new(),
        }
    }
}

impl MemoryPorts {
    /// Empty stores for an endpoint, among them each further one it
    /// [names](Endpoint::with_store).
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        let stores = endpoint.stores().iter().map(|name| (name.clone(), MemoryDocumentStore::new()));
        let stream = |name: &String| (name.clone(), MemoryOutside::new(StreamModel::default()));
        let streams = endpoint.streams().iter().map(stream);
        let services = endpoint
            .services()
            .iter()
            .map(|name| (name.clone(), MemoryOutside::new(ServiceModel { name: name.clone() })));
        let outsides = endpoint
            .outsides()
            .iter()
            .map(|(name, model)| (name.clone(), MemoryOutside::of_model(Arc::clone(model))));
        Self {
            stores: stores.collect(),
            streams: streams.collect(),
            services: services.collect(),
            outsides: outsides.collect(),
            ..Self::default()
        }
    }

    /// The ports, to hand to a handler.
    #[must_use]
    pub fn ports(&self) -> Ports {
        let stores = self.stores.iter().map(|(name, store)| {
            let store: Arc<dyn DocumentStore> = Arc::new(store.clone());
            (name.clone(), store)
        });
        let streams = self.streams.iter().map(|(name, stream)| {
            (name.clone(), Arc::new(StreamClient(stream.clone())) as Arc<dyn SubjectStream>)
        });
        let services = self.services.iter().map(|(name, service)| {
            (name.clone(), Arc::new(ServiceClient(service.clone())) as Arc<dyn Service>)
        });
        Ports {
            events: Arc::new(self.events.clone()),
            documents: Arc::new(self.documents.clone()),
            publisher: Arc::new(self.publisher.clone()),
            clock: Arc::new(self.clock.clone()),
            stores: stores.collect(),
            log: Arc::new(LogClient(self.log.clone())),
            streams: streams.collect(),
            services: services.collect(),
            outsides: self
                .outsides
                .iter()
                .map(|(name, outside)| (name.clone(), Arc::new(outside.clone()) as Arc<dyn Wire>))
                .collect(),
        }
    }

    /// What the stores hold now, for the endpoint's
    /// [view](Endpoint::state_of).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (name, events) in self.events.streams() {
            snapshot.insert_stream(name, events);
        }
        for (key, body) in self.documents.documents() {
            snapshot.insert_document(key, body);
        }
        for (name, store) in &self.stores {
            for (key, body) in store.documents() {
                snapshot.insert_document_in(name, key, body);
            }
        }
        self.log.show(&mut snapshot, "");
        for (name, outside) in self.streams.iter().chain(&self.services).chain(&self.outsides) {
            outside.show(&mut snapshot, name);
        }
        snapshot
    }
}

const LOCK: &str = "nobody panics while holding a store in memory";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Message, MessageId, NewEvent, Precondition};

    #[tokio::test]
    async fn clones_ports_and_snapshots_show_the_same_data() {
        let endpoint = Endpoint::new("orders", async |_, _, _| Ok(())).with_store("inbox");
        let memory = MemoryPorts::of(&endpoint);
        let ports = memory.clone().ports();
        let message = Message::new(MessageId::named("1"), &"AddItem");
        let event = NewEvent::caused_by(&message, &"ItemAdded");
        ports.events.append("order-1", 0, vec![event]).await.unwrap();
        ports.documents.put("order-1", b"main".to_vec(), Precondition::IfAbsent).await.unwrap();
        ports.store("inbox").put("1", b"seen".to_vec(), Precondition::IfAbsent).await.unwrap();
        ports.publisher.publish(message.clone()).await.unwrap();

        let snapshot = memory.snapshot();
        assert_eq!(snapshot.stream("order-1")[0].caused_by, message.id);
        assert_eq!(snapshot.document("order-1"), Some(&b"main"[..]));
        assert_eq!(snapshot.document_in("inbox", "1"), Some(&b"seen"[..]));
        assert_eq!(memory.publisher.published(), [message]);
    }

    #[tokio::test]
    async fn a_document_expires_at_its_deadline_and_not_before() {
        let store = MemoryDocumentStore::new();
        let second = Duration::from_secs(1);
        store.put_expiring("k", b"b".to_vec(), Precondition::None, second).await.unwrap();
        store.advance(second - Duration::from_nanos(1));
        assert!(store.get("k").await.unwrap().is_some());
        store.advance(Duration::from_nanos(1));
        assert!(store.get("k").await.unwrap().is_none());
        store.put_expiring("k", b"b".to_vec(), Precondition::IfAbsent, Duration::ZERO).await.unwrap();
        assert!(store.documents().is_empty());
    }

    #[test]
    fn the_adapters_can_go_to_other_threads() {
        fn check<T: Send + Sync + Clone + 'static>() {}
        check::<MemoryPorts>();
    }
}
