//! Where everything is that is stored: which number a store has in the world.
//!
//! Each endpoint has three main stores (documents, events, logs). Further
//! document stores, streams, services and what else is outside come after all
//! of them; those that several endpoints name are there once. Nobody else knows
//! this order.

use std::ops::RangeInclusive;

use super::outside::Outside;
use super::under_test::{StoreKind, System};

/// A store of the world, by number.
pub(crate) type Store = u8;

/// All stores, and what each endpoint calls its own.
#[derive(Clone)]
pub(crate) struct StoreMap {
    endpoints: Vec<OfEndpoint>,
    entries: Vec<Entry>,
}

/// The stores of one endpoint.
#[derive(Clone)]
struct OfEndpoint {
    main: Store,
    /// Its further document stores, then its streams, its services, and what
    /// else it reaches: the n-th of them at place n - 1.
    further: Vec<Store>,
}

/// One store.
#[derive(Clone)]
struct Entry {
    /// Its name among all stores.
    name: String,
    /// What the endpoints that have it call it.
    label: String,
    kind: StoreKind,
    /// What answers there, if it is no document or event store.
    outside: Option<Outside>,
}

impl StoreMap {
    pub(crate) fn of(system: &System) -> Self {
        let mut map = Self { endpoints: Vec::new(), entries: Vec::new() };
        for (endpoint, specification) in system.endpoints.iter().zip(&system.specifications) {
            let main = map.entries.len() as Store;
            let name = endpoint.name();
            let logs = Outside::logs(specification.clone());
            map.add(system, name.to_owned(), name, None);
            map.add(system, format!("{name} events"), name, None);
            map.add(system, format!("{name} logs"), name, Some(logs));
            map.endpoints.push(OfEndpoint { main, further: Vec::new() });
        }
        for (number, endpoint) in system.endpoints.iter().enumerate() {
            let stores = endpoint.stores().iter();
            let stores = stores.map(|label| (System::store_name(endpoint, label), label.clone(), None));
            let outside = Outside::of(system, endpoint).into_iter();
            let outside = outside.map(|(name, label, outside)| (name, label, Some(outside)));
            for (name, label, outside) in stores.chain(outside) {
                let store = map.position(&name).unwrap_or_else(|| map.add(system, name, &label, outside));
                map.endpoints[number].further.push(store);
            }
        }
        map
    }

    fn add(&mut self, system: &System, name: String, label: &str, outside: Option<Outside>) -> Store {
        let kind = system.stores.iter().find(|(of, _)| *of == name).map(|(_, kind)| *kind);
        let kind = kind.unwrap_or_default();
        self.entries.push(Entry { name, label: label.to_owned(), kind, outside });
        (self.entries.len() - 1) as Store
    }

    fn position(&self, name: &str) -> Option<Store> {
        self.entries.iter().position(|entry| entry.name == name).map(|store| store as Store)
    }

    /// The store with this name among all.
    ///
    /// # Panics
    ///
    /// When there is none: whoever names one has asked the system before.
    pub(crate) fn named(&self, name: &str) -> Store {
        self.position(name).expect("the system knows this store")
    }

    /// An endpoint's main document store.
    pub(crate) fn documents(&self, endpoint: u8) -> Store {
        self.endpoints[usize::from(endpoint)].main
    }

    /// An endpoint's event store.
    pub(crate) fn events(&self, endpoint: u8) -> Store {
        self.documents(endpoint) + 1
    }

    /// An endpoint's logs.
    pub(crate) fn logs(&self, endpoint: u8) -> Store {
        self.documents(endpoint) + 2
    }

    /// The document store that an endpoint's ports know as number `place`: 0 is
    /// the main one.
    pub(crate) fn document_store(&self, endpoint: u8, place: u8) -> Store {
        match place {
            0 => self.documents(endpoint),
            n => self.endpoints[usize::from(endpoint)].further[usize::from(n) - 1],
        }
    }

    /// What is outside, as an endpoint's ports number it: 0 are the logs.
    pub(crate) fn outside_at(&self, endpoint: u8, place: u8) -> Store {
        match place {
            0 => self.logs(endpoint),
            n => self.document_store(endpoint, n),
        }
    }

    fn main(&self, endpoint: u8) -> RangeInclusive<Store> {
        self.documents(endpoint)..=self.logs(endpoint)
    }

    /// Whether it is some endpoint's main store, event store or logs.
    pub(crate) fn is_main(&self, store: Store) -> bool {
        (0..self.endpoints.len() as u8).any(|endpoint| self.main(endpoint).contains(&store))
    }

    /// Whether it is one of an endpoint's further stores.
    pub(crate) fn is_further(&self, endpoint: u8, store: Store) -> bool {
        self.endpoints[usize::from(endpoint)].further.contains(&store)
    }

    /// Whether an endpoint can reach it at all.
    pub(crate) fn owns(&self, endpoint: u8, store: Store) -> bool {
        self.main(endpoint).contains(&store) || self.is_further(endpoint, store)
    }

    /// The first endpoint that has it among its further stores.
    pub(crate) fn first_owner(&self, store: Store) -> Option<u8> {
        (0..self.endpoints.len() as u8).find(|&endpoint| self.is_further(endpoint, store))
    }

    /// Its name among all stores.
    pub(crate) fn name(&self, store: Store) -> &str {
        &self.entries[usize::from(store)].name
    }

    /// What the endpoints that have this store call it.
    pub(crate) fn label(&self, store: Store) -> &str {
        &self.entries[usize::from(store)].label
    }

    pub(crate) fn is_weak(&self, store: Store) -> bool {
        self.entries[usize::from(store)].kind.weak
    }

    /// The largest document it takes, key and body together, in bytes.
    pub(crate) fn limit(&self, store: Store) -> Option<usize> {
        self.entries[usize::from(store)].kind.limit
    }

    /// What answers there, if it is no document or event store.
    pub(crate) fn outside(&self, store: Store) -> Option<&Outside> {
        self.entries[usize::from(store)].outside.as_ref()
    }

    /// Everything that is outside, by store.
    pub(crate) fn outsides(&self) -> impl Iterator<Item = (Store, &Outside)> {
        (0..).zip(&self.entries).filter_map(|(store, entry)| Some((store, entry.outside.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use ports::Endpoint;

    use super::*;

    #[test]
    fn shared_stores_are_there_once_and_own_ones_for_each() {
        let endpoint = |name: &str| {
            Endpoint::new(name, async |_, _, _| Ok(())).with_store("inbox").with_shared_store("tokens")
        };
        let map = StoreMap::of(&System::of(endpoint("a")).and(endpoint("b")));
        assert_eq!((map.documents(0), map.events(0), map.logs(1)), (0, 1, 5));
        assert_ne!(map.document_store(0, 1), map.document_store(1, 1), "each has an inbox");
        assert_eq!(map.document_store(0, 2), map.document_store(1, 2), "both have the tokens");
        assert_eq!(map.first_owner(map.named("tokens")), Some(0));
        assert!(map.owns(1, map.named("b inbox")) && !map.owns(0, map.named("b inbox")));
        assert!(map.is_main(5) && !map.is_main(6));
    }
}
