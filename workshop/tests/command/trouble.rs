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
fn a_folder_that_does_not_say_what_it_is_is_left_out_and_that_is_said_once() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    std::fs::remove_file(workshop.path("exercises/01-add/exercise.toml")).unwrap();
    let ran = workshop.run(&["status"]).exits(0).says(&["00 meet"]).does_not_say("01 add");
    let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.matches("exercises/01-add has no exercise.toml").count(), 1, "{ran}");
    assert!(said.contains("`git checkout exercises/01-add/exercise.toml` brings it back"), "{ran}");
    for (lost, command, sentence) in [
        ("01-add", &["test", "01"][..], "error: there is no exercise \"01\"; there is 00-meet."),
        ("00-meet", &["status"], "error: there are no exercises in exercises/ yet."),
    ] {
        _ = std::fs::remove_file(workshop.path(&format!("exercises/{lost}/exercise.toml")));
        let ran = workshop.run(command).exits(2);
        assert!(ran.err.contains(sentence), "{ran}");
    }
}

#[test]
fn an_exercise_that_makes_no_sense_is_named() {
    let workshop = Miniature::with(&["00-meet", "01-add"]);
    workshop.replace("exercises/01-add/exercise.toml", "minutes", "minuets");
    workshop
        .run(&["status"])
        .ends_in_trouble(&["exercises/01-add/exercise.toml: line 2: unknown field `minuets`"]);
    let workshop = Miniature::with(&["00-meet", "00-add"]);
    workshop
        .run(&["status"])
        .ends_in_trouble(&["exercises/00-add and exercises/00-meet have the same number"]);
}
