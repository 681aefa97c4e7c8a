//! Right answers in other styles. None of them may be flagged.

use closing::{Closing, Dialogue};

#[path = "../alternatives/asks_for_the_place_before_the_rule.rs"]
mod asks_for_the_place_before_the_rule;
#[path = "../alternatives/expects_nothing_new_about_the_order.rs"]
mod expects_nothing_new_about_the_order;
#[path = "../alternatives/expects_nothing_new_at_all.rs"]
mod expects_nothing_new_at_all;
#[path = "../alternatives/looks_before_it_withdraws_and_expects.rs"]
mod looks_before_it_withdraws_and_expects;
#[path = "../alternatives/names_what_it_expects.rs"]
mod names_what_it_expects;
mod support;
#[path = "../alternatives/tries_again_by_itself.rs"]
mod tries_again_by_itself;
use support::{KINDS, Make, searches};

/// The searches of the exercise, on both kinds of server.
fn holds(endpoint: Make) {
    for search in KINDS.into_iter().flat_map(|kind| searches(endpoint, kind)) {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::PAYMENTS, |_| support::payments(endpoint, KINDS[1])).all();
}

#[test]
fn expects_nothing_new_about_the_order() {
    holds(expects_nothing_new_about_the_order::endpoint);
}

#[test]
fn expects_nothing_new_at_all() {
    holds(expects_nothing_new_at_all::endpoint);
}

#[test]
fn looks_before_it_withdraws_and_expects() {
    holds(looks_before_it_withdraws_and_expects::endpoint);
}

#[test]
fn names_what_it_expects() {
    holds(names_what_it_expects::endpoint);
}

#[test]
fn tries_again_by_itself() {
    holds(tries_again_by_itself::endpoint);
}

#[test]
fn asks_for_the_place_before_the_rule() {
    holds(asks_for_the_place_before_the_rule::endpoint);
}
