//! The suite that every document store must pass, on a real PostgreSQL, and what the
//! adapter says when it is not well: `cargo test -p host --features postgres --test postgres`,
//! with `postgres` on the `PATH`, its path in `POSTGRES_SERVER`, or Debian's package.
//! Without one, the tests say so and pass, unless `POSTGRES_REQUIRED` is set.
#![cfg(unix)]

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use host::connection::is_out_of_reach;
use host::postgres::{Database, DatabaseAddress, PostgresStore};
use host::seam::Store;
use host::server::{Kind, Server, USER, Wanted, find_postgres};
use ports::{DocumentStore, Etag, Precondition, StoreError, conformance};
use tokio_postgres::{Client, NoTls};

/// A database of one's own, watched over by the program's guardian.
fn database() -> Option<Server> {
    let Some(binary) = find_postgres() else {
        let help = "no PostgreSQL here: `apt install postgresql` brings it (or set POSTGRES_SERVER to the path of postgres)";
        assert!(std::env::var_os("POSTGRES_REQUIRED").is_none_or(|value| value.is_empty()), "{help}");
        // Whether anybody reads it is not the test's business.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {help}");
        return None;
    };
    let wanted = Wanted { kind: Kind::Postgres, binary, port: None, room: None };
    let server = Server::start_by(Path::new(env!("CARGO_BIN_EXE_live")), &wanted, &["guard"]);
    Some(server.expect("a database"))
}

fn address(server: &Server) -> DatabaseAddress {
    let (user, password) = (USER.to_owned(), server.secret().to_owned());
    DatabaseAddress { port: server.port(), database: user.clone(), user, password }
}

async fn store(server: &Server) -> PostgresStore {
    let database = Database::open(&address(server)).await.expect("a connection");
    PostgresStore::open(&database, "documents").await.expect("a table")
}

/// Somebody else at the same database.
async fn somebody(server: &Server) -> Client {
    let DatabaseAddress { port, user, password, database } = address(server);
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user(user).password(password).dbname(database);
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn a_table_is_a_document_store() {
    let Some(server) = database() else { return };
    let store = store(&server).await;
    for prefix in ["run-1", "run-2"] {
        conformance::document_store(&store, prefix).await;
    }
    conformance::size_limit(&store, "size", PostgresStore::LIMIT).await;
}

#[tokio::test]
async fn its_documents_expire_and_are_swept() {
    let Some(server) = database() else { return };
    let store = store(&server).await;
    conformance::expiry(&store, "run", Duration::from_secs(4), tokio::time::sleep).await;
    let seen = store.all().await.expect("all");
    let swept = store.sweep().await.expect("a sweep");
    assert!(swept > 0, "nothing that is over was in the table");
    assert_eq!(store.all().await.expect("all"), seen);
    assert_eq!(store.sweep().await, Ok(0));
    // Longer than anything.
    let put = store.put_expiring("for-ever", Vec::new(), Precondition::IfAbsent, Duration::MAX).await;
    put.expect("a put");
    assert!(store.get("for-ever").await.expect("a reply").is_some());
}

/// Many at once, over as many connections, and some who open the same table first.
#[tokio::test]
async fn who_contends_gets_in_nobodys_way() {
    const WRITERS: u32 = 8;
    const WRITES: u32 = 25;
    let Some(server) = database() else { return };
    let writers = (0..WRITERS).map(async |_| {
        let store = store(&server).await;
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
    let counted = store(&server).await.get("counter").await.expect("a reply").expect("a document");
    assert_eq!(counted.body, (WRITERS * WRITES).to_be_bytes());
}

/// Also where the database was killed and started again in between.
#[tokio::test]
async fn an_etag_is_never_used_again() {
    let Some(mut server) = database() else { return };
    let store = store(&server).await;
    let mut etags: Vec<Etag> = Vec::new();
    for round in 0..6 {
        let etag = store.put("order-1", b"tea".to_vec(), Precondition::IfAbsent).await.expect("a put");
        for old in &etags {
            let stale = store.put("order-1", Vec::new(), Precondition::IfEtag(old.clone())).await;
            assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
        }
        assert!(!etags.contains(&etag), "{etag} was there before");
        etags.push(etag.clone());
        if round % 2 == 1 {
            server.restart(Duration::from_millis(100)).expect("a guardian");
            while server.is_away().expect("it comes back") {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            // The first that is asked may find its connection broken.
            while store.get("order-1").await == Err(StoreError::Unavailable) {}
            let kept = store.get("order-1").await.expect("a reply").expect("what was acknowledged is there");
            assert_eq!((kept.body, kept.etag), (b"tea".to_vec(), etag.clone()));
        }
        store.delete("order-1", Precondition::IfEtag(etag)).await.expect("a delete");
    }
    assert_eq!(store.all().await.expect("all"), std::collections::BTreeMap::new());
}

/// A write waits for a row that somebody else has locked, and its connection is ended: it may
/// have been done. One that the server itself gives up was not.
#[tokio::test]
async fn a_lost_connection_is_no_reply_and_a_cancelled_statement_had_no_effect() {
    let Some(server) = database() else { return };
    let store = store(&server).await;
    let first = store.put("order-1", b"one".to_vec(), Precondition::IfAbsent).await.expect("a put");
    let other = somebody(&server).await;
    other.batch_execute("BEGIN; SELECT * FROM documents FOR UPDATE").await.expect("a lock");
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let ending = async {
        let third = somebody(&server).await;
        while third.query(terminate, &[]).await.expect("a reply").is_empty() {}
    };
    let (put, ()) =
        tokio::join!(store.put("order-1", b"two".to_vec(), Precondition::IfEtag(first.clone())), ending);
    assert_eq!(put, Err(StoreError::NoReply));
    // What only asks does not wait for the lock.
    assert!(store.get("order-1").await.expect("a reply").is_some_and(|read| read.etag == first));
    let began = Instant::now();
    let put = store.put("order-1", b"three".to_vec(), Precondition::IfEtag(first.clone())).await;
    assert_eq!(put, Err(StoreError::Unavailable), "after {:?}", began.elapsed());
    assert!(began.elapsed() >= Database::PATIENCE, "it did not wait");
    other.batch_execute("ROLLBACK").await.expect("a reply");
    let put = store.put("order-1", b"four".to_vec(), Precondition::IfEtag(first)).await;
    assert!(put.is_ok(), "{put:?}");
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for_and_nothing_was_sent() {
    let Some(mut server) = database() else { return };
    let store = store(&server).await;
    server.restart(Database::PATIENCE + Duration::from_secs(2)).expect("a guardian");
    // One that is under way when it is killed may have been done.
    let mut put = Err(StoreError::NoReply);
    while put.is_ok() || put == Err(StoreError::NoReply) {
        put = store.put("order-1", b"one".to_vec(), Precondition::None).await;
    }
    assert_eq!(put, Err(StoreError::Unavailable));
    // It comes while this one waits.
    let put = store.put("order-1", b"two".to_vec(), Precondition::None).await;
    assert!(put.is_ok(), "{put:?}");
    assert!(!server.is_away().expect("it comes back"));
}

#[tokio::test]
async fn who_does_not_get_in_is_told_why() {
    let Some(server) = database() else { return };
    let wrong = DatabaseAddress { password: "wrong".to_owned(), ..address(&server) };
    let error = Database::open(&wrong).await.expect_err("it let us in");
    let port = server.port();
    let said = format!(
        "the database at postgres://127.0.0.1:{port}/postgres does not let us in: it has another secret"
    );
    assert_eq!(error.to_string(), said);
    assert!(!is_out_of_reach(&error), "whoever has the wrong secret need not try again");

    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
    let nobody = DatabaseAddress { port: free, ..address(&server) };
    let error = Database::open(&nobody).await.expect_err("nobody listens there");
    let said = format!("{error:#}");
    assert!(said.starts_with(&format!("no connection to postgres://127.0.0.1:{free}/postgres: ")), "{said}");
    assert!(is_out_of_reach(&error), "it may come yet");
}

#[tokio::test]
async fn what_is_no_name_and_no_key_is_said() {
    let Some(server) = database() else { return };
    let database = Database::open(&address(&server)).await.expect("a connection");
    let long = "x".repeat(64);
    for name in ["", "a\0b", &long] {
        let opened = PostgresStore::open(&database, name).await;
        assert!(matches!(opened, Err(StoreError::Protocol(_))), "{opened:?}");
    }
    let store = PostgresStore::open(&database, "a \"name\"; DROP TABLE x").await.expect("a table");
    let put = store.put("a\0b", Vec::new(), Precondition::None).await;
    assert!(matches!(put, Err(StoreError::Protocol(_))), "{put:?}");
    let etag = store.put("Größe 2:b.c", b"x".to_vec(), Precondition::None).await.expect("a put");
    assert_eq!(store.all().await.expect("all").into_keys().collect::<Vec<_>>(), ["Größe 2:b.c"]);
    for other in ["", "x", "-1", "99999999999999999999"] {
        let put = store.put("Größe 2:b.c", Vec::new(), Precondition::IfEtag(Etag(other.to_owned()))).await;
        assert!(matches!(put, Err(StoreError::Conflict { .. })), "{put:?}");
    }
    store.delete("Größe 2:b.c", Precondition::IfEtag(etag)).await.expect("a delete");
}
