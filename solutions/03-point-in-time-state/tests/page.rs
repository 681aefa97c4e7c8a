//! What README.md shows is what the harness prints.

use chaos::{Chaos, DelayedAckFailure, System, explore, specifications};
use ex03_point_in_time_state::endpoint;
use shared::order::add_item;

const PAGE: &str = include_str!("../../../exercises/03-point-in-time-state/README.md");

fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders_with_welcome())
}

/// Where a line is broken is up to the page.
#[track_caller]
fn page_shows(text: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(PAGE).contains(&flat(text)), "README.md should show this, and does not:\n\n{text}");
}

#[test]
fn the_story_of_the_delayed_ack() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(DelayedAckFailure::of_message(0))
        .run();
    page_shows(run.story());
}

#[test]
fn the_verdicts() {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    page_shows(&explore(orders).send([tea, cake]).run().headline());
}
