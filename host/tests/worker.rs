//! The consumer loop on a real server.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use host::record::{Kind, Record, Waiting};
use host::worker::{self, Delivery, Outcome, Ports, Rules};
use host::{Address, Connection, Seam};
use ports::later::{self, CallOff, Later};
use ports::real::NatsServer;
use ports::{Endpoint, Message, MessageId};
use tokio::sync::watch;
use tokio::task::LocalSet;

/// Runs a worker until it has told of so many deliveries of as many messages as that, and says
/// which.
async fn deliveries(
    server: &NatsServer,
    endpoint: Endpoint,
    rules: Rules,
    messages: usize,
    until: usize,
) -> (Vec<Delivery>, Record) {
    let messages: Vec<_> = (0..messages).map(|_| Message::new(MessageId::random(), &"Ring")).collect();
    deliveries_of(server, endpoint, rules, &messages, move |told| told.len() == until).await
}

/// Sends these messages, runs a worker until what it has told is enough, and says it.
async fn deliveries_of(
    server: &NatsServer,
    endpoint: Endpoint,
    rules: Rules,
    messages: &[Message],
    enough: impl Fn(&[Delivery]) -> bool + 'static,
) -> (Vec<Delivery>, Record) {
    let connection =
        Connection::open(&Address { url: server.url(), token: None }).await.expect("a connection");
    let record = Record::open(&connection).await.expect("a record");
    for message in messages {
        record.send(endpoint.name(), message).await.expect("sent");
    }
    let told = Rc::new(RefCell::new(Vec::new()));
    let (sender, stop) = watch::channel(false);
    let tell = {
        let told = Rc::clone(&told);
        move |delivery| {
            told.borrow_mut().push(delivery);
            if enough(&told.borrow()) {
                sender.send(true).expect("somebody listens");
            }
        }
    };
    let seam = Seam::default();
    let run = worker::run(&connection, &endpoint, rules, &seam, stop, tell);
    LocalSet::new().run_until(run).await.expect("a worker");
    (told.take(), record)
}

/// What waits at the server, once it has heard the last answers: a worker does not wait
/// for receipts, so they may still be on their way. One that is never given stays
/// missing, since nobody asks for its message any more.
async fn waiting(record: &Record) -> Waiting {
    const PATIENCE: usize = 100;
    for _ in 0..PATIENCE {
        let waiting = record.waiting("door").await.expect("the consumer");
        if waiting.unacknowledged == 0 {
            return waiting;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    record.waiting("door").await.expect("the consumer")
}

fn outcomes(deliveries: &[Delivery]) -> Vec<Outcome> {
    deliveries.iter().map(|delivery| delivery.outcome.clone()).collect()
}

#[tokio::test]
async fn what_fails_too_often_becomes_a_dead_letter() {
    let Some(server) = NatsServer::for_test() else { return };
    let endpoint = Endpoint::new("door", async |_, _, _| anyhow::bail!("the door is locked"));
    let rules = Rules { most_attempts: 3, ..Rules::default() };
    let (told, record) = deliveries(&server, endpoint, rules, 1, 4).await;
    let failed = Outcome::Failed("the door is locked".to_owned());
    assert_eq!(outcomes(&told), [failed.clone(), failed.clone(), failed, Outcome::DeadLetter]);
    let entries = record.read().await.expect("the record");
    assert_eq!(entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [Kind::Sent, Kind::Dead]);
    let waiting = waiting(&record).await;
    assert_eq!((waiting.undelivered, waiting.unacknowledged, waiting.deliveries), (0, 0, 4));
}

#[tokio::test]
async fn a_panic_ends_a_delivery_and_not_the_worker() {
    let Some(server) = NatsServer::for_test() else { return };
    let rings = Arc::new(AtomicUsize::new(0));
    let endpoint = Endpoint::new("door", async move |_, _, context| {
        assert!(rings.fetch_add(1, Ordering::Relaxed) > 0, "nobody was expected");
        context.publish(Message::new(context.new_id(), &"Opened"));
        Ok(())
    });
    let (told, record) = deliveries(&server, endpoint, Rules::default(), 1, 2).await;
    assert!(matches!(&told[0].outcome, Outcome::Failed(why) if why.contains("panicked")), "{told:?}");
    assert_eq!(told[1].outcome, Outcome::Done);
    let entries = record.read().await.expect("the record");
    let said = entries.iter().filter(|entry| entry.kind == Kind::Said);
    assert_eq!(said.map(|entry| entry.message.name()).collect::<Vec<_>>(), ["Opened"]);
}

#[tokio::test]
async fn a_slow_handler_keeps_its_message() {
    let Some(server) = NatsServer::for_test() else { return };
    let endpoint = Endpoint::new("door", async |_, _, _| {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(())
    });
    let rules = Rules { ack_wait: Duration::from_millis(600), ..Rules::default() };
    let (told, record) = deliveries(&server, endpoint, rules, 1, 1).await;
    assert_eq!(outcomes(&told), [Outcome::Done]);
    assert_eq!(record.waiting("door").await.expect("the consumer").deliveries, 1);
}

#[tokio::test]
async fn work_in_flight_is_bounded_and_brought_to_its_end() {
    let Some(server) = NatsServer::for_test() else { return };
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let endpoint = {
        let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
        Endpoint::new("door", async move |_, _, _| {
            most.fetch_max(inside.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
            inside.fetch_sub(1, Ordering::Relaxed);
            Ok(())
        })
    };
    let rules = Rules { slots: 3, ..Rules::default() };
    // It is told to stop while others are inside.
    let (told, record) = deliveries(&server, endpoint, rules, 12, 7).await;
    assert_eq!((inside.load(Ordering::Relaxed), most.load(Ordering::Relaxed)), (0, 3));
    let waiting = waiting(&record).await;
    // Nothing that was delivered is left without an answer.
    assert_eq!((waiting.deliveries, waiting.unacknowledged), (told.len() as u64, 0));
    assert_eq!(waiting.undelivered, 12 - told.len() as u64);
}

/// The endpoint that the model has, unchanged: what waits is refused until the clock of the
/// machine says that it is time.
#[tokio::test]
async fn a_message_for_later_comes_when_it_is_time_or_is_called_off() {
    let Some(server) = NatsServer::for_test() else { return };
    let wait = Duration::from_secs(3);
    let ask = |name: &str| {
        let later = Later::new(name, wait, &serde_json::json!({ "Ring": { "bell": name } }));
        Message::new(MessageId::random(), &serde_json::json!({ "Later": later }))
    };
    let off = serde_json::json!({ "CallOff": CallOff::new("cake") });
    let sent = [ask("tea"), ask("cake"), Message::new(MessageId::random(), &off)];
    let rules = Rules { slots: 1, delay: Duration::from_millis(100), ..Rules::default() };
    let began = std::time::Instant::now();
    let done = |told: &[Delivery]| told.iter().filter(|told| told.outcome == Outcome::Done).count() == 3;
    let (told, record) = deliveries_of(&server, later::endpoint(), rules, &sent, done).await;
    assert!(began.elapsed() >= wait, "it came after {:?}", began.elapsed());
    let refused = told.iter().filter(|told| matches!(told.outcome, Outcome::Failed(_))).count();
    assert!(refused > 2, "{told:?}");
    let entries = record.read().await.expect("the record");
    let said: Vec<_> = entries.iter().filter(|entry| entry.kind == Kind::Said).collect();
    let said: Vec<_> = said.iter().map(|entry| entry.message.body["Ring"]["bell"].as_str()).collect();
    assert_eq!(said, [Some("tea")]);
}

#[tokio::test]
async fn an_endpoint_that_needs_more_is_told_so() {
    let Some(server) = NatsServer::for_test() else { return };
    let connection =
        Connection::open(&Address { url: server.url(), token: None }).await.expect("a connection");
    let endpoint = Endpoint::new("door", async |_, _, _| Ok(())).with_stream("visitors");
    let error =
        Ports::open(&connection, &endpoint, &Seam::default()).await.err().expect("no ports").to_string();
    assert_eq!(error, "door has streams with expectations, which this host does not run yet");
}
