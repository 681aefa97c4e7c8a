//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Explore, Property, Report};

#[path = "../mistakes/creates_a_token_where_it_finds_none_when_it_resumes.rs"]
mod creates_a_token_where_it_finds_none_when_it_resumes;
#[path = "../mistakes/derives_the_ids_from_the_version.rs"]
mod derives_the_ids_from_the_version;
#[path = "../mistakes/leaves_the_cleaning_to_whoever_removed_the_token.rs"]
#[allow(dead_code)]
mod leaves_the_cleaning_to_whoever_removed_the_token;
#[path = "../mistakes/opens_a_door_that_leaves_it_to_the_first.rs"]
mod opens_a_door_that_leaves_it_to_the_first;
#[path = "support/mod.rs"]
mod support;
use support::{Make, searches, searches_at, searches_for_entries, searches_in_time};

#[path = "../mistakes/cleans_up_before_the_token_goes.rs"]
mod cleans_up_before_the_token_goes;
#[path = "../mistakes/creates_the_tokens_after_it_sends.rs"]
mod creates_the_tokens_after_it_sends;
#[path = "../mistakes/creates_the_tokens_before_it_sends.rs"]
mod creates_the_tokens_before_it_sends;
#[path = "../mistakes/creates_tokens_that_nobody_removes.rs"]
mod creates_tokens_that_nobody_removes;
#[path = "../mistakes/derives_the_ids_from_the_message.rs"]
mod derives_the_ids_from_the_message;
#[path = "../mistakes/keeps_an_inbox_for_seven_days.rs"]
mod keeps_an_inbox_for_seven_days;
#[path = "../mistakes/looks_at_the_token_before_the_state.rs"]
mod looks_at_the_token_before_the_state;
#[path = "../mistakes/makes_ids_when_it_sends.rs"]
mod makes_ids_when_it_sends;
#[path = "../mistakes/opens_a_door_that_creates_a_token_every_time.rs"]
mod opens_a_door_that_creates_a_token_every_time;
#[path = "../mistakes/opens_a_door_that_creates_the_token_last.rs"]
mod opens_a_door_that_creates_the_token_last;
#[path = "../mistakes/opens_a_door_that_overwrites.rs"]
mod opens_a_door_that_overwrites;
#[path = "../mistakes/opens_a_door_that_remembers_too_late.rs"]
mod opens_a_door_that_remembers_too_late;
#[path = "../mistakes/processes_what_has_no_token.rs"]
mod processes_what_has_no_token;
#[path = "../mistakes/removes_its_token_before_it_sends.rs"]
mod removes_its_token_before_it_sends;
#[path = "../mistakes/removes_its_token_before_the_commit.rs"]
mod removes_its_token_before_the_commit;
#[path = "../mistakes/swallows_the_error_of_a_token.rs"]
mod swallows_the_error_of_a_token;
#[path = "../mistakes/takes_its_tokens_back_after_any_error.rs"]
mod takes_its_tokens_back_after_any_error;

/// The shortest story of all that the searches of the exercise find.
fn shortest_failure(orders: Make, loyalty: Make) -> Report {
    shortest(searches(orders, loyalty))
}

fn shortest(searches: Vec<Explore>) -> Report {
    searches
        .into_iter()
        .map(Explore::run)
        .filter(|report| !report.holds())
        .min_by_key(|report| report.steps)
        .expect("the mistake survives every search of the exercise")
}

#[test]
fn keeps_an_inbox_for_seven_days() {
    let report = shortest(searches_in_time(keeps_an_inbox_for_seven_days::loyalty));
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("keeps-an-inbox-for-seven-days", report);
}

#[test]
fn creates_the_tokens_after_it_sends() {
    let report = shortest_failure(
        creates_the_tokens_after_it_sends::orders,
        creates_the_tokens_after_it_sends::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("creates-the-tokens-after-it-sends", report);
}

#[test]
fn creates_the_tokens_before_it_sends() {
    let report = shortest_failure(
        creates_the_tokens_before_it_sends::orders,
        creates_the_tokens_before_it_sends::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("creates-the-tokens-before-it-sends", report);
}

#[test]
fn removes_its_token_before_the_commit() {
    let report = shortest_failure(
        removes_its_token_before_the_commit::orders,
        removes_its_token_before_the_commit::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("removes-its-token-before-the-commit", report);
}

#[test]
fn cleans_up_before_the_token_goes() {
    let report =
        shortest_failure(cleans_up_before_the_token_goes::orders, cleans_up_before_the_token_goes::loyalty);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("cleans-up-before-the-token-goes", report);
}

#[test]
fn looks_at_the_token_before_the_state() {
    let report = shortest_failure(
        looks_at_the_token_before_the_state::orders,
        looks_at_the_token_before_the_state::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("looks-at-the-token-before-the-state", report);
}

#[test]
fn removes_its_token_before_it_sends() {
    let report = shortest_failure(
        removes_its_token_before_it_sends::orders,
        removes_its_token_before_it_sends::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("removes-its-token-before-it-sends", report);
}

#[test]
fn makes_ids_when_it_sends() {
    let report = shortest_failure(makes_ids_when_it_sends::orders, makes_ids_when_it_sends::loyalty);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("makes-ids-when-it-sends", report);
}

#[test]
fn derives_the_ids_from_the_message() {
    let report =
        shortest_failure(derives_the_ids_from_the_message::orders, derives_the_ids_from_the_message::loyalty);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("derives-the-ids-from-the-message", report);
}

#[test]
fn processes_what_has_no_token() {
    let report = shortest_failure(processes_what_has_no_token::orders, processes_what_has_no_token::loyalty);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("processes-what-has-no-token", report);
}

#[test]
fn takes_its_tokens_back_after_any_error() {
    let report = shortest_failure(
        takes_its_tokens_back_after_any_error::orders,
        takes_its_tokens_back_after_any_error::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("takes-its-tokens-back-after-any-error", report);
}

#[test]
fn swallows_the_error_of_a_token() {
    let report =
        shortest_failure(swallows_the_error_of_a_token::orders, swallows_the_error_of_a_token::loyalty);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("swallows-the-error-of-a-token", report);
}

#[test]
fn creates_tokens_that_nobody_removes() {
    let report = shortest_failure(
        creates_tokens_that_nobody_removes::orders,
        creates_tokens_that_nobody_removes::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("creates-tokens-that-nobody-removes", report);
}

#[test]
fn opens_a_door_that_creates_a_token_every_time() {
    let report = shortest(searches_at(opens_a_door_that_creates_a_token_every_time::door));
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("opens-a-door-that-creates-a-token-every-time", report);
}

#[test]
fn opens_a_door_that_creates_the_token_last() {
    let report = shortest(searches_at(opens_a_door_that_creates_the_token_last::door));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("opens-a-door-that-creates-the-token-last", report);
}

#[test]
fn opens_a_door_that_remembers_too_late() {
    let report = shortest(searches_at(opens_a_door_that_remembers_too_late::door));
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("opens-a-door-that-remembers-too-late", report);
}

#[test]
fn opens_a_door_that_overwrites() {
    let report = shortest(searches_at(opens_a_door_that_overwrites::door));
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("opens-a-door-that-overwrites", report);
}

#[test]
fn opens_a_door_that_leaves_it_to_the_first() {
    let report = shortest(searches_at(opens_a_door_that_leaves_it_to_the_first::door));
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("opens-a-door-that-leaves-it-to-the-first", report);
}

/// Nothing is lost, and nothing is said twice; what stays is an entry in the state.
#[test]
fn leaves_the_cleaning_to_whoever_removed_the_token() {
    let report = shortest(searches_for_entries(leaves_the_cleaning_to_whoever_removed_the_token::orders));
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("leaves-the-cleaning-to-whoever-removed-the-token", report);
}

#[test]
fn creates_a_token_where_it_finds_none_when_it_resumes() {
    let report = shortest_failure(
        creates_a_token_where_it_finds_none_when_it_resumes::orders,
        creates_a_token_where_it_finds_none_when_it_resumes::loyalty,
    );
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("creates-a-token-where-it-finds-none-when-it-resumes", report);
}

#[test]
fn derives_the_ids_from_the_version() {
    let report =
        shortest_failure(derives_the_ids_from_the_version::orders, derives_the_ids_from_the_version::loyalty);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("derives-the-ids-from-the-version", report);
}
