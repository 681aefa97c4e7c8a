//! One stream with everything that is ever said: what came from outside, what
//! endpoints published, and what was given up.
//!
//! A work queue forgets what is acknowledged, and whoever is to judge a run would
//! find nothing. So messages are kept, and each endpoint has a consumer of its own,
//! which remembers what it is done with.
//!
//! The subjects are `sent.ENDPOINT.NAME` for what somebody outside sends to an
//! endpoint, `said.ENDPOINT.NAME` for what an endpoint publishes, and
//! `dead.ENDPOINT.NAME` for what an endpoint has failed at too often.
//!
//! Messages are published without the id by which the server would drop a second
//! one: to recognise copies is what the handlers are here for.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream;
use async_trait::async_trait;
use ports::{Endpoint, Message, PublishError, Publisher};

use crate::connection::{Connection, Failure, Stored, name_of, token};

/// The name of the stream.
const RECORD: &str = "record";

/// The record, on one connection.
#[derive(Clone, Debug)]
pub struct Record {
    connection: Connection,
}

/// What is in the record.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// To which endpoint it was sent, or which endpoint said or gave it up.
    pub endpoint: String,
    /// The message.
    pub message: Message,
}

/// What an entry of the record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was sent to an endpoint from outside.
    Sent,
    /// An endpoint published it.
    Said,
    /// An endpoint has failed at it too often.
    Dead,
}

impl Kind {
    const ALL: [(Self, &'static str); 3] = [(Self::Sent, "sent"), (Self::Said, "said"), (Self::Dead, "dead")];

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// Under which subject a message of this kind goes into the record: `said.orders.ItemAdded`.
#[must_use]
pub fn subject(kind: Kind, endpoint: &str, message: &Message) -> String {
    format!("{}.{}.{}", kind.word(), token(endpoint), token(message.name()))
}

/// How far an endpoint has come with what it is to process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Messages that were not delivered yet: all that were confirmed before it was asked, or
    /// at least one of them.
    pub undelivered: u64,
    /// Messages that were delivered, and not acknowledged yet.
    pub unacknowledged: usize,
    /// Deliveries so far, redeliveries included.
    pub deliveries: u64,
}

impl Waiting {
    /// Whether nothing is left to be done, as far as the server knows.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.undelivered == 0 && self.unacknowledged == 0
    }
}

impl Record {
    /// The record, which is created unless it is there.
    ///
    /// # Errors
    ///
    /// When the server does not do it.
    pub async fn open(connection: &Connection) -> anyhow::Result<Self> {
        let config = stream::Config {
            name: RECORD.to_owned(),
            subjects: Kind::ALL.map(|(_, word)| format!("{word}.>")).to_vec(),
            storage: stream::StorageType::File,
            retention: stream::RetentionPolicy::Limits,
            ..stream::Config::default()
        };
        connection.stream(config).await?;
        Ok(Self::on(connection))
    }

    /// The record, which somebody has created.
    pub(crate) fn on(connection: &Connection) -> Self {
        Self { connection: connection.clone() }
    }

    /// Adds something to the record, and waits until it is stored.
    pub(crate) async fn add(&self, kind: Kind, endpoint: &str, message: &Message) -> Result<(), Failure> {
        let subject = subject(kind, endpoint, message);
        let body = serde_json::to_vec(message).map_err(|error| Failure::Protocol(error.to_string()))?;
        self.connection.store(subject, PublishMessage::build().payload(body.into())).await.map(|_| ())
    }

    /// Sends a message to an endpoint, from outside.
    ///
    /// # Errors
    ///
    /// When the server does not acknowledge it. It may have it even so.
    pub async fn send(&self, endpoint: &str, message: &Message) -> anyhow::Result<()> {
        Ok(self.add(Kind::Sent, endpoint, message).await?)
    }

    /// Publishes once more what is in the record under this number, counted round and
    /// round, as whoever it came from: a message that was sent, or said. Says whether there
    /// was one.
    ///
    /// # Errors
    ///
    /// When the server does not acknowledge it. It may have it even so.
    pub async fn repeat(&self, lot: u64) -> anyhow::Result<bool> {
        let Some(Stored { subject, body, .. }) = self.connection.one_of(RECORD, lot).await? else {
            return Ok(false);
        };
        if subject.starts_with(Kind::Dead.word()) {
            return Ok(false);
        }
        self.connection.store(subject, PublishMessage::build().payload(body.into())).await?;
        Ok(true)
    }

    /// The way out for an endpoint.
    #[must_use]
    pub fn publisher(&self, endpoint: &str) -> RecordPublisher {
        RecordPublisher { record: self.clone(), endpoint: endpoint.to_owned() }
    }

    /// Everything so far, oldest first.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, and when there is something that is not of
    /// this module.
    pub async fn read(&self) -> anyhow::Result<Vec<Entry>> {
        let stored = self.connection.everything(RECORD).await?;
        let entry = |subject: &str, body: &[u8]| {
            let mut parts = subject.splitn(3, '.');
            let word = parts.next()?;
            let (kind, _) = Kind::ALL.into_iter().find(|(_, known)| *known == word)?;
            let endpoint = name_of(parts.next()?)?;
            Some(Entry { kind, endpoint, message: serde_json::from_slice(body).ok()? })
        };
        let entries = stored.iter().map(|stored| {
            entry(&stored.subject, &stored.body)
                .ok_or_else(|| anyhow::anyhow!("the record holds something else at {}", stored.subject))
        });
        entries.collect()
    }

    /// The consumer of an endpoint, which is created unless it is there: what is sent
    /// to it, and what anybody says that it subscribes to.
    ///
    /// # Errors
    ///
    /// When the server does not do it.
    pub(crate) async fn consumer(
        &self,
        endpoint: &Endpoint,
        ack_wait: Duration,
    ) -> Result<async_nats::jetstream::consumer::PullConsumer, Failure> {
        let name = token(endpoint.name());
        let sent = format!("{}.{name}.>", Kind::Sent.word());
        let heard = endpoint.subscriptions().iter();
        let heard = heard.map(|message| format!("{}.*.{}", Kind::Said.word(), token(message)));
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subjects: std::iter::once(sent).chain(heard).collect(),
            ack_policy: AckPolicy::Explicit,
            ack_wait,
            // Without end: what fails too often is put aside by the worker, which
            // leaves a dead letter. The server would just stop.
            max_deliver: -1,
            // As many as all the workers together take; each bounds its own.
            max_ack_pending: 10_000,
            ..pull::Config::default()
        };
        self.connection
            .ask(async {
                let made = self.connection.context().create_consumer_on_stream(config, RECORD).await;
                made.map_err(|error| Failure::of_consumer(&error))
            })
            .await
    }

    /// How far an endpoint has come.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or the endpoint never had a worker.
    pub async fn waiting(&self, endpoint: &str) -> anyhow::Result<Waiting> {
        let info = self.connection.ask(async {
            let stream = self.connection.context().get_stream_no_info(RECORD).await;
            let stream = stream.map_err(|error| Failure::Protocol(error.to_string()))?;
            let info = stream.consumer_info(token(endpoint)).await;
            info.map_err(|error| Failure::of_consumer_info(&error))
        });
        let info = info.await?;
        let mut undelivered = info.num_pending;
        if undelivered == 0 {
            // A consumer learns of what was stored a moment after whoever stored it, and counts
            // only what it has learnt of. The stream itself knows.
            let (config, delivered) = (&info.config, info.delivered.stream_sequence);
            let filters = config.filter_subjects.iter().chain([&config.filter_subject]);
            for filter in filters.filter(|filter| !filter.is_empty()) {
                undelivered += u64::from(self.connection.has_after(RECORD, delivered, filter).await?);
            }
        }
        Ok(Waiting {
            undelivered,
            unacknowledged: info.num_ack_pending,
            deliveries: info.delivered.consumer_sequence,
        })
    }
}

/// Publishes into the record, in the name of an endpoint.
#[derive(Clone, Debug)]
pub struct RecordPublisher {
    record: Record,
    endpoint: String,
}

#[async_trait]
impl Publisher for RecordPublisher {
    async fn publish(&self, message: Message) -> Result<(), PublishError> {
        self.record.add(Kind::Said, &self.endpoint, &message).await.map_err(|failure| {
            tracing::warn!(%failure, message = message.name(), "not published, perhaps");
            PublishError
        })
    }
}
