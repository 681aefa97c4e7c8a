//! Right answers in other styles. None of them may be flagged.

use chaos::{System, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "../alternatives/records_its_outputs.rs"]
mod records_its_outputs;
#[path = "../../../exercises/03-point-in-time-state/tests/searches/mod.rs"]
mod searches;
#[path = "../alternatives/walks_through_the_history.rs"]
mod walks_through_the_history;

/// The searches of the exercise.
fn holds(endpoint: fn() -> Endpoint) {
    let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    for search in searches::all(orders) {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |_| orders()).all();
}

#[test]
fn records_its_outputs() {
    holds(records_its_outputs::endpoint);
}

#[test]
fn walks_through_the_history() {
    holds(walks_through_the_history::endpoint);
}
