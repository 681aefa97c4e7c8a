//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, and
//! what must have been tried for the verdict to count. Where the messages that are sent
//! are to have tokens, the system is made for them.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Fault, Faults, System, explore};
use shared::order::{OrderEvent, add_item, remove_item};
use shared::{Message, MessageId};

/// To the loyalty programme alone: one message, a duplicate, and time.
pub fn a_duplicate_and_time(programme: impl FnOnce(&[Message]) -> System) -> Explore {
    let tea = OrderEvent::ItemAdded { order_id: "order-1".into(), item: "tea".into() };
    let sent = [Message::new(MessageId::named("tea was added"), &tea)];
    let search = explore(|| programme(&sent)).send(sent.clone()).workers(2).faults(2);
    search.only([Fault::Duplicate, Fault::TimeToLiveExpires]).must_visit([Fault::Duplicate])
}

/// One message and everything that follows from it on both endpoints: without a fault,
/// with any one, and with any two. The system is told how many tokens it may leave, those of
/// attempts that came to nothing: two for each fault.
pub fn through_both_endpoints(both: impl Fn(&[Message], usize) -> System) -> [Explore; 3] {
    [
        one_item_and_no_fault(|sent| both(sent, 0)),
        one_item_and_one_fault(|sent| both(sent, 2)),
        one_item_and_two_faults(|sent| both(sent, 4)),
    ]
}

/// One message, two workers, no fault.
pub fn one_item_and_no_fault(system: impl FnOnce(&[Message]) -> System) -> Explore {
    one_item(system).faults(0)
}

/// One message, two workers, any fault.
pub fn one_item_and_one_fault(system: impl FnOnce(&[Message]) -> System) -> Explore {
    one_item(system).faults(1).must_visit(Faults::WITH_DOCUMENTS)
}

/// One message, two workers, any two faults.
pub fn one_item_and_two_faults(system: impl FnOnce(&[Message]) -> System) -> Explore {
    one_item(system).faults(2).must_visit(Faults::WITH_DOCUMENTS)
}

/// One message, any two faults by which no two workers have it at once: no lock expires,
/// and the broker delivers no duplicate.
pub fn one_item_and_one_worker_at_a_time(system: impl FnOnce(&[Message]) -> System) -> Explore {
    let two_at_once = [Fault::LockExpires, Fault::Duplicate];
    let tried = Faults::WITH_DOCUMENTS.into_iter().filter(|fault| !two_at_once.contains(fault));
    let search = one_item(system).faults(2).must_visit(tried);
    two_at_once.into_iter().fold(search, Explore::without)
}

fn one_item(system: impl FnOnce(&[Message]) -> System) -> Explore {
    let sent = [add_item("order-1", "tea")];
    explore(|| system(&sent)).send(sent.clone()).workers(2)
}

/// Two items to one order, two workers, any fault.
pub fn two_items(system: impl FnOnce(&[Message]) -> System) -> Explore {
    two_messages(system, tea_and_cake())
}

/// Two messages each of which changes what the other one means, two workers, any fault.
pub fn removing_and_adding(system: impl FnOnce(&[Message]) -> System) -> Explore {
    two_messages(system, [remove_item("order-1", "tea"), add_item("order-1", "tea")])
}

fn two_messages(system: impl FnOnce(&[Message]) -> System, sent: [Message; 2]) -> Explore {
    let search = explore(|| system(&sent)).send(sent.clone()).workers(2).faults(1);
    search.must_visit(Faults::WITH_DOCUMENTS)
}

/// One request at the door, two workers, any two faults there or behind it, all within
/// seven days.
pub fn one_request_within_seven_days(door: impl FnOnce() -> System) -> Explore {
    let search = one_request_whenever(door).without(Fault::TimeToLiveExpires);
    search.must_visit(Faults::WITH_DOCUMENTS)
}

/// The same, and more than seven days may pass.
pub fn one_request_whenever(door: impl FnOnce() -> System) -> Explore {
    explore(door).send([add_item("order-1", "tea")]).workers(2).faults(2)
}

/// Two items to one order.
pub fn tea_and_cake() -> [Message; 2] {
    [add_item("order-1", "tea"), add_item("order-1", "cake")]
}
