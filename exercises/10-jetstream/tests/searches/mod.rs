//! What is searched in this exercise. Each function is one search, with all that it
//! looks at: what is sent, how many workers there are, what may go wrong, how often, and
//! what must have been tried for the verdict to count.
//!
//! The tests of the exercise read it, and so does what is kept beside a solution: its
//! mistakes, the other right answers, what the pages show, and what goes deeper.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Fault, System, explore};
use shared::Message;
use shared::payments::Command;

/// All that are to hold, in the order of the tests: of the payments, of those where somebody
/// has paid 300 cents for order-1 before, and of those where Ann and Bob have agreed to its
/// return before.
pub fn all(
    payments: impl Fn() -> System,
    paid: impl Fn() -> System,
    agreed: impl FnOnce() -> System,
) -> Vec<Explore> {
    vec![
        withdrawals(&payments),
        clicks_within_the_window(&payments),
        one_refund(&payments),
        two_refunds(&paid),
        two_equal_refunds(&paid),
        three_humans(&payments),
        two_humans_and_a_payment(&payments),
        a_payment(agreed),
        a_return_among_others(&payments),
    ]
}

/// What may go wrong, and must have been tried. That time passes may go wrong as well, but
/// without a message id nothing is ever forgotten, and a recipe need not use one.
const FAULTS: [Fault; 9] = [
    Fault::WriteFails,
    Fault::WriteReplyLost,
    Fault::WriteUnavailable,
    Fault::CrashBeforeWrite,
    Fault::CrashAfterWrite,
    Fault::AckFails,
    Fault::CrashBeforeAck,
    Fault::LockExpires,
    Fault::Duplicate,
];

/// Two requests for one order and one for another, two workers, any two faults.
pub fn withdrawals(payments: impl FnOnce() -> System) -> Explore {
    let sent = [
        withdraw("first", "order-1", 300),
        withdraw("a day later", "order-1", 300),
        withdraw("another order", "order-2", 500),
    ];
    explore(payments).send(sent).workers(2).faults(2).must_visit(FAULTS)
}

/// Two clicks on one page and one on another order's page of the same name, two workers,
/// any fault within the window.
pub fn clicks_within_the_window(payments: impl FnOnce() -> System) -> Explore {
    let sent = [
        click("click", "order-1", "page-1"),
        click("another click", "order-1", "page-1"),
        click("elsewhere", "order-2", "page-1"),
    ];
    explore(payments).send(sent).workers(2).faults(1).without(Fault::TimeToLiveExpires)
}

/// Two clicks on one page, two workers, any fault; and the window may be over. (This one is
/// not to hold.)
pub fn clicks_at_any_time(payments: impl FnOnce() -> System) -> Explore {
    let sent = [click("click", "order-1", "page-1"), click("another click", "order-1", "page-1")];
    explore(payments).send(sent).workers(2).faults(1)
}

/// A refund and the payment at the same time, two workers, any two faults.
pub fn one_refund(payments: impl FnOnce() -> System) -> Explore {
    let sent = [withdraw("pay", "order-1", 300), refund("one", 100)];
    explore(payments).send(sent).workers(2).faults(2).must_visit(FAULTS)
}

/// Two refunds at the same time, and the money for one of them; two workers, any two faults.
pub fn two_refunds(paid: impl FnOnce() -> System) -> Explore {
    let sent = [refund("one", 200), refund("two", 150)];
    explore(paid).send(sent).workers(2).faults(2).must_visit(FAULTS)
}

/// Two refunds of the same amount, and the money for both; two workers, any two faults.
pub fn two_equal_refunds(paid: impl FnOnce() -> System) -> Explore {
    let sent = [refund("one", 100), refund("two", 100)];
    explore(paid).send(sent).workers(2).faults(2).must_visit(FAULTS)
}

/// Three humans, two places, two workers, any fault.
pub fn three_humans(payments: impl FnOnce() -> System) -> Explore {
    let sent = [validate("ann", "Ann"), validate("bob", "Bob"), validate("cy", "Cy")];
    explore(payments).send(sent).workers(2).faults(1).must_visit(FAULTS)
}

/// Two humans and a payment, two workers, any fault.
pub fn two_humans_and_a_payment(payments: impl FnOnce() -> System) -> Explore {
    let sent = [validate("ann", "Ann"), validate("bob", "Bob"), pay_return("pay")];
    explore(payments).send(sent).workers(2).faults(1).must_visit(FAULTS)
}

/// A payment where the humans have agreed before, two workers, any two faults.
pub fn a_payment(agreed: impl FnOnce() -> System) -> Explore {
    explore(agreed).send([pay_return("pay")]).workers(2).faults(2).must_visit(FAULTS)
}

/// Two humans and a payment among messages of another order, two workers, no fault.
pub fn a_return_among_others(payments: impl FnOnce() -> System) -> Explore {
    let sent = [
        withdraw("another order", "order-2", 500),
        validate("ann", "Ann"),
        validate("bob", "Bob"),
        pay_return("pay"),
    ];
    explore(payments).send(sent).workers(2).faults(0)
}

/// A message of this name that asks for a withdrawal.
pub fn withdraw(name: &str, order_id: &str, cents: u64) -> Message {
    Command::Withdraw { order_id: order_id.to_owned(), cents }.named(name)
}

/// A message of this name about a click.
pub fn click(name: &str, order_id: &str, page: &str) -> Message {
    Command::Click { order_id: order_id.to_owned(), page: page.to_owned() }.named(name)
}

/// A message of this name that asks for a refund.
pub fn refund(name: &str, cents: u64) -> Message {
    Command::Refund { order_id: "order-1".to_owned(), cents }.named(name)
}

/// A message of this name in which a human agrees.
pub fn validate(name: &str, by: &str) -> Message {
    Command::Validate { order_id: "order-1".to_owned(), by: by.to_owned() }.named(name)
}

/// A message of this name that asks for the payment of a return.
pub fn pay_return(name: &str) -> Message {
    Command::PayReturn { order_id: "order-1".to_owned() }.named(name)
}
