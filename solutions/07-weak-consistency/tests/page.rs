//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources. And the
//! runner that the predictions are about is that of exercise 06.

use chaos::{Chaos, Crash, Explore, Point, RoundTrips, StaleRead, System, headlines, specifications};
use ex07_weak_consistency::{as_in_06, orders};
use shared::Endpoint;
use shared::order::{add_item, remove_item};

#[path = "../../../exercises/07-weak-consistency/tests/searches/mod.rs"]
mod searches;
#[path = "../../../exercises/07-weak-consistency/tests/support/mod.rs"]
mod support;
use support::{INBOX, STATE, WEAK, run_as_in_06};

fn weak() -> System {
    System::of(orders())
        .judged_by(specifications::orders_with_welcome())
        .store(STATE, WEAK)
        .store(INBOX, WEAK)
}

#[test]
fn the_story_of_the_predictions() {
    insta::assert_snapshot!("predicted", run_as_in_06().report().diagnosis());
}

#[test]
fn the_story_of_the_solution() {
    let run = Chaos::on(weak)
        .send([add_item("order-1", "tea"), remove_item("order-1", "tea")])
        .under(Crash::before(Point::Ack, 0))
        .under(StaleRead::of_read(1, 0))
        .run();
    run.assert_exactly_once();
    insta::assert_snapshot!("old-read", run.story());
}

#[test]
fn the_verdicts() {
    let reports = searches::with_stale_reads(weak).into_iter().map(Explore::run);
    insta::assert_snapshot!("verdicts", headlines(reports));
}

/// What one message costs, and what a copy adds.
#[test]
fn the_price() {
    let round_trips = |endpoint: fn() -> Endpoint| {
        let orders = || System::of(endpoint()).judged_by(specifications::orders_with_welcome());
        let new = Chaos::on(orders).send([add_item("order-1", "tea")]).run().round_trips("orders");
        let with_copy = Chaos::on(orders)
            .send([add_item("order-1", "tea")])
            .under(chaos::DuplicateDelivery::of_message(0))
            .run()
            .round_trips("orders");
        let row = |RoundTrips { reads, writes, .. }| (reads, writes);
        let ((reads, writes), (all_reads, all_writes)) = (row(new), row(with_copy));
        format!(
            "{reads} reads, {writes} writes | {} reads, {} writes",
            all_reads - reads,
            all_writes - writes
        )
        .replace("1 reads", "1 read")
        .replace("1 writes", "1 write")
    };
    let (before, now) = (round_trips(as_in_06::orders), round_trips(orders));
    insta::assert_snapshot!(
        "price",
        format!(
            "| | a new message | a copy |\n|---|---|---|\n| exercise 06 | {before} |\n| exercise 07 | {now} |"
        )
    );
}

/// From the first `use` on, line by line.
#[test]
fn the_runner_of_exercise_06_is_that_of_exercise_06() {
    let code = |text: &'static str| text.lines().skip_while(|line| !line.starts_with("use "));
    let theirs = code(include_str!("../../06-inbox/src/lib.rs"));
    let ours = code(include_str!("../../../exercises/07-weak-consistency/src/as_in_06.rs"));
    for (theirs, ours) in theirs.zip(ours) {
        assert_eq!(ours, theirs, "src/as_in_06.rs is not the solution of exercise 06 any more");
    }
    let lines = |text: &'static str| code(text).count();
    assert_eq!(
        lines(include_str!("../../../exercises/07-weak-consistency/src/as_in_06.rs")),
        lines(include_str!("../../06-inbox/src/lib.rs")),
    );
}
