//! The searches of the exercise, for any answer to it.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, Fault, System, explore, specifications};
use shared::outside::{CheckFirst, StreamModel};
use shared::payments::{Command, Fact, PAYMENTS};
use shared::{Endpoint, Message};

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

/// The searches of the exercise, in its order, on one kind of server.
pub fn searches(endpoint: Make, check_first: CheckFirst) -> Vec<Explore> {
    let any = || explore(|| payments(endpoint, check_first)).workers(2);
    let after = || explore(|| paid(endpoint, check_first)).workers(2);
    vec![
        any().send(withdrawals()).faults(2),
        any().send(clicks()).faults(1).without(Fault::TimeToLiveExpires),
        any().send([withdraw("pay", "order-1", 300), refund("one", 100)]).faults(2),
        after().send([refund("one", 200), refund("two", 150)]).faults(2),
        after().send([refund("one", 100), refund("two", 100)]).faults(2),
        any().send([validate("ann", "Ann"), validate("bob", "Bob"), validate("cy", "Cy")]).faults(1),
        any().send([validate("ann", "Ann"), validate("bob", "Bob"), pay_return("pay")]).faults(1),
        explore(|| agreed(endpoint, check_first)).workers(2).send([pay_return("pay")]).faults(2),
        any()
            .send([
                withdraw("another order", "order-2", 500),
                validate("ann", "Ann"),
                validate("bob", "Bob"),
                pay_return("pay"),
            ])
            .faults(0),
    ]
}

/// Two for one order, one for another.
pub fn withdrawals() -> [Message; 3] {
    [
        withdraw("first", "order-1", 300),
        withdraw("a day later", "order-1", 300),
        withdraw("another order", "order-2", 500),
    ]
}

/// Two on one page, one on the page of that name of another order.
pub fn clicks() -> [Message; 3] {
    [
        click("click", "order-1", "page-1"),
        click("another click", "order-1", "page-1"),
        click("elsewhere", "order-2", "page-1"),
    ]
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
