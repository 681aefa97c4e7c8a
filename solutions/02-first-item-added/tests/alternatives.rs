//! Right answers that go further than this exercise asks. They hold under every
//! schedule, and their authors are told what they have achieved.

use chaos::{System, explore, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;
use shared::order::{add_item, remove_item};

#[path = "../alternatives/derives_from_the_past.rs"]
mod derives_from_the_past;
#[path = "../alternatives/records_the_welcome.rs"]
mod records_the_welcome;
#[path = "../../../exercises/02-first-item-added/tests/support/mod.rs"]
mod support;

fn holds(endpoint: fn() -> Endpoint) {
    let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    let tea = add_item("order-1", "tea");
    for (messages, faults) in [
        (vec![tea.clone()], 2),
        (vec![tea.clone(), add_item("order-1", "cake")], 1),
        (vec![tea.clone(), remove_item("order-1", "tea")], 1),
    ] {
        let report = explore(orders).send(messages).workers(2).faults(faults).run();
        report.assert_exactly_once();
        assert!(support::verdict_on_your_handler(&report).contains("does your handler any harm"));
    }
    let answers = support::answers_of_your_handler(&Closing::of(Dialogue::ORDERS, |_| orders()));
    assert!(answers.contains("you have solved it already"), "{answers}");
}

#[test]
fn derives_from_the_past() {
    holds(derives_from_the_past::endpoint);
}

#[test]
fn records_the_welcome() {
    holds(records_the_welcome::endpoint);
}

/// The solution of this exercise is naive, and its verdict says so.
#[test]
fn the_solution_leaves_something_to_exercise_03() {
    let report = support::naive_search().run();
    assert!(support::verdict_on_your_handler(&report).contains("This was to be expected"));
    let orders =
        || System::of(ex02_first_item_added::endpoint()).judged_by(specifications::orders_with_welcome());
    let report = explore(orders).send(support::two_items()).run();
    assert!(support::verdict_on_your_handler(&report).contains("This was to be expected"));
    let answers = support::answers_of_your_handler(&Closing::of(Dialogue::ORDERS, |_| orders()));
    assert!(answers.contains("This was to be expected"), "{answers}");
}
