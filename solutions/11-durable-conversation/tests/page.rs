//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Crash, Explore, LateDuplicate, Point, Report, headlines};
use ex11_durable_conversation::endpoint;

/// The starter: no log, and a new key at every attempt.
#[path = "../../../exercises/11-durable-conversation/src/lib.rs"]
#[allow(dead_code)]
mod starter;
mod support;
use support::searches::tea;
use support::{checkouts, forgetful};

/// The worker dies when the card is charged and nobody has written it down.
#[test]
fn the_story_of_the_crash() {
    let run = Chaos::on(|| checkouts(endpoint)).send([tea()]).under(Crash::after(Point::Write(3), 0)).run();
    run.assert_exactly_once();
    insta::assert_snapshot!("crash", run.story());
}

/// The same with the starter, which does not write anything down.
#[test]
fn the_story_of_the_starter() {
    let run = Chaos::on(|| checkouts(starter::endpoint))
        .send([tea()])
        .under(Crash::after(Point::Write(1), 0))
        .run();
    assert!(run.report().violated().is_some());
    insta::assert_snapshot!("starter", run.story());
    let diagnosis = run.report().diagnosis();
    let damage: Vec<&str> = diagnosis.lines().filter(|line| line.starts_with("=> ")).collect();
    insta::assert_snapshot!("starter-damage", damage.join("\n"));
}

/// A copy that comes when every key is forgotten.
#[test]
fn the_story_of_the_late_copy() {
    let run = Chaos::on(|| forgetful(endpoint)).send([tea()]).under(LateDuplicate::of_message(0)).run();
    run.assert_exactly_once();
    insta::assert_snapshot!("late-copy", run.story());
}

/// `t14` and `t21`; `t20`; `t15`; `t22`.
#[test]
fn the_verdicts() {
    let reports: Vec<Report> = support::searches(endpoint).into_iter().map(Explore::run).collect();
    let of = |places: &[usize]| headlines(places.iter().map(|place| reports[*place].clone()));
    insta::assert_snapshot!("verdicts", of(&[0, 1, 3, 4]));
    assert_eq!(of(&[2]), of(&[0]), "the page says that these are the same");
}
