//! What README.md shows is what the harness prints.

use chaos::{Chaos, Crash, Point, System, explore, specifications};
use ex08_outbox_document::orders;
use shared::Endpoint;
use shared::order::{add_item, remove_item};

mod support;

#[path = "../../06-inbox/src/lib.rs"]
#[allow(dead_code, reason = "only its orders are needed")]
mod inbox;
#[path = "../../07-weak-consistency/src/lib.rs"]
#[allow(dead_code, reason = "only its orders are needed")]
mod weak_consistency;

const PAGE: &str = include_str!("../../../exercises/08-outbox-document/README.md");

/// Where a line is broken is up to the page.
#[track_caller]
fn page_shows(text: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(PAGE).contains(&flat(text)), "README.md should show this, and does not:\n\n{text}");
}

fn limited_orders() -> System {
    support::orders(orders())
}

#[test]
fn the_story_of_what_was_begun_and_finished() {
    let run = Chaos::on(limited_orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(Crash::before(Point::Publish(0), 0))
        .run();
    page_shows(run.story());
}

#[test]
fn the_verdicts() {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    page_shows(&explore(limited_orders).send([tea.clone()]).faults(2).run().headline());
    page_shows(&explore(limited_orders).send([tea.clone(), cake]).run().headline());
    page_shows(&explore(limited_orders).send([no_tea, tea]).run().headline());
}

/// The price, as the page's table has it: the runners of 06 and 07 next to ours.
#[test]
fn the_round_trips() {
    let row = |exercise: &str, orders: fn() -> Endpoint| {
        let orders = || System::of(orders()).judged_by(specifications::orders_with_welcome());
        let run = Chaos::on(orders).send([add_item("order-1", "cake")]).run();
        run.assert_exactly_once();
        let trips = run.round_trips("orders");
        page_shows(&format!("| {exercise} | {} | {} | {} |", trips.reads, trips.writes, trips.publishes));
    };
    row("06", inbox::orders);
    row("07", weak_consistency::orders);
    row("08", orders);
}
