//! The searches of the exercise, for any answer to it.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, System, specifications};
use shared::Endpoint;
use shared::outside::{CheckFirst, StreamModel, Syncs};
use shared::payments::{Fact, PAYMENTS};

#[path = "../../../../exercises/10-jetstream/tests/searches/mod.rs"]
pub mod searches;

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// Both kinds of server: up to nats-server 2.11, and from 2.12 on.
pub const KINDS: [CheckFirst; 2] = [CheckFirst::MessageId, CheckFirst::Expectation];

/// The payments, and what they should do.
pub fn payments(endpoint: Make, check_first: CheckFirst) -> System {
    System::of(endpoint())
        .judged_by(specifications::payments())
        .beside([ex10_jetstream::endpoint()])
        .stream(PAYMENTS, StreamModel { check_first, ..StreamModel::default() })
}

/// The same, where somebody has paid 300 cents for order-1 before.
pub fn paid(endpoint: Make, check_first: CheckFirst) -> System {
    let payment = Fact::Withdrawn { cents: 300 };
    payments(endpoint, check_first)
        .published(PAYMENTS, [("payment.order-1", payment.to_bytes())])
        .judged_by(specifications::payments().after([payment]))
}

/// The same, where Ann and Bob have agreed to the return of order-1 before.
pub fn agreed(endpoint: Make, check_first: CheckFirst) -> System {
    let humans = ["Ann", "Bob"].map(|by| Fact::Validated { by: by.to_owned() });
    payments(endpoint, check_first)
        .published(PAYMENTS, humans.clone().map(|human| ("return.order-1", human.to_bytes())))
        .judged_by(specifications::payments().after(humans))
}

/// The same system on a server that acknowledges before it has synced, as one does that
/// is not told otherwise.
pub fn synced_later(system: System, check_first: CheckFirst) -> System {
    let kind = StreamModel { check_first, syncs: Syncs::Later, ..StreamModel::default() };
    system.stream(PAYMENTS, kind)
}

/// The searches of the exercise, in its order, on one kind of server.
pub fn searches(endpoint: Make, check_first: CheckFirst) -> Vec<Explore> {
    searches::all(
        || payments(endpoint, check_first),
        || paid(endpoint, check_first),
        || agreed(endpoint, check_first),
    )
}
