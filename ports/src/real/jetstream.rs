//! A stream on a real server.

use std::error::Error as _;
use std::time::Duration;

use ::async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use ::async_nats::jetstream::context::{CreateStreamErrorKind, PublishErrorKind};
use ::async_nats::jetstream::message::PublishMessage;
use ::async_nats::jetstream::{self, ErrorCode, stream};
use ::async_nats::{Client, ConnectOptions, Event, header};
use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::outside::CheckFirst;
use crate::ports::check_filter;
use crate::{Expected, Publication, PublishAck, StreamError, StreamMessage, SubjectStream};

/// A stream on NATS JetStream, through the crate [`async_nats`].
///
/// Six things are not as a [`SubjectStream`] wants them:
///
/// - Servers object to little of what makes no sense: a subject named `*`, an
///   empty id, a filter that is none. [`Publication::check`] does.
/// - Servers before 2.11 **ignore** the filter of
///   [`Expected::LastSequenceOf`] and look at the subject published to instead:
///   what should be refused is stored. From 2.11.0 to 2.11.6 they overlook the
///   *sequence* if the header with the filter comes before it, since the name
///   of the one begins with that of the other, and the client sends headers in
///   no particular order. The adapter asks neither.
/// - While it has no connection, the client keeps what it is to send, and
///   sends it when it has one again, long after the caller was told of a
///   timeout. The adapter waits for a connection first, and says
///   [`Unavailable`](StreamError::Unavailable) if there is none. (There is one
///   moment left, when a connection is lost and nobody has noticed yet:
///   [`NoReply`](StreamError::NoReply) it is, and the message may come later.)
/// - A batch of messages that is cut short by a timeout looks like one at its
///   end. The adapter knows how many there must be, and counts.
/// - Reading straight from the store ("direct get") may be served by any
///   replica, which may lag. A consumer is created by the leader, which has all
///   that was acknowledged.
/// - In a cluster, a server may refuse without telling the actual sequence.
///   The adapter looks it up; it may have changed since.
///
/// An acknowledgement says that the message survives the end of the server's
/// process. It is not synced to the disk by then, unless the server is told to
/// (`sync_interval: always`) or there are replicas.
#[derive(Clone)]
pub struct JetStream {
    client: Client,
    context: jetstream::Context,
    stream: String,
    patience: Duration,
    connection: watch::Receiver<Connection>,
}

/// The number of the connection that we have, if we have one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Connection {
    number: u64,
    up: bool,
}

/// How many messages are asked for at once. A batch must fit into the buffer
/// of the client: what does not is dropped.
const BATCH: usize = 1_000;

/// Like async-nats' constants for the other expectations, of which it has none
/// for this one.
const EXPECTED_LAST_SEQUENCE_OF: &str = "Nats-Expected-Last-Subject-Sequence-Subject";

impl JetStream {
    /// For how long an adapter waits unless it is [told](Self::with_patience)
    /// otherwise.
    pub const PATIENCE: Duration = Duration::from_secs(5);

    /// A stream in files, for messages whose subject matches one of the
    /// filters. It is created unless it is there; a stream of this name that is
    /// set up in another way is an error.
    ///
    /// JetStream takes windows from 100 ms on; zero stands for its default, two
    /// minutes.
    ///
    /// # Errors
    ///
    /// [`StreamError::Unavailable`]; [`StreamError::Protocol`].
    pub async fn open(
        url: &str,
        stream: &str,
        subjects: &[&str],
        window: Duration,
    ) -> Result<Self, StreamError> {
        let (sender, connection) = watch::channel(Connection::default());
        let client = ConnectOptions::new()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempt| Duration::from_millis(10 * attempt.min(100) as u64))
            .event_callback(move |event| {
                sender.send_modify(|connection| match event {
                    Event::Connected => *connection = Connection { number: connection.number + 1, up: true },
                    Event::Disconnected | Event::Closed => connection.up = false,
                    _ => {}
                });
                std::future::ready(())
            })
            .connect(url)
            .await
            .map_err(|_| StreamError::Unavailable)?;
        let context = jetstream::new(client.clone());
        let config = stream::Config {
            name: stream.to_owned(),
            subjects: subjects.iter().map(ToString::to_string).collect(),
            storage: stream::StorageType::File,
            duplicate_window: window,
            ..stream::Config::default()
        };
        // Not `get_or_create_stream`: that takes what is there as it is, with
        // whatever window.
        context.create_stream(config).await.map_err(|error| match error.kind() {
            CreateStreamErrorKind::JetStream(error) => protocol(&error),
            CreateStreamErrorKind::TimedOut | CreateStreamErrorKind::JetStreamUnavailable => {
                StreamError::Unavailable
            }
            _ => StreamError::Protocol(error.to_string()),
        })?;
        let stream = stream.to_owned();
        Ok(Self { client, context, stream, patience: Self::PATIENCE, connection }
            .with_patience(Self::PATIENCE))
    }

    /// With another limit to how long it waits for a connection, and then for
    /// an acknowledgement.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self.context.set_timeout(patience);
        self
    }

    /// The version of the server that it is connected to. In a cluster of
    /// several versions it may be another one that stores.
    #[must_use]
    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// What this server looks at first when a retry comes with an id that it
    /// knows and an expectation that no longer holds.
    #[must_use]
    pub fn check_first(&self) -> CheckFirst {
        match self.client.is_server_compatible(2, 12, 0) {
            true => CheckFirst::Expectation,
            false => CheckFirst::MessageId,
        }
    }

    /// Whether this server obeys [`Expected::LastSequenceOf`].
    #[must_use]
    pub fn obeys_last_sequence_of(&self) -> bool {
        self.client.is_server_compatible(2, 11, 7)
    }

    /// Waits for a connection.
    async fn connected(&self) -> Result<Connection, StreamError> {
        let mut connection = self.connection.clone();
        let up = timeout(self.patience, connection.wait_for(|connection| connection.up)).await;
        up.map_err(|_| StreamError::Unavailable)?.map(|up| *up).map_err(|_| StreamError::Unavailable)
    }

    /// Comes back when this connection is no longer what we have.
    async fn lost(&self, connection: Connection) {
        // An error says that the client is gone, and the connection with it.
        let _ = self.connection.clone().wait_for(|now| *now != connection).await;
    }

    /// What the last sequence is, when a server refuses without saying it.
    async fn actual(&self, publication: &Publication) -> Result<u64, StreamError> {
        let filter = match &publication.expected {
            Some(Expected::LastSequence(_)) => ">",
            Some(Expected::LastSequenceOf { filter, .. }) => filter,
            _ => &publication.subject,
        };
        Ok(self.read(filter).await?.last().map_or(0, |message| message.sequence))
    }

    async fn read_all(&self, filter: &str) -> Result<Vec<StreamMessage>, StreamError> {
        let unavailable = |_| StreamError::Unavailable;
        let config = pull::Config {
            filter_subject: filter.to_owned(),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            memory_storage: true,
            inactive_threshold: self.patience * 2,
            ..pull::Config::default()
        };
        let created = self.context.create_consumer_on_stream(config, &self.stream).await;
        let consumer = created.map_err(|error| match error.kind() {
            stream::ConsumerErrorKind::JetStream(error) => protocol(&error),
            _ => StreamError::Unavailable,
        })?;
        // As of now: what is stored after this is not waited for.
        let matching = consumer.cached_info().num_pending as usize;
        let mut read = Vec::with_capacity(matching);
        while read.len() < matching {
            let wanted = BATCH.min(matching - read.len());
            let batch = consumer.fetch().max_messages(wanted).messages().await;
            let mut batch = batch.map_err(|_| StreamError::Unavailable)?;
            let before = read.len();
            while let Some(message) = timeout(self.patience, batch.next()).await.map_err(unavailable)? {
                let message = message.map_err(|_| StreamError::Unavailable)?;
                let info = message.info().map_err(|error| StreamError::Protocol(error.to_string()))?;
                // One that got lost on the way will not come again.
                if info.consumer_sequence != read.len() as u64 + 1 {
                    return Err(StreamError::Unavailable);
                }
                let sequence = info.stream_sequence;
                let headers = message.headers.as_ref();
                let message_id = headers.and_then(|headers| headers.get(header::NATS_MESSAGE_ID));
                read.push(StreamMessage {
                    sequence,
                    message_id: message_id.map(ToString::to_string),
                    subject: message.subject.to_string(),
                    body: message.payload.to_vec(),
                });
            }
            if read.len() == before {
                return Err(StreamError::Unavailable);
            }
        }
        let name = &consumer.cached_info().name;
        // If that fails, the server does it by itself when nobody has asked for
        // a while.
        let _ = self.context.delete_consumer_from_stream(name, &self.stream).await;
        Ok(read)
    }
}

#[async_trait]
impl SubjectStream for JetStream {
    async fn publish(&self, publication: Publication) -> Result<PublishAck, StreamError> {
        publication.check()?;
        let connection = self.connected().await?;
        let mut message = PublishMessage::build().payload(publication.body.clone().into());
        if let Some(id) = &publication.message_id {
            message = message.message_id(id);
        }
        message = match &publication.expected {
            None => message,
            Some(Expected::LastSequence(sequence)) => message.expected_last_sequence(*sequence),
            Some(Expected::LastSubjectSequence(sequence)) => {
                message.expected_last_subject_sequence(*sequence)
            }
            Some(Expected::LastSequenceOf { filter, sequence }) if *filter == publication.subject => {
                message.expected_last_subject_sequence(*sequence)
            }
            Some(Expected::LastSequenceOf { filter, sequence }) => {
                if !self.obeys_last_sequence_of() {
                    return Err(StreamError::Protocol(format!(
                        "nats-server {} does not always check what is expected of a filter ({filter}); 2.11.7 and later do",
                        self.server_version()
                    )));
                }
                message
                    .expected_last_subject_sequence(*sequence)
                    .header(EXPECTED_LAST_SEQUENCE_OF, filter.as_str())
            }
        };
        let sent = self.context.send_publish(publication.subject.clone(), message).await;
        let acknowledged = sent.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => StreamError::Protocol(error.to_string()),
            // It is not even on its way.
            _ => StreamError::Unavailable,
        })?;
        let reply = tokio::select! {
            biased;
            reply = acknowledged.into_future() => reply,
            () = self.lost(connection) => return Err(StreamError::NoReply),
        };
        let error = match reply {
            Ok(ack) => return Ok(PublishAck { sequence: ack.sequence, duplicate: ack.duplicate }),
            Err(error) => error,
        };
        match (error.kind(), error.source().and_then(|source| source.downcast_ref::<jetstream::Error>())) {
            (_, Some(refusal)) => match refused(refusal) {
                Refusal::Actual(actual) => Err(StreamError::WrongLastSequence { actual }),
                Refusal::NotSaid => {
                    Err(StreamError::WrongLastSequence { actual: self.actual(&publication).await? })
                }
                Refusal::Other(error) => Err(error),
            },
            // No stream takes this subject, or none is ready yet.
            (PublishErrorKind::StreamNotFound, _) => Err(StreamError::Unavailable),
            (PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe, _) => Err(StreamError::NoReply),
            _ => Err(StreamError::Protocol(error.to_string())),
        }
    }

    async fn read(&self, filter: &str) -> Result<Vec<StreamMessage>, StreamError> {
        check_filter(filter)?;
        let connection = self.connected().await?;
        tokio::select! {
            biased;
            messages = self.read_all(filter) => messages,
            () = self.lost(connection) => Err(StreamError::Unavailable),
        }
    }
}

impl std::fmt::Debug for JetStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("JetStream").field("stream", &self.stream).finish_non_exhaustive()
    }
}

enum Refusal {
    Actual(u64),
    NotSaid,
    Other(StreamError),
}

fn refused(error: &jetstream::Error) -> Refusal {
    match error.error_code() {
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE => match actual_in(&error.to_string()) {
            Some(actual) => Refusal::Actual(actual),
            None => Refusal::NotSaid,
        },
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT => Refusal::NotSaid,
        // Another copy is being stored at this moment; whether it will be, is
        // not known.
        ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT => Refusal::Other(StreamError::NoReply),
        _ => Refusal::Other(protocol(error)),
    }
}

/// The number in "wrong last sequence: 3 (code 400, …)".
fn actual_in(description: &str) -> Option<u64> {
    let (_, number) = description.split_once("wrong last sequence: ")?;
    number.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn protocol(error: &jetstream::Error) -> StreamError {
    match error.error_code() {
        // The server has tried, and its disk did not comply.
        ErrorCode::STREAM_STORE_FAILED => StreamError::Protocol(error.to_string()),
        // "Temporarily unavailable", in its several forms.
        _ if error.code() == 503 => StreamError::Unavailable,
        _ => StreamError::Protocol(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::actual_in;

    #[test]
    fn the_actual_sequence_is_in_the_description() {
        assert_eq!(actual_in("wrong last sequence: 17 (code 400, error code 10071)"), Some(17));
        assert_eq!(actual_in("wrong last sequence (code 400, error code 10164)"), None);
    }
}
