//! Beyond the bounds of the exercise.

use chaos::{StoreKind, System, explore, specifications};
use ex07_weak_consistency::orders;
use shared::order::add_item;

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
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    explore(weak).send([tea.clone()]).faults(2).stale(2).with_late_effects().assert_exactly_once();
    explore(weak).send([tea, cake]).faults(1).stale(1).with_late_effects().assert_exactly_once();
}

/// Two items to one order, one to another, any two faults, any two stale reads,
/// on two workers.
#[test]
#[ignore = "deep: 1,016,637 states, about 7 s in the dev profile"]
fn three_messages_two_faults_and_two_stale_reads() {
    explore(weak)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "tea")])
        .workers(2)
        .faults(2)
        .stale(2)
        .assert_exactly_once();
}
