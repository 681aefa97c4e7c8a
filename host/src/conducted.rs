//! A worker that asks before it does anything.
//!
//! Each call that its handler makes is asked for first, and somebody else says how it
//! goes: it is carried out and answered; it is refused, and nothing happens; it is
//! carried out, and the answer does not get back. Whoever says so may also kill the
//! worker, before or after. The calls are real ones, and so is what they meet: a
//! conflict is one because somebody else has written.
//!
//! Nor does it take messages from the server. It is given a copy that the server has
//! delivered ([`Hand`](crate::hand::Hand)), gives signs of life for it, and
//! acknowledges it, or gives it back, itself.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Document, DocumentStore, Endpoint, Etag, Message, MessageId, Precondition, PublishError, Publisher,
    StoreError,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::{Instant, interval_at};

use crate::connection::Connection;
use crate::hand::Receipt;
use crate::seam::Seam;
use crate::worker::{Ports, handle};

/// What a worker is told.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Work on this copy.
    Start {
        /// The message.
        message: Message,
        /// Where the server is told what comes of it.
        receipt: Receipt,
    },
    /// So a call goes.
    Rule {
        /// The number of the call.
        call: u64,
        /// How it goes.
        ruling: Ruling,
    },
    /// Give no sign of life any more, so that the server gives the message to somebody
    /// else.
    LoseTheLock,
}

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ruling {
    /// It is carried out and answered.
    Well,
    /// Nothing happens, and the caller knows.
    Unavailable,
    /// Nothing happens, and the caller does not know.
    Fails,
    /// It is carried out, and the caller does not know.
    ReplyLost,
    /// It is carried out, and then nothing more: the end of the worker is near.
    Last,
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Word {
    /// It waits for a message.
    Ready,
    /// It would like to make a call.
    Asks(Asked),
    /// A call is carried out.
    Did {
        /// The number of the call.
        call: u64,
        /// What the answer was, whether the caller has heard it or not.
        answer: Answer,
    },
    /// Nobody waits for this call any more.
    GivesUp {
        /// The number of the call.
        call: u64,
    },
    /// The handler can do nothing until a call is ruled upon.
    Waits,
    /// The delivery is over. An error says why the message is to come again.
    Ended(Result<(), String>),
}

/// A call that a worker would like to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Its number.
    pub call: u64,
    /// What kind of call it is.
    pub kind: Kind,
    /// As the endpoint calls the store; its main store has its own name. Empty, if it is
    /// none.
    pub store: String,
    /// The key. Empty, if there is none.
    pub key: String,
    /// What is published, if something is.
    pub publishes: Option<Message>,
    /// For how long it is to be stored, if not for ever.
    pub time_to_live: Option<Duration>,
}

/// What kind of call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// It only asks.
    Read,
    /// It changes something, or would.
    Write,
    /// It publishes a message.
    Publish,
    /// It acknowledges the message.
    Acknowledge,
}

/// What a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// There is such a document.
    Found,
    /// There is none.
    Absent,
    /// It is stored, deleted, published or acknowledged.
    Done,
    /// Something else is there than was expected.
    Conflict,
    /// It does not fit into the store.
    TooLarge,
    /// Anything else that went wrong.
    Failed,
}

/// Works on what it is given, until there are no more orders. To be awaited on a
/// [`LocalSet`](tokio::task::LocalSet).
///
/// # Errors
///
/// When it cannot begin.
pub async fn work(
    connection: &Connection,
    endpoint: &Endpoint,
    ack_wait: Duration,
    mut orders: UnboundedReceiver<Order>,
    say: impl Fn(&Word) + Send + Sync + 'static,
) -> anyhow::Result<()> {
    let line = Arc::new(Line { say: Box::new(say), state: Mutex::default() });
    let ports = conducted(Ports::open(connection, endpoint, &Seam::default()).await?.get(), endpoint, &line);
    line.say(&Word::Ready);
    while let Some(order) = orders.recv().await {
        // Whatever it is told of a delivery that is over comes too late.
        let Order::Start { message, receipt } = order else { continue };
        let mut delivery = Delivery { connection, receipt, line: &line, ack_wait, locked: true };
        let handled = handle(endpoint.clone(), Arc::new(message), ports.clone(), MessageId::random);
        let Some(ended) = delivery.run(handled, &mut orders).await else { break };
        line.say(&Word::Ended(ended));
    }
    Ok(())
}

/// A delivery in progress.
struct Delivery<'a> {
    connection: &'a Connection,
    receipt: Receipt,
    line: &'a Arc<Line>,
    ack_wait: Duration,
    /// Whether signs of life are given.
    locked: bool,
}

impl Delivery<'_> {
    /// Runs the handler, and says to the server what came of it. None if nobody gives
    /// orders any more.
    async fn run(
        &mut self,
        handled: impl Future<Output = anyhow::Result<()>> + 'static,
        orders: &mut UnboundedReceiver<Order>,
    ) -> Option<Result<(), String>> {
        // On a task of its own, so that a handler that panics ends its delivery, and
        // not the worker.
        let handled = spawn_local(Watched { future: Box::pin(handled), line: Arc::clone(self.line) });
        let result = match self.attend(handled, orders).await? {
            Ok(result) => result.map_err(|error| format!("{error:#}")),
            Err(panic) => Err(format!("the handler panicked: {panic}")),
        };
        match &result {
            Ok(()) => {
                let (line, receipt) = (Arc::clone(self.line), self.receipt.clone());
                let connection = self.connection.clone();
                let acknowledged = spawn_local(async move {
                    let asked = line.ask(Kind::Acknowledge, "", "", None, None);
                    line.say(&Word::Waits);
                    let call = asked.await;
                    // Lost on the way, or never sent: for the server it is the same.
                    if matches!(call.ruling, Ruling::Well | Ruling::ReplyLost | Ruling::Last) {
                        receipt.acknowledge(&connection).await;
                        call.did(Answer::Done).await;
                    } else {
                        call.refused();
                    }
                });
                self.attend(acknowledged, orders).await?.ok();
            }
            // Without the lock, it is with somebody else by now.
            Err(_) if self.locked => self.receipt.give_back(self.connection).await,
            Err(_) => {}
        }
        Some(result)
    }

    /// Waits for the end of a task, follows orders and gives signs of life meanwhile.
    async fn attend<T>(
        &mut self,
        task: tokio::task::JoinHandle<T>,
        orders: &mut UnboundedReceiver<Order>,
    ) -> Option<Result<T, tokio::task::JoinError>> {
        let mut task = std::pin::pin!(task);
        let pause = self.ack_wait / 4;
        let mut alive = interval_at(Instant::now() + pause, pause);
        loop {
            tokio::select! {
                biased;
                ended = &mut task => return Some(ended),
                order = orders.recv() => match order? {
                    Order::Rule { call, ruling } => self.line.rule(call, ruling),
                    Order::LoseTheLock => self.locked = false,
                    Order::Start { .. } => tracing::error!("busy, and given another copy: ignored"),
                },
                _ = alive.tick(), if self.locked => self.receipt.is_worked_on(self.connection).await,
            }
        }
    }
}

/// The line to whoever conducts.
struct Line {
    say: Box<dyn Fn(&Word) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: u64,
    /// Who waits for a ruling.
    waiting: BTreeMap<u64, oneshot::Sender<Ruling>>,
    /// How many calls are being carried out.
    under_way: usize,
    /// Whether it was said that the handler waits.
    said: bool,
}

/// A call that was ruled upon.
struct Ruled {
    line: Arc<Line>,
    call: u64,
    ruling: Ruling,
}

/// A call that nobody has ruled upon yet. Dropping it says that nobody waits for it.
struct Unruled {
    line: Arc<Line>,
    call: u64,
}

impl Line {
    fn say(&self, word: &Word) {
        (self.say)(word);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a call, at once, and waits for the ruling.
    fn ask(
        self: &Arc<Self>,
        kind: Kind,
        store: &str,
        key: &str,
        publishes: Option<Message>,
        time_to_live: Option<Duration>,
    ) -> impl Future<Output = Ruled> + Send + use<> {
        let (ruling, ruled) = oneshot::channel();
        let call = {
            let mut state = self.state();
            state.calls += 1;
            state.said = false;
            let call = state.calls;
            state.waiting.insert(call, ruling);
            call
        };
        let (store, key) = (store.to_owned(), key.to_owned());
        self.say(&Word::Asks(Asked { call, kind, store, key, publishes, time_to_live }));
        let unruled = Unruled { line: Arc::clone(self), call };
        async move {
            match ruled.await {
                Ok(ruling) => Ruled { line: Arc::clone(&unruled.line), call, ruling },
                Err(_) => pending().await,
            }
        }
    }

    fn rule(&self, call: u64, ruling: Ruling) {
        let mut state = self.state();
        let Some(waiting) = state.waiting.remove(&call) else { return };
        state.under_way += 1;
        state.said = false;
        if waiting.send(ruling).is_err() {
            state.under_way -= 1;
        }
    }

    /// The handler has got as far as it can.
    fn has_stopped(&self) {
        let mut state = self.state();
        let is_news = state.under_way == 0 && !state.said;
        state.said |= is_news;
        drop(state);
        if is_news {
            self.say(&Word::Waits);
        }
    }
}

impl Drop for Unruled {
    fn drop(&mut self) {
        if self.line.state().waiting.remove(&self.call).is_some() {
            self.line.say(&Word::GivesUp { call: self.call });
        }
    }
}

impl Ruled {
    /// What is not carried out; none, if it is.
    fn refused(&self) -> Option<StoreError> {
        let error = match self.ruling {
            Ruling::Unavailable => StoreError::Unavailable,
            Ruling::Fails => StoreError::NoReply,
            Ruling::Well | Ruling::ReplyLost | Ruling::Last => return None,
        };
        self.line.state().under_way -= 1;
        Some(error)
    }

    /// It was carried out, and so answered. Says whether the caller hears it.
    async fn did(&self, answer: Answer) -> bool {
        self.line.say(&Word::Did { call: self.call, answer });
        if self.ruling == Ruling::Last {
            pending::<()>().await;
        }
        self.line.state().under_way -= 1;
        self.ruling == Ruling::Well
    }
}

/// A handler, and somebody who sees when it waits.
struct Watched<F> {
    future: Pin<Box<F>>,
    line: Arc<Line>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<F::Output> {
        let polled = self.future.as_mut().poll(context);
        if polled.is_pending() {
            self.line.has_stopped();
        }
        polled
    }
}

/// The same ports, each call of which is asked for.
fn conducted(ports: ports::Ports, endpoint: &Endpoint, line: &Arc<Line>) -> ports::Ports {
    let store = |name: &str, store: Arc<dyn DocumentStore>| -> Arc<dyn DocumentStore> {
        Arc::new(Store { store, name: name.to_owned(), line: Arc::clone(line) })
    };
    let documents = store(endpoint.name(), Arc::clone(&ports.documents));
    let stores = ports.stores.iter().map(|(name, it)| (name.clone(), store(name, Arc::clone(it))));
    let stores = stores.collect();
    let publisher = Arc::new(Mouth { publisher: Arc::clone(&ports.publisher), line: Arc::clone(line) });
    ports::Ports { documents, stores, publisher, ..ports }
}

struct Store {
    store: Arc<dyn DocumentStore>,
    name: String,
    line: Arc<Line>,
}

impl Store {
    async fn conducted<T: Send>(
        &self,
        kind: Kind,
        key: &str,
        time_to_live: Option<Duration>,
        call: impl Future<Output = Result<T, StoreError>> + Send,
        answered: impl Fn(&T) -> Answer + Send,
    ) -> Result<T, StoreError> {
        let ruled = self.line.ask(kind, &self.name, key, None, time_to_live).await;
        if let Some(error) = ruled.refused() {
            return Err(error);
        }
        let result = call.await;
        let answer = match &result {
            Ok(answer) => answered(answer),
            Err(StoreError::Conflict { .. }) => Answer::Conflict,
            Err(StoreError::TooLarge { .. }) => Answer::TooLarge,
            Err(_) => Answer::Failed,
        };
        if ruled.did(answer).await { result } else { Err(StoreError::NoReply) }
    }
}

#[async_trait]
impl DocumentStore for Store {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let answered = |found: &Option<Document>| match found {
            Some(_) => Answer::Found,
            None => Answer::Absent,
        };
        self.conducted(Kind::Read, key, None, self.store.get(key), answered).await
    }

    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError> {
        let call = self.store.put(key, body, precondition);
        self.conducted(Kind::Write, key, None, call, |_| Answer::Done).await
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        let call = self.store.put_expiring(key, body, precondition, time_to_live);
        self.conducted(Kind::Write, key, Some(time_to_live), call, |_| Answer::Done).await
    }

    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError> {
        let call = self.store.delete(key, precondition);
        self.conducted(Kind::Write, key, None, call, |()| Answer::Done).await
    }
}

struct Mouth {
    publisher: Arc<dyn Publisher>,
    line: Arc<Line>,
}

#[async_trait]
impl Publisher for Mouth {
    async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let ruled = self.line.ask(Kind::Publish, "", "", Some(message.clone()), None).await;
        if ruled.refused().is_some() {
            return Err(PublishError);
        }
        let result = self.publisher.publish(message).await;
        let answer = if result.is_ok() { Answer::Done } else { Answer::Failed };
        if ruled.did(answer).await { result } else { Err(PublishError) }
    }
}
