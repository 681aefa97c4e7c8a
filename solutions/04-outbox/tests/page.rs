//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Crash, Explore, Point, System, headlines, specifications};
use ex04_outbox::endpoint;
use shared::order::add_item;

#[path = "../../../exercises/04-outbox/tests/searches/mod.rs"]
mod searches;

fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders_with_welcome())
}

#[test]
fn the_story_of_a_half_sent_outbox() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(Crash::after(Point::Publish(0), 0))
        .run();
    insta::assert_snapshot!("half-sent-outbox", run.story());
}

#[test]
fn the_verdicts() {
    let reports = searches::all(orders).into_iter().map(Explore::run);
    insta::assert_snapshot!("verdicts", headlines(reports));
}
