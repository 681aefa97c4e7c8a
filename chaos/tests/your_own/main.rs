//! Four handlers of nobody's workshop, from nothing to a verdict: what a guest does who
//! knows the documentation and nothing else. Each is there as it is written at work, and
//! the search finds what is wrong with it; and as it should be, and nothing is found.
//!
//! The runners are those that `cargo workshop new handler` puts into a new crate.

#![allow(missing_docs)]

#[path = "../../../workshop/templates/handler/src/runner.rs"]
mod runner;

mod seats;
mod tables;
mod transfers;
mod webhook;

use chaos::what_to_send::Handful;
use chaos::{Property, Report, System, explore};

/// What the searches for all that is worth sending come to.
fn searched(system: fn() -> System, handful: &Handful) -> Vec<Report> {
    let sendings = handful.interesting_messages().into_iter();
    sendings.map(|sending| explore(system).send(sending.messages).run()).collect()
}

#[track_caller]
fn assert_all_hold(reports: &[Report]) {
    assert!(!reports.is_empty());
    reports.iter().for_each(Report::assert_exactly_once);
}

/// The first that is violated, with its property.
#[track_caller]
fn first_violated(reports: &[Report]) -> (Property, String) {
    let violated = |report: &Report| Some((report.violated()?, report.to_string().replace('\n', " ")));
    reports.iter().find_map(violated).expect("one of them is violated")
}
