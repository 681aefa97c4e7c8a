//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, how
//! many reads may be old, and what must have been tried for the verdict to count.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Fault, Faults, System, explore};
use shared::order::{add_item, remove_item};

/// Those on strong stores, in the order of the tests.
pub fn on_strong_stores(strong: impl Fn() -> System) -> Vec<Explore> {
    vec![one_item(&strong), two_items(&strong), removing_and_adding(&strong)]
}

/// Those on weak stores, in the order of the tests.
pub fn with_stale_reads(weak: impl Fn() -> System) -> Vec<Explore> {
    vec![
        one_item_with_stale_reads(&weak),
        two_items_with_stale_reads(&weak),
        removing_and_adding_with_stale_reads(&weak),
    ]
}

/// Those of a system on weak stores that is to leave nothing behind, in the order of the
/// test.
pub fn of_the_storage(weak: impl Fn() -> System) -> Vec<Explore> {
    vec![one_item_with_stale_reads(&weak), two_items_with_one_stale_read(&weak)]
}

/// One message, two workers, any two faults.
pub fn one_item(system: impl FnOnce() -> System) -> Explore {
    let sent = [add_item("order-1", "tea")];
    explore(system).send(sent).workers(2).faults(2).must_visit(Faults::WITH_DOCUMENTS)
}

/// Two items to one order, two workers, any fault.
pub fn two_items(system: impl FnOnce() -> System) -> Explore {
    let sent = [add_item("order-1", "tea"), add_item("order-1", "cake")];
    explore(system).send(sent).workers(2).faults(1).must_visit(Faults::WITH_DOCUMENTS)
}

/// Two messages each of which changes what the other one means, two workers, any fault.
pub fn removing_and_adding(system: impl FnOnce() -> System) -> Explore {
    let sent = [remove_item("order-1", "tea"), add_item("order-1", "tea")];
    explore(system).send(sent).workers(2).faults(1).must_visit(Faults::WITH_DOCUMENTS)
}

/// One message, two workers, any two faults, and any two reads that are old.
pub fn one_item_with_stale_reads(weak: impl FnOnce() -> System) -> Explore {
    one_item(weak).stale(2).must_visit([Fault::StaleRead])
}

/// The two items, any fault, two old reads.
pub fn two_items_with_stale_reads(weak: impl FnOnce() -> System) -> Explore {
    two_items(weak).stale(2).must_visit([Fault::StaleRead])
}

/// The two items, any fault, one old read.
pub fn two_items_with_one_stale_read(weak: impl FnOnce() -> System) -> Explore {
    two_items(weak).stale(1).must_visit([Fault::StaleRead])
}

/// The two messages that change each other's meaning, any fault, two old reads.
pub fn removing_and_adding_with_stale_reads(weak: impl FnOnce() -> System) -> Explore {
    removing_and_adding(weak).stale(2).must_visit([Fault::StaleRead])
}
