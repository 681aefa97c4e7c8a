//! Exercise 12, the first half: documents in a bucket. Only the last test needs a server: a
//! bucket is a stream, and the engine has a model of streams.

mod bench;
mod checks;

use checks::documents;
use ex12_real_infrastructure::{endpoints, ours};
use shared::Snapshot;

/// Before anything happens, nothing is there. Your toolchain works.
#[test]
fn t00_an_order_that_nobody_touched_is_empty() {
    let [orders, _] = endpoints(ours());
    let state = orders.state_of(&Snapshot::default(), "order-1").expect("a state");
    let items = state["items"].as_array().map(Vec::len);
    chaos::should_be!("the number of items in an order that nobody touched", items, Some(0));
}

/// The suite that every document store must pass, on a stream in memory. It names the rule
/// that is broken, and the calls that broke it.
#[test]
fn t01_the_rules_of_a_document_store_on_a_stream_in_memory() {
    documents::rules_in_memory(ours());
}

/// The runner of 06 on your store: one message, and every two faults at every two moments.
#[test]
fn t02_every_schedule_of_one_message_and_two_faults() {
    documents::one_message(ours()).assert_exactly_once();
}

/// Two messages to one order. Both workers decide on what they have read, and one of them is
/// too late.
#[test]
fn t03_every_schedule_of_two_items() {
    documents::two_items(ours()).assert_exactly_once();
}

/// What is expected of one order has nothing to do with another one, though all are numbered
/// together.
#[test]
fn t04_every_schedule_of_two_orders() {
    documents::two_orders(ours()).assert_exactly_once();
}

/// The suite of `t01`, on a bucket of a real server.
#[test]
fn t05_the_rules_of_a_document_store_on_a_real_bucket() {
    documents::rules_on_a_server(ours());
}

/// `cargo workshop explore 12` runs this with three of the messages, two workers and two
/// faults, a message and a fault more than the exercise looks at; or with as many as you say.
#[test]
#[ignore = "for cargo workshop explore"]
fn explore_deeper() {
    documents::deeper(ours()).assert_exactly_once();
}
