//! Tempting wrong answers. Each must die under the bounds of the exercise, of
//! its own disease, and the diagnosis must say so to somebody who has never
//! seen the code.

use chaos::{Property, Report, explore};
use closing::{Closing, Dialogue};
use shared::outside::CheckFirst;

#[path = "../mistakes/asks_for_the_place_after_the_rule.rs"]
mod asks_for_the_place_after_the_rule;
#[path = "../mistakes/believes_the_number_in_the_refusal.rs"]
mod believes_the_number_in_the_refusal;
#[path = "../mistakes/calls_third_place_2.rs"]
mod calls_third_place_2;
#[path = "../mistakes/compares_the_wrong_way_round.rs"]
mod compares_the_wrong_way_round;
#[path = "../mistakes/counts_on_being_told_of_a_duplicate.rs"]
mod counts_on_being_told_of_a_duplicate;
#[path = "../mistakes/counts_one_human_twice.rs"]
mod counts_one_human_twice;
#[path = "../mistakes/does_not_recognise_its_own_refund.rs"]
mod does_not_recognise_its_own_refund;
#[path = "../mistakes/expects_an_empty_stream.rs"]
mod expects_an_empty_stream;
#[path = "../mistakes/expects_an_untouched_order.rs"]
mod expects_an_untouched_order;
#[path = "../mistakes/expects_the_last_of_what_it_read.rs"]
mod expects_the_last_of_what_it_read;
#[path = "../mistakes/joins_order_and_page.rs"]
mod joins_order_and_page;
#[path = "../mistakes/looks_before_it_refunds.rs"]
mod looks_before_it_refunds;
#[path = "../mistakes/looks_before_it_withdraws.rs"]
mod looks_before_it_withdraws;
#[path = "../mistakes/names_everything_after_the_order.rs"]
mod names_everything_after_the_order;
#[path = "../mistakes/names_only_the_page.rs"]
mod names_only_the_page;
#[path = "../mistakes/names_the_message.rs"]
mod names_the_message;
#[path = "../mistakes/pays_a_return_within_a_window.rs"]
mod pays_a_return_within_a_window;
#[path = "../mistakes/pays_whoever_agreed.rs"]
mod pays_whoever_agreed;
#[path = "../mistakes/recognises_a_refund_by_its_amount.rs"]
mod recognises_a_refund_by_its_amount;
#[path = "../mistakes/recognises_a_refund_within_a_window.rs"]
mod recognises_a_refund_within_a_window;
#[path = "../mistakes/refunds_from_the_money_of_all_orders.rs"]
mod refunds_from_the_money_of_all_orders;
mod support;
#[path = "../mistakes/takes_a_refusal_for_a_failure.rs"]
mod takes_a_refusal_for_a_failure;
#[path = "../mistakes/validates_without_an_expectation.rs"]
mod validates_without_an_expectation;
#[path = "../mistakes/withdraws_within_a_window.rs"]
mod withdraws_within_a_window;
use support::{KINDS, Make, searches};

/// The shortest story that the searches of the exercise find on one kind of
/// server.
fn shortest_failure_on(endpoint: Make, check_first: CheckFirst) -> Report {
    searches(endpoint, check_first)
        .into_iter()
        .map(|search| search.run())
        .filter(|report| !report.holds())
        .min_by_key(|report| (report.faults, report.steps))
        .expect("the mistake survives every search of the exercise")
}

/// The shortest story that kills it; there is one on either kind of server.
fn shortest_failure(endpoint: Make) -> Report {
    let [old, new] = KINDS.map(|kind| shortest_failure_on(endpoint, kind));
    assert_eq!(old.violated(), new.violated(), "{old}\n{new}");
    if (old.faults, old.steps) < (new.faults, new.steps) { old } else { new }
}

/// The shortest story of all that the closing questions find.
fn closing_failure(endpoint: Make) -> Report {
    Closing::of(Dialogue::PAYMENTS, |_| support::payments(endpoint, CheckFirst::Expectation))
        .shortest_failure()
        .expect("the mistake survives every closing question")
}

#[test]
fn looks_before_it_withdraws() {
    let report = shortest_failure(looks_before_it_withdraws::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("looks-before-it-withdraws", report);
}

#[test]
fn withdraws_within_a_window() {
    let report = shortest_failure(withdraws_within_a_window::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("withdraws-within-a-window", report);
}

#[test]
fn takes_a_refusal_for_a_failure() {
    let report = shortest_failure(takes_a_refusal_for_a_failure::endpoint);
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    chaos::assert_golden!("takes-a-refusal-for-a-failure", report);
}

/// From 2.12 on it needs nothing at all. Before, it needs time, and that is no
/// fault.
#[test]
fn counts_on_being_told_of_a_duplicate() {
    let [old, new] =
        KINDS.map(|kind| shortest_failure_on(counts_on_being_told_of_a_duplicate::endpoint, kind));
    assert_eq!((old.violated(), old.faults), (Some(Property::Settles), 0), "{old}");
    assert_eq!((new.violated(), new.faults), (Some(Property::Settles), 0), "{new}");
    chaos::assert_golden!("counts-on-being-told-of-a-duplicate", new);
    chaos::assert_golden!("counts-on-being-told-of-a-duplicate-before-2-12", old);
}

#[test]
fn expects_an_empty_stream() {
    let report = shortest_failure(expects_an_empty_stream::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("expects-an-empty-stream", report);
}

#[test]
fn names_the_message() {
    let report = shortest_failure(names_the_message::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("names-the-message", report);
}

#[test]
fn names_only_the_page() {
    let report = shortest_failure(names_only_the_page::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("names-only-the-page", report);
}

#[test]
fn names_everything_after_the_order() {
    let report = shortest_failure(names_everything_after_the_order::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("names-everything-after-the-order", report);
}

#[test]
fn looks_before_it_refunds() {
    let report = shortest_failure(looks_before_it_refunds::endpoint);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("looks-before-it-refunds", report);
}

#[test]
fn does_not_recognise_its_own_refund() {
    let report = shortest_failure(does_not_recognise_its_own_refund::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("does-not-recognise-its-own-refund", report);
}

#[test]
fn recognises_a_refund_by_its_amount() {
    let report = shortest_failure(recognises_a_refund_by_its_amount::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("recognises-a-refund-by-its-amount", report);
}

#[test]
fn recognises_a_refund_within_a_window() {
    let report = shortest_failure(recognises_a_refund_within_a_window::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("recognises-a-refund-within-a-window", report);
}

#[test]
fn expects_the_last_of_what_it_read() {
    let report = shortest_failure(expects_the_last_of_what_it_read::endpoint);
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    chaos::assert_golden!("expects-the-last-of-what-it-read", report);
}

#[test]
fn compares_the_wrong_way_round() {
    let report = shortest_failure(compares_the_wrong_way_round::endpoint);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("compares-the-wrong-way-round", report);
}

#[test]
fn believes_the_number_in_the_refusal() {
    let report = shortest_failure(believes_the_number_in_the_refusal::endpoint);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("believes-the-number-in-the-refusal", report);
}

#[test]
fn validates_without_an_expectation() {
    let report = shortest_failure(validates_without_an_expectation::endpoint);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("validates-without-an-expectation", report);
}

#[test]
fn counts_one_human_twice() {
    let report = shortest_failure(counts_one_human_twice::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("counts-one-human-twice", report);
}

#[test]
fn calls_third_place_2() {
    let report = shortest_failure(calls_third_place_2::endpoint);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("calls-third-place-2", report);
}

#[test]
fn pays_a_return_within_a_window() {
    let report = shortest_failure(pays_a_return_within_a_window::endpoint);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    chaos::assert_golden!("pays-a-return-within-a-window", report);
}

#[test]
fn pays_whoever_agreed() {
    let report = shortest_failure(pays_whoever_agreed::endpoint);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("pays-whoever-agreed", report);
}

#[test]
fn refunds_from_the_money_of_all_orders() {
    let report = closing_failure(refunds_from_the_money_of_all_orders::endpoint);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("refunds-from-the-money-of-all-orders", report);
}

#[test]
fn asks_for_the_place_after_the_rule() {
    let report = shortest_failure(asks_for_the_place_after_the_rule::endpoint);
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    chaos::assert_golden!("asks-for-the-place-after-the-rule", report);
}

/// The exercise asks it of the recipe alone (`t05`). This is the story.
#[test]
fn joins_order_and_page() {
    let sent = [searches::click("a page", "1", "12"), searches::click("another page", "11", "2")];
    let report = explore(|| support::payments(joins_order_and_page::endpoint, CheckFirst::Expectation))
        .send(sent)
        .faults(0)
        .run();
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("joins-order-and-page", report);
}

/// And this is that of an order that somebody looks at before it is paid (`t01`).
#[test]
fn expects_an_untouched_order() {
    let sent = [searches::click("a look", "order-1", "page-1"), searches::withdraw("pay", "order-1", 300)];
    let report = explore(|| support::payments(expects_an_untouched_order::endpoint, CheckFirst::Expectation))
        .send(sent)
        .faults(0)
        .run();
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    chaos::assert_golden!("expects-an-untouched-order", report);
}
