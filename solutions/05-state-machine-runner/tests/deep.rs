//! Beyond the bounds of the exercise.

use chaos::{Faults, System, specifications};
use ex05_state_machine_runner::{endpoint, loyalty};
use shared::order::add_item;

#[path = "../../../exercises/05-state-machine-runner/tests/searches/mod.rs"]
mod searches;

fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders_with_welcome())
}

/// Two items to one order, one to another, any two faults, on two workers.
#[test]
fn three_messages_and_two_faults() {
    searches::two_items(orders).send([add_item("order-2", "tea")]).faults(2).assert_exactly_once();
}

/// Two items, and everything that follows from them on two endpoints.
#[test]
fn two_items_on_two_endpoints() {
    let shop = || orders().and(loyalty()).judged_by(specifications::loyalty());
    searches::two_items(shop).assert_exactly_once();
}

/// Calls that take effect later, while whoever made them goes on or is dead.
#[test]
fn two_items_and_calls_that_land_late() {
    searches::two_items(orders).faults(2).with_late_effects().must_visit(Faults::LATE).assert_exactly_once();
}
