//! The suites that every document store and every publisher must pass, on a real
//! server: `cargo test -p host`, with nats-server (2.11 or later) on the `PATH` or
//! its path in `NATS_SERVER`. Without one, the tests say so and pass, unless
//! `NATS_REQUIRED` is set.

use std::time::Duration;

use host::kv::KvStore;
use host::record::{Kind, Record};
use host::seam::Store;
use host::{Address, Connection};
use ports::conformance;
use ports::real::NatsServer;
use ports::{DocumentStore, Precondition, StoreError};

async fn connect(server: &NatsServer) -> Connection {
    let address = Address { url: server.url(), token: None };
    Connection::open(&address).await.expect("a connection")
}

#[tokio::test]
async fn a_bucket_is_a_document_store() {
    let Some(server) = NatsServer::for_test() else { return };
    let store = KvStore::open(&connect(&server).await, "documents").await.expect("a bucket");
    for prefix in ["run-1", "run-2"] {
        conformance::document_store(&store, prefix).await;
    }
}

#[tokio::test]
async fn its_documents_expire() {
    let Some(server) = NatsServer::for_test() else { return };
    let store = KvStore::open(&connect(&server).await, "documents").await.expect("a bucket");
    conformance::expiry(&store, "run", Duration::from_secs(8), tokio::time::sleep).await;
}

/// Also where the server was killed and started again in between.
#[tokio::test]
async fn an_etag_is_never_used_again() {
    let Some(mut server) = NatsServer::for_test() else { return };
    let connection = connect(&server).await;
    let store = KvStore::open(&connection, "documents").await.expect("a bucket");
    let mut etags = Vec::new();
    for round in 0..5 {
        let etag = store.put("order-1", b"tea".to_vec(), Precondition::IfAbsent).await.expect("a put");
        for old in &etags {
            let stale = store.put("order-1", Vec::new(), Precondition::IfEtag(Clone::clone(old))).await;
            assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
        }
        assert!(!etags.contains(&etag));
        etags.push(etag.clone());
        store.delete("order-1", Precondition::IfEtag(etag)).await.expect("a delete");
        if round == 2 {
            server.restart().expect("a restart");
            // Until it is connected again, it says that it is not.
            while store.get("order-1").await.is_err() {}
        }
    }
    assert_eq!(store.all().await.expect("all"), std::collections::BTreeMap::new());
}

/// A marker with a time to live goes when that is over, and with it all that a server which
/// is killed then could know of the delete (nats-server issue 8505). So it has none.
#[tokio::test]
async fn what_was_deleted_stays_deleted() {
    let Some(mut server) = NatsServer::for_test() else { return };
    let connection = connect(&server).await;
    let store = KvStore::open(&connection, "documents").await.expect("a bucket");
    for key in ["order-1", "order-2"] {
        store.put(key, b"tea".to_vec(), Precondition::IfAbsent).await.expect("a put");
    }
    store.delete("order-1", Precondition::None).await.expect("a delete");
    let bucket = connection.context().get_stream("KV_documents").await.expect("the bucket's stream");
    let marker = bucket.get_last_raw_message_by_subject("$KV.documents.order-1").await.expect("a marker");
    assert_eq!(marker.headers.get("KV-Operation").map(|operation| operation.as_str()), Some("DEL"));
    let time_to_live = marker.headers.get("Nats-TTL");
    assert!(time_to_live.is_none(), "the marker goes after {time_to_live:?}, and may bring back the tea");
    server.restart().expect("a restart");
    while store.get("order-2").await.is_err() {}
    assert_eq!(store.get("order-1").await, Ok(None));
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let Some(server) = NatsServer::for_test() else { return };
    let store = KvStore::open(&connect(&server).await, "documents").await.expect("a bucket");
    let put = store.put("order-1", vec![0; 2 << 20], Precondition::None).await;
    assert!(matches!(put, Err(StoreError::TooLarge { .. })), "{put:?}");
    assert_eq!(store.get("order-1").await, Ok(None));
}

#[tokio::test]
async fn the_record_is_a_publisher() {
    let Some(server) = NatsServer::for_test() else { return };
    let record = Record::open(&connect(&server).await).await.expect("a record");
    conformance::publisher(&record.publisher("orders"), "run", async || {
        let entries = record.read().await.expect("the record");
        entries.into_iter().filter(|entry| entry.kind == Kind::Said).map(|entry| entry.message).collect()
    })
    .await;
}
