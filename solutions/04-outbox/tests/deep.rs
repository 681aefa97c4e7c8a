//! Beyond the bounds of the exercise.

use chaos::{Faults, System, explore, specifications};
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

/// Calls that take effect later, while whoever made them goes on or is dead: a put
/// that comes too late meets another version, and an output that does is a copy.
#[test]
fn two_items_and_calls_that_land_late() {
    explore(|| System::of(endpoint()).judged_by(specifications::orders_with_welcome()))
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .workers(2)
        .faults(2)
        .with_late_effects()
        .must_visit(Faults::LATE)
        .assert_exactly_once();
}
