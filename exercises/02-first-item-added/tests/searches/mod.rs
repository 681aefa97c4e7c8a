//! What is searched in this exercise of a handler that is not the naive one. Each function
//! is one search, or a few of a kind, with all that it looks at: what is sent, how many
//! workers there are, and how often something may go wrong.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, and what the pages show.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, System, explore};
use shared::Message;
use shared::order::{add_item, remove_item};

/// Two workers that meet, and nothing goes wrong: two items, an item that is added and
/// removed, and all three.
pub fn without_a_fault(orders: impl Fn() -> System) -> [Explore; 3] {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    let sent = [vec![tea.clone(), cake.clone()], vec![tea.clone(), no_tea.clone()], vec![tea, cake, no_tea]];
    sent.map(|messages| explore(&orders).send(messages).workers(2).faults(0))
}

/// One message that nobody is welcomed for, two workers, any two faults.
pub fn removing(orders: impl FnOnce() -> System) -> Explore {
    explore(orders).send([remove_item("order-1", "tea")]).workers(2).faults(2)
}

/// Two workers and any fault, for what has nothing to do with the welcome: one item, two
/// items, and two messages each of which changes what the other one means.
pub fn but_for_the_welcome(welcomed_or_not: impl Fn() -> System) -> [Explore; 3] {
    let (tea, no_tea) = (add_item("order-1", "tea"), remove_item("order-1", "tea"));
    let sent = [vec![tea.clone()], tea_and_cake().to_vec(), vec![no_tea, tea]];
    sent.map(|messages| explore(&welcomed_or_not).send(messages).workers(2).faults(1))
}

/// Two items to one order, two workers, any fault.
pub fn two_items(orders: impl FnOnce() -> System) -> Explore {
    explore(orders).send(tea_and_cake()).workers(2).faults(1)
}

/// One message, two workers, any two faults.
pub fn one_item(orders: impl FnOnce() -> System) -> Explore {
    explore(orders).send([add_item("order-1", "tea")]).workers(2).faults(2)
}

fn tea_and_cake() -> [Message; 2] {
    [add_item("order-1", "tea"), add_item("order-1", "cake")]
}
