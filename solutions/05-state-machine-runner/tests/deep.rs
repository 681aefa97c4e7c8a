//! Beyond the bounds of the exercise.

use chaos::{Faults, System, explore, specifications};
use ex05_state_machine_runner::{endpoint, loyalty};
use shared::order::add_item;

fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders_with_welcome())
}

/// Two items to one order, one to another, any two faults, on two workers.
#[test]
fn three_messages_and_two_faults() {
    explore(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "tea")])
        .workers(2)
        .faults(2)
        .assert_exactly_once();
}

/// Two items, and everything that follows from them on two endpoints.
#[test]
fn two_items_on_two_endpoints() {
    explore(|| orders().and(loyalty()).judged_by(specifications::loyalty()))
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .workers(2)
        .faults(1)
        .assert_exactly_once();
}

/// Calls that take effect later, while whoever made them goes on or is dead.
#[test]
fn two_items_and_calls_that_land_late() {
    explore(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .workers(2)
        .faults(2)
        .with_late_effects()
        .must_visit(Faults::LATE)
        .assert_exactly_once();
}
