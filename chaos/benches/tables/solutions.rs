//! The solutions of the second half of the ladder, under the bounds of their
//! tests and beyond. They are included as they are: this crate must not depend
//! on them.

#![allow(dead_code)]

use chaos::{Explore, Fault, StoreKind, System, explore, specifications};
use shared::memory::DYNAMODB_LIMIT;
use shared::{Endpoint, Message};

use crate::support::add_item;

#[path = "../../../solutions/05-state-machine-runner/src/lib.rs"]
mod ex05;
#[path = "../../../solutions/06-inbox/src/lib.rs"]
mod ex06;
#[path = "../../../solutions/07-weak-consistency/src/lib.rs"]
mod ex07;
#[path = "../../../solutions/08-outbox-document/src/lib.rs"]
mod ex08;
#[path = "../../../solutions/09-tokens/src/lib.rs"]
mod ex09;

const WEAK: StoreKind = StoreKind { weak: true, limit: None };
const SMALL: StoreKind = StoreKind { weak: false, limit: Some(DYNAMODB_LIMIT) };

/// The messages of a row: two to one order, and one to another.
fn mail(count: usize) -> Vec<Message> {
    let all = [add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "tea")];
    all.into_iter().take(count).collect()
}

/// The front door has created the tokens of what is sent.
fn with_tokens(system: System) -> System {
    let mail = mail(3);
    mail.iter().fold(system, |system, message| system.stored("tokens", message.id.to_string(), Vec::new()))
}

fn orders(endpoint: Endpoint) -> System {
    System::of(endpoint).judged_by(specifications::orders_with_welcome())
}

fn both(orders: Endpoint, loyalty: Endpoint) -> System {
    self::orders(orders).and(loyalty).judged_by(specifications::loyalty())
}

fn weak() -> System {
    orders(ex07::orders()).store("orders", WEAK).store("orders inbox", WEAK)
}

fn small() -> System {
    orders(ex08::orders()).store("orders", SMALL).store("orders inbox", SMALL).store("orders outbox", SMALL)
}

/// The name of a row, and its search.
pub type Row = (&'static str, Box<dyn Fn() -> Explore>);

pub fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut row = |name, system: fn() -> System, messages, faults, more: fn(Explore) -> Explore| {
        let search =
            move || more(explore(system).send(mail(messages)).faults(faults).limit_states(10_000_000));
        rows.push((name, Box::new(search)));
    };
    let as_it_is: fn(Explore) -> Explore = |search| search;
    row("05, 1 message, 2 faults", || orders(ex05::endpoint()), 1, 2, as_it_is);
    row("05, 2 messages, 1 fault", || orders(ex05::endpoint()), 2, 1, as_it_is);
    row("05, 2 + 1 messages, 2 faults", || orders(ex05::endpoint()), 3, 2, as_it_is);
    row(
        "05, 1 message through 2 endpoints, 2 faults",
        || both(ex05::endpoint(), ex05::loyalty()),
        1,
        2,
        as_it_is,
    );
    row("06, 1 message, 2 faults", || orders(ex06::orders()), 1, 2, as_it_is);
    row("06, 2 messages, 1 fault", || orders(ex06::orders()), 2, 1, as_it_is);
    row("06, 2 + 1 messages, 2 faults", || orders(ex06::orders()), 3, 2, as_it_is);
    row(
        "06, 2 + 1 messages, 2 faults, late effects",
        || orders(ex06::orders()),
        3,
        2,
        Explore::with_late_effects,
    );
    row(
        "06, 1 message through 2 endpoints, 2 faults",
        || both(ex06::orders(), ex06::loyalty()),
        1,
        2,
        as_it_is,
    );
    row("07, 1 message, 2 faults, 2 stale", weak, 1, 2, |search| search.stale(2));
    row("07, 2 messages, 1 fault, 2 stale", weak, 2, 1, |search| search.stale(2));
    row("07, 2 + 1 messages, 2 faults, 2 stale", weak, 3, 2, |search| search.stale(2));
    row("08, 1 message, 2 faults", small, 1, 2, as_it_is);
    row("08, 2 messages, 1 fault", small, 2, 1, as_it_is);
    row("08, 2 + 1 messages, 2 faults", small, 3, 2, as_it_is);
    row("09, 1 message, 2 faults", || with_tokens(orders(ex09::orders())), 1, 2, as_it_is);
    row("09, 2 messages, 1 fault", || with_tokens(orders(ex09::orders())), 2, 1, as_it_is);
    row("09, 2 + 1 messages, 2 faults", || with_tokens(orders(ex09::orders())), 3, 2, as_it_is);
    let tokens_for_both = || with_tokens(both(ex09::orders(), ex09::loyalty()));
    row("09, 1 message through 2 endpoints, 2 faults", tokens_for_both, 1, 2, as_it_is);
    row("09, 1 message through 2 endpoints, 3 faults", tokens_for_both, 1, 3, as_it_is);
    row("09, 2 messages through 2 endpoints, no fault", tokens_for_both, 2, 0, as_it_is);
    row("09, 2 messages through 2 endpoints, acks fail once", tokens_for_both, 2, 1, |search| {
        search.only([Fault::AckFails, Fault::CrashBeforeAck])
    });
    row("09, 2 messages through 2 endpoints, 1 fault", tokens_for_both, 2, 1, as_it_is);
    rows
}
