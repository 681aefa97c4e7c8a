//! The suite for streams on a real nats-server, what servers of different
//! versions do with a retry, and what is left when one is killed.
//!
//! `cargo test -p ports --features jetstream --test jetstream_server`, with
//! nats-server on the `PATH` or its path in `NATS_SERVER`. Each test starts a
//! server of its own. `-- --nocapture` shows the version and the throughput.

#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream;
use ports::conformance;
use ports::outside::CheckFirst;
use ports::real::{JetStream, NatsServer};
use ports::{Expected, Publication, PublishAck, StreamError, StreamMessage, SubjectStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const WINDOW: Duration = Duration::from_secs(60);

async fn stream(server: &NatsServer, name: &str, window: Duration) -> JetStream {
    JetStream::open(&server.url(), name, &[&format!("{name}.>")], window).await.expect("a stream")
}

fn paying(subject: &str, last: u64) -> Publication {
    Publication::new(subject, subject).with_id(subject).expecting(Expected::LastSubjectSequence(last))
}

fn stored(sequence: u64) -> Result<PublishAck, StreamError> {
    Ok(PublishAck { sequence, duplicate: false })
}

fn duplicate(sequence: u64) -> Result<PublishAck, StreamError> {
    Ok(PublishAck { sequence, duplicate: true })
}

fn refused(actual: u64) -> Result<PublishAck, StreamError> {
    Err(StreamError::WrongLastSequence { actual })
}

/// What a server of this version answers when a retry expects what was true
/// before its first copy was stored at `sequence`.
fn answer_to_retry(check_first: CheckFirst, sequence: u64) -> Result<PublishAck, StreamError> {
    match check_first {
        CheckFirst::MessageId => duplicate(sequence),
        CheckFirst::Expectation => refused(sequence),
    }
}

#[tokio::test]
async fn jetstream_conforms() {
    let Some(server) = NatsServer::for_test() else { return };
    let jetstream = stream(&server, "suite", WINDOW).await;
    for prefix in ["suite.run-1", "suite.run-2"] {
        conformance::subject_stream(&jetstream, prefix).await;
        let check_first = match server.release() >= [2, 12, 0] {
            true => CheckFirst::Expectation,
            false => CheckFirst::MessageId,
        };
        assert_eq!(jetstream.check_first(), check_first);
        conformance::retry(&jetstream, prefix, check_first).await;
        assert_eq!(jetstream.obeys_last_sequence_of(), server.release() >= [2, 11, 7]);
        if jetstream.obeys_last_sequence_of() {
            conformance::last_of_filter(&jetstream, prefix).await;
        }
    }
}

#[tokio::test]
async fn ids_are_recognised_for_one_window() {
    let Some(server) = NatsServer::for_test() else { return };
    let window = Duration::from_secs(2);
    let jetstream = stream(&server, "window", window).await;
    conformance::window(&jetstream, "window", window, tokio::time::sleep).await;
}

#[tokio::test]
async fn a_window_is_counted_in_nanoseconds_and_no_shorter_than_a_tenth_of_a_second() {
    let Some(server) = NatsServer::for_test() else { return };
    let client = async_nats::connect(server.url()).await.unwrap();
    let create = async |name: &str, window: u64| -> serde_json::Value {
        let config = serde_json::json!({ "name": name, "subjects": [name], "duplicate_window": window });
        let body = serde_json::to_vec(&config).unwrap();
        let reply = client.request(format!("$JS.API.STREAM.CREATE.{name}"), body.into()).await.unwrap();
        serde_json::from_slice(&reply.payload).unwrap()
    };
    assert_eq!(create("five-seconds", 5_000_000_000).await["config"]["duplicate_window"], 5_000_000_000_u64);
    let context = jetstream::new(client.clone());
    let config = context.get_stream("five-seconds").await.unwrap().cached_info().config.clone();
    assert_eq!(config.duplicate_window, Duration::from_secs(5));
    assert_eq!(create("default", 0).await["config"]["duplicate_window"], 120_000_000_000_u64);
    // Five, five million: whoever thinks in seconds or milliseconds is told so.
    for (name, window) in [("five", 5), ("five-million", 5_000_000), ("almost", 99_999_999)] {
        assert_eq!(create(name, window).await["error"]["err_code"], 10_052, "{window}");
    }
    assert_eq!(create("least", 100_000_000).await["config"]["duplicate_window"], 100_000_000);
}

#[tokio::test]
async fn the_third_place_in_a_shared_stream_is_not_2() {
    let Some(server) = NatsServer::for_test() else { return };
    let jetstream = stream(&server, "refund", WINDOW).await;
    let publish = async |subject: &str, last| {
        let expected = Expected::LastSubjectSequence(last);
        jetstream.publish(Publication::new(subject, "").expecting(expected)).await
    };
    // Two validations each, in a stream that two orders share.
    assert_eq!(publish("refund.order-1", 0).await, stored(1));
    assert_eq!(publish("refund.order-1", 1).await, stored(2));
    assert_eq!(publish("refund.order-2", 0).await, stored(3));
    assert_eq!(publish("refund.order-2", 3).await, stored(4));
    // The place in the subject is not what is expected, …
    assert_eq!(publish("refund.order-2", 2).await, refused(4));
    // … nor is the number that the message will get. It is the last before it.
    assert_eq!(publish("refund.order-2", 5).await, refused(4));
    assert_eq!(publish("refund.order-2", 4).await, stored(5));
    assert_eq!(publish("refund.order-2", 6).await, refused(5));
    // 2 is right for the first order, however far the stream has come.
    assert_eq!(publish("refund.order-1", 2).await, stored(6));
}

#[tokio::test]
async fn an_id_belongs_to_the_stream_and_not_to_a_subject() {
    let Some(server) = NatsServer::for_test() else { return };
    let jetstream = stream(&server, "order", WINDOW).await;
    let publish = async |subject: &str, last| {
        let message = Publication::new(subject, subject).with_id("order-1");
        jetstream.publish(message.expecting(Expected::LastSubjectSequence(last))).await
    };
    assert_eq!(publish("order.withdraw", 0).await, stored(1));
    // Acknowledged, and not stored.
    assert_eq!(publish("order.refund", 0).await, duplicate(1));
    assert_eq!(jetstream.read("order.refund").await, Ok(vec![]));
}

#[tokio::test]
async fn a_server_that_ignores_filters_is_not_asked() {
    let Some(server) = NatsServer::for_test() else { return };
    let jetstream = stream(&server, "filter", WINDOW).await;
    assert_eq!(jetstream.publish(Publication::new("filter.paid.order-1", "")).await, stored(1));
    // It is not 0: one message matches.
    let filter = "filter.*.order-1";
    let expected = Expected::LastSequenceOf { filter: filter.to_owned(), sequence: 0 };
    let reply = jetstream.publish(Publication::new("filter.refund.order-1", "").expecting(expected)).await;
    if server.release() >= [2, 11, 7] {
        assert_eq!(reply, refused(1));
        return;
    }
    assert!(matches!(reply, Err(StreamError::Protocol(_))), "{reply:?}");
    assert_eq!(jetstream.read("filter.>").await.unwrap().len(), 1);
    if server.release() >= [2, 11, 0] {
        // Depends on the order of the headers.
        return;
    }
    // What the server would have done.
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
    headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", filter);
    let context = jetstream::new(client);
    let raw = context.publish_with_headers("filter.refund.order-1", headers, "".into()).await;
    assert_eq!(raw.unwrap().await.unwrap().sequence, 2, "stored, although 1 matches the filter");
}

#[tokio::test]
async fn without_a_server_or_a_stream_nothing_is_stored() {
    let Some(mut server) = NatsServer::for_test() else { return };
    let jetstream = stream(&server, "there", WINDOW).await.with_patience(Duration::from_millis(200));
    let elsewhere = Publication::new("elsewhere.a", "");
    assert_eq!(jetstream.publish(elsewhere).await, Err(StreamError::Unavailable));
    assert_eq!(jetstream.read("elsewhere.>").await, Ok(vec![]));
    let large = Publication::new("there.a", vec![0; 2_000_000]);
    assert!(matches!(jetstream.publish(large).await, Err(StreamError::Protocol(_))));

    server.kill();
    // Until it has noticed, it can only say that it does not know.
    let unnoticed = paying("there.c", 0);
    until(async || {
        (jetstream.publish(unnoticed.clone()).await == Err(StreamError::Unavailable)).then_some(())
    })
    .await;
    let reply = jetstream.publish(paying("there.a", 0)).await;
    assert_eq!(reply, Err(StreamError::Unavailable));
    assert_eq!(jetstream.read("there.>").await, Err(StreamError::Unavailable));
    let nobody = JetStream::open(&server.url(), "there", &["there.>"], WINDOW).await;
    assert_eq!(nobody.err(), Some(StreamError::Unavailable));

    server.restart().unwrap();
    let reply = settled(&jetstream, &paying("there.b", 0)).await;
    assert!(matches!(reply, Ok(PublishAck { duplicate: false, .. })), "{reply:?}");
    assert_eq!(jetstream.read("there.a").await, Ok(vec![]), "unavailable means not stored, later either");
}

/// Why the adapter waits for a connection before it publishes.
#[tokio::test]
async fn the_bare_client_sends_what_has_timed_out_when_it_is_connected_again() {
    let Some(mut server) = NatsServer::for_test() else { return };
    let looking = stream(&server, "late", WINDOW).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut context = jetstream::new(client.clone());
    context.set_timeout(Duration::from_millis(50));
    server.kill();
    while client.connection_state() != async_nats::connection::State::Disconnected {
        tokio::task::yield_now().await;
    }
    let acknowledged = context.publish("late.a", "sent long ago".into()).await.unwrap().await;
    assert_eq!(acknowledged.unwrap_err().kind(), jetstream::context::PublishErrorKind::TimedOut);
    server.restart().unwrap();
    let came = until(async || looking.read("late.a").await.ok().filter(|read| !read.is_empty())).await;
    assert_eq!(came[0].body, b"sent long ago");
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let Some(mut server) = NatsServer::for_test() else { return };
    let window = Duration::from_secs(2);
    let jetstream = stream(&server, "killed", window).await;
    let before = Instant::now();
    assert_eq!(jetstream.publish(paying("killed.a", 0)).await, stored(1));
    server.kill();
    server.restart().unwrap();
    // The id, by which it is recognised, …
    let click = Publication::new("killed.a", "click").with_id("killed.a");
    let reply = settled(&jetstream, &click).await;
    if before.elapsed() < window {
        assert_eq!(reply, duplicate(1));
        // … the message, and what is expected of it.
        let retry = jetstream.publish(paying("killed.a", 0)).await;
        if before.elapsed() < window {
            assert_eq!(retry, answer_to_retry(jetstream.check_first(), 1));
        }
        let read = jetstream.read("killed.>").await.unwrap();
        assert_eq!(read.iter().map(|message| message.sequence).collect::<Vec<_>>(), [1]);
        // The window has gone on, and does not begin again.
        let again = until(async || {
            let reply = jetstream.publish(click.clone()).await;
            (reply != duplicate(1)).then_some(reply)
        });
        assert_eq!(again.await, stored(2));
        assert!(before.elapsed() >= window, "{:?}", before.elapsed());
        assert!(before.elapsed() < window * 2, "{:?}", before.elapsed());
    }
}

/// Three ways to be between a publish and its acknowledgement when the server
/// is killed. In all of them the caller learns the same: nothing.
#[tokio::test]
async fn killed_between_publish_and_acknowledgement_it_is_stored_once() {
    let Some(mut server) = NatsServer::for_test() else { return };
    let proxy = Proxy::start(server.port()).await;
    let jetstream = JetStream::open(&proxy.url(), "orders", &["orders.>"], WINDOW).await.unwrap();
    let check_first = jetstream.check_first();
    let publishing = |subject: &str| {
        let (jetstream, message) = (jetstream.clone(), paying(subject, 0));
        tokio::spawn(async move { jetstream.publish(message).await })
    };
    let mut told = BTreeMap::<String, usize>::new();

    for round in 0..5 {
        // The acknowledgement is on its way: stored.
        let subject = format!("orders.acknowledged-{round}");
        proxy.hold(Held::Replies);
        let reply = publishing(&subject);
        proxy.held.notified().await;
        server.kill();
        proxy.hold(Held::Nothing);
        server.restart().unwrap();
        assert_eq!(reply.await.unwrap(), Err(StreamError::NoReply));
        let [first] = &messages(&jetstream, &subject).await[..] else { panic!("{subject} is not stored") };
        let retry = settled(&jetstream, &paying(&subject, 0)).await;
        assert_eq!(retry, answer_to_retry(check_first, first.sequence));
        let corrected = jetstream.publish(paying(&subject, first.sequence)).await;
        assert_eq!(corrected, duplicate(first.sequence));
        assert_eq!(messages(&jetstream, &subject).await.len(), 1);

        // The message is on its way: not stored.
        let subject = format!("orders.published-{round}");
        proxy.hold(Held::Requests);
        let reply = publishing(&subject);
        proxy.held.notified().await;
        server.kill();
        proxy.hold(Held::Nothing);
        server.restart().unwrap();
        assert_eq!(reply.await.unwrap(), Err(StreamError::NoReply));
        assert_eq!(messages(&jetstream, &subject).await, []);
        let retry = settled(&jetstream, &paying(&subject, 0)).await;
        assert!(matches!(retry, Ok(PublishAck { duplicate: false, .. })), "{retry:?}");
        assert_eq!(messages(&jetstream, &subject).await.len(), 1);
    }

    // Any moment: stored or not, acknowledged or not.
    for round in 0..20 {
        let subject = format!("orders.any-{round}");
        let reply = publishing(&subject);
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        server.kill();
        server.restart().unwrap();
        let reply = reply.await.unwrap();
        let before = messages(&jetstream, &subject).await.len();
        if let Err(StreamError::Unavailable) = reply {
            assert_eq!(before, 0, "unavailable means not stored");
        }
        if reply.is_ok() {
            assert_eq!(before, 1, "acknowledged means stored");
        }
        let outcome = match reply {
            Ok(_) => "acknowledged".to_owned(),
            Err(error) => format!("{error:?}, {before} stored"),
        };
        *told.entry(outcome).or_default() += 1;
        let retry = settled(&jetstream, &paying(&subject, 0)).await;
        let [only] = &messages(&jetstream, &subject).await[..] else { panic!("{subject}: {retry:?}") };
        // If it was not there yet, it may have come before its retry.
        let as_first = before == 0 && retry == stored(only.sequence);
        assert!(as_first || retry == answer_to_retry(check_first, only.sequence), "{retry:?}");
    }
    println!("nats-server {}: killed at any moment: {told:?}", server.version());
}

const PUBLISHERS: usize = 8;
const SUBJECTS: usize = 100;
const PUBLISHES: usize = 10_000;

/// Each of the publishers goes through the subjects, in an order of its own,
/// and takes the next place wherever it can, until it has its share.
#[tokio::test]
async fn of_competing_publishers_one_wins_each_place() {
    let Some(server) = NatsServer::for_test() else { return };
    let reader = stream(&server, "load", WINDOW).await;
    let began = Instant::now();
    let publishers = (0..PUBLISHERS).map(|publisher| {
        let url = server.url();
        tokio::spawn(async move {
            let stream = JetStream::open(&url, "load", &["load.>"], WINDOW).await.unwrap();
            let mut last = [0; SUBJECTS];
            let (mut won, mut lost) = (Vec::new(), 0);
            // No divisor in common with the number of subjects: all are visited.
            let step = [1, 3, 7, 9, 11, 13, 17, 19][publisher];
            for turn in 0.. {
                if won.len() == PUBLISHES / PUBLISHERS {
                    break;
                }
                let subject = (publisher * SUBJECTS / PUBLISHERS + turn * step) % SUBJECTS;
                let expected = last[subject];
                let message = Publication::new(format!("load.{subject}"), format!("{publisher} {expected}"));
                let message = message.expecting(Expected::LastSubjectSequence(expected));
                match stream.publish(message).await {
                    Ok(PublishAck { sequence, duplicate: false }) => {
                        won.push((subject, expected, sequence));
                        last[subject] = sequence;
                    }
                    Err(StreamError::WrongLastSequence { actual }) => {
                        assert!(actual > expected, "somebody else has taken it");
                        lost += 1;
                        last[subject] = actual;
                    }
                    other => panic!("{other:?}"),
                }
            }
            (won, lost)
        })
    });
    let (mut winners, mut refusals) = (BTreeMap::new(), 0);
    for (publisher, task) in publishers.collect::<Vec<_>>().into_iter().enumerate() {
        let (won, lost) = task.await.unwrap();
        refusals += lost;
        for (subject, expected, sequence) in won {
            let before = winners.insert((subject, expected), (publisher, sequence));
            assert_eq!(before, None, "two winners of the place after {expected} of {subject}");
        }
    }
    let took = began.elapsed();
    let began = Instant::now();
    let read = reader.read("load.>").await.unwrap();
    let reading = began.elapsed();
    assert_eq!(winners.len(), PUBLISHES);
    assert!(refusals > 0, "nobody competed");
    assert!(read.iter().map(|message| message.sequence).eq(1..=PUBLISHES as u64));
    // Each follows the one that its publisher expected.
    let mut last = [0; SUBJECTS];
    for StreamMessage { sequence, subject, body, .. } in read {
        let number: usize = subject.strip_prefix("load.").unwrap().parse().unwrap();
        let (publisher, won) = winners[&(number, last[number])];
        assert_eq!(won, sequence);
        assert_eq!(body, format!("{publisher} {}", last[number]).into_bytes());
        last[number] = sequence;
    }
    let rate = |number: usize, time: Duration| (number as f64 / time.as_secs_f64()) as u64;
    println!(
        "nats-server {}: {PUBLISHES} stored and {refusals} refused for {PUBLISHERS} publishers to {SUBJECTS} subjects in {took:.1?}: \
         {} stored/s, {} answered/s; read in {reading:.1?}",
        server.version(),
        rate(PUBLISHES, took),
        rate(PUBLISHES + refusals, took),
    );
}

/// What a read says once the server is there again.
async fn messages(stream: &JetStream, subject: &str) -> Vec<StreamMessage> {
    until(async || stream.read(subject).await.ok()).await
}

/// The first answer that says something.
async fn settled(stream: &JetStream, message: &Publication) -> Result<PublishAck, StreamError> {
    until(async || match stream.publish(message.clone()).await {
        Err(StreamError::Unavailable | StreamError::NoReply) => None,
        said => Some(said),
    })
    .await
}

/// Asks until there is an answer.
async fn until<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "no answer for half a minute");
        tokio::task::yield_now().await;
    }
}

/// Between a client and the server, to hold back what goes one way or the
/// other. What is held back is lost.
struct Proxy {
    port: u16,
    holding: Arc<AtomicU8>,
    /// Notified when a message, or its acknowledgement, has been held back.
    held: Arc<Notify>,
}

#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
enum Held {
    Nothing,
    Requests,
    Replies,
}

impl Proxy {
    async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (holding, held) = (Arc::new(AtomicU8::new(Held::Nothing as u8)), Arc::new(Notify::new()));
        let proxy = Self { port, holding: Arc::clone(&holding), held: Arc::clone(&held) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (holding, held) = (Arc::clone(&holding), Arc::clone(&held));
                tokio::spawn(async move {
                    // Nobody there: the client finds its connection closed.
                    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::select! {
                        () = pump(from_client, to_server, Held::Requests, b"HPUB orders.", &holding, &held) => {}
                        () = pump(from_server, to_client, Held::Replies, b"\"seq\":", &holding, &held) => {}
                    }
                });
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    fn hold(&self, what: Held) {
        self.holding.store(what as u8, Ordering::SeqCst);
    }
}

/// Passes on, or holds back and says so when `mark` is in it.
async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    direction: Held,
    mark: &[u8],
    holding: &AtomicU8,
    held: &Notify,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let bytes = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(bytes) => &buffer[..bytes],
        };
        if holding.load(Ordering::SeqCst) == direction as u8 {
            if bytes.windows(mark.len()).any(|window| window == mark) {
                held.notify_one();
            }
        } else if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
