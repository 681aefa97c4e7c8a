//! A queue, a handler, and the view of the handler's state.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::outside::Model;
use crate::{Context, Message, Ports, Snapshot};

/// A handler's run over one message.
pub type HandlerFuture = Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;

type Handler = dyn Fn(Arc<Message>, Ports, Arc<Context>) -> HandlerFuture + Send + Sync;
type View = dyn Fn(&Snapshot, &str) -> anyhow::Result<Value> + Send + Sync;
type Aggregates = dyn Fn(&Snapshot) -> anyhow::Result<Vec<String>> + Send + Sync;

/// An endpoint: its name, its handler, what it subscribes to, and how to read
/// the business state out of what it stores.
///
/// The same endpoint runs under the chaos engine and on real adapters.
///
/// ```
/// use ports::{Endpoint, Precondition};
///
/// // Listens for guests, has a store for the keys of the hotel, and calls somebody's service.
/// let porter = Endpoint::new("porter", async |message, ports, _| {
///     ports.service("taxi").call(message.id, &message.body).await?;
///     ports.store("keys").put("7c", b"out".to_vec(), Precondition::IfAbsent).await?;
///     Ok(())
/// })
/// .with_store("keys")
/// .with_service("taxi")
/// .subscribes_to("GuestArrived")
/// .view(|snapshot, room| Ok(snapshot.document_in("keys", room).is_some()));
/// assert_eq!(porter.subscriptions(), ["GuestArrived"]);
/// assert_eq!((porter.stores().len(), porter.services().len()), (1, 1));
/// ```
#[derive(Clone)]
pub struct Endpoint {
    name: String,
    handler: Arc<Handler>,
    handler_name: &'static str,
    view: Option<Arc<View>>,
    aggregates: Option<Arc<Aggregates>>,
    subscriptions: Vec<String>,
    stores: Vec<String>,
    shared_stores: Vec<String>,
    streams: Vec<String>,
    services: Vec<String>,
    outsides: Vec<(String, Arc<dyn Model>)>,
}

impl Endpoint {
    /// An endpoint that processes each message with `handler`.
    ///
    /// A handler gets the message, the ports and the context of one delivery;
    /// returning `Ok` means "done, acknowledge it", returning an error means
    /// "put it back into the queue".
    ///
    /// ```
    /// use ports::{Context, Endpoint, Message, Ports, Precondition};
    ///
    /// /// Whoever comes first has the seat.
    /// async fn reserve(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    ///     let guest: String = message.read()?;
    ///     ports.documents.put("seat-1", guest.into_bytes(), Precondition::IfAbsent).await?;
    ///     context.publish(Message::new(message.id.derive("reserved"), &"Reserved"));
    ///     Ok(())
    /// }
    ///
    /// let seats = Endpoint::new("seats", reserve)
    ///     .view(|snapshot, seat| Ok(snapshot.document(seat).map(<[u8]>::to_vec)));
    /// assert_eq!(seats.name(), "seats");
    /// assert!(seats.has_view());
    /// ```
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
            handler_name: std::any::type_name::<H>(),
            view: None,
            aggregates: None,
            subscriptions: Vec::new(),
            stores: Vec::new(),
            shared_stores: Vec::new(),
            streams: Vec::new(),
            services: Vec::new(),
            outsides: Vec::new(),
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
        self.view = Some(Arc::new(move |snapshot, id| Ok(serde_json::to_value(view(snapshot, id)?)?)));
        self
    }

    /// Which aggregates its stores hold anything of. Whoever judges the endpoint
    /// asks its [view](Self::view) about those that a message was about; with such
    /// a list, about all others as well, which must be as nobody has touched them.
    #[must_use]
    pub fn lists_aggregates(
        mut self,
        list: impl Fn(&Snapshot) -> anyhow::Result<Vec<String>> + Send + Sync + 'static,
    ) -> Self {
        self.aggregates = Some(Arc::new(list));
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

    /// Gives the handler something of one's own outside the process, reached as
    /// [`Ports::outside`]: a port that is not among the built-in ones. `model`
    /// says what it answers; whoever wants a typed client writes one over the
    /// [`Wire`](crate::outside::Wire). It is shared by all endpoints that name
    /// it, and the first one's model counts.
    ///
    /// ```
    /// use ports::outside::{Model, Turn};
    /// use ports::{Endpoint, Snapshot};
    ///
    /// /// Counts how often it was asked.
    /// struct Counter;
    ///
    /// impl Model for Counter {
    ///     fn answer(&self, state: &[u8], _request: &[u8]) -> Turn {
    ///         let count = state.first().map_or(1, |count| count + 1);
    ///         Turn { reply: vec![count], state: Some(vec![count]), refused: false, remembers: None }
    ///     }
    ///     fn show(&self, snapshot: &mut Snapshot, name: &str, key: &str, state: &[u8]) {
    ///         snapshot.insert_outside(name, key, state.to_vec());
    ///     }
    ///     fn say_request(&self, _request: &[u8]) -> String {
    ///         "asks the counter".to_owned()
    ///     }
    ///     fn say_reply(&self, reply: &[u8]) -> String {
    ///         format!("{}", reply[0])
    ///     }
    /// }
    ///
    /// let endpoint = Endpoint::new("clerk", async |_, ports, _| {
    ///     ports.outside("counter").ask("visitors", Vec::new(), true).await?;
    ///     Ok(())
    /// })
    /// .with_outside("counter", Counter);
    /// assert_eq!(endpoint.outsides()[0].0, "counter");
    /// ```
    #[must_use]
    pub fn with_outside(mut self, name: impl Into<String>, model: impl Model + 'static) -> Self {
        self.outsides.push((name.into(), Arc::new(model)));
        self
    }

    /// The endpoint's name: also the name of its queue and of its main stores.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the compiler calls the handler: `shop::handle`. It tells one handler
    /// from another where both are on a queue of the same name.
    #[must_use]
    pub fn handler_name(&self) -> &'static str {
        self.handler_name
    }

    /// The names of the messages it subscribes to.
    #[must_use]
    pub fn subscriptions(&self) -> &[String] {
        &self.subscriptions
    }

    /// Whether it gets this message when it is published.
    #[must_use]
    pub fn hears(&self, message: &Message) -> bool {
        self.subscriptions.iter().any(|name| name == message.name())
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

    /// What of one's own it reaches outside the process, by name.
    #[must_use]
    pub fn outsides(&self) -> &[(String, Arc<dyn Model>)] {
        &self.outsides
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

    /// The aggregates that its stores hold anything of, if it can
    /// [list](Self::lists_aggregates) them; else none.
    ///
    /// # Errors
    ///
    /// Whatever the list says when it cannot read what is stored.
    pub fn aggregates(&self, snapshot: &Snapshot) -> anyhow::Result<Vec<String>> {
        self.aggregates.as_ref().map_or(Ok(Vec::new()), |list| list(snapshot))
    }

    /// Whether it [shows](Self::view) its state.
    #[must_use]
    pub fn has_view(&self) -> bool {
        self.view.is_some()
    }

    /// The business state of one aggregate, read through the endpoint's view; nothing,
    /// if it has none.
    ///
    /// # Errors
    ///
    /// Whatever the view says when it cannot read what is stored.
    pub fn state_of(&self, snapshot: &Snapshot, aggregate: &str) -> anyhow::Result<Value> {
        self.view.as_ref().map_or(Ok(Value::Null), |view| view(snapshot, aggregate))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Endpoint").field("name", &self.name).finish_non_exhaustive()
    }
}
