//! What README.md shows is what the harness prints.

use chaos::{Chaos, System, specifications};
use ex00_meet_the_monkeys::endpoint;
use shared::order::add_item;

const PAGE: &str = include_str!("../../../exercises/00-meet-the-monkeys/README.md");

#[test]
fn the_story_without_a_monkey() {
    let orders = || System::of(endpoint()).judged_by(specifications::orders());
    let run = Chaos::on(orders).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).run();
    assert!(PAGE.contains(run.story()), "README.md should show this, and does not:\n\n{}", run.story());
}
