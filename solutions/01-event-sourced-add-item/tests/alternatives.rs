//! Right answers in other styles. None of them may be flagged.

use chaos::{System, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "../alternatives/announces_what_the_stream_says.rs"]
mod announces_what_the_stream_says;
#[path = "../../../exercises/01-event-sourced-add-item/tests/searches/mod.rs"]
mod searches;
#[path = "../alternatives/tries_again_by_itself.rs"]
mod tries_again_by_itself;

/// The searches of the exercise.
fn holds(endpoint: fn() -> Endpoint) {
    let orders = || System::of(endpoint()).judged_by(specifications::orders());
    for search in searches::all(orders) {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |_| orders()).all();
}

#[test]
fn announces_what_the_stream_says() {
    holds(announces_what_the_stream_says::endpoint);
}

#[test]
fn tries_again_by_itself() {
    holds(tries_again_by_itself::endpoint);
}
