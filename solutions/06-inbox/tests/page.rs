//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Explore, LateDuplicate, LockExpiry, Report, RoundTrips, System, headlines};
use ex06_inbox::{loyalty, orders};
use shared::order::add_item;

/// The starter: the runner of exercise 05.
#[path = "../../../exercises/06-inbox/src/lib.rs"]
#[allow(dead_code)]
mod starter;
mod support;
use support::searches::counted;
use support::{only_loyalty, only_orders};

/// A slow worker, and what its message comes to.
#[test]
fn the_story_of_the_slow_worker() {
    let run = Chaos::on(|| only_orders(orders))
        .send([add_item("order-1", "tea")])
        .under(LockExpiry::of_message(0))
        .run();
    run.assert_exactly_once();
    insta::assert_snapshot!("slow-worker", run.story());
}

/// `t09` to `t12`, and the same with small documents, `t19` to `t21`; `t18`, and
/// both endpoints, `t22`.
#[test]
fn the_verdicts() {
    let reports: Vec<Report> = support::searches(orders, loyalty).into_iter().map(Explore::run).collect();
    let of = |places: &[usize]| headlines(places.iter().map(|place| reports[*place].clone()));
    insta::assert_snapshot!("verdicts", of(&[0, 1, 2, 3]));
    insta::assert_snapshot!("verdicts-on-small-documents", of(&[4, 8]));
    assert_eq!(of(&[5, 6, 7]), of(&[0, 1, 3]), "the page says that these are the same");
}

/// The table: what a message costs now, and what it cost with the runner of
/// exercise 05.
#[test]
fn the_price() {
    let added = counted("tea");
    let tea = add_item("order-1", "tea");
    let of = |system: System, endpoint: &str| {
        let message = if endpoint == "orders" { &tea } else { &added };
        let quiet = Chaos::on(|| system.clone()).send([message.clone()]).run();
        let copied = Chaos::on(|| system).send([message.clone()]).under(LateDuplicate::of_message(0)).run();
        let (quiet, copied) = (quiet.round_trips(endpoint), copied.round_trips(endpoint));
        let copy = RoundTrips {
            reads: copied.reads - quiet.reads,
            writes: copied.writes - quiet.writes,
            publishes: copied.publishes - quiet.publishes,
        };
        (quiet, copy)
    };
    let before = [of(only_orders(starter::orders), "orders"), of(only_loyalty(starter::loyalty), "loyalty")];
    let now = [of(only_orders(orders), "orders"), of(only_loyalty(loyalty), "loyalty")];
    assert_eq!((before[0].1, now[0].1), (before[1].1, now[1].1));
    let row = |what: &str, old: RoundTrips, new: RoundTrips| {
        format!("| {what} | {} | {} |\n", in_words(old), in_words(new))
    };
    let table = "| | 05 | 06 |\n|---|---|---|\n".to_owned()
        + &row("`AddItem(tea)`, which says two things", before[0].0, now[0].0)
        + &row("`ItemAdded(tea)`, which says nothing", before[1].0, now[1].0)
        + &row("a late copy of either", before[0].1, now[0].1);
    insta::assert_snapshot!("price", table);
}

fn in_words(trips: RoundTrips) -> String {
    let RoundTrips { reads, writes, publishes } = trips;
    format!("{}: {reads} + {writes} + {publishes}", trips.total())
}
