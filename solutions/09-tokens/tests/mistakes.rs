//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Fault, Property, Report, explore};
use shared::order::{OrderEvent, add_item, remove_item};
use shared::{Endpoint, Message, MessageId, Snapshot};

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
use support::{alone, behind, both, further_down};

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
fn shortest_failure(orders: fn() -> Endpoint, loyalty: fn() -> Endpoint) -> Report {
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
    let no_tea = remove_item("order-1", "tea");
    let one = [tea.clone()];
    let searches = [(vec![tea.clone()], 2), (vec![tea.clone(), cake], 1), (vec![no_tea, tea], 1)];
    let searches = searches.into_iter().map(|(sent, faults)| {
        explore(|| alone(orders(), &sent)).send(sent.clone()).workers(2).faults(faults)
    });
    let through_both = explore(|| both(orders(), loyalty(), &one)).send(one.clone()).workers(2).faults(1);
    let tokens = |all: &Snapshot| all.documents_in("tokens").count();
    let quiet = both(orders(), loyalty(), &one).stores_at_most("the number of tokens", 0, tokens);
    shortest(searches.chain([through_both, explore(|| quiet).send(one.clone()).workers(2).faults(0)]))
}

/// The shortest story of a duplicate and time, further down.
fn shortest_failure_in_time(loyalty: fn() -> Endpoint) -> Report {
    let tea = OrderEvent::ItemAdded { order_id: "order-1".into(), item: "tea".into() };
    let heard = [Message::new(MessageId::named("tea was added"), &tea)];
    let system = further_down(loyalty(), &heard);
    let search = explore(|| system).send(heard).faults(2);
    shortest([search.only([Fault::Duplicate, Fault::TimeToLiveExpires])].into_iter())
}

/// The shortest story at the door.
fn shortest_failure_at(door: fn() -> Endpoint) -> Report {
    let request = [add_item("order-1", "tea")];
    let search = explore(|| behind(door())).send(request).workers(2).faults(2);
    shortest([search.without(Fault::TimeToLiveExpires)].into_iter())
}

fn shortest(searches: impl Iterator<Item = chaos::Explore>) -> Report {
    searches
        .map(chaos::Explore::run)
        .filter(|report| !report.holds())
        .min_by_key(|report| report.steps)
        .expect("the mistake survives every search of the exercise")
}

#[test]
fn keeps_an_inbox_for_seven_days() {
    let report = shortest_failure_in_time(keeps_an_inbox_for_seven_days::loyalty);
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
    let report = shortest_failure_at(opens_a_door_that_creates_a_token_every_time::door);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("opens-a-door-that-creates-a-token-every-time", report);
}

#[test]
fn opens_a_door_that_creates_the_token_last() {
    let report = shortest_failure_at(opens_a_door_that_creates_the_token_last::door);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("opens-a-door-that-creates-the-token-last", report);
}

#[test]
fn opens_a_door_that_remembers_too_late() {
    let report = shortest_failure_at(opens_a_door_that_remembers_too_late::door);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("opens-a-door-that-remembers-too-late", report);
}

#[test]
fn opens_a_door_that_overwrites() {
    let report = shortest_failure_at(opens_a_door_that_overwrites::door);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("opens-a-door-that-overwrites", report);
}

#[test]
fn opens_a_door_that_leaves_it_to_the_first() {
    let report = shortest_failure_at(opens_a_door_that_leaves_it_to_the_first::door);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("opens-a-door-that-leaves-it-to-the-first", report);
}

/// Nothing is lost, and nothing is said twice; what stays is an entry in the state.
#[test]
fn leaves_the_cleaning_to_whoever_removed_the_token() {
    let sent = [add_item("order-1", "tea")];
    let entry = sent[0].id.to_string();
    let entries = move |all: &Snapshot| {
        all.documents().filter(|(_, body)| String::from_utf8_lossy(body).contains(&entry)).count()
    };
    let orders = leaves_the_cleaning_to_whoever_removed_the_token::orders();
    let system =
        alone(orders, &sent).stores_at_most("the number of entries in the state document", 0, entries);
    let report = shortest([explore(|| system).send(sent.clone()).workers(2).faults(2)].into_iter());
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
