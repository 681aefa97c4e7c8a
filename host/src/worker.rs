//! The consumer loop.
//!
//! A worker has so many *slots*, and each takes one message at a time: it asks the
//! server for one, runs the handler, and says what came of it. So a worker never
//! holds a message that it is not working on, the work in flight is bounded by the
//! number of slots, and a slow store slows down the asking: that is the whole of
//! back-pressure.
//!
//! A handler's future need not be [`Send`]: all slots of a worker run on one thread
//! (a [`LocalSet`](tokio::task::LocalSet)). They wait for a network nearly all the
//! time, and whoever wants a second core starts a second process, which a worker
//! must share everything with through the server anyway.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::ensure;
use async_nats::jetstream::{self, AckKind};
use async_trait::async_trait;
use futures_util::StreamExt;
use ports::{
    Context, DocumentStore, Endpoint, EventStore, Message, MessageId, NewEvent, Publisher, RecordLog,
    RecordedEvent, Snapshot, StoreError,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::clock::MachineClock;
use crate::connection::{Connection, insist};
use crate::record::{Kind, Record};
use crate::seam::{Job, Seam, Store};

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How many messages it works on at once.
    pub slots: usize,
    /// For how long the server waits for a sign of life before it gives a message to
    /// somebody else. A worker that lives gives one three times as often.
    pub ack_wait: Duration,
    /// How long a message waits that has failed once. It doubles each time, up to a
    /// second, and varies a little, so that two that got into each other's way do not
    /// do so again.
    pub delay: Duration,
    /// How often a message is tried before it is put aside as a dead letter.
    pub most_attempts: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            slots: 4,
            ack_wait: Duration::from_secs(2),
            delay: Duration::from_millis(10),
            most_attempts: 30,
        }
    }
}

/// One delivery, and what came of it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// How often the message has been delivered, this time included.
    pub attempt: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// How long the handler took.
    pub took: Duration,
    /// How long it is since the message was stored.
    pub since_stored: Duration,
}

/// What came of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler returned `Ok`, and the message is acknowledged.
    Done,
    /// Somebody else was faster; the message comes again.
    Conflict,
    /// The handler failed in another way; the message comes again.
    Failed(String),
    /// It was put aside.
    DeadLetter,
}

/// The stores of one endpoint, and its way out.
#[derive(Clone)]
pub struct Ports {
    own: Arc<dyn Store>,
    further: BTreeMap<String, Arc<dyn Store>>,
    ports: ports::Ports,
}

/// The bucket of a store of an endpoint: the main one has the endpoint's name, a
/// further one that and its own, and one that is shared is `shared-` and its own.
#[must_use]
pub fn bucket_of(endpoint: &Endpoint, further: Option<&str>) -> String {
    let name = endpoint.name();
    match further {
        None => name.to_owned(),
        Some(store) if endpoint.shares(store) => format!("shared-{store}"),
        Some(store) => format!("{name}-{store}"),
    }
}

impl Ports {
    /// Opens what an endpoint asks for, as the seam has it; under which names its stores
    /// are is said by [`bucket_of`].
    ///
    /// # Errors
    ///
    /// When the endpoint declares what this host has not, and when the server does
    /// not do it.
    pub async fn open(connection: &Connection, endpoint: &Endpoint, seam: &Seam) -> anyhow::Result<Self> {
        let name = endpoint.name();
        for (declared, what) in [
            (!endpoint.streams().is_empty(), "streams with expectations"),
            (!endpoint.services().is_empty(), "services"),
            (!endpoint.outsides().is_empty(), "ports of its own"),
        ] {
            ensure!(!declared, "{name} has {what}, which this host does not run yet");
        }
        let own = seam.stores.open(connection, &bucket_of(endpoint, None)).await?;
        let mut further = BTreeMap::new();
        for store in endpoint.stores() {
            let opened = seam.stores.open(connection, &bucket_of(endpoint, Some(store))).await?;
            further.insert(store.clone(), opened);
        }
        let stores = further.iter().map(|(name, store)| {
            let store: Arc<dyn DocumentStore> = store.clone();
            (name.clone(), store)
        });
        let ports = ports::Ports {
            events: Arc::new(NotHere),
            documents: own.clone(),
            publisher: (seam.publisher)(connection, name),
            clock: Arc::new(MachineClock::default()),
            stores: stores.collect(),
            log: Arc::new(NotHere),
            streams: BTreeMap::new(),
            services: BTreeMap::new(),
            outsides: BTreeMap::new(),
        };
        Ok(Self { own, further, ports })
    }

    /// What a handler gets.
    #[must_use]
    pub fn get(&self) -> ports::Ports {
        self.ports.clone()
    }

    /// What the stores hold, for the endpoint's view. It is taken key by key: one
    /// moment only where nobody writes.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached.
    pub async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        for (key, body) in self.own.all().await? {
            snapshot.insert_document(key, body);
        }
        for (name, store) in &self.further {
            for (key, body) in store.all().await? {
                snapshot.insert_document_in(name, key, body);
            }
        }
        Ok(snapshot)
    }
}

/// What this host does not have. An endpoint does not declare whether it needs it.
struct NotHere;

#[async_trait]
impl EventStore for NotHere {
    async fn read(&self, _: &str) -> Result<Vec<RecordedEvent>, StoreError> {
        Err(StoreError::Protocol("this host has no event store yet".to_owned()))
    }

    async fn append(&self, _: &str, _: u64, _: Vec<NewEvent>) -> Result<u64, StoreError> {
        Err(StoreError::Protocol("this host has no event store yet".to_owned()))
    }
}

#[async_trait]
impl RecordLog for NotHere {
    async fn read(&self, _: &str, _: u64, _: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        Err(StoreError::Protocol("this host has no logs yet".to_owned()))
    }

    async fn append(&self, _: &str, _: u64, _: Vec<Vec<u8>>) -> Result<u64, StoreError> {
        Err(StoreError::Protocol("this host has no logs yet".to_owned()))
    }
}

/// A worker's parts, shared by its slots.
struct Worker<F> {
    connection: Connection,
    endpoint: Endpoint,
    seam: Seam,
    ports: ports::Ports,
    record: Record,
    consumer: jetstream::consumer::PullConsumer,
    rules: Rules,
    tell: F,
}

/// Makes sure that the endpoint has its consumer, from which its messages are
/// counted. A worker does it, too.
///
/// # Errors
///
/// When the server does not do it.
pub async fn prepare(
    connection: &Connection,
    endpoint: &Endpoint,
    rules: Rules,
    seam: &Seam,
) -> anyhow::Result<()> {
    Record::open(connection).await?.consumer(endpoint, rules.ack_wait).await?;
    Ports::open(connection, endpoint, seam).await?;
    Ok(())
}

/// Works until it is told to stop, and `tell`s of each delivery. What is under way
/// then is brought to its end, which takes a second if nothing is. A server that is gone
/// for a while is waited for. To be awaited on a [`LocalSet`](tokio::task::LocalSet).
///
/// # Errors
///
/// When it cannot begin within a minute.
pub async fn run(
    connection: &Connection,
    endpoint: &Endpoint,
    rules: Rules,
    seam: &Seam,
    stop: watch::Receiver<bool>,
    tell: impl Fn(Delivery) + 'static,
) -> anyhow::Result<()> {
    let begin = async || {
        let record = Record::open(connection).await?;
        let consumer = record.consumer(endpoint, rules.ack_wait).await?;
        anyhow::Ok((record, consumer, Ports::open(connection, endpoint, seam).await?.get()))
    };
    let (record, consumer, ports) = insist(BEGINNING, begin).await?;
    let worker = Worker {
        connection: connection.clone(),
        endpoint: endpoint.clone(),
        seam: seam.clone(),
        ports,
        record,
        consumer,
        rules,
        tell,
    };
    let worker = std::rc::Rc::new(worker);
    let mut slots = JoinSet::new();
    for _ in 0..rules.slots.max(1) {
        let (worker, stop) = (std::rc::Rc::clone(&worker), stop.clone());
        slots.spawn_local(async move {
            while !*stop.borrow() {
                worker.work_on_one().await;
            }
        });
    }
    while slots.join_next().await.is_some() {}
    worker.connection.flush().await
}

/// For how long a server may be gone when a worker begins.
pub const BEGINNING: Duration = Duration::from_secs(60);

/// For how long one request for a message waits at the server.
const ASKING: Duration = Duration::from_secs(1);

impl<F: Fn(Delivery) + 'static> Worker<F> {
    async fn work_on_one(&self) {
        let asked = async {
            match self.consumer.batch().max_messages(1).expires(ASKING).messages().await {
                Ok(mut one) => one.next().await,
                Err(error) => Some(Err(error.into())),
            }
        };
        // What was on its way when the connection broke, the server delivers again.
        match self.connection.while_it_lasts(asked).await.flatten() {
            Some(Ok(delivered)) => self.deliver(delivered).await,
            // Nobody had anything to say.
            None => {}
            Some(Err(error)) => {
                tracing::warn!(%error, "no message");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    async fn deliver(&self, delivered: jetstream::Message) {
        let (attempt, stored) = match delivered.info() {
            Ok(info) => (info.delivered.unsigned_abs(), info.published.unix_timestamp_nanos()),
            Err(error) => return tracing::error!(%error, "a delivery that says nothing of itself"),
        };
        let message: Message = match serde_json::from_slice(&delivered.payload) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%error, subject = %delivered.subject, "no message of ours: dropped");
                return answer(&delivered, AckKind::Term).await;
            }
        };
        let span = tracing::info_span!(
            "delivery",
            endpoint = self.endpoint.name(),
            message = message.name(),
            id = %message.id,
            attempt
        );
        let began = tokio::time::Instant::now();
        let job = Job {
            work: Box::pin(self.work(message.clone())),
            message,
            attempt,
            delivered,
            rules: self.rules,
            endpoint: self.endpoint.name().to_owned(),
            connection: self.connection.clone(),
            record: self.record.clone(),
        };
        let outcome = (self.seam.deliver)(job).instrument(span).await;
        let took = began.elapsed();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let stored = Duration::from_nanos(u64::try_from(stored).unwrap_or_default());
        (self.tell)(Delivery { attempt, outcome, took, since_stored: now.saturating_sub(stored) });
    }

    /// Runs the handler on a task of its own, so that one that panics ends its delivery,
    /// and not the worker. It ends when nobody waits for it any more.
    fn work(&self, message: Message) -> impl Future<Output = anyhow::Result<()>> + use<F> {
        let (endpoint, ports, new_id) = (self.endpoint.clone(), self.ports.clone(), self.seam.new_id);
        async move {
            let mut task = JoinSet::new();
            task.spawn_local(handle(endpoint, Arc::new(message), ports, new_id));
            match task.join_next().await {
                Some(Ok(handled)) => handled,
                Some(Err(panic)) => Err(anyhow::anyhow!("the handler panicked: {panic}")),
                None => Ok(()),
            }
        }
    }
}

/// The host's own way to make something of a delivery.
pub(crate) async fn deliver(job: Job) -> Outcome {
    let Job { delivered, message, attempt, rules, endpoint, mut work, record, .. } = job;
    let Rules { ack_wait, delay, most_attempts, .. } = rules;
    if attempt > most_attempts {
        // First the letter, then the end: the other way round it could be lost.
        return match record.add(Kind::Dead, &endpoint, &message).await {
            Ok(()) => {
                tracing::error!("a dead letter");
                answer(&delivered, AckKind::Term).await;
                Outcome::DeadLetter
            }
            Err(failure) => {
                answer(&delivered, AckKind::Nak(Some(delay))).await;
                Outcome::Failed(failure.to_string())
            }
        };
    }
    let mut alive = tokio::time::interval_at(tokio::time::Instant::now() + ack_wait / 3, ack_wait / 3);
    let handled = loop {
        tokio::select! {
            biased;
            handled = &mut work => break handled,
            _ = alive.tick() => answer(&delivered, AckKind::Progress).await,
        }
    };
    let error = match handled {
        Ok(()) => {
            answer(&delivered, AckKind::Ack).await;
            return Outcome::Done;
        }
        Err(error) => error,
    };
    tracing::debug!(%error, "failed");
    answer(&delivered, AckKind::Nak(Some(after(delay, attempt)))).await;
    match error.downcast_ref() {
        Some(StoreError::Conflict { .. }) => Outcome::Conflict,
        _ => Outcome::Failed(format!("{error:#}")),
    }
}

/// Says what is to become of a delivery. Nobody waits for a receipt: if this gets
/// lost, the message comes again, as if the worker had died.
async fn answer(delivered: &jetstream::Message, answer: AckKind) {
    if let Err(error) = delivered.ack_with(answer).await {
        tracing::warn!(%error, ?answer, "not answered");
    }
}

/// Runs the handler, and dispatches what it has handed over.
pub(crate) async fn handle(
    endpoint: Endpoint,
    message: Arc<Message>,
    ports: ports::Ports,
    new_id: fn() -> MessageId,
) -> anyhow::Result<()> {
    let context = Arc::new(Context::new(new_id));
    let publisher: Arc<dyn Publisher> = Arc::clone(&ports.publisher);
    endpoint.handle(message, ports, Arc::clone(&context)).await?;
    for output in context.take_outputs() {
        publisher.publish(output).await?;
    }
    for note in context.take_notes() {
        tracing::info!("{note}");
    }
    Ok(())
}

/// How long a message waits that has failed so often.
fn after(delay: Duration, attempt: u64) -> Duration {
    const LONGEST: Duration = Duration::from_secs(1);
    let doubled = delay.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
    // Between a half and one and a half of it.
    let [lot, ..] = *MessageId::random().as_uuid().as_bytes();
    doubled / 2 + doubled * u32::from(lot) / 255
}
