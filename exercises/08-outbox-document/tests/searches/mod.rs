//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, and
//! what must have been tried for the verdict to count.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Fault, Faults, System, explore};
use shared::Message;
use shared::order::{add_item, remove_item};

/// Those that ask for the guarantee, in the order of the tests.
pub fn of_the_guarantee(orders: impl Fn() -> System) -> Vec<Explore> {
    vec![one_item(&orders), two_items(&orders), removing_and_adding(&orders)]
}

/// Those that ask what is left in the outbox, in the order of the tests: of a system that
/// accounts for all of it, of one that is to leave nothing, and of one that may leave what
/// one attempt writes.
pub fn of_the_outbox(
    accounted_for: impl FnOnce() -> System,
    bare: impl Fn() -> System,
    one_attempt: impl FnOnce() -> System,
) -> Vec<Explore> {
    vec![
        one_item(accounted_for),
        one_item_and_one_worker_at_a_time(&bare),
        one_item_and_one_fault(&bare),
        two_items(&bare),
        one_item(one_attempt),
    ]
}

/// One message, two workers, any two faults.
pub fn one_item(system: impl FnOnce() -> System) -> Explore {
    let sent = [add_item("order-1", "tea")];
    explore(system).send(sent).workers(2).faults(2).must_visit(Faults::WITH_DOCUMENTS)
}

/// Two items to one order, two workers, whoever dies and whatever gets lost.
pub fn two_items(system: impl FnOnce() -> System) -> Explore {
    two_messages(system, tea_and_cake(), &[])
}

/// Two messages each of which changes what the other one means, two workers, whoever dies
/// and whatever gets lost. A copy comes where an acknowledgement fails, too, and two have one
/// message at once where a lock expires: that the broker delivers it twice, two items show.
pub fn removing_and_adding(system: impl FnOnce() -> System) -> Explore {
    two_messages(system, [remove_item("order-1", "tea"), add_item("order-1", "tea")], &[Fault::Duplicate])
}

/// One thing that goes wrong. An attempt that fails for want of a store is like one that
/// dies there; whether it takes it so, one message shows.
fn two_messages(system: impl FnOnce() -> System, sent: [Message; 2], besides: &[Fault]) -> Explore {
    let mut left_out = vec![Fault::ReadFails, Fault::WriteFails, Fault::WriteUnavailable];
    left_out.extend(besides);
    let tried = Faults::WITH_DOCUMENTS.into_iter().filter(|fault| !left_out.contains(fault));
    let search = explore(system).send(sent).workers(2).faults(1).must_visit(tried);
    left_out.into_iter().fold(search, Explore::without)
}

/// One message, two faults: a worker is slow, or dies before it writes.
pub fn one_item_begun_and_left(system: impl FnOnce() -> System) -> Explore {
    let faults = [Fault::LockExpires, Fault::CrashBeforeWrite];
    explore(system).send([add_item("order-1", "tea")]).workers(2).faults(2).only(faults)
}

/// One message, any two faults by which no two workers have it at once: no lock expires,
/// and there is no copy too many.
pub fn one_item_and_one_worker_at_a_time(system: impl FnOnce() -> System) -> Explore {
    let search = explore(system).send([add_item("order-1", "tea")]).workers(2).faults(2);
    search.without(Fault::LockExpires).without(Fault::Duplicate)
}

/// One message, two workers, any fault.
pub fn one_item_and_one_fault(system: impl FnOnce() -> System) -> Explore {
    explore(system).send([add_item("order-1", "tea")]).workers(2).faults(1)
}

/// Two items to one order.
pub fn tea_and_cake() -> [Message; 2] {
    [add_item("order-1", "tea"), add_item("order-1", "cake")]
}
