//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, and
//! what must have been tried for the verdict to count.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Faults, System, explore};
use shared::order::{OrderEvent, add_item, remove_item};
use shared::{Message, MessageId};

/// Those that ask for the guarantee alone, in the order of the tests.
pub fn of_the_guarantee(orders: impl Fn() -> System, programme: impl FnOnce() -> System) -> Vec<Explore> {
    vec![
        one_item(&orders),
        two_items(&orders),
        removing_and_adding(&orders),
        a_voucher_and_an_item(programme),
    ]
}

/// Those of systems that are to leave nothing behind, in the order of the tests.
pub fn of_the_storage(
    orders: impl Fn() -> System,
    programme: impl FnOnce() -> System,
    both: impl FnOnce() -> System,
) -> Vec<Explore> {
    vec![
        two_items_and_no_fault(&orders),
        one_item(&orders),
        two_items(&orders),
        a_voucher_and_an_item(programme),
        one_item(both),
    ]
}

/// One message, two workers, any two faults: to the orders alone, or with everything that
/// follows from it on both endpoints.
pub fn one_item(system: impl FnOnce() -> System) -> Explore {
    let sent = [add_item("order-1", "tea")];
    explore(system).send(sent).workers(2).faults(2).must_visit(Faults::WITH_DOCUMENTS)
}

/// Two items to one order, two workers, any fault.
pub fn two_items(system: impl FnOnce() -> System) -> Explore {
    two_messages(system, [add_item("order-1", "tea"), add_item("order-1", "cake")])
}

/// Two items to one order, and two workers that meet; nothing goes wrong.
pub fn two_items_and_no_fault(system: impl FnOnce() -> System) -> Explore {
    let sent = [add_item("order-1", "tea"), add_item("order-1", "cake")];
    explore(system).send(sent).workers(2).faults(0)
}

/// Two messages each of which changes what the other one means, two workers, any fault.
pub fn removing_and_adding(system: impl FnOnce() -> System) -> Explore {
    two_messages(system, [remove_item("order-1", "tea"), add_item("order-1", "tea")])
}

/// To the loyalty programme: one message that draws a voucher, and one that says nothing;
/// two workers, any fault.
pub fn a_voucher_and_an_item(programme: impl FnOnce() -> System) -> Explore {
    two_messages(programme, [first("tea"), counted("tea")])
}

fn two_messages(system: impl FnOnce() -> System, sent: [Message; 2]) -> Explore {
    explore(system).send(sent).workers(2).faults(1).must_visit(Faults::WITH_DOCUMENTS)
}

/// "The tea is the first item", as the loyalty programme hears it.
pub fn first(item: &str) -> Message {
    event("first", OrderEvent::FirstItemAdded { order_id: "order-1".to_owned(), item: item.to_owned() })
}

/// "The tea was added", as the loyalty programme hears it.
pub fn counted(item: &str) -> Message {
    event("added", OrderEvent::ItemAdded { order_id: "order-1".to_owned(), item: item.to_owned() })
}

fn event(name: &str, event: OrderEvent) -> Message {
    Message::new(MessageId::named(name), &event)
}
