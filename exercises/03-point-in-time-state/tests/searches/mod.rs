//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, and
//! what must have been tried for the verdict to count.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Faults, System, explore};
use shared::order::{add_item, remove_item};

/// All of them but that of the stretch, in the order of the tests.
pub fn all(system: impl Fn() -> System) -> Vec<Explore> {
    vec![one_item(&system), two_items(&system), removing_and_adding(&system)]
}

/// One message, two workers, any two faults.
pub fn one_item(system: impl FnOnce() -> System) -> Explore {
    let sent = [add_item("order-1", "tea")];
    explore(system).send(sent).workers(2).faults(2).must_visit(Faults::WITH_EVENTS)
}

/// Two items to one order, two workers, any fault.
pub fn two_items(system: impl FnOnce() -> System) -> Explore {
    let sent = [add_item("order-1", "tea"), add_item("order-1", "cake")];
    explore(system).send(sent).workers(2).faults(1).must_visit(Faults::WITH_EVENTS)
}

/// Two messages each of which changes what the other one means, two workers, any fault.
pub fn removing_and_adding(system: impl FnOnce() -> System) -> Explore {
    let sent = [remove_item("order-1", "tea"), add_item("order-1", "tea")];
    explore(system).send(sent).workers(2).faults(1).must_visit(Faults::WITH_EVENTS)
}

/// Three messages to one order, the last of which says what the first one did; two
/// workers, any fault. It is for the first stretch: so there is a snapshot to trip over.
pub fn two_items_and_a_second_click(system: impl FnOnce() -> System) -> Explore {
    let tea = add_item("order-1", "tea");
    let sent = [tea.clone(), add_item("order-1", "cake"), tea.said_again("2")];
    let search = explore(system).send(sent).workers(2).faults(1);
    search.must_visit(Faults::WITH_EVENTS)
}
