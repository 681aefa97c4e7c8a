//! The solutions of exercises 10 and 11, on streams, logs and services. They are
//! included as they are: this crate must not depend on them.

#![allow(dead_code)]

use chaos::{Explore, Fault, System, explore, specifications};
use shared::Message;
use shared::checkout::check_out;
use shared::conversation::Record;
use shared::payments::Command;

use crate::solutions::Row;

#[path = "../../../solutions/10-jetstream/src/lib.rs"]
mod ex10;
#[path = "../../../solutions/11-durable-conversation/src/lib.rs"]
mod ex11;

fn payments() -> System {
    System::of(ex10::endpoint()).judged_by(specifications::payments())
}

/// A withdrawal, and two refunds of which it covers one.
fn refunds() -> Vec<Message> {
    let order_id = || "order-1".to_owned();
    vec![
        Command::Withdraw { order_id: order_id(), cents: 300 }.named("pay"),
        Command::Refund { order_id: order_id(), cents: 200 }.named("one"),
        Command::Refund { order_id: order_id(), cents: 200 }.named("two"),
    ]
}

fn checkouts() -> System {
    System::of(ex11::endpoint()).judged_by(specifications::checkouts())
}

/// Services that forget a key once its step is recorded.
fn forgetful() -> System {
    (0..).zip(ex11::STEPS).fold(checkouts(), |system, (number, service)| {
        system.forgetful(service, move |snapshot, message| {
            let done = |record: &Vec<u8>| match Record::decode(record) {
                Ok(Record::StepCompleted { message: of, step, .. }) => (of, step) == (message.id, number),
                _ => false,
            };
            snapshot.log("ann").iter().any(done)
        })
    })
}

/// Purchases of one customer: one conversation.
fn purchases(count: usize) -> Vec<Message> {
    let all = [check_out("ann", "tea", 300), check_out("ann", "cake", 400)];
    all.into_iter().take(count).collect()
}

pub fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut row = |name, system: fn() -> System, messages: fn() -> Vec<Message>, faults| {
        let search = move || explore(system).send(messages()).faults(faults).limit_states(10_000_000);
        rows.push((name, Box::new(search) as Box<dyn Fn() -> Explore>));
    };
    row("10, a withdrawal and 2 refunds, 1 fault", payments, refunds, 1);
    row("10, a withdrawal and 2 refunds, 2 faults", payments, refunds, 2);
    row("10, a withdrawal and 2 refunds, 3 faults", payments, refunds, 3);
    row("11, 1 checkout, 3 faults", checkouts, || purchases(1), 3);
    row("11, 2 checkouts in 1 conversation, 1 fault", checkouts, || purchases(2), 1);
    row("11, 2 checkouts in 1 conversation, 2 faults", checkouts, || purchases(2), 2);
    row("11, 2 checkouts in 1 conversation, 3 faults", checkouts, || purchases(2), 3);
    row("11, 1 checkout, keys forgotten, 3 faults", forgetful, || purchases(1), 3);
    row("11, 2 checkouts, keys forgotten, 1 fault", forgetful, || purchases(2), 1);
    let mut only = |name, faults, classes: &'static [Fault]| {
        let search = move || {
            let search = explore(forgetful).send(purchases(2)).faults(faults);
            search.only(classes.iter().copied()).limit_states(10_000_000)
        };
        rows.push((name, Box::new(search)));
    };
    const FORGETTING: &[Fault] =
        &[Fault::TimeToLiveExpires, Fault::CrashAfterWrite, Fault::AckFails, Fault::Duplicate];
    only("11, 2 checkouts, crashes and keys forgotten, 2 faults", 2, FORGETTING);
    rows
}
