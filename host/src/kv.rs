//! A document store in a key-value bucket of JetStream.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream;
use async_trait::async_trait;
use ports::{Document, DocumentStore, Etag, Precondition, StoreError};

use crate::connection::{Connection, Failure, OPERATION, Stored, name_of, token};
use crate::seam::Store;

/// Documents in a key-value bucket: a stream that keeps the last message of each
/// subject, and a subject for each key.
///
/// It speaks to the stream, and not through the client's own key-value module. That
/// one makes two requests out of a `create`, and has no word for a reply that does
/// not come; here each is one request, and a request that may have been carried out
/// is [`NoReply`](StoreError::NoReply). The layout is that of a bucket, so
/// `nats kv` shows it.
///
/// - An *etag* is the number of the message in the stream. Numbers only go up, over
///   deletes and all else, so none is ever used again for as long as there is the
///   bucket.
/// - A *delete* stores a marker, which stays for as long as nobody writes to the key
///   again: some hundred bytes for each key that there ever was. It looks as if it might
///   go after a while, as it may have a time to live. But a server that is killed reads its
///   messages again, and does not know any more what a marker has replaced once the marker
///   is gone: what was deleted is there again (nats-server
///   [issue 8505](https://github.com/nats-io/nats-server/issues/8505), August 2026; 2.15.1,
///   tried: of 1,392 keys deleted, 1,392). A graceful stop does no harm.
/// - *Times to live* are those of messages, kept by the server (2.11 and later), in
///   whole seconds: what is asked for is rounded up. By the same issue, what expires after
///   it has replaced a document may leave that document, once the server is killed. What
///   expires after it was put under [`IfAbsent`](Precondition::IfAbsent) leaves nothing.
/// - A *key* may be anything: what a subject does not take is encoded.
/// - A document, its key and its headers may have as many bytes as the server's
///   `max_payload`, a megabyte if nobody changed it; more is
///   [`TooLarge`](StoreError::TooLarge).
#[derive(Clone, Debug)]
pub struct KvStore {
    connection: Connection,
    bucket: String,
}

/// What must be true of the last message on a subject.
enum Expected {
    Anything,
    Last(u64),
}

impl KvStore {
    /// The bucket of this name, which is created unless it is there. The name is of
    /// letters, digits, `-` and `_`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; [`StoreError::Protocol`], also where a bucket of
    /// this name is set up in another way.
    pub async fn open(connection: &Connection, bucket: &str) -> Result<Self, StoreError> {
        if token(bucket) != bucket {
            return Err(StoreError::Protocol(format!("a bucket cannot be named {bucket:?}")));
        }
        // An older one would take what is to expire, and keep it.
        if !connection.is_at_least([2, 11, 0]) {
            let version = connection.server_version();
            return Err(StoreError::Protocol(format!(
                "nats-server {version} knows no time to live of a single document; 2.11 and later do"
            )));
        }
        let store = Self { connection: connection.clone(), bucket: bucket.to_owned() };
        let config = stream::Config {
            name: store.stream(),
            subjects: vec![format!("$KV.{bucket}.>")],
            storage: stream::StorageType::File,
            discard: stream::DiscardPolicy::New,
            max_messages_per_subject: 1,
            allow_message_ttl: true,
            ..stream::Config::default()
        };
        connection.stream(config).await.map_err(|failure| failure.of_store(bucket))?;
        Ok(store)
    }

    /// The name of the bucket.
    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The connection to its server.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The stream that it is.
    pub(crate) fn stream(&self) -> String {
        format!("KV_{}", self.bucket)
    }

    /// The subject of a key. Behind the name of the bucket, any key is one part.
    pub(crate) fn subject(&self, key: &str) -> String {
        format!("$KV.{}.{}", self.bucket, token(key))
    }

    /// The last message on a key: its number, and the document unless it is deleted.
    async fn last(&self, key: &str) -> Result<Option<(u64, Option<Vec<u8>>)>, StoreError> {
        let last = self.connection.last(&self.stream(), &self.subject(key)).await;
        let last = last.map_err(|failure| failure.of_store(key))?;
        Ok(last.map(|(number, stored)| (number, (!stored.deleted).then_some(stored.body))))
    }

    async fn write(
        &self,
        key: &str,
        message: PublishMessage,
        size: usize,
        expected: Expected,
    ) -> Result<Etag, StoreError> {
        let message = match expected {
            Expected::Anything => message,
            Expected::Last(number) => message.expected_last_subject_sequence(number),
        };
        match self.connection.store(self.subject(key), message).await {
            Ok(number) => Ok(Etag(number.to_string())),
            Err(Failure::TooLarge) => {
                let limit = self.connection.most_bytes();
                Err(StoreError::TooLarge { key: key.to_owned(), size, limit })
            }
            Err(failure) => Err(failure.of_store(key)),
        }
    }

    async fn put_message(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Option<Duration>,
    ) -> Result<Etag, StoreError> {
        let size = key.len() + body.len();
        let message = || {
            let message = PublishMessage::build().payload(body.clone().into());
            match time_to_live {
                Some(time) => message.ttl(whole_seconds(time)),
                None => message,
            }
        };
        match precondition {
            Precondition::None => self.write(key, message(), size, Expected::Anything).await,
            Precondition::IfEtag(etag) => {
                let expected = Expected::Last(number(key, &etag)?);
                self.write(key, message(), size, expected).await
            }
            Precondition::IfAbsent => {
                let mut expected = 0;
                loop {
                    let written = self.write(key, message(), size, Expected::Last(expected)).await;
                    let Err(StoreError::Conflict { .. }) = written else { return written };
                    // Is there a document, or only the marker of a delete? The latter
                    // counts as nothing, and may have been written over by now.
                    expected = match self.last(key).await? {
                        Some((_, Some(_))) => return written,
                        Some((marker, None)) if marker != expected => marker,
                        None if expected != 0 => 0,
                        // It was there when we wrote, and is gone.
                        _ => return written,
                    };
                }
            }
        }
    }
}

/// The marker of a delete. It has no time to live: see [`KvStore`].
pub(crate) fn marker() -> PublishMessage {
    PublishMessage::build().header(OPERATION, "DEL")
}

/// The key of a subject, if it is one of a bucket.
pub(crate) fn key_of(subject: &str) -> Result<String, StoreError> {
    let key = subject.rsplit('.').next().and_then(name_of);
    key.ok_or_else(|| StoreError::Protocol(format!("{subject} is not of this adapter")))
}

/// The number of the message that an etag stands for. What is none of ours is a
/// conflict; so is 0, which stands for nothing at all.
fn number(key: &str, etag: &Etag) -> Result<u64, StoreError> {
    let number = etag.0.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| StoreError::Conflict { key: key.to_owned() })
}

fn whole_seconds(time: Duration) -> Duration {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    Duration::from_secs(seconds.max(1))
}

#[async_trait]
impl DocumentStore for KvStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        Ok(match self.last(key).await? {
            Some((number, Some(body))) => Some(Document { body, etag: Etag(number.to_string()) }),
            Some((_, None)) | None => None,
        })
    }

    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError> {
        self.put_message(key, body, precondition, None).await
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        self.put_message(key, body, precondition, Some(time_to_live)).await
    }

    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError> {
        let expected = match precondition {
            Precondition::None => Expected::Anything,
            Precondition::IfEtag(etag) => Expected::Last(number(key, &etag)?),
            Precondition::IfAbsent => {
                return match self.last(key).await? {
                    Some((_, Some(_))) => Err(StoreError::Conflict { key: key.to_owned() }),
                    _ => Ok(()),
                };
            }
        };
        self.write(key, marker(), key.len(), expected).await.map(|_| ())
    }
}

#[async_trait]
impl Store for KvStore {
    async fn all(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let everything = self.connection.everything(&self.stream()).await;
        let everything = everything.map_err(|failure| failure.of_store(&self.bucket))?;
        let mut documents = BTreeMap::new();
        for Stored { subject, deleted, body, .. } in everything {
            let key = key_of(&subject)?;
            if deleted {
                documents.remove(&key);
            } else {
                documents.insert(key, body);
            }
        }
        Ok(documents)
    }
}
