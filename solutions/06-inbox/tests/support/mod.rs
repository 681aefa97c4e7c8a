//! The searches of the exercise, for any answer to it.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, System, specifications};
use shared::{Endpoint, Snapshot};

#[path = "../../../../exercises/06-inbox/tests/searches/mod.rs"]
pub mod searches;

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// The orders, and what they should do.
pub fn only_orders(orders: Make) -> System {
    System::of(orders()).judged_by(specifications::orders_with_welcome()).beside([ex06_inbox::orders()])
}

/// The loyalty programme, and what it should do.
pub fn only_loyalty(loyalty: Make) -> System {
    System::of(loyalty()).judged_by(specifications::loyalty()).beside([ex06_inbox::loyalty()])
}

/// Both, the one listening to the other, each with small state documents.
pub fn both(orders: Make, loyalty: Make) -> System {
    let both = bounded(only_orders(orders)).and(loyalty()).judged_by(specifications::loyalty());
    bounded(both.beside([ex06_inbox::loyalty()]))
}

/// The searches of the exercise, in its order: first those that ask for the
/// guarantee alone, then those that ask for small state documents as well.
pub fn searches(orders: Make, loyalty: Make) -> Vec<Explore> {
    let mut all = searches::of_the_guarantee(|| only_orders(orders), || only_loyalty(loyalty));
    all.extend(searches::of_the_storage(
        || bounded(only_orders(orders)),
        || bounded(only_loyalty(loyalty)),
        || both(orders, loyalty),
    ));
    all
}

/// The demand that no message id be left in a state document at rest.
pub fn bounded(system: System) -> System {
    system.stores_at_most("the number of message ids in the state document", 0, |snapshot: &Snapshot| {
        snapshot.documents().map(|(_, body)| ids_in(body)).sum()
    })
}

/// How many of the 36 characters in a row have the shape of a UUID.
fn ids_in(body: &[u8]) -> usize {
    let is_id = |text: &&[u8]| {
        text.iter().enumerate().all(|(place, &letter)| match place {
            8 | 13 | 18 | 23 => letter == b'-',
            _ => letter.is_ascii_hexdigit(),
        })
    };
    body.windows(36).filter(is_id).count()
}
