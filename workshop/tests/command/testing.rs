//! `cargo workshop test`: the exit code is the verdict.

use std::time::Instant;

use crate::support::Miniature;

const NAME: &str = "03-point-in-time-state";

#[test]
fn every_verdict_has_its_code_and_its_story() {
    let workshop = Miniature::with(&["00-meet", NAME]);
    // In the order of exercise.toml, and not in that of the alphabet.
    workshop
        .run(&["test", "3"])
        .exits(1)
        .says(&[
            "03-point-in-time-state RED: 2 of 3 tests",
            "✓ z_happy_path",
            "✗ a_monkey Not done yet: step 2: say what was added (src/lib.rs:3).",
            "✗ every_schedule Not done yet: step 3",
            "- stretch ignored",
            "From the test a_monkey: NOT DONE YET",
            "Next: open exercises/03-point-in-time-state/README.md",
        ])
        .does_not_say("monkey's story");
    workshop.run(&["status"]).says(&["03 point-in-time-state", "untouched"]);

    // Then the run of a monkey goes before that of a search, and before words.
    workshop.solve(NAME, "violated");
    workshop.run(&["status"]).says(&["03 point-in-time-state", "in progress"]);
    workshop
        .run(&["test", "03"])
        .exits(1)
        .says(&[
            "RED: 3 of 3 tests",
            "✗ z_happy_path one tea was ordered, and none is there",
            "✗ every_schedule VIOLATED: NoLostMessages, with 1 fault in 12 steps",
            "From the test a_monkey:",
            "broker │ the monkey's story",
            "Next: edit exercises/03-point-in-time-state/src/lib.rs",
        ])
        .does_not_say("The search's story");
    workshop.run(&["status"]).says(&["03 point-in-time-state", "red: 3 of 3 tests"]);

    // What is not done comes later: who is in the middle of it has a story to read.
    workshop.solve(NAME, "half");
    workshop
        .run(&["test", "3"])
        .exits(1)
        .says(&["RED: 2 of 3 tests", "From the test a_monkey:", "the monkey's story"])
        .does_not_say("From the test every_schedule");
    // And `story` tells the same.
    workshop.run(&["story", "3"]).says(&["the monkey's story"]);

    // The harness may be content, or its test may, and the test still fail.
    workshop.solve(NAME, "mispredicted");
    workshop
        .run(&["test", "3"])
        .exits(1)
        .says(&[
            "✗ a_monkey you predicted that nothing is lost",
            "✗ every_schedule you predicted 98 schedules",
            "From the test a_monkey: Panicked at",
        ])
        .does_not_say("VIOLATED");

    workshop.solve(NAME, "unsure");
    workshop.run(&["test", "ex03"]).exits(3).says(&[
        "INCONCLUSIVE: 1 of 3 tests",
        "? every_schedule no verdict: The document keeps growing.",
        "From the test every_schedule:",
        "Next: see above why there is no verdict",
    ]);
    workshop.run(&["status"]).says(&["inconclusive: 1 of 3 tests"]);

    workshop.solve(NAME, "plain");
    workshop
        .run(&["test", NAME])
        .exits(1)
        .says(&[
            "RED: 1 of 3 tests",
            "From the test z_happy_path:",
            "Panicked at",
            "one tea was ordered, and none is there",
        ])
        .does_not_say("RUST_BACKTRACE");

    workshop.solve(NAME, "dies");
    workshop.run(&["test", NAME]).exits(1).says(&["✗ every_schedule did not run", "ended early", "7"]);

    // A process that ends with 0 is green for cargo, and not for us.
    workshop.solve(NAME, "leaves");
    workshop.run(&["test", NAME]).exits(1).says(&[
        "✗ every_schedule did not run",
        "The test program ended early.",
        "It ended in the test every_schedule. Look for std::process::exit",
    ]);
    let part = ["test", NAME, "--", "every_schedule"];
    workshop.run(&part).exits(1).says(&["It ended in the test every_schedule."]);

    // A violated run that its test is content with is no verdict.
    workshop.solve(NAME, "silent");
    workshop
        .run(&["test", "3"])
        .exits(0)
        .says(&["GREEN: 3 tests", "The answers to its questions: exercises/", "/answers.md", "Next:"])
        .does_not_say("VIOLATED");

    workshop.solve(NAME, "holds");
    workshop
        .run(&["test", "3"])
        .exits(0)
        .says(&[
            "GREEN: 3 tests",
            "holds in 1,234,567 states",
            "HOLDS: 99 schedules",
            "Next: open exercises/00-meet",
        ])
        .does_not_say("the lock expires");
    workshop.run(&["status"]).says(&["✓ 03 point-in-time-state", "green"]);
    let start = Instant::now();
    workshop.run(&["test", "3", "--coverage"]).exits(0).says(&["HOLDS: 99 schedules", "the lock expires"]);
    println!("save to verdict, warm: {:?}", start.elapsed());

    // Edited since: what was green is not known to be any more.
    workshop.write(&format!("exercises/{NAME}/src/more.rs"), "// More.\n");
    workshop.run(&["status"]).says(&["03 point-in-time-state", "in progress"]);
    std::fs::remove_file(workshop.path(&format!("exercises/{NAME}/src/more.rs"))).unwrap();
    workshop.run(&["status"]).says(&["✓ 03 point-in-time-state"]);
    // Line endings are no edit.
    let source = workshop.read(&format!("exercises/{NAME}/src/lib.rs"));
    workshop.write(&format!("exercises/{NAME}/src/lib.rs"), &source.replace('\n', "\r\n"));
    workshop.run(&["status"]).says(&["✓ 03 point-in-time-state"]);
}

#[test]
fn code_that_does_not_compile_is_red_and_shown_as_cargo_shows_it() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.write("exercises/00-meet/src/lib.rs", "pub const CASE: &str = 3;\n");
    let ran =
        workshop.run(&["test"]).exits(1).says(&["RED: it does not compile yet, see above", "Next: mend"]);
    assert!(ran.err.contains("error[E0308]: mismatched types"), "{ran}");
    assert_eq!(ran.err.matches("error[E0308]").count(), 1, "each error once\n{ran}");
    workshop.run(&["status"]).says(&["red: does not compile"]);
}

#[test]
fn a_part_of_the_tests_is_no_verdict_on_the_exercise() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "plain");
    workshop
        .run(&["test", "0", "--", "every_schedule"])
        .exits(0)
        .says(&["GREEN: 1 test", "Next: run `cargo workshop test 00`."])
        .does_not_say("did not run");
    workshop.run(&["status"]).says(&["in progress"]);
    workshop.run(&["test", "0", "--", "--exact", "z_happy_path"]).exits(1).says(&["RED: 1 of 1 test"]);
    workshop.run(&["test", "0", "--", "--nocapture", "z_happy"]).exits(1).says(&["✗ z_happy_path"]);
    workshop
        .run(&["test", "0", "--", "--include-ignored", "stretch"])
        .exits(1)
        .says(&["the stretch is not for everyone"]);
    let sentence = "the tests of 00-meet did not start: Unrecognized option: 'bogus'";
    workshop.run(&["test", "0", "--", "--bogus"]).ends_in_trouble(&[sentence]);
    workshop
        .run(&["test", "0", "--", "nonsense"])
        .ends_in_trouble(&["no test of 00-meet was run", "\"nonsense\""]);
}

#[test]
fn what_many_tests_miss_is_told_once() {
    let workshop = Miniature::with(&["00-meet"]);
    let (from, to) = ("step 3 (src/lib.rs:9)", "step 2: say what was added (src/lib.rs:3)");
    workshop.replace("exercises/00-meet/tests/checks.rs", from, to);
    workshop
        .run(&["test"])
        .exits(1)
        .says(&["✗ a_monkey Not done yet: step 2", "✗ every_schedule the same -"]);
}

#[test]
fn a_red_test_does_not_keep_the_others_from_running() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "plain");
    workshop.write("exercises/00-meet/tests/later.rs", "#[test]\nfn later() {}\n");
    // It is not declared, and shown after those that are.
    workshop.run(&["test"]).exits(1).says(&["RED: 1 of 4 tests", "✗ z_happy_path", "- stretch", "✓ later"]);
}

#[test]
fn a_test_that_was_taken_away_is_missed() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.solve("00-meet", "holds");
    workshop.replace("exercises/00-meet/tests/checks.rs", "#[test]\nfn every_schedule", "fn every_schedule");
    workshop.replace(
        "exercises/00-meet/tests/checks.rs",
        "#[test]\nfn z_happy",
        "#[test]\n#[ignore]\nfn z_happy",
    );
    workshop.run(&["test", "0"]).exits(1).says(&[
        "RED: 2 of 3 tests",
        "✗ z_happy_path did not run",
        "✓ a_monkey",
        "✗ every_schedule did not run",
        "The compiler has warnings: `cargo check --tests -p ex00-meet` shows them.",
    ]);
}

#[test]
fn predictions_are_part_of_what_is_edited() {
    let workshop = Miniature::with(&["00-meet"]);
    workshop.replace(
        "exercises/00-meet/exercise.toml",
        "[tests]",
        "predictions = \"predictions.txt\"\n[tests]",
    );
    workshop.write("exercises/00-meet/predictions.txt", "lost message: ?\n");
    workshop.run(&["verify", "0", "--fix"]).exits(0);
    workshop.run(&["test"]).exits(1).says(&["Next:", "write what you expect into predictions.txt"]);
    workshop.run(&["status"]).says(&["untouched"]);
    workshop.write("exercises/00-meet/predictions.txt", "lost message: yes\n");
    workshop.run(&["status"]).says(&["in progress"]);
    let next =
        "Next: edit predictions.txt or src/lib.rs in exercises/00-meet (stuck? `cargo workshop hint 00`)";
    workshop.run(&["test"]).exits(1).says(&[next]);
}
