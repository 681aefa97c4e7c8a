//! What README.md shows is what the harness prints.

use chaos::{Chaos, Crash, Point, System, explore, specifications};
use ex04_outbox::endpoint;
use shared::order::{add_item, remove_item};

const PAGE: &str = include_str!("../../../exercises/04-outbox/README.md");

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
fn the_story_of_a_half_sent_outbox() {
    let run = Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
        .under(Crash::after(Point::Publish(0), 0))
        .run();
    page_shows(run.story());
}

#[test]
fn the_verdicts() {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    page_shows(&explore(orders).send([tea.clone()]).faults(2).run().headline());
    page_shows(&explore(orders).send([tea.clone(), cake]).run().headline());
    page_shows(&explore(orders).send([no_tea, tea]).run().headline());
}
