//! The suite that every document store must pass, on real ones: a
//! DynamoDB-compatible engine in process, and an S3 client over its in-memory
//! store. The simulated stores pass the same suite.
//!
//! `cargo test -p ports --features dynamodb,object-store --test real_stores`

#![allow(missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ports::real::{Clock, DynamoDbStore, ObjectDocumentStore};
use ports::{DocumentStore, Precondition, conformance};

/// A clock that stands still until it is moved.
fn clock() -> (Clock, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(1_000_000));
    let read = Arc::clone(&seconds);
    (Arc::new(move || Duration::from_secs(read.load(Ordering::Relaxed))), seconds)
}

fn dynamodb(clock: Clock) -> DynamoDbStore {
    DynamoDbStore::in_memory("documents", clock).expect("a table in memory")
}

fn objects(clock: Clock) -> ObjectDocumentStore {
    ObjectDocumentStore::new(Arc::new(object_store::memory::InMemory::new()), clock)
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn dynamodb_conforms() {
    let (clock, seconds) = clock();
    let store = dynamodb(clock);
    conformance::document_store(&store, "suite").await;
    conformance::expiry(&store, "expiry", HOUR, async |time: Duration| {
        seconds.fetch_add(time.as_secs(), Ordering::Relaxed);
    })
    .await;
}

#[tokio::test]
async fn dynamodb_has_the_limit_that_the_adapter_says() {
    conformance::size_limit(&dynamodb(clock().0), "suite", DynamoDbStore::LIMIT).await;
}

#[tokio::test]
#[should_panic(expected = "broken rule")]
async fn a_limit_that_is_off_by_one_would_be_noticed() {
    conformance::size_limit(&dynamodb(clock().0), "suite", DynamoDbStore::LIMIT - 1).await;
}

#[tokio::test]
async fn an_object_store_lists_what_is_there() {
    let (clock, seconds) = clock();
    let store = objects(clock);
    let keys = ["a/1", "a/2", "Größe 2:b.c", "50%", "%2F", "*", "x"];
    for key in keys {
        store.put(key, key.as_bytes().to_vec(), Precondition::IfAbsent).await.expect("a put");
    }
    let gone = store.put("gone", Vec::new(), Precondition::None).await.expect("a put");
    store.delete("gone", Precondition::IfEtag(gone)).await.expect("a delete");
    store.put_expiring("over", Vec::new(), Precondition::None, HOUR).await.expect("a put");
    seconds.fetch_add(HOUR.as_secs(), Ordering::Relaxed);
    let all = store.all().await.expect("all");
    assert_eq!(all, keys.iter().map(|key| ((*key).to_owned(), key.as_bytes().to_vec())).collect());
}

#[tokio::test]
async fn an_object_store_conforms() {
    let (clock, seconds) = clock();
    let store = objects(clock);
    conformance::document_store(&store, "suite").await;
    conformance::expiry(&store, "expiry", HOUR, async |time: Duration| {
        seconds.fetch_add(time.as_secs(), Ordering::Relaxed);
    })
    .await;
}
