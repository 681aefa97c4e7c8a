//! One connection to a server, and what it says of what was sent over it.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{
    ConsumerInfoError, ConsumerInfoErrorKind, CreateStreamErrorKind, PublishErrorKind,
};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind, RawMessageError, RawMessageErrorKind};
use async_nats::jetstream::{self, ErrorCode, stream};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use futures_util::StreamExt;
use ports::{StoreError, StreamError};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// Where a server listens, and what lets one in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Address {
    /// `nats://127.0.0.1:4222`.
    pub url: String,
    /// The secret, if the server asks for one.
    pub token: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Address").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A connection to a server. Clones share it.
///
/// Nothing that is sent over it is sent again by itself. While there is no
/// connection, nothing is kept to be sent later: whoever asks waits for a
/// connection, for as long as its [patience](Self::PATIENCE) lasts, and is told
/// that nothing was sent if none comes.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    context: jetstream::Context,
    state: watch::Receiver<State>,
}

/// The number of the connection that we have, if we have one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct State {
    number: u64,
    up: bool,
}

/// Why nothing is known to be stored.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something was expected of what is there, and it is not so. Nothing stored.
    Refused,
    /// It is not even on its way.
    Unavailable,
    /// It was sent, and nothing came back.
    NoReply,
    /// More than a server takes. Nothing stored.
    TooLarge,
    /// The server has no room left. Nothing stored.
    Full,
    /// Something else; nothing stored.
    Protocol(String),
}

/// A message as a stream holds it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// Its number in the stream.
    pub(crate) number: u64,
    pub(crate) subject: String,
    pub(crate) deleted: bool,
    pub(crate) body: Vec<u8>,
}

impl Stored {
    fn of(message: &StreamMessage) -> Self {
        Self {
            number: message.sequence,
            subject: message.subject.to_string(),
            deleted: message.headers.get(OPERATION).is_some(),
            body: message.payload.to_vec(),
        }
    }
}

/// The message that a stream was asked for. None, if it has no such message.
fn if_any(answer: Result<StreamMessage, RawMessageError>) -> Result<Option<StreamMessage>, Failure> {
    match answer {
        Ok(message) => Ok(Some(message)),
        Err(error) => match error.kind() {
            RawMessageErrorKind::NoMessageFound => Ok(None),
            RawMessageErrorKind::JetStream(refusal) => Err(Failure::refused_with(&refusal)),
            _ => Err(Failure::Unavailable),
        },
    }
}

/// What is said of a server that has no room left.
pub const FULL: &str = "the server's store is full";

/// With which a key-value bucket says that this is no value.
pub(crate) const OPERATION: &str = "KV-Operation";

impl Connection {
    /// For how long it waits for a connection, and then for an answer.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens there, or lets us in.
    pub async fn open(address: &Address) -> anyhow::Result<Self> {
        let (sender, state) = watch::channel(State::default());
        let mut options = ConnectOptions::new()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempt| Duration::from_millis(10 * attempt.min(100) as u64))
            .event_callback(move |event| {
                sender.send_modify(|state| match event {
                    Event::Connected => *state = State { number: state.number + 1, up: true },
                    Event::Disconnected | Event::Closed => state.up = false,
                    _ => {}
                });
                std::future::ready(())
            });
        if let Some(token) = &address.token {
            options = options.token(token.clone());
        }
        let client = options.connect(&address.url).await.map_err(|error| match error.kind() {
            ConnectErrorKind::AuthorizationViolation => {
                anyhow::anyhow!("the server at {} does not let us in: it has another secret", address.url)
            }
            ConnectErrorKind::Io | ConnectErrorKind::TimedOut => anyhow::Error::new(Failure::Unavailable)
                .context(format!("no connection to {}: {error}", address.url)),
            _ => anyhow::anyhow!("no connection to {}: {error}", address.url),
        })?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(Self::PATIENCE);
        Ok(Self { client, context, state })
    }

    /// Connects, and tries again for so long where nobody listens.
    ///
    /// # Errors
    ///
    /// When nobody comes to listen there, and when we are not let in.
    pub async fn open_within(address: &Address, patience: Duration) -> anyhow::Result<Self> {
        insist(patience, async || Self::open(address).await).await
    }

    /// The version of the server.
    #[must_use]
    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// Waits until everything is on its way that was sent without waiting for an
    /// answer: acknowledgements, say.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub async fn flush(&self) -> anyhow::Result<()> {
        Ok(self.client.flush().await?)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// JetStream, as the client has it, for whoever speaks to it without what stands here.
    #[must_use]
    pub fn context(&self) -> &jetstream::Context {
        &self.context
    }

    /// Whether the server is of this release, or a later one.
    pub(crate) fn is_at_least(&self, [major, minor, patch]: [i64; 3]) -> bool {
        self.client.is_server_compatible(major, minor, patch)
    }

    pub(crate) fn most_bytes(&self) -> usize {
        self.client.server_info().max_payload
    }

    /// Waits for a connection. None if none comes.
    async fn connected(&self) -> Option<State> {
        let mut state = self.state.clone();
        timeout(Self::PATIENCE, state.wait_for(|state| state.up)).await.ok()?.ok().map(|state| *state)
    }

    /// Waits for what the server is to say on this connection. None, if there is none, or
    /// it breaks meanwhile: then it will not be said any more.
    pub(crate) async fn while_it_lasts<T>(&self, said: impl Future<Output = T>) -> Option<T> {
        let connection = self.connected().await?;
        tokio::select! {
            biased;
            said = said => Some(said),
            () = self.lost(connection) => None,
        }
    }

    /// Comes back when this connection is no longer what we have.
    async fn lost(&self, connection: State) {
        // An error says that the client is gone, and the connection with it.
        let _ = self.state.clone().wait_for(|now| *now != connection).await;
    }

    /// Does what only asks, and changes nothing.
    pub(crate) async fn ask<T>(&self, ask: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let connection = self.connected().await.ok_or(Failure::Unavailable)?;
        tokio::select! {
            biased;
            answer = ask => answer,
            () = self.lost(connection) => Err(Failure::Unavailable),
        }
    }

    /// Sends a message to whichever stream takes it, and waits until it is stored.
    /// Says under which number.
    pub(crate) async fn store(&self, subject: String, message: PublishMessage) -> Result<u64, Failure> {
        let connection = self.connected().await.ok_or(Failure::Unavailable)?;
        let sent = self.context.send_publish(subject, message).await;
        let acknowledged = sent.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => Failure::TooLarge,
            _ => Failure::Unavailable,
        })?;
        let reply = tokio::select! {
            biased;
            reply = acknowledged.into_future() => reply,
            () = self.lost(connection) => return Err(Failure::NoReply),
        };
        let error = match reply {
            Ok(stored) => return Ok(stored.sequence),
            Err(error) => error,
        };
        match (error.kind(), error.source().and_then(|source| source.downcast_ref::<jetstream::Error>())) {
            (_, Some(refusal)) => Err(match refusal.error_code() {
                ErrorCode::STREAM_WRONG_LAST_SEQUENCE | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT => {
                    Failure::Refused
                }
                ErrorCode::STREAM_STORE_FAILED => Failure::Protocol(error.to_string()),
                _ => Failure::refused_with(refusal),
            }),
            // No stream takes this subject, or none is ready yet.
            (PublishErrorKind::StreamNotFound, _) => Err(Failure::Unavailable),
            (PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe, _) => Err(Failure::NoReply),
            _ => Err(Failure::Protocol(error.to_string())),
        }
    }

    /// Makes sure that there is a stream, set up like this.
    pub(crate) async fn stream(&self, config: stream::Config) -> Result<(), Failure> {
        self.ask(async {
            let created = self.context.create_stream(config).await;
            created.map(|_| ()).map_err(|error| match error.kind() {
                CreateStreamErrorKind::JetStream(refusal) => Failure::refused_with(&refusal),
                CreateStreamErrorKind::TimedOut
                | CreateStreamErrorKind::JetStreamUnavailable
                | CreateStreamErrorKind::Response => Failure::Unavailable,
                _ => Failure::Protocol(error.to_string()),
            })
        })
        .await
    }

    /// What a stream holds on a subject: the last, and its number.
    pub(crate) async fn last(&self, stream: &str, subject: &str) -> Result<Option<(u64, Stored)>, Failure> {
        self.ask(async {
            let stream = self.context.get_stream_no_info(stream).await;
            let stream = stream.map_err(|error| Failure::Protocol(error.to_string()))?;
            // Not from any replica, which may lag: from the leader.
            let last = if_any(stream.get_last_raw_message_by_subject(subject).await)?;
            Ok(last.map(|last| (last.sequence, Stored::of(&last))))
        })
        .await
    }

    /// Whether a stream holds a message with a number above this one, under a subject that
    /// this filter lets through. What was confirmed before is seen.
    pub(crate) async fn has_after(&self, stream: &str, number: u64, filter: &str) -> Result<bool, Failure> {
        self.ask(async {
            let stream = self.context.get_stream_no_info(stream).await;
            let stream = stream.map_err(|error| Failure::Protocol(error.to_string()))?;
            let next = stream.raw_message_builder().sequence(number + 1).next_by_subject(filter);
            Ok(if_any(next.send().await)?.is_some())
        })
        .await
    }

    /// Of what a stream holds, the one under this number, counted round and round. None, if
    /// it holds nothing, or not that one any more.
    pub(crate) async fn one_of(&self, stream: &str, lot: u64) -> Result<Option<Stored>, Failure> {
        self.ask(async {
            let stream = self.context.get_stream(stream).await.map_err(|_| Failure::Unavailable)?;
            let last = stream.cached_info().state.last_sequence;
            let Some(place) = lot.checked_rem(last) else { return Ok(None) };
            match stream.get_raw_message(place + 1).await {
                Ok(found) => Ok(Some(Stored::of(&found))),
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
                Err(_) => Err(Failure::Unavailable),
            }
        })
        .await
    }

    /// Everything that a stream holds as of now, oldest first.
    pub(crate) async fn everything(&self, stream: &str) -> Result<Vec<Stored>, Failure> {
        /// A batch must fit into the buffer of the client: what does not is dropped.
        const BATCH: usize = 1_000;
        let unavailable = |_| Failure::Unavailable;
        self.ask(async {
            let config = pull::Config {
                deliver_policy: DeliverPolicy::All,
                ack_policy: AckPolicy::None,
                memory_storage: true,
                inactive_threshold: Self::PATIENCE * 2,
                ..pull::Config::default()
            };
            let consumer = self.context.create_consumer_on_stream(config, stream).await;
            let consumer = consumer.map_err(|error| Failure::of_consumer(&error))?;
            let all = consumer.cached_info().num_pending as usize;
            let mut read = Vec::with_capacity(all);
            while read.len() < all {
                let wanted = BATCH.min(all - read.len());
                let batch = consumer.fetch().max_messages(wanted).messages().await;
                let mut batch = batch.map_err(|_| Failure::Unavailable)?;
                let before = read.len();
                while let Some(message) = timeout(Self::PATIENCE, batch.next()).await.map_err(unavailable)? {
                    let message = message.map_err(|_| Failure::Unavailable)?;
                    let info = message.info().map_err(|error| Failure::Protocol(error.to_string()))?;
                    // One that got lost on the way will not come again.
                    if info.consumer_sequence != read.len() as u64 + 1 {
                        return Err(Failure::Unavailable);
                    }
                    let headers = message.headers.as_ref();
                    read.push(Stored {
                        number: info.stream_sequence,
                        subject: message.subject.to_string(),
                        deleted: headers.is_some_and(|headers| headers.get(OPERATION).is_some()),
                        body: message.payload.to_vec(),
                    });
                }
                if read.len() == before {
                    return Err(Failure::Unavailable);
                }
            }
            let name = &consumer.cached_info().name;
            // If that fails, the server does it by itself.
            let _ = self.context.delete_consumer_from_stream(name, stream).await;
            Ok(read)
        })
        .await
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connection").field("state", &*self.state.borrow()).finish_non_exhaustive()
    }
}

impl Failure {
    /// What a server means that says no.
    fn refused_with(refusal: &jetstream::Error) -> Self {
        match refusal.error_code() {
            ErrorCode::INSUFFICIENT_RESOURCES
            | ErrorCode::STORAGE_RESOURCES_EXCEEDED
            | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED => Self::Full,
            _ if refusal.code() == 503 => Self::Unavailable,
            _ => Self::Protocol(refusal.to_string()),
        }
    }

    /// What it means that there is no consumer.
    pub(crate) fn of_consumer(error: &ConsumerError) -> Self {
        match error.kind() {
            ConsumerErrorKind::JetStream(refusal) => Self::refused_with(&refusal),
            ConsumerErrorKind::TimedOut | ConsumerErrorKind::Request => Self::Unavailable,
            _ => Self::Protocol(error.to_string()),
        }
    }

    /// What it means that nothing is known of a consumer.
    pub(crate) fn of_consumer_info(error: &ConsumerInfoError) -> Self {
        match error.kind() {
            ConsumerInfoErrorKind::JetStream(refusal) => Self::refused_with(&refusal),
            ConsumerInfoErrorKind::TimedOut
            | ConsumerInfoErrorKind::Request
            | ConsumerInfoErrorKind::Offline
            | ConsumerInfoErrorKind::NoResponders => Self::Unavailable,
            _ => Self::Protocol(error.to_string()),
        }
    }

    /// What a stream says of it. What was expected of it is for whoever knows.
    pub(crate) fn of_stream(self) -> StreamError {
        match self {
            Self::Unavailable => StreamError::Unavailable,
            Self::NoReply => StreamError::NoReply,
            other => StreamError::Protocol(other.to_string()),
        }
    }

    /// What a store says of it.
    pub(crate) fn of_store(self, key: &str) -> StoreError {
        match self {
            Self::Refused => StoreError::Conflict { key: key.to_owned() },
            Self::Unavailable => StoreError::Unavailable,
            Self::NoReply => StoreError::NoReply,
            Self::TooLarge => StoreError::Protocol(format!("{key} is more than the server takes")),
            Self::Full => StoreError::Protocol(FULL.to_owned()),
            Self::Protocol(what) => StoreError::Protocol(what),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => formatter.write_str("the server refused: something else is there"),
            Self::Unavailable => formatter.write_str("the server cannot be reached"),
            Self::NoReply => formatter.write_str("no reply from the server"),
            Self::TooLarge => formatter.write_str("more than the server takes"),
            Self::Full => formatter.write_str(FULL),
            Self::Protocol(what) => formatter.write_str(what),
        }
    }
}

impl std::error::Error for Failure {}

/// Asks again while the server cannot be reached, for as long as there is patience. What is
/// asked for must do no harm if it is carried out more than once.
///
/// # Errors
///
/// Whatever else the question comes to, at once; and that the server cannot be reached.
pub async fn insist<T>(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    const PAUSE: Duration = Duration::from_millis(20);
    let began = Instant::now();
    loop {
        match ask().await {
            Err(error) if is_out_of_reach(&error) && began.elapsed() < patience => sleep(PAUSE).await,
            answer => return answer,
        }
    }
}

/// Whether something failed because the server could not be reached, or said nothing.
#[must_use]
pub fn is_out_of_reach(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<Failure>(), Some(Failure::Unavailable | Failure::NoReply))
        || matches!(error.downcast_ref::<StoreError>(), Some(StoreError::Unavailable | StoreError::NoReply))
}

/// Any name as one part of a subject, and no two names alike: letters, digits, `-`
/// and `_` stay, every other byte becomes `=` and two hexadecimal digits.
pub(crate) fn token(name: &str) -> String {
    if name.is_empty() {
        return "=".to_owned();
    }
    name.bytes()
        .map(|byte| match byte {
            b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            byte => format!("={byte:02X}"),
        })
        .collect()
}

/// The name that became this [`token`].
pub(crate) fn name_of(token: &str) -> Option<String> {
    let mut parts = token.split('=');
    let mut name = parts.next().unwrap_or_default().as_bytes().to_vec();
    if token == "=" {
        return Some(String::new());
    }
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        name.push(u8::from_str_radix(digits, 16).ok()?);
        name.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_being_a_token() {
        for name in ["order-1", "a/1", "", "=", "Größe 2:b.c", "*", "a.>"] {
            let token = token(name);
            assert!(!token.is_empty() && !token.contains(['.', '*', '>', ' ']), "{token}");
            assert_eq!(name_of(&token).as_deref(), Some(name));
        }
        assert_eq!(token("a/1"), "a=2F1");
        assert_ne!(token("a=2F1"), token("a/1"));
        assert_eq!(name_of("=Z"), None);
    }
}
