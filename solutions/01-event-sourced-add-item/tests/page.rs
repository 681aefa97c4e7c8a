//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, DelayedAckFailure, Explore, System, headlines, specifications};
use ex01_event_sourced_add_item::endpoint;
use shared::order::add_item;

#[path = "../mistakes/asks_for_the_version_again.rs"]
mod asks_for_the_version_again;
#[path = "../../../exercises/01-event-sourced-add-item/tests/searches/mod.rs"]
mod searches;

fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders())
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
    let reports = searches::all(orders).into_iter().map(Explore::run);
    insta::assert_snapshot!("verdicts", headlines(reports));
}

/// What a slide shows of a search: all the states of the mistake in the README's story.
#[test]
fn the_states_of_a_mistake() {
    let wrong = || System::of(asks_for_the_version_again::endpoint()).judged_by(specifications::orders());
    let report = searches::one_item(wrong).faults(1).with_space().run();
    insta::assert_snapshot!("space", report.space().expect("it was asked for").by_lines());
}
