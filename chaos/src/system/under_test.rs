//! What is put under test: endpoints, their stores, and what they should do.

use std::sync::Arc;

use ports::law::Specification;
use ports::outside::StreamModel;
use ports::{Endpoint, Message, Snapshot, StreamMessage};

/// What kind of document store it is.
///
/// ```
/// use chaos::{StoreKind, System};
/// use ports::Endpoint;
///
/// // Reads may be old, and a document has 400 KB of room: the store of the endpoint.
/// let orders = Endpoint::new("orders", async |_, _, _| Ok(())).with_store("inbox");
/// let system = System::of(orders)
///     .store("orders", StoreKind { weak: true, limit: Some(400 * 1024) })
///     .store("orders inbox", StoreKind { weak: true, limit: None });
/// # _ = system;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreKind {
    /// Whether reads may return older versions.
    pub weak: bool,
    /// The largest document, key and body together, in bytes.
    pub limit: Option<usize>,
}

/// One or more endpoints, wired together by their subscriptions, and the
/// specifications that they are judged by.
///
/// ```
/// use chaos::{Law, System, explore};
/// use ports::{Endpoint, Message, MessageId};
///
/// // One says hello to every guest, and the other, which listens, counts. It should.
/// let porter = Endpoint::new("porter", async |message, _, context| {
///     context.publish(Message::new(message.id.derive("hello"), &"Hello"));
///     Ok(())
/// });
/// let counter = Endpoint::new("counter", async |_, _, _| Ok(()))
///     .view(|_, _| Ok(0))
///     .subscribes_to("Hello");
/// let law = || Law::of(|_| "all".to_owned(), |count: &mut u32, _| {
///     *count += 1;
///     Vec::<()>::new()
/// });
/// let hotel = || System::of(porter).and(counter).judged_by(law());
/// let report = explore(hotel).send([Message::new(MessageId::named("ann"), &"Ann")]).run();
/// assert!(!report.holds(), "{report}");
/// ```
#[derive(Clone)]
pub struct System {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) specifications: Vec<Option<Arc<dyn Specification>>>,
    pub(crate) stores: Vec<(String, StoreKind)>,
    /// What is stored before anything happens: store, key and body.
    pub(crate) stored: Vec<(String, String, Vec<u8>)>,
    pub(crate) storage_bounds: Vec<StorageBound>,
    pub(crate) garbage: Vec<GarbageRule>,
    /// What kind of stream a stream is, where it is not the default kind.
    pub(crate) streams: Vec<(String, StreamModel)>,
    /// What is in a stream before anything happens.
    pub(crate) published: Vec<(String, Vec<StreamMessage>)>,
    /// Which services forget their keys, and when they may.
    pub(crate) forgetful: Vec<(String, Arc<MayForget>)>,
    /// The endpoints of the right answer, where what is under test is a wrong one.
    pub(crate) beside: Vec<Endpoint>,
}

/// A bound on what an endpoint stores at rest.
#[derive(Clone)]
pub(crate) struct StorageBound {
    pub(crate) endpoint: usize,
    pub(crate) what: String,
    pub(crate) at_most: usize,
    /// What it means for the business, as a sentence without a full stop.
    pub(crate) damage: String,
    pub(crate) measure: Arc<dyn Fn(&Snapshot) -> usize + Send + Sync>,
}

/// What must not be left behind at rest.
#[derive(Clone)]
pub(crate) struct GarbageRule {
    pub(crate) endpoint: usize,
    pub(crate) find: Arc<FindGarbage>,
}

/// Whether a service may forget a key.
pub(crate) type MayForget = dyn Fn(&Snapshot, &Message) -> bool + Send + Sync;

type FindGarbage = dyn Fn(&Snapshot) -> Vec<String> + Send + Sync;

impl System {
    /// A system with one endpoint. Messages are sent to the first endpoint
    /// unless said otherwise.
    #[must_use]
    pub fn of(endpoint: Endpoint) -> Self {
        Self {
            endpoints: vec![endpoint],
            specifications: vec![None],
            stores: Vec::new(),
            stored: Vec::new(),
            storage_bounds: Vec::new(),
            garbage: Vec::new(),
            streams: Vec::new(),
            published: Vec::new(),
            forgetful: Vec::new(),
            beside: Vec::new(),
        }
    }

    /// Adds another endpoint.
    #[must_use]
    pub fn and(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self.specifications.push(None);
        self
    }

    /// What the endpoint added last should do. An endpoint without a
    /// specification is run, but not judged.
    #[must_use]
    pub fn judged_by(mut self, specification: impl Specification + 'static) -> Self {
        *self.specifications.last_mut().expect("a system has an endpoint") = Some(Arc::new(specification));
        self
    }

    /// What kind of document store a store is. An endpoint's main store has the
    /// name of the endpoint; a further store of its own is named
    /// `"endpoint store"`, and one that it shares just `"store"`.
    ///
    /// # Panics
    ///
    /// When no endpoint added so far has such a store.
    #[must_use]
    pub fn store(mut self, name: impl Into<String>, kind: StoreKind) -> Self {
        let name = name.into();
        self.demand_store(&name);
        self.stores.retain(|(other, _)| other != &name);
        self.stores.push((name, kind));
        self
    }

    /// A document that is there before anything happens. Stores are named as
    /// in [`store`](Self::store); of two documents under one key, the later one
    /// counts.
    ///
    /// The law must open with the same: see `Law::opening_with`.
    ///
    /// ```
    /// use chaos::{Law, System, explore};
    /// use ports::{Endpoint, Message, MessageId, Precondition, Snapshot};
    ///
    /// // Ann has 100, and gives all of it away, whoever asks.
    /// let give = async |_: &_, ports: &ports::Ports, _: &_| {
    ///     ports.documents.put("ann", b"0".to_vec(), Precondition::None).await?;
    ///     Ok(())
    /// };
    /// let cents = |snapshot: &Snapshot, account: &str| {
    ///     Ok(snapshot.document(account).map_or(Ok(0), serde_json::from_slice::<u64>)?)
    /// };
    /// let law = Law::of(|_| "ann".to_owned(), |cents: &mut u64, _| {
    ///     *cents = 0;
    ///     Vec::<()>::new()
    /// });
    /// let law = law.opening_with(|account| if account == "ann" { 100 } else { 0 });
    /// let bank = || {
    ///     let bank = Endpoint::new("bank", give).view(cents);
    ///     System::of(bank).judged_by(law).stored("bank", "ann", b"100".to_vec())
    /// };
    /// explore(bank).send([Message::new(MessageId::named("a beggar"), &"Give")]).assert_exactly_once();
    /// ```
    ///
    /// # Panics
    ///
    /// When no endpoint added so far has such a store.
    #[must_use]
    pub fn stored(mut self, store: impl Into<String>, key: impl Into<String>, body: Vec<u8>) -> Self {
        let (store, key) = (store.into(), key.into());
        self.demand_store(&store);
        self.stored.retain(|(other, known, _)| (other, known) != (&store, &key));
        self.stored.push((store, key, body));
        self
    }

    fn demand_store(&self, name: &str) {
        let known: Vec<String> = self
            .endpoints
            .iter()
            .flat_map(|endpoint| {
                let further = endpoint.stores().iter().map(|store| Self::store_name(endpoint, store));
                further.chain([endpoint.name().to_owned()])
            })
            .collect();
        demand("store", name, known.iter());
    }

    /// At rest, `measure` of what the endpoint added last stores must be at
    /// most `at_most`: [`Property::BoundedStorage`](crate::Property::BoundedStorage).
    ///
    /// ```
    /// use chaos::{Property, System, explore};
    /// use ports::{Endpoint, Message, MessageId, Precondition};
    ///
    /// // A diary of all guests, which nobody ever tears a page out of.
    /// let diary = Endpoint::new("diary", async |message, ports, _| {
    ///     ports.documents.put(message.name(), Vec::new(), Precondition::None).await?;
    ///     Ok(())
    /// });
    /// let system = || {
    ///     System::of(diary)
    ///         .stores_at_most("the number of guests", 1, |snapshot| snapshot.documents().count())
    ///         .which_means("the diary is full by next summer")
    /// };
    /// let guests = ["Ann", "Bob"].map(|name| Message::new(MessageId::named(name), &name));
    /// let report = explore(system).send(guests).run();
    /// assert_eq!(report.violated(), Some(Property::BoundedStorage));
    /// assert!(report.to_string().contains("=> The diary is full by next summer"), "{report}");
    /// ```
    #[must_use]
    pub fn stores_at_most(
        mut self,
        what: impl Into<String>,
        at_most: usize,
        measure: impl Fn(&Snapshot) -> usize + Send + Sync + 'static,
    ) -> Self {
        let endpoint = self.endpoints.len() - 1;
        self.storage_bounds.push(StorageBound {
            endpoint,
            what: what.into(),
            at_most,
            damage: "what is left behind here is never taken away, and there will be more of it".to_owned(),
            measure: Arc::new(measure),
        });
        self
    }

    /// What it means for the business that the
    /// [bound](Self::stores_at_most) added last does not hold, as a sentence
    /// without a full stop.
    ///
    /// # Panics
    ///
    /// When there is no bound yet.
    #[must_use]
    pub fn which_means(mut self, damage: impl Into<String>) -> Self {
        self.storage_bounds.last_mut().expect("a bound that means something").damage = damage.into();
        self
    }

    /// At rest, `find` must find nothing in what the endpoint added last
    /// stores: [`Property::NoGarbage`](crate::Property::NoGarbage).
    ///
    /// ```
    /// use chaos::{Property, System, explore};
    /// use ports::{Endpoint, Message, MessageId, Precondition};
    ///
    /// // It puts up a ladder, and leaves it there.
    /// let painter = Endpoint::new("painter", async |_, ports, _| {
    ///     ports.documents.put("ladder", Vec::new(), Precondition::None).await?;
    ///     Ok(())
    /// });
    /// let system = || {
    ///     System::of(painter).leaves_no_garbage(|snapshot| {
    ///         snapshot.documents().map(|(key, _)| format!("the {key} is still there")).collect()
    ///     })
    /// };
    /// let report = explore(system).send([Message::new(MessageId::named("wall"), &"Paint")]).run();
    /// assert_eq!(report.violated(), Some(Property::NoGarbage));
    /// ```
    #[must_use]
    pub fn leaves_no_garbage(
        mut self,
        find: impl Fn(&Snapshot) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        let endpoint = self.endpoints.len() - 1;
        self.garbage.push(GarbageRule { endpoint, find: Arc::new(find) });
        self
    }

    /// What kind of stream a stream is: what it looks at first, and for how
    /// long it remembers ids. Without this, it is as nats-server is from 2.12
    /// on, with the default window.
    ///
    /// # Panics
    ///
    /// When no endpoint added so far has such a stream.
    #[must_use]
    pub fn stream(mut self, name: &str, kind: StreamModel) -> Self {
        demand("stream", name, self.endpoints.iter().flat_map(Endpoint::streams));
        self.streams.retain(|(other, _)| other != name);
        self.streams.push((name.to_owned(), kind));
        self
    }

    /// Messages, each a subject and a body, that are in a stream before
    /// anything happens. The window of their ids, if they had any, is over.
    ///
    /// # Panics
    ///
    /// When no endpoint added so far has such a stream.
    #[must_use]
    pub fn published<S: Into<String>>(
        mut self,
        stream: &str,
        messages: impl IntoIterator<Item = (S, Vec<u8>)>,
    ) -> Self {
        demand("stream", stream, self.endpoints.iter().flat_map(Endpoint::streams));
        let messages = (1..).zip(messages).map(|(sequence, (subject, body))| StreamMessage {
            sequence,
            subject: subject.into(),
            body,
            message_id: None,
        });
        self.published.retain(|(other, _)| other != stream);
        self.published.push((stream.to_owned(), messages.collect()));
        self
    }

    /// A service that forgets an idempotency key, as a fault
    /// ([`Fault::TimeToLiveExpires`](crate::Fault::TimeToLiveExpires)), once
    /// two things are true: `may_forget` says so of what the endpoint has
    /// stored (its documents, events, logs and streams, but not what services
    /// have done), given the message at whose processing the key was used for
    /// what is remembered; and nobody is processing a copy of that message, nor
    /// can a call from its processing still land. Of several endpoints that call
    /// the service, it is the first one that is looked at. Without this, a
    /// service remembers every key for ever.
    ///
    /// # Panics
    ///
    /// When no endpoint added so far calls such a service.
    #[must_use]
    pub fn forgetful(
        mut self,
        service: &str,
        may_forget: impl Fn(&Snapshot, &Message) -> bool + Send + Sync + 'static,
    ) -> Self {
        demand("service", service, self.endpoints.iter().flat_map(Endpoint::services));
        self.forgetful.retain(|(other, _)| other != service);
        self.forgetful.push((service.to_owned(), Arc::new(may_forget)));
        self
    }

    /// The right answer, where what is under test is a wrong one: endpoints of the same
    /// names. The script of the run that shows what is wrong is played with these as well
    /// ([`Report::assert_the_answer_holds`](crate::Report::assert_the_answer_holds)), and
    /// shown beside it where somebody wants to look. Whatever has no endpoint of its name
    /// among them stays as it is.
    ///
    /// # Panics
    ///
    /// When no endpoint added so far has the name of one of them.
    #[must_use]
    pub fn beside(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        for endpoint in endpoints {
            self.endpoint_named(endpoint.name());
            self.beside.push(endpoint);
        }
        self
    }

    /// The system with the right answer in it; none, if nobody has said what that is.
    pub(crate) fn with_what_is_beside(&self) -> Option<Self> {
        let endpoint = |endpoint: &Endpoint| {
            let right = self.beside.iter().find(|right| right.name() == endpoint.name());
            right.unwrap_or(endpoint).clone()
        };
        let endpoints = self.endpoints.iter().map(endpoint).collect();
        (!self.beside.is_empty()).then(|| Self { endpoints, beside: Vec::new(), ..self.clone() })
    }

    /// The endpoints, in the order in which they were added.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The documents that are there before anything happens: store, as in
    /// [`store`](Self::store), key and body.
    pub fn documents_at_the_start(&self) -> impl Iterator<Item = (&str, &str, &[u8])> {
        self.stored.iter().map(|(store, key, body)| (store.as_str(), key.as_str(), body.as_slice()))
    }

    /// Whether anything at rest is held against anything.
    pub(crate) fn asks_anything(&self) -> bool {
        self.specifications.iter().any(Option::is_some)
            || !self.storage_bounds.is_empty()
            || !self.garbage.is_empty()
    }

    /// The name of an endpoint's further store among all stores.
    pub(crate) fn store_name(endpoint: &Endpoint, store: &str) -> String {
        if endpoint.shares(store) { store.to_owned() } else { format!("{} {store}", endpoint.name()) }
    }

    /// The number of the endpoint with this name.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn endpoint_named(&self, name: &str) -> usize {
        self.endpoints.iter().position(|endpoint| endpoint.name() == name).unwrap_or_else(|| {
            let known: Vec<_> = self.endpoints.iter().map(Endpoint::name).collect();
            panic!("there is no endpoint named {name:?}; there are {known:?}")
        })
    }
}

/// Panics if there is no such thing, and says what there is.
fn demand<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a String>) {
    let known: Vec<&String> = known.collect();
    assert!(
        known.iter().any(|known| *known == name),
        "there is no {kind} named {name:?}; there are {known:?}"
    );
}

/// Messages, and the endpoint each is sent to.
pub(crate) type Mail = Vec<(usize, Message)>;
