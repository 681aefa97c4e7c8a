//! Beyond the bounds of the exercise.

use chaos::{Fault, System, explore, specifications};
use ex03_point_in_time_state::endpoint;
use ex03_point_in_time_state::stretch::snapshots;
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

/// The same with snapshots, all to one order.
#[test]
fn three_messages_past_a_snapshot_and_two_faults() {
    explore(|| System::of(snapshots::endpoint()).judged_by(specifications::orders_with_welcome()))
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-1", "pie")])
        .workers(2)
        .faults(2)
        .assert_exactly_once();
}

/// Calls that take effect later, while whoever made them goes on or is dead: an
/// append that comes too late meets a version that it does not expect.
#[test]
fn two_items_and_calls_that_land_late() {
    for endpoint in [endpoint, snapshots::endpoint] {
        explore(|| System::of(endpoint()).judged_by(specifications::orders_with_welcome()))
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .workers(2)
            .faults(2)
            .with_late_effects()
            .must_visit([Fault::WriteReplyLate, Fault::WriteLandsLate])
            .assert_exactly_once();
    }
}
