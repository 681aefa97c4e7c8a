//! Beyond the bounds of the exercise.

use chaos::{StoreKind, System, specifications};
use ex07_weak_consistency::orders;
use shared::order::add_item;

#[path = "../../../exercises/07-weak-consistency/tests/searches/mod.rs"]
mod searches;

const WEAK: StoreKind = StoreKind { weak: true, limit: None };

fn weak() -> System {
    System::of(orders())
        .judged_by(specifications::orders_with_welcome())
        .store("orders", WEAK)
        .store("orders inbox", WEAK)
}

/// A worker dies, and its write lands when nobody thinks of it any more.
#[test]
fn writes_that_land_late() {
    searches::one_item_with_stale_reads(weak).with_late_effects().assert_exactly_once();
    searches::two_items_with_one_stale_read(weak).with_late_effects().assert_exactly_once();
}

/// Two items to one order, one to another, any two faults, any two stale reads,
/// on two workers.
#[test]
#[ignore = "deep: 1,016,637 states, about 7 s in the dev profile"]
fn three_messages_two_faults_and_two_stale_reads() {
    searches::two_items_with_stale_reads(weak)
        .send([add_item("order-2", "tea")])
        .faults(2)
        .assert_exactly_once();
}
