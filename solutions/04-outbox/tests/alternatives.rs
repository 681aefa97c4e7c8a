//! Right answers in other styles. None of them may be flagged.

use chaos::{System, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "../alternatives/has_other_names_for_everything.rs"]
mod has_other_names_for_everything;
#[path = "../../../exercises/04-outbox/tests/searches/mod.rs"]
mod searches;
#[path = "../alternatives/sends_all_at_once.rs"]
mod sends_all_at_once;
#[path = "../alternatives/ticks_off_each_output.rs"]
mod ticks_off_each_output;

/// The searches of the exercise.
fn holds(endpoint: fn() -> Endpoint) {
    let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
    for search in searches::all(orders) {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |_| orders()).all();
}

#[test]
fn has_other_names_for_everything() {
    holds(has_other_names_for_everything::endpoint);
}

#[test]
fn sends_all_at_once() {
    holds(sends_all_at_once::endpoint);
}

#[test]
fn ticks_off_each_output() {
    holds(ticks_off_each_output::endpoint);
}
