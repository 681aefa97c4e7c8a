//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Crash, Explore, Point, System, headlines, specifications};
use ex08_outbox_document::orders;
use shared::Endpoint;
use shared::order::add_item;

mod support;
use support::searches;

#[path = "../../06-inbox/src/lib.rs"]
#[allow(dead_code, reason = "only its orders are needed")]
mod inbox;
#[path = "../../07-weak-consistency/src/lib.rs"]
#[allow(dead_code, reason = "only its orders are needed")]
mod weak_consistency;

fn limited_orders() -> System {
    support::orders(orders())
}

#[test]
fn the_story_of_what_was_begun_and_finished() {
    let run = Chaos::on(limited_orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(Crash::before(Point::Publish(0), 0))
        .run();
    insta::assert_snapshot!("begun-and-finished", run.story());
}

#[test]
fn the_verdicts() {
    let reports = searches::of_the_guarantee(limited_orders).into_iter().map(Explore::run);
    insta::assert_snapshot!("verdicts", headlines(reports));
}

/// The price, as the page's table has it: the runners of 06 and 07 next to ours.
#[test]
fn the_round_trips() {
    let row = |exercise: &str, orders: fn() -> Endpoint| {
        let orders = || System::of(orders()).judged_by(specifications::orders_with_welcome());
        let run = Chaos::on(orders).send([add_item("order-1", "cake")]).run();
        run.assert_exactly_once();
        let trips = run.round_trips("orders");
        format!("| {exercise} | {} | {} | {} |\n", trips.reads, trips.writes, trips.publishes)
    };
    let table = "| exercise | reads | writes | outputs |\n|---|---|---|---|\n".to_owned()
        + &row("06", inbox::orders)
        + &row("07", weak_consistency::orders)
        + &row("08", orders);
    insta::assert_snapshot!("price", table);
}
