//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, System, specifications};
use ex00_meet_the_monkeys::endpoint;
use shared::order::add_item;

#[test]
fn the_story_without_a_monkey() {
    let orders = || System::of(endpoint()).judged_by(specifications::orders());
    let run = Chaos::on(orders).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).run();
    insta::assert_snapshot!("without-a-monkey", run.story());
}

/// The last lines of `cargo test`, when all is green.
#[test]
fn the_tests() {
    let tests = include_str!("../../../exercises/00-meet-the-monkeys/tests/monkeys.rs").lines();
    let names = tests.filter_map(|line| line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name));
    let numbered = names.filter(|name| name.starts_with("t0") || name.starts_with("t1"));
    let green: Vec<String> = numbered.map(|name| format!("test {name} ... ok")).collect();
    insta::assert_snapshot!("green", green.join("\n"));
}
