//! The seam: what stands between an endpoint and a server, and can be somebody else's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_nats::jetstream;
use async_trait::async_trait;
use futures_util::future::LocalBoxFuture;
use ports::{DocumentStore, Message, MessageId, Publisher, StoreError};

use crate::connection::Connection;
use crate::kv::KvStore;
use crate::record::Record;
use crate::worker::{Outcome, Rules, deliver};

/// What a worker needs besides an endpoint: what becomes of a delivery, where its documents
/// are, what carries its messages out, and where its ids come from. The default is the
/// host's own of each.
#[derive(Clone)]
pub struct Seam {
    /// What becomes of one delivery.
    pub deliver: Deliver,
    /// Where documents are stored.
    pub stores: Arc<dyn Stores>,
    /// What carries out the messages of the endpoint of this name.
    pub publisher: PublisherOf,
    /// Where the ids come from that a handler asks its context for.
    pub new_id: fn() -> MessageId,
}

/// What becomes of one delivery: has the handler run, or not, and tells the server.
pub type Deliver = Arc<dyn Fn(Job) -> LocalBoxFuture<'static, Outcome> + Send + Sync>;

/// What carries out the messages of the endpoint of this name.
pub type PublisherOf = Arc<dyn Fn(&Connection, &str) -> Arc<dyn Publisher> + Send + Sync>;

/// One delivery, and all that is needed to make something of it.
pub struct Job {
    /// What the server has delivered, and is to be told about.
    pub delivered: jetstream::Message,
    /// The message in it.
    pub message: Message,
    /// How often it has been delivered, this time included.
    pub attempt: u64,
    /// How the worker works.
    pub rules: Rules,
    /// To which endpoint.
    pub endpoint: String,
    /// The handler over this message, which has not begun yet. A panic is an error of it.
    pub work: LocalBoxFuture<'static, anyhow::Result<()>>,
    /// The connection.
    pub connection: Connection,
    /// Where a dead letter goes.
    pub record: Record,
}

/// A document store whose documents can be listed, for the view of an endpoint.
#[async_trait]
pub trait Store: DocumentStore {
    /// Every document that there is, by key: of one moment only where nobody writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn all(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError>;
}

/// Where documents are stored.
#[async_trait]
pub trait Stores: Send + Sync {
    /// The store of this name (letters, digits, `-` and `_`; see
    /// [`bucket_of`](crate::worker::bucket_of)), which is created unless it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; [`StoreError::Protocol`], also where there is something
    /// else under this name.
    async fn open(&self, connection: &Connection, name: &str) -> Result<Arc<dyn Store>, StoreError>;

    /// The product and its version, if it is not the server of the messages: "PostgreSQL 15.18".
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    async fn version(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
}

/// Each store is a key-value bucket on the server of the messages.
#[derive(Clone, Copy, Debug)]
pub struct Buckets;

#[async_trait]
impl Stores for Buckets {
    async fn open(&self, connection: &Connection, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(KvStore::open(connection, name).await?))
    }
}

impl Default for Seam {
    fn default() -> Self {
        Self {
            deliver: Arc::new(|job| Box::pin(deliver(job))),
            stores: Arc::new(Buckets),
            publisher: Arc::new(|connection, endpoint| Arc::new(Record::on(connection).publisher(endpoint))),
            new_id: MessageId::random,
        }
    }
}

impl fmt::Debug for Seam {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seam").finish_non_exhaustive()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut job = formatter.debug_struct("Job");
        job.field("message", &self.message).field("attempt", &self.attempt).finish_non_exhaustive()
    }
}
