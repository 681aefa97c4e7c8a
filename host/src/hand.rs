//! Copies of messages, taken from the server and kept in hand until somebody is to work
//! on them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, AckKind};
use futures_util::StreamExt;
use ports::{Endpoint, Message};
use serde::{Deserialize, Serialize};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, interval, timeout};

use crate::connection::Connection;
use crate::record::Record;

/// The copies that wait for an endpoint. The server has delivered them, and hears signs
/// of life for each, so it gives them to nobody else. To be used on a
/// [`LocalSet`](tokio::task::LocalSet).
pub struct Hand {
    consumer: PullConsumer,
    held: Rc<RefCell<Vec<Held>>>,
    alive: AbortHandle,
}

struct Held {
    copy: Copy,
    delivered: jetstream::Message,
}

/// A copy of a message, as the server has delivered it.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The message.
    pub message: Message,
    /// Under which number the record holds it.
    pub stored: u64,
    /// How often it has been delivered, this time included.
    pub attempt: u64,
    /// Where the server is told what came of it.
    pub receipt: Receipt,
}

/// Where the server is told what came of a delivery. It is a name, and any connection
/// will do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt(String);

impl Hand {
    /// The hand of an endpoint, which is empty yet. The server waits for so long for a
    /// sign of life.
    ///
    /// # Errors
    ///
    /// When the server does not do it.
    pub async fn open(
        connection: &Connection,
        endpoint: &Endpoint,
        ack_wait: Duration,
    ) -> anyhow::Result<Self> {
        let consumer = Record::open(connection).await?.consumer(endpoint, ack_wait).await?;
        let held: Rc<RefCell<Vec<Held>>> = Rc::default();
        let alive = {
            let held = Rc::clone(&held);
            spawn_local(async move {
                let mut beat = interval(ack_wait / 4);
                loop {
                    beat.tick().await;
                    let all: Vec<_> = held.borrow().iter().map(|held| held.delivered.clone()).collect();
                    for delivered in all {
                        // If it gets lost, the server delivers the message once more.
                        let _ = delivered.ack_with(AckKind::Progress).await;
                    }
                }
            })
        };
        Ok(Self { consumer, held, alive: alive.abort_handle() })
    }

    /// Takes into the hand whatever the server has for the endpoint.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, and when it delivers what is no message.
    pub async fn fill(&self) -> anyhow::Result<()> {
        const AT_ONCE: usize = 64;
        let mut batch = self.consumer.fetch().max_messages(AT_ONCE).messages().await?;
        while let Some(delivered) = batch.next().await {
            let delivered = delivered.map_err(|error| anyhow::anyhow!("no message: {error}"))?;
            let info = delivered.info().map_err(|error| anyhow::anyhow!("a strange delivery: {error}"))?;
            let (stored, attempt) = (info.stream_sequence, info.delivered.unsigned_abs());
            let receipt = delivered.reply.as_ref();
            let receipt = receipt.ok_or_else(|| anyhow::anyhow!("a delivery that asks for no answer"))?;
            let receipt = Receipt(receipt.to_string());
            let message = serde_json::from_slice(&delivered.payload)?;
            let mut held = self.held.borrow_mut();
            // The signs of life came too late; it is the same copy all the same.
            held.retain(|held| held.copy.stored != stored);
            held.push(Held { copy: Copy { message, stored, attempt, receipt }, delivered });
            held.sort_by_key(|held| held.copy.stored);
        }
        Ok(())
    }

    /// Takes the oldest copy out of the hand that is wanted. It has been shown a sign of
    /// life just now; whoever has it is to give further ones.
    pub async fn take(&self, is_wanted: impl Fn(&Message) -> bool) -> Option<Copy> {
        let taken = {
            let mut held = self.held.borrow_mut();
            let place = held.iter().position(|held| is_wanted(&held.copy.message))?;
            held.remove(place)
        };
        let _ = taken.delivered.ack_with(AckKind::Progress).await;
        Some(taken.copy)
    }

    /// How many copies are in the hand.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.borrow().len()
    }

    /// Whether the hand is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.borrow().is_empty()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

impl Receipt {
    /// Says that the message is done, and waits until the server knows.
    pub async fn acknowledge(&self, connection: &Connection) {
        let payload = AckKind::Ack.into();
        // Of what it does not wait for any more, a server need not say anything.
        let _ = timeout(Duration::from_secs(1), connection.client().request(self.0.clone(), payload)).await;
    }

    /// Says that somebody is at it.
    pub async fn is_worked_on(&self, connection: &Connection) {
        self.tell(connection, AckKind::Progress).await;
    }

    /// Gives it back: it is to be delivered again, at once.
    pub async fn give_back(&self, connection: &Connection) {
        self.tell(connection, AckKind::Nak(None)).await;
    }

    async fn tell(&self, connection: &Connection, what: AckKind) {
        let client = connection.client();
        // If this gets lost, the message comes again, as if the worker had died.
        if let Err(error) = client.publish(self.0.clone(), what.into()).await {
            tracing::warn!(%error, "not answered");
        }
        let _ = client.flush().await;
    }
}

/// Asks again and again, for as long as there is patience.
///
/// # Errors
///
/// Whatever the question comes to.
pub async fn until<T>(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Option<T>> {
    const PAUSE: Duration = Duration::from_millis(10);
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await? {
            return Ok(Some(found));
        }
        if began.elapsed() > patience {
            return Ok(None);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
