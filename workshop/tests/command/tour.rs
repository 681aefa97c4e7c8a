//! The tour, and the ladder.

use std::time::Instant;

use crate::support::{Miniature, Ran, workshop};

const FOUR: [&str; 4] =
    ["00-meet", "01-add", "02-a-name-that-is-much-longer-than-any-column-of-the-ladder-can-be", "03-state"];

#[test]
fn a_tour_shows_the_ladder_the_current_exercise_and_the_next_step() {
    let workshop = Miniature::with(&FOUR);
    workshop
        .run(&[])
        .exits(0)
        .says(&[
            "The ladder",
            "▸ 00 meet",
            "30 min untouched",
            "01 add",
            "00 Title of 00-meet (30 min)",
            "what it asks for",
            "RED: 2 of 3 tests",
            "From the test a_monkey:",
            "Not done yet: step 2",
            "Next: open exercises/00-meet/README.md and edit src/lib.rs, then run `cargo workshop test 00`.",
        ])
        .does_not_say("Next: run");

    // Green: the tour says so, turns to the next, and stays there while it is red.
    workshop.solve("00-meet", "holds");
    workshop.run(&[]).exits(0).says(&[
        "▸ 00 meet",
        "in progress",
        "GREEN: 3 tests",
        "HOLDS: 99 schedules in 1,234,567 states",
        "Next: open exercises/01-add/README.md",
    ]);
    workshop.solve("01-add", "violated");
    workshop.run(&[]).exits(0).says(&[
        "✓ 00 meet",
        "green",
        "▸ 01 add",
        "in progress",
        "01-add RED: 3 of 3 tests",
        "broker │ the monkey's story",
        "Next: edit exercises/01-add/src/lib.rs",
    ]);
    workshop.run(&["status"]).exits(0).says(&[
        "✓ 00 meet",
        "▸ 01 add",
        "red: 3 of 3 tests",
        "02 a-name",
        "untouched",
    ]);
}

#[test]
fn a_tour_has_a_story_even_where_what_failed_has_none() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "plain");
    workshop.run(&[]).exits(0).says(&[
        "From the test a_monkey, which is green: HOLDS in this run (2 messages)",
        "broker │ a story of all that is well",
        "From the test z_happy_path: Panicked at",
    ]);
    workshop.run(&["test"]).exits(1).does_not_say("all that is well");
    workshop.solve("00-meet", "half");
    workshop.run(&[]).exits(0).says(&["From the test a_monkey:"]).does_not_say("which is green");
}

#[test]
fn a_tour_does_not_fail_where_the_exercise_does() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "unsure");
    workshop.run(&[]).exits(0).says(&["INCONCLUSIVE: 1 of 3 tests", "The document keeps growing."]);
    workshop.write("exercises/00-meet/src/lib.rs", "pub fn (");
    let ran = workshop
        .run(&[])
        .exits(0)
        .says(&["RED: it does not compile yet", "Next: mend exercises/00-meet/src/lib.rs"]);
    assert!(ran.err.replace('\\', "/").contains("--> exercises/00-meet/src/lib.rs:1:9"), "{ran}");
}

#[test]
fn a_workshop_that_is_solved_has_an_end() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "holds");
    for arguments in [&["test"][..], &["test"], &[]] {
        workshop.run(arguments).exits(0).says(&["Next: every exercise is green"]);
    }
}

#[test]
fn the_ladder_is_shown_at_once_and_from_anywhere_inside() {
    let workshop = Miniature::with(&FOUR);
    let start = Instant::now();
    let ran = workshop.run_in(&workshop.path("exercises/01-add/src"), &["status"]);
    println!("status: {:?}", start.elapsed());
    ran.exits(0).says(&["▸ 00 meet", "03 state"]);
    assert!(!workshop.path("target").exists(), "status builds nothing");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let miniature = Miniature::with(&["00-meet"]);
    let plain = miniature.run(&["status"]).exits(0);
    let output =
        workshop().env("CLICOLOR_FORCE", "1").current_dir(miniature.path("")).arg("status").output().unwrap();
    let coloured = String::from_utf8(output.stdout).unwrap();
    assert!(coloured.contains("\x1b["));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain.out);
}

#[test]
fn help_fits_and_names_the_exit_codes() {
    let miniature = Miniature::with(&["00-meet"]);
    miniature.run(&["--help"]).exits(0).says(&[
        "cargo workshop",
        "0 green",
        "1 red",
        "2 usage",
        "3 inconclusive",
    ]);
    for arguments in [&["test", "--help"][..], &["verify", "--help"], &["replay", "-h"]] {
        miniature.run(arguments).exits(0).says(&["Usage: cargo workshop"]);
    }
    for arguments in [&["tset"][..], &["test", "1", "2"], &["status", "3"], &["replay"]] {
        Ran::of(workshop().current_dir(miniature.path("")).args(arguments)).exits(2);
    }
}
