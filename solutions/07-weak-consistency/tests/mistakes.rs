//! Tempting wrong answers: predictions that don't come true, and runners that
//! believe too much. Each runner must die under the bounds of the
//! exercise, of its own disease, and the diagnosis must say so to somebody who
//! has never seen the code.

use chaos::{Chaos, Crash, Explore, Point, Property, Report, StaleRead, System, specifications};
use shared::Endpoint;
use shared::order::{add_item, remove_item};

#[path = "../mistakes/acknowledges_what_is_done.rs"]
mod acknowledges_what_is_done;
#[path = "../mistakes/asks_before_it_claims.rs"]
mod asks_before_it_claims;
#[path = "../mistakes/believes_that_it_is_only_claimed.rs"]
mod believes_that_it_is_only_claimed;
#[path = "../mistakes/claims_before_it_reads_the_state.rs"]
mod claims_before_it_reads_the_state;
#[path = "../mistakes/gives_its_claim_back.rs"]
mod gives_its_claim_back;
#[path = "../mistakes/keeps_done_in_a_document_of_its_own.rs"]
mod keeps_done_in_a_document_of_its_own;
#[path = "../mistakes/leaves_it_to_the_owner_of_the_claim.rs"]
mod leaves_it_to_the_owner_of_the_claim;
#[path = "../mistakes/looks_for_what_is_left_by_reading.rs"]
mod looks_for_what_is_left_by_reading;
#[path = "../mistakes/marks_before_it_sends_and_clears_away.rs"]
mod marks_before_it_sends_and_clears_away;
#[path = "../mistakes/marks_only_its_own_claim.rs"]
mod marks_only_its_own_claim;
#[path = "../mistakes/reads_three_times.rs"]
mod reads_three_times;
#[path = "../mistakes/reads_twice.rs"]
mod reads_twice;
#[path = "../mistakes/refuses_what_is_claimed.rs"]
mod refuses_what_is_claimed;
#[path = "../../../exercises/07-weak-consistency/tests/searches/mod.rs"]
mod searches;
#[path = "../../../exercises/07-weak-consistency/tests/support/mod.rs"]
mod support;
#[path = "../mistakes/takes_an_unseen_claim_for_done.rs"]
mod takes_an_unseen_claim_for_done;
#[path = "../mistakes/takes_an_unseen_claim_for_none.rs"]
mod takes_an_unseen_claim_for_none;
#[path = "../mistakes/takes_over_whatever_is_there.rs"]
mod takes_over_whatever_is_there;
#[path = "../mistakes/trusts_the_claim_with_the_state.rs"]
mod trusts_the_claim_with_the_state;
#[path = "../mistakes/writes_back_only_what_there_was.rs"]
mod writes_back_only_what_there_was;

use support::{INBOX, STATE, WEAK, message_ids};

/// What the harness answers to a file of predictions, which must not be "right".
fn answer_to(text: &str) -> String {
    let keys: Vec<&str> = support::QUESTIONS.iter().map(|question| question.key).collect();
    support::Predictions::parse(text, support::QUESTIONS)
        .and_then(|predictions| support::check(&predictions, &keys))
        .expect_err("these predictions are wrong")
}

#[test]
fn all_is_well() {
    insta::assert_snapshot!("all-is-well", answer_to(include_str!("../mistakes/all_is_well.txt")));
}

#[test]
fn it_is_the_order_that_is_old() {
    insta::assert_snapshot!(
        "it-is-the-order-that-is-old",
        answer_to(include_str!("../mistakes/it_is_the_order_that_is_old.txt"))
    );
}

/// Where the harness names two properties, each of them is a right answer.
#[test]
fn either_property_will_do() {
    let keys: Vec<&str> = support::QUESTIONS.iter().map(|question| question.key).collect();
    let right = include_str!("../predictions.txt");
    for text in [right.to_owned(), right.replace("= NoDuplicatedProcessing", "= StateMatchesOutputs")] {
        support::Predictions::parse(&text, support::QUESTIONS)
            .and_then(|predictions| support::check(&predictions, &keys))
            .expect("these predictions are right");
    }
}

/// The first story with the fewest faults that the searches of the exercise find.
/// What is left behind is asked only of what is otherwise right, as in the exercise.
fn shortest_failure(endpoint: fn() -> Endpoint) -> Report {
    let orders = || {
        let orders = System::of(endpoint()).judged_by(specifications::orders_with_welcome());
        orders.beside([ex07_weak_consistency::orders()])
    };
    let weak = || orders().store(STATE, WEAK).store(INBOX, WEAK);
    let bounded = || weak().stores_at_most("the number of message ids in the state document", 0, message_ids);
    let shortest = |searches: Vec<Explore>| {
        let failures = searches.into_iter().map(Explore::run).filter(|report| !report.holds());
        failures.min_by_key(|report| report.faults)
    };
    shortest(searches::with_stale_reads(weak))
        .or_else(|| shortest(searches::of_the_storage(bounded)))
        .expect("the mistake survives every search of the exercise")
}

#[test]
fn acknowledges_what_is_done() {
    let report = shortest_failure(acknowledges_what_is_done::orders);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("acknowledges-what-is-done", report);
}

#[test]
fn asks_before_it_claims() {
    let report = shortest_failure(asks_before_it_claims::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("asks-before-it-claims", report);
}

#[test]
fn believes_that_it_is_only_claimed() {
    let report = shortest_failure(believes_that_it_is_only_claimed::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("believes-that-it-is-only-claimed", report);
}

#[test]
fn claims_before_it_reads_the_state() {
    let report = shortest_failure(claims_before_it_reads_the_state::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("claims-before-it-reads-the-state", report);
}

#[test]
fn gives_its_claim_back() {
    let report = shortest_failure(gives_its_claim_back::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("gives-its-claim-back", report);
}

#[test]
fn leaves_it_to_the_owner_of_the_claim() {
    let report = shortest_failure(leaves_it_to_the_owner_of_the_claim::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("leaves-it-to-the-owner-of-the-claim", report);
}

#[test]
fn looks_for_what_is_left_by_reading() {
    let report = shortest_failure(looks_for_what_is_left_by_reading::orders);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("looks-for-what-is-left-by-reading", report);
}

#[test]
fn marks_only_its_own_claim() {
    let report = shortest_failure(marks_only_its_own_claim::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("marks-only-its-own-claim", report);
}

#[test]
fn reads_twice() {
    let report = shortest_failure(reads_twice::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("reads-twice", report);
}

#[test]
fn refuses_what_is_claimed() {
    let report = shortest_failure(refuses_what_is_claimed::orders);
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    chaos::assert_golden!("refuses-what-is-claimed", report);
}

#[test]
fn takes_an_unseen_claim_for_done() {
    let report = shortest_failure(takes_an_unseen_claim_for_done::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("takes-an-unseen-claim-for-done", report);
}

#[test]
fn takes_an_unseen_claim_for_none() {
    let report = shortest_failure(takes_an_unseen_claim_for_none::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("takes-an-unseen-claim-for-none", report);
}

#[test]
fn takes_over_whatever_is_there() {
    let report = shortest_failure(takes_over_whatever_is_there::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("takes-over-whatever-is-there", report);
}

#[test]
fn trusts_the_claim_with_the_state() {
    let report = shortest_failure(trusts_the_claim_with_the_state::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("trusts-the-claim-with-the-state", report);
}

#[test]
fn marks_before_it_sends_and_clears_away() {
    let report = shortest_failure(marks_before_it_sends_and_clears_away::orders);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("marks-before-it-sends-and-clears-away", report);
}

/// Two old reads are what a search allows, and this takes three. So it is asked as in
/// the exercise: for one whole delivery, every read is old.
#[test]
fn reads_three_times() {
    let weak = || {
        System::of(reads_three_times::orders())
            .judged_by(specifications::orders_with_welcome())
            .beside([ex07_weak_consistency::orders()])
            .store(STATE, WEAK)
            .store(INBOX, WEAK)
    };
    let run = Chaos::on(weak)
        .send([add_item("order-1", "tea"), remove_item("order-1", "tea")])
        .under(Crash::before(Point::Ack, 0))
        .under(StaleRead::of_every_read(1, 0))
        .run();
    let report = run.report();
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("reads-three-times", report);
}

#[test]
fn writes_back_only_what_there_was() {
    let report = shortest_failure(writes_back_only_what_there_was::orders);
    assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
    chaos::assert_golden!("writes-back-only-what-there-was", report);
}

#[test]
fn keeps_done_in_a_document_of_its_own() {
    let report = shortest_failure(keeps_done_in_a_document_of_its_own::orders);
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    chaos::assert_golden!("keeps-done-in-a-document-of-its-own", report);
}
