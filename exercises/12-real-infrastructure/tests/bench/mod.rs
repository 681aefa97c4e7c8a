//! A nats-server of one's own, with a stream and a consumer, and a worker's place at it.

// Each test program uses a part of this.
#![allow(dead_code)]

pub mod guarded;

use std::future::Future;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, stream};
use ex12_real_infrastructure::Answer;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use host::Connection;
use host::desk::{Desk, Outcome, Work};
use host::worker::Rules;

/// The program of this package. A server is asked for from it: it has a guardian see to it
/// that the server ends with the test, however that ends.
pub const PROGRAM: &str =
    match (option_env!("CARGO_BIN_EXE_live12"), option_env!("CARGO_BIN_EXE_live12-solution")) {
        (Some(program), _) | (None, Some(program)) => program,
        (None, None) => panic!("this package has no program"),
    };

/// The name of the stream, and of its one consumer.
const MAIL: &str = "mail";

/// A server, on loopback, with a secret; a stream for `mail.*` and `dead.*`; and a consumer
/// of the former.
pub struct Bench {
    pub server: guarded::Server,
    pub connection: Connection,
    pub rules: Rules,
    answer: Answer,
    consumer: PullConsumer,
}

impl Bench {
    /// Everything new, for this answer.
    pub async fn new(answer: Answer, rules: Rules) -> Self {
        let server = guarded::start(Path::new(PROGRAM));
        let connection = Connection::open(&server.address()).await.expect("a connection");
        let context = connection.context();
        let mail = stream::Config {
            name: MAIL.to_owned(),
            subjects: vec!["mail.*".to_owned(), "dead.*".to_owned()],
            ..stream::Config::default()
        };
        let mail = context.create_stream(mail).await.expect("a stream");
        let consumer = pull::Config {
            durable_name: Some(MAIL.to_owned()),
            filter_subject: "mail.*".to_owned(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: rules.ack_wait,
            max_deliver: -1,
            ..pull::Config::default()
        };
        let consumer = mail.create_consumer(consumer).await.expect("a consumer");
        Self { server, connection, rules, answer, consumer }
    }

    /// Sends a letter, and waits until it is stored.
    pub async fn send(&self, letter: &str) {
        let sent = self.connection.context().publish("mail.door", letter.to_owned().into()).await;
        sent.expect("it is sent").await.expect("it is stored");
    }

    /// Asks for a delivery, for so long.
    pub async fn next(&self, patience: Duration) -> Option<jetstream::Message> {
        let batch = self.consumer.batch().max_messages(1).expires(patience).messages();
        let mut batch = match batch.await {
            Ok(batch) => batch,
            Err(error) => panic!("the server does not listen: {error}"),
        };
        batch.next().await.map(|delivery| delivery.expect("a delivery"))
    }

    /// The delivery that must come now.
    pub async fn first(&self) -> jetstream::Message {
        self.next(Duration::from_secs(10)).await.expect("the server has a message, and delivers it")
    }

    /// What a worker has at hand.
    pub fn desk(&self) -> Desk {
        Desk {
            jetstream: self.connection.context().clone(),
            rules: self.rules,
            dead_letters: "dead.door".to_owned(),
        }
    }

    /// Has the answer make something of a delivery, with this for a handler.
    pub fn deliver(
        &self,
        delivery: &jetstream::Message,
        work: impl Future<Output = anyhow::Result<()>> + 'static,
    ) -> LocalBoxFuture<'static, Outcome> {
        self.deliver_at(self.desk(), delivery, work)
    }

    /// The same, at this desk.
    pub fn deliver_at(
        &self,
        desk: Desk,
        delivery: &jetstream::Message,
        work: impl Future<Output = anyhow::Result<()>> + 'static,
    ) -> LocalBoxFuture<'static, Outcome> {
        let work: Work = Box::pin(work);
        (self.answer.deliver)(desk, delivery.clone(), work)
    }

    /// Publishes as the answer does.
    pub async fn publish(&self, subject: &str, body: &str) -> bool {
        let context = self.connection.context().clone();
        (self.answer.publish)(context, subject.to_owned(), body.as_bytes().to_vec()).await.is_ok()
    }

    /// Waits until the client knows that the server is gone.
    pub async fn connection_is_lost(&self) {
        use async_nats::connection::State;
        while self.connection.context().client().connection_state() == State::Connected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many deliveries there were, and how many of them the server waits for.
    pub async fn deliveries(&self) -> (u64, usize) {
        // What was sent without waiting for an answer is there before the question.
        self.connection.flush().await.expect("a connection");
        let stream = self.connection.context().get_stream(MAIL).await.expect("the stream");
        let info = stream.consumer_info(MAIL).await.expect("the consumer");
        (info.delivered.consumer_sequence, info.num_ack_pending)
    }

    /// The bodies of what is stored under a subject, the last one.
    pub async fn last(&self, subject: &str) -> Option<String> {
        let stream = self.connection.context().get_stream(MAIL).await.expect("the stream");
        let last = stream.get_last_raw_message_by_subject(subject).await.ok()?;
        Some(String::from_utf8_lossy(&last.payload).into_owned())
    }
}

/// Runs a check that talks to others, and that nobody else watches over. It gets a thread of
/// its own: code that goes round in a loop never gives back the one that it runs on.
pub fn in_time<F: Future<Output = ()>>(check: impl FnOnce() -> F + Send + 'static) {
    const LONG_ENOUGH: Duration = Duration::from_secs(90);
    let (done, wait) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("test").to_owned();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(tokio::task::LocalSet::new().run_until(check()));
        drop(done);
    };
    let thread = thread::Builder::new().name(name).spawn(run).expect("a thread");
    let waited = wait.recv_timeout(LONG_ENOUGH);
    assert!(
        waited != Err(RecvTimeoutError::Timeout),
        "after {} seconds it is not done: is there a loop that does not end, or something that is waited \
         for and never comes?",
        LONG_ENOUGH.as_secs()
    );
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}
