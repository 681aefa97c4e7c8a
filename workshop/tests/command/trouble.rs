//! What the user, or the machine, got wrong: one sentence, exit code 2.

use crate::support::{Miniature, Ran, workshop};

#[test]
fn an_unknown_exercise_is_answered_with_those_there_are() {
    let workshop = Miniature::with(&["00-meet", "03-state"]);
    for (command, name) in
        [("test", "7"), ("test", "state"), ("test", "-1"), ("verify", "04"), ("test", "99999999999999999999")]
    {
        if name.starts_with('-') {
            // That is an option, and an unknown one.
            workshop.run(&[command, name]).exits(2);
        } else {
            let sentence = format!("there is no exercise {name:?}; there are 00-meet, 03-state");
            workshop.run(&[command, name]).ends_in_trouble(&[&sentence]);
        }
    }
}

#[test]
fn outside_of_the_repository_nothing_works() {
    let outside = tempfile::tempdir().unwrap();
    // Another project, not the workshop.
    std::fs::write(outside.path().join("Cargo.toml"), "").unwrap();
    for arguments in [&[][..], &["status"], &["test", "3"], &["replay", "x"], &["verify"]] {
        Ran::of(workshop().current_dir(outside.path()).args(arguments))
            .ends_in_trouble(&["this is not the workshop"]);
    }
    Miniature::with(&[]).run(&[]).ends_in_trouble(&["there are no exercises in exercises/ yet"]);
}

#[test]
fn without_cargo_there_is_the_ladder_and_a_sentence() {
    let miniature = Miniature::with(&["00-meet"]);
    let mut command = workshop();
    let ran = Ran::of(command.current_dir(miniature.path("")).env("CARGO", miniature.path("no/such/cargo")));
    ran.ends_in_trouble(&["cargo was not found"]).says(&["▸ 00 meet"]);
}

#[test]
fn what_is_not_the_attendees_fault_is_not_blamed_on_them() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.write("exercises/01-add/Cargo.toml", "[package\n");
    let ran = workshop.run(&["test", "0"]);
    assert!(ran.err.replace('\\', "/").contains("exercises/01-add/Cargo.toml"), "{ran}");
    let ran = ran.exits(2).does_not_say("it does not compile yet");
    assert!(ran.err.contains("error: cargo could not build ex00-meet"), "{ran}");
    workshop.run(&["status"]).exits(0).says(&["00 meet", "untouched"]);

    // Another package that does not compile.
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.replace(
        "exercises/00-meet/Cargo.toml",
        "2024\"\n",
        "2024\"\n[dependencies]\nex01-add = { path = \"../01-add\" }\n",
    );
    workshop.write("exercises/01-add/src/lib.rs", "pub fn (");
    let ran = workshop.run(&["test", "0"]).exits(2).does_not_say("it does not compile yet");
    assert!(ran.err.replace('\\', "/").contains("--> exercises/01-add/src/lib.rs:1:9"), "{ran}");
}

#[test]
fn an_exercise_that_makes_no_sense_is_named() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.replace("exercises/01-add/exercise.toml", "minutes", "minuets");
    workshop
        .run(&["status"])
        .ends_in_trouble(&["exercises/01-add/exercise.toml: line 2: unknown field `minuets`"]);
    std::fs::remove_file(workshop.path("exercises/01-add/exercise.toml")).unwrap();
    workshop.run(&["status"]).ends_in_trouble(&["exercises/01-add/exercise.toml cannot be read"]);
    let workshop = Miniature::with(&["00-meet", "00-add"]);
    workshop
        .run(&["status"])
        .ends_in_trouble(&["exercises/00-add and exercises/00-meet have the same number"]);
}
