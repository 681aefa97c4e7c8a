//! What README.md shows is what the harness prints.

use chaos::{Chaos, DelayedAckFailure, System, explore, specifications};
use ex01_event_sourced_add_item::endpoint;
use shared::order::{add_item, remove_item};

const PAGE: &str = include_str!("../../../exercises/01-event-sourced-add-item/README.md");

fn orders() -> System {
    System::of(endpoint()).judged_by(specifications::orders())
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
    page_shows(&explore(orders).send([tea.clone()]).faults(2).run().headline());
    page_shows(&explore(orders).send([tea.clone(), cake]).run().headline());
    page_shows(&explore(orders).send([tea, remove_item("order-1", "tea")]).run().headline());
}

/// The front page opens with the story of a mistake that no exercise asks about.
#[test]
fn the_story_of_the_front_page() {
    let page = include_str!("../../../README.md");
    let told = include_str!("snapshots/mistakes__asks-for-the-version-again.snap").replace("\r\n", "\n");
    let (_, story) = told.split_once("steps\n\n").expect("a headline, and a story");
    assert!(
        page.replace("\r\n", "\n").contains(story.trim_end()),
        "README.md should show this, and does not:\n\n{story}"
    );
}
