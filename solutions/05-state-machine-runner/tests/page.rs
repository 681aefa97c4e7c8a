//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Crash, Explore, Point, System, headlines, specifications};
use ex05_state_machine_runner::{endpoint, loyalty};
use shared::order::add_item;

#[path = "../../../exercises/05-state-machine-runner/tests/searches/mod.rs"]
mod searches;

fn programme() -> System {
    System::of(loyalty()).judged_by(specifications::loyalty())
}

fn shop() -> System {
    let orders = System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    orders.and(loyalty()).judged_by(specifications::loyalty())
}

#[test]
fn the_story_of_the_voucher() {
    let run = Chaos::on(shop)
        .send([add_item("order-1", "tea")])
        .under(Crash::after(Point::Publish(0), "FirstItemAdded"))
        .run();
    run.assert_exactly_once();
    insta::assert_snapshot!("voucher", run.story());
}

#[test]
fn the_verdicts() {
    let searches = [searches::a_voucher(programme), searches::one_item(shop)];
    insta::assert_snapshot!("verdicts", headlines(searches.map(Explore::run)));
}
