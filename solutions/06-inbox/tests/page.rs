//! What README.md shows is what the harness prints.

use chaos::{Chaos, LateDuplicate, LockExpiry, RoundTrips, System};
use ex06_inbox::{loyalty, orders};
use shared::order::add_item;

/// The starter: the runner of exercise 05.
#[path = "../../../exercises/06-inbox/src/lib.rs"]
#[allow(dead_code)]
mod starter;
mod support;
use support::{first_and_added, only_loyalty, only_orders, searches};

const PAGE: &str = include_str!("../../../exercises/06-inbox/README.md");

/// Where a line is broken is up to the page.
#[track_caller]
fn page_shows(text: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(PAGE).contains(&flat(text)), "README.md should show this, and does not:\n\n{text}");
}

/// A slow worker, and what its message comes to.
#[test]
fn the_story_of_the_slow_worker() {
    let run = Chaos::on(|| only_orders(orders))
        .send([add_item("order-1", "tea")])
        .under(LockExpiry::of_message(0))
        .run();
    run.assert_exactly_once();
    page_shows(run.story());
}

#[test]
fn the_verdicts() {
    for search in searches(orders, loyalty) {
        page_shows(&search.run().headline());
    }
}

/// The row of the table for one message: what it costs now, and what it cost
/// with the runner of exercise 05.
#[test]
fn the_price() {
    let [_, added] = first_and_added();
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
    let row = |what: &str, old: RoundTrips, new: RoundTrips| {
        page_shows(&format!("| {what} | {} | {} |", in_words(old), in_words(new)));
    };
    row("`AddItem(tea)`, which says two things", before[0].0, now[0].0);
    row("`ItemAdded(tea)`, which says nothing", before[1].0, now[1].0);
    row("a late copy of either", before[0].1, now[0].1);
    assert_eq!((before[0].1, now[0].1), (before[1].1, now[1].1));
}

fn in_words(trips: RoundTrips) -> String {
    let RoundTrips { reads, writes, publishes } = trips;
    format!("{}: {reads} + {writes} + {publishes}", trips.total())
}
