//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, and
//! what must have been tried for the verdict to count.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Fault, Faults, System, explore};
use shared::order::{OrderEvent, add_item, remove_item};
use shared::{Message, MessageId};

/// All that the orders are asked alone.
pub fn of_orders(orders: impl Fn() -> System) -> Vec<Explore> {
    vec![
        one_item(&orders),
        two_items(&orders),
        removing_and_adding(&orders),
        two_orders(&orders),
        two_clicks(&orders),
    ]
}

/// All that the loyalty programme is asked alone.
pub fn of_programme(programme: impl Fn() -> System) -> Vec<Explore> {
    vec![a_silent_message(&programme), a_voucher(&programme), a_voucher_and_an_item(&programme)]
}

/// One message to the orders, two workers, any two faults: to the orders alone, or with
/// everything that follows from it on two endpoints.
pub fn one_item(system: impl FnOnce() -> System) -> Explore {
    one_message(system, add_item("order-1", "tea"))
}

/// Two items to one order, two workers, any fault.
pub fn two_items(system: impl FnOnce() -> System) -> Explore {
    two_messages(system, [add_item("order-1", "tea"), add_item("order-1", "cake")])
}

/// Two messages each of which changes what the other one means, two workers, any fault.
pub fn removing_and_adding(system: impl FnOnce() -> System) -> Explore {
    two_messages(system, [remove_item("order-1", "tea"), add_item("order-1", "tea")])
}

/// Two orders that share a runner and a store, two workers, any fault.
pub fn two_orders(system: impl FnOnce() -> System) -> Explore {
    two_messages(system, [add_item("order-1", "tea"), add_item("order-2", "tea")])
}

/// Two messages that say the same, two workers, any fault.
pub fn two_clicks(system: impl FnOnce() -> System) -> Explore {
    let no_tea = remove_item("order-1", "tea");
    two_messages(system, [no_tea.clone(), no_tea.said_again("a second click")])
}

/// A message to the programme that draws a lot, two workers, any two faults.
pub fn a_voucher(programme: impl FnOnce() -> System) -> Explore {
    one_message(programme, announced(first_item_added, "order-1", "tea"))
}

/// One that only counts, two workers, any two faults. Nothing is published, so no publish
/// can go wrong.
pub fn a_silent_message(programme: impl FnOnce() -> System) -> Explore {
    let publishing =
        [Fault::PublishFails, Fault::PublishReplyLost, Fault::CrashBeforePublish, Fault::CrashAfterPublish];
    let others = Faults::WITH_DOCUMENTS.into_iter().filter(|fault| !publishing.contains(fault));
    let sent = [announced(item_added, "order-1", "tea")];
    explore(programme).send(sent).workers(2).faults(2).must_visit(others)
}

/// One that says something and one that says nothing, to one membership; two workers, any
/// fault.
pub fn a_voucher_and_an_item(programme: impl FnOnce() -> System) -> Explore {
    let welcome = announced(first_item_added, "order-1", "tea");
    two_messages(programme, [welcome, announced(item_added, "order-1", "tea")])
}

/// One message, two workers, any two faults.
fn one_message(system: impl FnOnce() -> System, sent: Message) -> Explore {
    explore(system).send([sent]).workers(2).faults(2).must_visit(Faults::WITH_DOCUMENTS)
}

/// Two messages, to whichever machine, two workers, any fault.
pub fn two_messages(system: impl FnOnce() -> System, sent: [Message; 2]) -> Explore {
    explore(system).send(sent).workers(2).faults(1).must_visit(Faults::WITH_DOCUMENTS)
}

/// A message to the programme, as the orders would send it.
pub fn announced(event: fn(String, String) -> OrderEvent, order_id: &str, item: &str) -> Message {
    let event = event(order_id.to_owned(), item.to_owned());
    Message::new(MessageId::named(&format!("{} {item} {order_id}", event.name())), &event)
}

/// What the programme draws a voucher for.
pub fn first_item_added(order_id: String, item: String) -> OrderEvent {
    OrderEvent::FirstItemAdded { order_id, item }
}

/// What it counts.
pub fn item_added(order_id: String, item: String) -> OrderEvent {
    OrderEvent::ItemAdded { order_id, item }
}
