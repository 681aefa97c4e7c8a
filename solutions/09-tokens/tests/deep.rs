//! Beyond the bounds of the exercise.

use chaos::{Faults, explore};
use ex09_tokens::{door, loyalty, orders, registered};
use shared::order::add_item;

#[path = "support/mod.rs"]
mod support;
use support::{alone, behind, both, searches, with_at_most};

/// Two items to one order, one to another, any two faults, on two workers:
/// 67,180 states.
#[test]
fn three_messages_and_two_faults() {
    let third = [add_item("order-2", "tea")];
    let search = searches::two_items(|two| alone(orders(), &[two, &third].concat()));
    search.send(third.clone()).faults(2).assert_exactly_once();
}

/// One message through both endpoints, any three faults, and at most two tokens
/// left for each: 119,323 states.
#[test]
fn through_both_endpoints_with_three_faults() {
    let search = searches::one_item_and_two_faults(|sent| with_at_most(6, both(orders(), loyalty(), sent)));
    search.faults(3).assert_exactly_once();
}

/// Two messages through both endpoints, and no fault but their getting into each
/// other's way. A message can lose against two commits of the other, once with
/// two outputs and once with one: three tokens. 187,125 states.
#[test]
fn two_messages_through_both_endpoints() {
    let sent = searches::tea_and_cake();
    let system = with_at_most(3, both(orders(), loyalty(), &sent));
    explore(|| system).send(sent.clone()).workers(2).faults(0).assert_exactly_once();
}

/// The same with any one fault: 1,696,061 states.
#[test]
#[ignore = "deep: ten seconds"]
fn two_messages_through_both_endpoints_with_a_fault() {
    searches::two_items(|sent| both(orders(), loyalty(), sent)).assert_exactly_once();
}

/// Two requests, any fault, at the door or behind it: 92,993 states.
#[test]
fn two_requests_at_the_door() {
    let search = searches::one_request_within_seven_days(|| behind(door()));
    search.send([add_item("order-1", "cake")]).faults(1).assert_exactly_once();
}

/// The stretch task with two messages: nothing is left on a quiet day, though
/// the two get into each other's way: 114,746 states.
#[test]
fn two_messages_with_registered_tokens() {
    let sent = searches::tea_and_cake();
    let system = with_at_most(0, both(registered::orders(), registered::loyalty(), &sent));
    explore(|| system).send(sent.clone()).workers(2).faults(0).assert_exactly_once();
}

/// Calls that take effect later, while whoever made them goes on or is dead: a token
/// that is deleted late, or put late, is one that nobody waits for any more.
#[test]
fn two_items_and_calls_that_land_late() {
    let search = searches::two_items(|sent| alone(orders(), sent)).faults(2);
    search.with_late_effects().must_visit(Faults::LATE).assert_exactly_once();
}
