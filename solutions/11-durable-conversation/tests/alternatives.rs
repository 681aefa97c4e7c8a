//! Right answers in other styles. None of them may be flagged.

use closing::{Closing, Dialogue};

#[path = "../alternatives/looks_again_after_a_conflict.rs"]
mod looks_again_after_a_conflict;
#[allow(dead_code)]
#[path = "../alternatives/remembers_only_its_own_message.rs"]
mod remembers_only_its_own_message;
mod support;
#[path = "../alternatives/writes_one_record_at_a_time.rs"]
mod writes_one_record_at_a_time;
#[path = "support/writes_two_steps_at_once.rs"]
mod writes_two_steps_at_once;
use support::{Make, searches};

/// The searches of the exercise, but for the first, which asks for less than the third.
fn holds(endpoint: Make) {
    let [_, forgetful, one, two, both] = searches(endpoint).try_into().ok().expect("five searches");
    for search in [forgetful, one, two, both] {
        search.assert_exactly_once();
    }
    Closing::of(Dialogue::CHECKOUTS, |_| support::checkouts(endpoint)).all();
}

#[test]
fn looks_again_after_a_conflict() {
    holds(looks_again_after_a_conflict::endpoint);
}

#[test]
fn remembers_only_its_own_message() {
    holds(remembers_only_its_own_message::endpoint);
}

#[test]
fn writes_one_record_at_a_time() {
    holds(writes_one_record_at_a_time::endpoint);
}

/// The engine takes no fright at it; the tests of the exercise ask for more.
#[test]
fn writes_two_steps_at_once() {
    holds(writes_two_steps_at_once::endpoint);
}
