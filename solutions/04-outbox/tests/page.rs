//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Crash, Explore, Point, System, explore, headlines, specifications};
use ex04_outbox::endpoint;
use shared::order::{add_item, remove_item};

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
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    let searches = [
        explore(orders).send([tea.clone()]).faults(2),
        explore(orders).send([tea.clone(), cake]),
        explore(orders).send([no_tea, tea]),
    ];
    insta::assert_snapshot!("verdicts", headlines(searches.map(Explore::run)));
}
