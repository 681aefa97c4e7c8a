//! Beyond the bounds of the exercise.

use chaos::System;
use ex06_inbox::{loyalty, orders};
use shared::order::add_item;

mod support;
use support::{both, bounded, only_orders, searches};

fn small_orders() -> System {
    bounded(only_orders(orders))
}

/// Two items to one order, one to another, any two faults, on two workers:
/// 17 thousand states, a tenth of a second.
#[test]
fn three_messages_and_two_faults() {
    searches::two_items(small_orders).send([add_item("order-2", "tea")]).faults(2).assert_exactly_once();
}

/// Two items, any two faults, and what the dead had under way may land late: a
/// clean-up that was given up for lost, say, or a mark. 65 thousand states, half
/// a second.
#[test]
fn two_items_and_calls_of_the_dead() {
    searches::two_items(small_orders).faults(2).with_late_effects().assert_exactly_once();
}

/// One item, any three faults, on three workers.
#[test]
fn three_workers_and_three_faults() {
    searches::one_item(small_orders).workers(3).faults(3).assert_exactly_once();
}

/// Two items through both endpoints, any one fault: 900 thousand states.
#[test]
#[ignore = "deep: ten seconds"]
fn two_items_through_both_endpoints() {
    searches::two_items(|| both(orders, loyalty)).assert_exactly_once();
}
