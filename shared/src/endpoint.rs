//! A queue, a handler, and the view of the handler's state.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::outside::Effect;
use crate::{Context, Message, Ports, RecordedEvent, StreamMessage};

/// A handler's run over one message.
pub type HandlerFuture = Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;

type Handler = dyn Fn(Arc<Message>, Ports, Arc<Context>) -> HandlerFuture + Send + Sync;
type View = dyn Fn(&Snapshot, &str) -> anyhow::Result<Value> + Send + Sync;

/// An endpoint: its name, its handler, what it subscribes to, and how to read
/// the business state out of what it stores.
///
/// The same endpoint runs under the chaos engine and on real adapters.
#[derive(Clone)]
pub struct Endpoint {
    name: String,
    handler: Arc<Handler>,
    view: Arc<View>,
    subscriptions: Vec<String>,
    stores: Vec<String>,
    shared_stores: Vec<String>,
    streams: Vec<String>,
    services: Vec<String>,
}

impl Endpoint {
    /// An endpoint that processes each message with `handler`.
    ///
    /// A handler gets the message, the ports and the context of one delivery;
    /// returning `Ok` means "done, acknowledge it", returning an error means
    /// "put it back into the queue".
    pub fn new<H>(name: impl Into<String>, handler: H) -> Self
    where
        H: AsyncFn(&Message, &Ports, &Context) -> anyhow::Result<()> + Send + Sync + 'static,
    {
        let handler = Arc::new(handler);
        Self {
            name: name.into(),
            handler: Arc::new(move |message, ports, context| {
                let handler = Arc::clone(&handler);
                Box::pin(async move { handler(&message, &ports, &context).await })
            }),
            view: Arc::new(|_, _| Ok(Value::Null)),
            subscriptions: Vec::new(),
            stores: Vec::new(),
            shared_stores: Vec::new(),
            streams: Vec::new(),
            services: Vec::new(),
        }
    }

    /// How to read the business state of one aggregate (an order, say) out of
    /// the stores. Nobody but the handler's author knows how the documents are
    /// laid out, so nobody else can say.
    #[must_use]
    pub fn view<S: Serialize>(
        mut self,
        view: impl Fn(&Snapshot, &str) -> anyhow::Result<S> + Send + Sync + 'static,
    ) -> Self {
        self.view = Arc::new(move |snapshot, id| Ok(serde_json::to_value(view(snapshot, id)?)?));
        self
    }

    /// Subscribes to the messages of this name that other endpoints publish.
    #[must_use]
    pub fn subscribes_to(mut self, message_name: impl Into<String>) -> Self {
        self.subscriptions.push(message_name.into());
        self
    }

    /// Gives the handler a further document store of its own, reached as
    /// [`Ports::store`].
    #[must_use]
    pub fn with_store(mut self, name: impl Into<String>) -> Self {
        self.stores.push(name.into());
        self
    }

    /// Gives the handler a further document store that it shares with every
    /// other endpoint that names it, reached as [`Ports::store`].
    #[must_use]
    pub fn with_shared_store(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.shared_stores.push(name.clone());
        self.stores.push(name);
        self
    }

    /// Gives the handler a stream with publish expectations, reached as
    /// [`Ports::stream`]. A stream is shared by all endpoints that name it.
    #[must_use]
    pub fn with_stream(mut self, name: impl Into<String>) -> Self {
        self.streams.push(name.into());
        self
    }

    /// Gives the handler somebody else's service, reached as
    /// [`Ports::service`]. A service is shared by all endpoints that name it.
    #[must_use]
    pub fn with_service(mut self, name: impl Into<String>) -> Self {
        self.services.push(name.into());
        self
    }

    /// The endpoint's name: also the name of its queue and of its main stores.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the messages it subscribes to.
    #[must_use]
    pub fn subscriptions(&self) -> &[String] {
        &self.subscriptions
    }

    /// The names of its further document stores.
    #[must_use]
    pub fn stores(&self) -> &[String] {
        &self.stores
    }

    /// The names of its streams.
    #[must_use]
    pub fn streams(&self) -> &[String] {
        &self.streams
    }

    /// The names of the services that it calls.
    #[must_use]
    pub fn services(&self) -> &[String] {
        &self.services
    }

    /// Whether it shares the further document store of this name with others.
    #[must_use]
    pub fn shares(&self, store: &str) -> bool {
        self.shared_stores.iter().any(|shared| shared == store)
    }

    /// Starts to process one copy of a message.
    #[must_use]
    pub fn handle(&self, message: Arc<Message>, ports: Ports, context: Arc<Context>) -> HandlerFuture {
        (self.handler)(message, ports, context)
    }

    /// The business state of one aggregate, read through the endpoint's view.
    ///
    /// # Errors
    ///
    /// Whatever the view says when it cannot read what is stored.
    pub fn state_of(&self, snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<Value> {
        (self.view)(snapshot, aggregate)
    }
}

/// What an endpoint's stores hold at one moment, for its view to read.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    streams: BTreeMap<String, Vec<RecordedEvent>>,
    documents: BTreeMap<String, Vec<u8>>,
    stores: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    logs: BTreeMap<String, Vec<Vec<u8>>>,
    subject_streams: BTreeMap<String, Vec<StreamMessage>>,
    effects: BTreeMap<String, Vec<Effect>>,
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

    /// The records of a log, oldest first; none when there is no such log.
    #[must_use]
    pub fn log(&self, name: &str) -> &[Vec<u8>] {
        self.logs.get(name).map_or(&[], Vec::as_slice)
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
