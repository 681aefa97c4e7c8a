//! Right answers that go further than this exercise asks. They hold under every
//! schedule, and their authors are told what they have achieved.

use chaos::{System, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "../alternatives/derives_from_the_past.rs"]
mod derives_from_the_past;
#[path = "../alternatives/records_the_welcome.rs"]
mod records_the_welcome;
#[path = "../../../exercises/02-first-item-added/tests/searches/mod.rs"]
mod searches;
#[path = "../../../exercises/02-first-item-added/tests/support/mod.rs"]
mod support;

/// The searches of the exercise, the welcome included in all of them.
fn holds(endpoint: fn() -> Endpoint) {
    let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    let all = [searches::removing(orders), searches::two_items(orders), searches::one_item(orders)];
    let all = all.into_iter().chain(searches::without_a_fault(orders));
    for search in all.chain(searches::but_for_the_welcome(orders)) {
        let report = search.run();
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
    let report = searches::two_items(orders).run();
    assert!(support::verdict_on_your_handler(&report).contains("This was to be expected"));
    let answers = support::answers_of_your_handler(&Closing::of(Dialogue::ORDERS, |_| orders()));
    assert!(answers.contains("This was to be expected"), "{answers}");
}
