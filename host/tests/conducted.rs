//! A worker that asks first, on a real server: what it is told is what happens.

use std::sync::Mutex;
use std::time::Duration;

use host::conducted::{Answer, Kind, Order, Ruling, Word, work};
use host::hand::{Copy, Hand, until};
use host::kv::KvStore;
use host::record::Record;
use host::{Address, Connection};
use ports::real::NatsServer;
use ports::{Context, DocumentStore, Endpoint, Message, MessageId, Ports, Precondition, StoreError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

/// Short, and long enough for a machine that has much else to do.
const ACK_WAIT: Duration = Duration::from_secs(1);

/// What the handler was told of its put.
static TOLD: Mutex<Option<Result<(), StoreError>>> = Mutex::new(None);

/// Puts a document, and says it.
async fn put(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let put = ports.documents.put("bell", b"|".to_vec(), Precondition::None).await;
    *TOLD.lock().expect("nobody panics") = Some(put.clone().map(|_| ()));
    put?;
    ports.publisher.publish(Message::new(message.id.derive("rang"), &"Rang")).await?;
    Ok(())
}

/// A worker, a hand, and a message for them.
struct Stage {
    connection: Connection,
    record: Record,
    hand: Hand,
    orders: UnboundedSender<Order>,
    words: UnboundedReceiver<Word>,
}

impl Stage {
    async fn new(server: &NatsServer) -> Self {
        let address = Address { url: server.url(), token: None };
        let connection = Connection::open(&address).await.expect("a connection");
        let record = Record::open(&connection).await.expect("a record");
        let endpoint = Endpoint::new("bell", put);
        let hand = Hand::open(&connection, &endpoint, ACK_WAIT).await.expect("a hand");
        record.send("bell", &Message::new(MessageId::random(), &"Ring")).await.expect("sent");
        let (orders, told) = unbounded_channel();
        let (voice, words) = unbounded_channel();
        let worker = connection.clone();
        spawn_local(async move {
            let say = move |word: &Word| {
                let word = serde_json::to_string(word).expect("a word");
                let _ = voice.send(serde_json::from_str(&word).expect("the same word"));
            };
            work(&worker, &endpoint, ACK_WAIT, told, say).await.expect("a worker");
        });
        let mut stage = Self { connection, record, hand, orders, words };
        assert!(matches!(stage.next().await, Word::Ready));
        stage
    }

    async fn next(&mut self) -> Word {
        timeout(ACK_WAIT * 10, self.words.recv()).await.expect("a word in time").expect("a word")
    }

    /// The next call that is asked for, once the handler can do nothing else.
    async fn asked(&mut self, kind: Kind) -> u64 {
        let Word::Asks(asked) = self.next().await else { panic!("it asks for nothing") };
        assert_eq!(asked.kind, kind);
        assert!(matches!(self.next().await, Word::Waits));
        asked.call
    }

    fn rule(&self, call: u64, ruling: Ruling) {
        self.orders.send(Order::Rule { call, ruling }).expect("a worker");
    }

    /// The copy that the server delivers next.
    async fn copy(&self) -> Option<Copy> {
        until(ACK_WAIT * 5, async || {
            self.hand.fill().await?;
            Ok(self.hand.take(|_| true).await)
        })
        .await
        .expect("a server")
    }

    async fn start(&self) -> Copy {
        let copy = self.copy().await.expect("a copy");
        let Copy { message, receipt, .. } = copy.clone();
        self.orders.send(Order::Start { message, receipt }).expect("a worker");
        copy
    }

    async fn is_stored(&self) -> bool {
        let store = KvStore::open(&self.connection, "bell").await.expect("a store");
        store.get("bell").await.expect("an answer").is_some()
    }
}

/// Runs a test, if there is a server.
fn on_a_stage(test: impl AsyncFnOnce(Stage)) {
    let Some(server) = NatsServer::for_test() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(LocalSet::new().run_until(async {
        test(Stage::new(&server).await).await;
    }));
}

/// A consumer learns of a message a moment after whoever sent it was told that it is stored.
/// Whoever asks in between is not to hear that nothing is left to be done.
#[test]
fn what_is_stored_is_waiting_at_once() {
    on_a_stage(async |stage| {
        let first = stage.copy().await.expect("the message of the stage");
        first.receipt.acknowledge(&stage.connection).await;
        for ring in 1..=300 {
            stage.record.send("bell", &Message::new(MessageId::random(), &"Ring")).await.expect("sent");
            let waiting = stage.record.waiting("bell").await.expect("the consumer");
            assert!(waiting.undelivered == 1, "message {ring} is stored, and the consumer has {waiting:?}");
            let copy = stage.copy().await.expect("a copy");
            copy.receipt.acknowledge(&stage.connection).await;
        }
    });
}

#[test]
fn what_is_refused_does_not_happen_and_what_is_lost_does() {
    on_a_stage(async |mut stage| {
        for (attempt, ruling, error, stored) in [
            (1, Ruling::Unavailable, StoreError::Unavailable, false),
            (2, Ruling::Fails, StoreError::NoReply, false),
            (3, Ruling::ReplyLost, StoreError::NoReply, true),
        ] {
            let copy = stage.start().await;
            let call = stage.asked(Kind::Write).await;
            stage.rule(call, ruling);
            if stored {
                assert!(matches!(stage.next().await, Word::Did { answer: Answer::Done, .. }));
            }
            assert!(matches!(stage.next().await, Word::Ended(Err(_))));
            assert_eq!(TOLD.lock().expect("nobody panics").take(), Some(Err(error)));
            assert_eq!(stage.is_stored().await, stored, "{ruling:?}");
            // It was given back, and came again from the server.
            assert_eq!(copy.attempt, attempt);
        }
        // All goes well: it is published and acknowledged, and does not come again.
        stage.start().await;
        for kind in [Kind::Write, Kind::Publish, Kind::Acknowledge] {
            let call = stage.asked(kind).await;
            stage.rule(call, Ruling::Well);
            assert!(matches!(stage.next().await, Word::Did { answer: Answer::Done, .. }));
        }
        assert!(matches!(stage.next().await, Word::Ended(Ok(()))));
        let waiting = stage.record.waiting("bell").await.expect("the consumer");
        assert_eq!((waiting.undelivered, waiting.unacknowledged, waiting.deliveries), (0, 0, 4));
    });
}

#[test]
fn a_copy_comes_again_only_when_nobody_gives_a_sign_of_life() {
    on_a_stage(async |mut stage| {
        let first = stage.start().await;
        let call = stage.asked(Kind::Write).await;
        // It is worked on for longer than the server waits.
        tokio::time::sleep(ACK_WAIT * 2).await;
        stage.hand.fill().await.expect("a server");
        assert!(stage.hand.is_empty(), "the server has delivered what is being worked on");
        stage.orders.send(Order::LoseTheLock).expect("a worker");
        let second = stage.copy().await.expect("the server delivers it again");
        assert_eq!((first.attempt, second.attempt), (1, 2));
        assert_eq!(first.message, second.message);
        // Who has lost the lock can go on all the same.
        stage.rule(call, Ruling::Well);
        assert!(matches!(stage.next().await, Word::Did { .. }));
        assert!(stage.is_stored().await);
    });
}
