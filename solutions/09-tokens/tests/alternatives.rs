//! Right answers in other styles. None of them may be flagged.

use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "support/mod.rs"]
mod support;
use support::alone;

#[path = "../alternatives/derives_the_ids_from_the_attempt.rs"]
mod derives_the_ids_from_the_attempt;
#[path = "../alternatives/takes_its_tokens_back_after_a_conflict.rs"]
mod takes_its_tokens_back_after_a_conflict;

/// The searches of the exercise, and its bounds on what is left.
fn holds(orders: fn() -> Endpoint, loyalty: fn() -> Endpoint) {
    let [.., two_faults] = support::through_both_endpoints(orders, loyalty);
    for search in support::searches(orders, loyalty).into_iter().chain([two_faults]) {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |sent| alone(orders(), sent)).all();
}

#[test]
fn derives_the_ids_from_the_attempt() {
    holds(derives_the_ids_from_the_attempt::orders, derives_the_ids_from_the_attempt::loyalty);
}

#[test]
fn takes_its_tokens_back_after_a_conflict() {
    holds(takes_its_tokens_back_after_a_conflict::orders, takes_its_tokens_back_after_a_conflict::loyalty);
}
