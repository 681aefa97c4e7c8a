//! What an endpoint's stores hold, as its view reads it.

use std::collections::BTreeMap;

use crate::outside::Effect;
use crate::{RecordedEvent, StreamMessage};

/// What an endpoint's stores hold at one moment, for its view to read.
///
/// ```
/// use ports::{Endpoint, Snapshot};
///
/// let seats = Endpoint::new("seats", async |_, _, _| Ok(()))
///     .view(|snapshot, seat| Ok(snapshot.document(seat).map(|guest| guest.len())));
/// let mut snapshot = Snapshot::default();
/// snapshot.insert_document("7c", b"ann".to_vec());
/// assert_eq!(seats.state_of(&snapshot, "7c").unwrap(), 3);
/// assert_eq!(seats.state_of(&snapshot, "7d").unwrap(), serde_json::Value::Null);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    streams: BTreeMap<String, Vec<RecordedEvent>>,
    documents: BTreeMap<String, Vec<u8>>,
    stores: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    logs: BTreeMap<String, Vec<Vec<u8>>>,
    subject_streams: BTreeMap<String, Vec<StreamMessage>>,
    effects: BTreeMap<String, Vec<Effect>>,
    outsides: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
}

impl Snapshot {
    /// The events of a stream, oldest first; none when there is no such stream.
    #[must_use]
    pub fn stream(&self, name: &str) -> &[RecordedEvent] {
        self.streams.get(name).map_or(&[], Vec::as_slice)
    }

    /// The document under a key in the endpoint's main store.
    #[must_use]
    pub fn document(&self, key: &str) -> Option<&[u8]> {
        self.documents.get(key).map(Vec::as_slice)
    }

    /// The document under a key in a further store.
    #[must_use]
    pub fn document_in(&self, store: &str, key: &str) -> Option<&[u8]> {
        self.stores.get(store)?.get(key).map(Vec::as_slice)
    }

    /// Every document of the main store, by key.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.documents.iter().map(|(key, body)| (key.as_str(), body.as_slice()))
    }

    /// Every document of a further store, by key.
    pub fn documents_in(&self, store: &str) -> impl Iterator<Item = (&str, &[u8])> {
        self.stores.get(store).into_iter().flatten().map(|(key, body)| (key.as_str(), body.as_slice()))
    }

    /// For every document, its store (none, if that is the main one) and key, and what
    /// there would be without it.
    pub fn without_each_document(&self) -> impl Iterator<Item = (Option<&str>, &str, Self)> {
        let main = self.documents.keys().map(|key| {
            let mut rest = self.clone();
            rest.documents.remove(key);
            (None, key.as_str(), rest)
        });
        let others = self.stores.iter().flat_map(move |(store, documents)| {
            documents.keys().map(move |key| {
                let mut rest = self.clone();
                rest.stores.get_mut(store).map(|documents| documents.remove(key));
                (Some(store.as_str()), key.as_str(), rest)
            })
        });
        main.chain(others)
    }

    /// The records of a log, oldest first; none when there is no such log.
    #[must_use]
    pub fn log(&self, name: &str) -> &[Vec<u8>] {
        self.logs.get(name).map_or(&[], Vec::as_slice)
    }

    /// How much is stored: each thing by its name in words, with its size in bytes,
    /// keys included. What services have done is not counted: they store that.
    #[must_use]
    pub fn sizes(&self) -> BTreeMap<String, usize> {
        let mut sizes = BTreeMap::new();
        for (name, events) in &self.streams {
            let bytes = events
                .iter()
                .map(|event| event.caused_by.to_string().len() + event.body.to_string().len())
                .sum();
            sizes.insert(format!("the stream {name}"), bytes);
        }
        for (key, body) in &self.documents {
            sizes.insert(format!("the document {key}"), key.len() + body.len());
        }
        for (store, documents) in &self.stores {
            for (key, body) in documents {
                sizes.insert(format!("the document {key} in the store {store:?}"), key.len() + body.len());
            }
        }
        for (name, records) in &self.logs {
            sizes.insert(format!("the log {name}"), records.iter().map(Vec::len).sum());
        }
        for (name, messages) in &self.subject_streams {
            let bytes = messages.iter().map(|message| message.subject.len() + message.body.len()).sum();
            sizes.insert(format!("the stream {name} with expectations"), bytes);
        }
        sizes
    }

    /// The messages of a stream with publish expectations, oldest first.
    #[must_use]
    pub fn subject_stream(&self, name: &str) -> &[StreamMessage] {
        self.subject_streams.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a service has done, by idempotency key.
    #[must_use]
    pub fn effects(&self, service: &str) -> Vec<Effect> {
        self.effects.get(service).cloned().unwrap_or_default()
    }

    /// The state of something of one's own outside, about one key.
    #[must_use]
    pub fn outside(&self, name: &str, key: &str) -> Option<&[u8]> {
        self.outsides.get(name)?.get(key).map(Vec::as_slice)
    }

    /// Puts the state of something of one's own into the snapshot.
    pub fn insert_outside(&mut self, name: impl Into<String>, key: impl Into<String>, state: Vec<u8>) {
        self.outsides.entry(name.into()).or_default().insert(key.into(), state);
    }

    /// Puts a log into the snapshot.
    pub fn insert_log(&mut self, name: impl Into<String>, records: Vec<Vec<u8>>) {
        self.logs.insert(name.into(), records);
    }

    /// Puts a stream with publish expectations into the snapshot.
    pub fn insert_subject_stream(&mut self, name: impl Into<String>, messages: Vec<StreamMessage>) {
        self.subject_streams.insert(name.into(), messages);
    }

    /// Puts what a service did under one key into the snapshot.
    pub fn insert_effects(&mut self, service: impl Into<String>, effects: Vec<Effect>) {
        self.effects.entry(service.into()).or_default().extend(effects);
    }

    /// Puts a stream into the snapshot.
    pub fn insert_stream(&mut self, name: impl Into<String>, events: Vec<RecordedEvent>) {
        self.streams.insert(name.into(), events);
    }

    /// Puts a document of the main store into the snapshot.
    pub fn insert_document(&mut self, key: impl Into<String>, body: Vec<u8>) {
        self.documents.insert(key.into(), body);
    }

    /// Puts a document of a further store into the snapshot.
    pub fn insert_document_in(&mut self, store: impl Into<String>, key: impl Into<String>, body: Vec<u8>) {
        self.stores.entry(store.into()).or_default().insert(key.into(), body);
    }
}
