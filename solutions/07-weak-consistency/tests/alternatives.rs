//! Right answers in other styles. None of them may be flagged.

use chaos::{System, specifications};
use closing::{Closing, Dialogue};
use shared::Endpoint;

#[path = "../alternatives/asks_until_it_knows.rs"]
mod asks_until_it_knows;
#[path = "../alternatives/claims_what_it_has_read.rs"]
mod claims_what_it_has_read;
#[path = "../alternatives/looks_for_done_first.rs"]
mod looks_for_done_first;
#[path = "../alternatives/marks_as_done_before_it_sends.rs"]
mod marks_as_done_before_it_sends;
#[path = "../alternatives/marks_under_the_etag_of_the_claim.rs"]
mod marks_under_the_etag_of_the_claim;
#[path = "../../../exercises/07-weak-consistency/tests/searches/mod.rs"]
mod searches;
#[path = "../alternatives/signs_its_claims.rs"]
mod signs_its_claims;
#[path = "../../../exercises/07-weak-consistency/tests/support/mod.rs"]
mod support;
#[path = "../alternatives/takes_over_by_deleting.rs"]
mod takes_over_by_deleting;

use support::{INBOX, STATE, WEAK, message_ids};

/// The searches of the exercise. Each of them asks what is left behind as well, and not only
/// the last ones.
fn holds(endpoint: fn() -> Endpoint) {
    let strong = || {
        System::of(endpoint()).judged_by(specifications::orders_with_welcome()).stores_at_most(
            "the number of message ids in the state document",
            0,
            message_ids,
        )
    };
    let weak = || strong().store(STATE, WEAK).store(INBOX, WEAK);
    let mut all = searches::on_strong_stores(strong);
    all.extend(searches::with_stale_reads(weak));
    all.extend(searches::of_the_storage(weak));
    for search in all {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::ORDERS, |_| strong()).all();
}

#[test]
fn asks_until_it_knows() {
    holds(asks_until_it_knows::orders);
}

#[test]
fn looks_for_done_first() {
    holds(looks_for_done_first::orders);
}

#[test]
fn marks_under_the_etag_of_the_claim() {
    holds(marks_under_the_etag_of_the_claim::orders);
}

#[test]
fn signs_its_claims() {
    holds(signs_its_claims::orders);
}

#[test]
fn claims_what_it_has_read() {
    holds(claims_what_it_has_read::orders);
}

#[test]
fn marks_as_done_before_it_sends() {
    holds(marks_as_done_before_it_sends::orders);
}

#[test]
fn takes_over_by_deleting() {
    holds(takes_over_by_deleting::orders);
}
