//! Beyond the bounds of the exercise.

use chaos::{System, explore, specifications};
use ex04_outbox::endpoint;
use shared::order::add_item;

/// Two items to one order, one to another, any two faults, on two workers.
#[test]
fn three_messages_and_two_faults() {
    explore(|| System::of(endpoint()).judged_by(specifications::orders_with_welcome()))
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "tea")])
        .workers(2)
        .faults(2)
        .assert_exactly_once();
}
