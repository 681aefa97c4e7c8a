//! Given: what puts an answer together with the runner of exercise 06.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_nats::jetstream;
use async_trait::async_trait;
use ex06_inbox::{INBOX, StateMachineRunner};
use futures_util::future::{BoxFuture, LocalBoxFuture};
use host::bucket::{Bucket, Entry};
use host::desk::{Desk, Outcome, Work};
use host::kv::KvStore;
use host::record::{Kind, subject};
use host::seam::{Store, Stores};
use host::{Connection, Seam};
use shared::loyalty::Loyalty;
use shared::order::Orders;
use shared::{
    Document, DocumentStore, Endpoint, Etag, Message, MessageId, Ports, Precondition, PublishError,
    Publisher, Snapshot, StateMachine, StoreError, StreamMessage, SubjectStream,
};

/// What publishing leads to, in the end.
pub type Published = BoxFuture<'static, Result<(), PublishError>>;

/// The functions that an answer consists of.
#[derive(Clone, Copy)]
pub struct Answer {
    /// Publishes a body under a subject.
    pub publish: fn(jetstream::Context, String, Vec<u8>) -> Published,
    /// Makes something of a delivery.
    pub deliver: fn(Desk, jetstream::Message, Work) -> LocalBoxFuture<'static, Outcome>,
    /// Makes an id.
    pub new_id: fn() -> MessageId,
    /// The documents of the bucket of this name, which is this stream.
    pub documents: fn(Arc<dyn SubjectStream>, &str) -> Arc<dyn DocumentStore>,
}

/// An [`Answer`] of two modules: a `consumer` and a `documents`.
#[macro_export]
macro_rules! answer {
    ($consumer:ident, $documents:ident) => {
        $crate::Answer {
            publish: |jetstream, subject, body| {
                Box::pin(async move { $consumer::publish(&jetstream, subject, body).await })
            },
            deliver: |desk, delivery, work| {
                Box::pin(async move { $consumer::deliver(&desk, &delivery, work).await })
            },
            new_id: $consumer::new_id,
            documents: |stream, bucket| std::sync::Arc::new($documents::Documents::new(stream, bucket)),
        }
    };
}

/// The orders and the loyalty programme of exercise 06, with a bucket for each of their
/// stores: for the engine, which models the stream under it.
#[must_use]
pub fn endpoints(answer: Answer) -> [Endpoint; 2] {
    let loyalty = on_buckets::<Loyalty>("loyalty", answer);
    [
        on_buckets::<Orders>("orders", answer),
        Loyalty::LISTENS_TO.into_iter().fold(loyalty, Endpoint::subscribes_to),
    ]
}

fn on_buckets<M: StateMachine + 'static>(name: &'static str, answer: Answer) -> Endpoint {
    let inbox = format!("{name}-{INBOX}");
    let handler = {
        let inbox = inbox.clone();
        async move |message: &Message, ports: &Ports, context: &shared::Context| {
            let documents = |bucket: &str| (answer.documents)(Arc::clone(&ports.streams[bucket]), bucket);
            let ports = Ports {
                documents: documents(name),
                stores: BTreeMap::from([(INBOX.to_owned(), documents(&inbox))]),
                ..ports.clone()
            };
            StateMachineRunner::<M>::process(message, &ports, context).await
        }
    };
    let view = {
        let inbox = inbox.clone();
        move |snapshot: &Snapshot, aggregate: &str| {
            let mut documents = Snapshot::default();
            for (key, body) in documents_of(snapshot.subject_stream(name))? {
                documents.insert_document(key, body);
            }
            for (key, body) in documents_of(snapshot.subject_stream(&inbox))? {
                documents.insert_document_in(INBOX, key, body);
            }
            StateMachineRunner::<M>::view(&documents, aggregate)
        }
    };
    Endpoint::new(name, handler).view(view).with_stream(name).with_stream(inbox)
}

/// The documents that the messages of a bucket come to, by key.
///
/// # Errors
///
/// When there is something else in it.
pub fn documents_of(messages: &[StreamMessage]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut documents = BTreeMap::new();
    for StreamMessage { subject, body, .. } in messages {
        let key = subject.split_once('.').map_or("", |(_, key)| key).to_owned();
        match Entry::read(body)? {
            Entry::Document(body) => documents.insert(key, body),
            Entry::Deleted => documents.remove(&key),
        };
    }
    Ok(documents)
}

/// The seam of an answer, for a real server.
#[must_use]
pub fn seam_of(answer: Answer) -> Seam {
    Seam {
        deliver: Arc::new(move |job| {
            Box::pin(async move {
                let desk = Desk::of(&job);
                (answer.deliver)(desk, job.delivered, job.work).await.into()
            })
        }),
        stores: Arc::new(Buckets(answer)),
        publisher: Arc::new(move |connection, endpoint| {
            Arc::new(Out { answer, jetstream: connection.context().clone(), endpoint: endpoint.to_owned() })
        }),
        new_id: answer.new_id,
    }
}

/// Says what an endpoint has to say, under the subject that the record has for it.
struct Out {
    answer: Answer,
    jetstream: jetstream::Context,
    endpoint: String,
}

#[async_trait]
impl Publisher for Out {
    async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let subject = subject(Kind::Said, &self.endpoint, &message);
        let body = serde_json::to_vec(&message).map_err(|_| PublishError)?;
        (self.answer.publish)(self.jetstream.clone(), subject, body).await
    }
}

/// A bucket for each store, written by an answer. Whoever judges reads it by the host's own
/// code.
pub struct Buckets(pub Answer);

#[async_trait]
impl Stores for Buckets {
    async fn open(&self, connection: &Connection, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let bucket: Arc<dyn SubjectStream> = Arc::new(Bucket::open(connection, name).await?);
        let documents = (self.0.documents)(bucket, name);
        Ok(Arc::new(Both { documents, judged: KvStore::open(connection, name).await? }))
    }
}

struct Both {
    documents: Arc<dyn DocumentStore>,
    judged: KvStore,
}

#[async_trait]
impl DocumentStore for Both {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        self.documents.get(key).await
    }

    async fn put(&self, key: &str, body: Vec<u8>, condition: Precondition) -> Result<Etag, StoreError> {
        self.documents.put(key, body, condition).await
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        condition: Precondition,
        time_to_live: std::time::Duration,
    ) -> Result<Etag, StoreError> {
        self.documents.put_expiring(key, body, condition, time_to_live).await
    }

    async fn delete(&self, key: &str, condition: Precondition) -> Result<(), StoreError> {
        self.documents.delete(key, condition).await
    }
}

#[async_trait]
impl Store for Both {
    async fn all(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        self.judged.all().await
    }
}
