//! What README.md shows is what the harness prints.

use chaos::{Chaos, Crash, LateDuplicate, Point};
use ex11_durable_conversation::endpoint;

/// The starter: no log, and a new key at every attempt.
#[path = "../../../exercises/11-durable-conversation/src/lib.rs"]
#[allow(dead_code)]
mod starter;
mod support;
use support::{checkouts, forgetful, searches, tea};

const PAGE: &str = include_str!("../../../exercises/11-durable-conversation/README.md");

/// Where a line is broken is up to the page.
#[track_caller]
fn page_shows(text: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(PAGE).contains(&flat(text)), "README.md should show this, and does not:\n\n{text}");
}

/// The worker dies when the card is charged and nobody has written it down.
#[test]
fn the_story_of_the_crash() {
    let run = Chaos::on(|| checkouts(endpoint)).send([tea()]).under(Crash::after(Point::Write(3), 0)).run();
    run.assert_exactly_once();
    page_shows(run.story());
}

/// The same with the starter, which does not write anything down.
#[test]
fn the_story_of_the_starter() {
    let run = Chaos::on(|| checkouts(starter::endpoint))
        .send([tea()])
        .under(Crash::after(Point::Write(1), 0))
        .run();
    assert!(run.report().violated().is_some());
    page_shows(run.story());
    for damage in run.report().diagnosis().lines().filter(|line| line.starts_with("=> ")) {
        page_shows(damage);
    }
}

/// A copy that comes when every key is forgotten.
#[test]
fn the_story_of_the_late_copy() {
    let run = Chaos::on(|| forgetful(endpoint)).send([tea()]).under(LateDuplicate::of_message(0)).run();
    run.assert_exactly_once();
    page_shows(run.story());
}

#[test]
fn the_verdicts() {
    for search in searches(endpoint) {
        page_shows(&search.run().headline());
    }
}
