//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, DelayedAckFailure, System, headlines, specifications};
use ex03_point_in_time_state::endpoint;
use shared::order::add_item;

#[path = "../../../exercises/03-point-in-time-state/tests/searches/mod.rs"]
mod searches;

fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders_with_welcome())
}

#[test]
fn the_story_of_the_delayed_ack() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(DelayedAckFailure::of_message(0))
        .run();
    insta::assert_snapshot!("delayed-ack", run.story());
}

#[test]
fn the_verdicts() {
    insta::assert_snapshot!("verdict", headlines([searches::two_items(orders).run()]));
}
