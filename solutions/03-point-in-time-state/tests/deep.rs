//! Beyond the bounds of the exercise.

use chaos::{Fault, System, specifications};
use ex03_point_in_time_state::endpoint;
use ex03_point_in_time_state::stretch::snapshots;
use shared::order::add_item;

#[path = "../../../exercises/03-point-in-time-state/tests/searches/mod.rs"]
mod searches;

/// Two items to one order, one to another, any two faults, on two workers.
#[test]
fn three_messages_and_two_faults() {
    let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    searches::two_items(orders).send([add_item("order-2", "tea")]).faults(2).assert_exactly_once();
}

/// The same with snapshots, all to one order.
#[test]
fn three_messages_past_a_snapshot_and_two_faults() {
    let orders = || System::of(snapshots::endpoint()).judged_by(specifications::orders_with_welcome());
    searches::two_items(orders).send([add_item("order-1", "pie")]).faults(2).assert_exactly_once();
}

/// Calls that take effect later, while whoever made them goes on or is dead: an
/// append that comes too late meets a version that it does not expect.
#[test]
fn two_items_and_calls_that_land_late() {
    for endpoint in [endpoint, snapshots::endpoint] {
        let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
        searches::two_items(orders)
            .faults(2)
            .with_late_effects()
            .must_visit([Fault::WriteReplyLate, Fault::WriteLandsLate])
            .assert_exactly_once();
    }
}
