//! The suite that every document store must pass, on a server that speaks S3:
//! `cargo test -p host --features s3 --test s3`, with `moto_server` on the `PATH` or its path in
//! `MOTO_SERVER`. Without one, the tests say so and pass, unless `MOTO_REQUIRED` is set.
#![cfg(unix)]

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use host::connection::is_out_of_reach;
use host::s3::{Bucket, BucketAddress};
use host::seam::{Store, Stores};
use host::server::{BUCKET, Kind, Server, Wanted, find_s3};
use host::{Address, Connection};
use ports::real::NatsServer;
use ports::{Precondition, StoreError, conformance};

/// A server of one's own, watched over by the program's guardian.
fn server() -> Option<Server> {
    let Some(binary) = find_s3() else {
        let help = "no moto here: `pip install 'moto[server,s3]'` puts moto_server on the PATH (or set MOTO_SERVER to its path)";
        assert!(std::env::var_os("MOTO_REQUIRED").is_none_or(|value| value.is_empty()), "{help}");
        // Whether anybody reads it is not the test's business.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {help}");
        return None;
    };
    let wanted = Wanted { kind: Kind::S3, binary, port: None, room: None };
    let server = Server::start_by(Path::new(env!("CARGO_BIN_EXE_live")), &wanted, &["guard"]);
    Some(server.expect("a server"))
}

fn address(server: &Server) -> BucketAddress {
    BucketAddress { port: server.port(), bucket: BUCKET.to_owned(), secret: server.secret().to_owned() }
}

async fn store(server: &Server, nats: &NatsServer, name: &str) -> Arc<dyn Store> {
    let bucket = Bucket::open(&address(server)).await.expect("a bucket");
    // It is asked for a connection that it has no use for.
    let messages = Connection::open(&Address { url: nats.url(), token: None }).await.expect("a connection");
    bucket.open(&messages, name).await.expect("a store")
}

#[tokio::test]
async fn objects_are_a_document_store() {
    let Some(nats) = NatsServer::for_test() else { return };
    let Some(server) = server() else { return };
    let store = store(&server, &nats, "documents").await;
    for prefix in ["run-1", "run-2"] {
        conformance::document_store(&*store, prefix).await;
    }
    conformance::expiry(&*store, "run", Duration::from_secs(4), tokio::time::sleep).await;
    assert!(store.all().await.expect("all").contains_key("run-2-a/1"), "what is there is not listed");
}

/// Many at once: between a condition and its write nobody else may come.
#[tokio::test]
async fn who_contends_gets_in_nobodys_way() {
    const WRITERS: u32 = 8;
    const WRITES: u32 = 15;
    let Some(nats) = NatsServer::for_test() else { return };
    let Some(server) = server() else { return };
    let store = store(&server, &nats, "documents").await;
    let writers = (0..WRITERS).map(async |_| {
        for _ in 0..WRITES {
            loop {
                let read = store.get("counter").await.expect("a reply");
                let number =
                    read.as_ref().map_or(0, |read| u32::from_be_bytes(read.body[..].try_into().unwrap()));
                let next = (number + 1).to_be_bytes().to_vec();
                match store.put("counter", next, Precondition::unchanged_since(read.as_ref())).await {
                    Ok(_) => break,
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    futures_util::future::join_all(writers).await;
    let all = store.all().await.expect("all");
    assert_eq!(all.get("counter"), Some(&(WRITERS * WRITES).to_be_bytes().to_vec()));
}

#[tokio::test]
async fn stores_of_other_names_are_others() {
    let Some(nats) = NatsServer::for_test() else { return };
    let Some(server) = server() else { return };
    let (one, other) = (store(&server, &nats, "orders").await, store(&server, &nats, "orders-inbox").await);
    one.put("a/1", b"one".to_vec(), Precondition::IfAbsent).await.expect("a put");
    assert_eq!(other.get("a/1").await, Ok(None));
    other.put("a/1", b"other".to_vec(), Precondition::IfAbsent).await.expect("a put");
    assert_eq!(
        one.all().await.expect("all").into_iter().collect::<Vec<_>>(),
        [("a/1".to_owned(), b"one".to_vec())]
    );
}

#[tokio::test]
async fn who_does_not_get_in_is_told_why() {
    let Some(server) = server() else { return };
    let wrong = BucketAddress { secret: "wrong".to_owned(), ..address(&server) };
    let error = Bucket::open(&wrong).await.expect_err("it let us in");
    let port = server.port();
    let said =
        format!("the object store at http://127.0.0.1:{port} does not let us in: it has another secret");
    assert_eq!(error.to_string(), said);
    assert!(!is_out_of_reach(&error), "whoever has the wrong secret need not try again");

    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let nobody = BucketAddress { port: free, ..address(&server) };
    let error = Bucket::open(&nobody).await.expect_err("nobody listens there");
    let said = format!("{error:#}");
    assert!(said.starts_with(&format!("no connection to http://127.0.0.1:{free}: ")), "{said}");
    assert!(is_out_of_reach(&error), "it may come yet");
}
