//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources. What is held
//! against another exercise is here, too: this file is never unlocked.

use chaos::{System, specifications};
use closing::{Closing, Dialogue};

#[path = "../../03-point-in-time-state/mistakes/looks_for_an_earlier_item.rs"]
mod looks_for_an_earlier_item;
#[path = "../../../exercises/02-first-item-added/tests/searches/mod.rs"]
mod searches;
#[path = "../../../exercises/02-first-item-added/tests/support/mod.rs"]
mod support;

#[test]
fn the_story_of_the_delayed_ack() {
    insta::assert_snapshot!("delayed-ack", support::naive_run().report().diagnosis());
}

/// The last lines of `cargo test`, when all is green.
#[test]
fn the_tests() {
    let tests = include_str!("../../../exercises/02-first-item-added/tests/first_item.rs").lines();
    let names = tests.filter_map(|line| line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name));
    let numbered = names.filter(|name| name.starts_with("t0") || name.starts_with("t1"));
    let green: Vec<String> = numbered.map(|name| format!("test {name} ... ok")).collect();
    insta::assert_snapshot!("green", green.join("\n"));
}

/// What the exercise lets its readers find out, so its own test does not say it.
#[test]
fn one_fault_loses_the_welcome() {
    let found = support::naive_search().run();
    assert_eq!(found.violated(), Some(chaos::Property::NoLostMessages), "{found}");
    assert_eq!(found.faults, 1, "{found}");
}

/// What holds under everything that `t09` and `t10` try need not be the solution of
/// exercise 03: it may be a mistake there, and the last test does not say otherwise.
#[test]
fn a_mistake_of_exercise_03_is_told_so_by_the_last_test() {
    let orders =
        || System::of(looks_for_an_earlier_item::endpoint()).judged_by(specifications::orders_with_welcome());
    searches::two_items(orders).assert_exactly_once();
    searches::one_item(orders).assert_exactly_once();
    let answers = support::answers_of_your_handler(&Closing::of(Dialogue::ORDERS, |_| orders()));
    assert!(answers.contains("Exercise 03 puts it right"), "{answers}");
}
