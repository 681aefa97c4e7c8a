//! `cargo workshop replay`: one run, told again; `debug`, run again; and `report`.

use crate::support::{KNOWN, Miniature, Ran, sound};

#[test]
fn a_known_code_is_replayed_and_nothing_else_is_shown() {
    let workshop = Miniature::with(&["00-meet", "03-state"]);
    workshop.solve("03-state", "violated");
    let ran = workshop.run(&["replay", &KNOWN.to_uppercase()]).exits(1).does_not_say("Next:");
    // And how it is looked at, step by step.
    let look =
        format!("\nlook at it:\ncargo workshop story 03 --code {} --html story.html --open\n", &*KNOWN);
    assert_eq!(ran.out, format!("VIOLATED: Replayed\n\nThe replayed story.\n{look}"));
    workshop.run(&["story", "03", "--code", &KNOWN]).exits(1).says(&[
        "The run",
        "of the test a_monkey of 03-state:",
        "The replayed story.",
    ]);
    workshop.solve("03-state", "holds");
    assert_eq!(workshop.run(&["replay", &KNOWN]).exits(0).out, format!("HOLDS in this run\n{look}"));
    // A replay is no test: nothing is remembered of it.
    workshop.run(&["status"]).says(&["03 state", "in progress"]);
}

#[test]
fn a_code_that_cannot_be_replayed_is_explained() {
    let workshop = Miniature::with(&["00-meet", "03-state"]);
    workshop.run(&["replay", "03-7k2m-nonsense"]).ends_in_trouble(&["is not a replay code"]);
    workshop.run(&["replay", ""]).ends_in_trouble(&["is not a replay code"]);
    let elsewhere = sound("42-7k2m-00402");
    workshop.run(&["replay", &elsewhere]).ends_in_trouble(&[
        &elsewhere,
        "no exercise \"42\"",
        "00-meet, 03-state",
    ]);
    workshop
        .run(&["story", "00", "--code", &KNOWN])
        .ends_in_trouble(&["belongs to 03-state, and not to 00-meet"]);
    workshop.run(&["story", "03", "--code", "nonsense"]).ends_in_trouble(&["is not a replay code"]);
    workshop.run(&["replay", &sound("x-7k2m-00402")]).ends_in_trouble(&["outside of the exercises"]);
    let unknown = sound("03-7k2m-00503");
    let sentence = format!("no test of 03-state knows the code {unknown}: run `cargo workshop test 03`");
    workshop.run(&["replay", &unknown]).ends_in_trouble(&[&sentence]);
    workshop.solve("03-state", "silent");
    workshop
        .run(&["replay", &KNOWN])
        .ends_in_trouble(&["was recorded with other code than exercises/03-state has now"]);
    workshop.write("exercises/03-state/src/lib.rs", "pub fn (");
    workshop.run(&["replay", &KNOWN]).exits(1).says(&["it does not compile yet, see above"]);
}

#[test]
fn a_known_code_is_run_live_once_with_what_a_debugger_needs() {
    let workshop = Miniature::with(&["00-meet", "03-state"]);
    workshop.solve("03-state", "violated");
    let ran = workshop.run(&["debug", &KNOWN]).exits(1);
    let live = format!("» live: {} of ex03-state", &*KNOWN);
    assert_eq!(ran.err.matches(&live).count(), 1, "{ran}");
    let set = format!("export CHAOS_REPLAY={}\n    export CHAOS_LIVE=1\n", &*KNOWN);
    assert!(ran.out.contains(&set) && ran.out.contains("      --exact a_monkey \\\n"), "{ran}");
    workshop
        .run(&["debug", &sound("03-7k2m-00503")])
        .ends_in_trouble(&["no test of 03-state knows the code"]);
    workshop.run(&["debug", "nonsense"]).ends_in_trouble(&["is not a replay code"]);
}

/// What `debug` tells people to export may be in their shell for the rest of the day.
#[test]
fn what_the_engine_was_asked_before_is_forgotten() {
    let workshop = Miniature::with(&["00-meet", "03-state"]);
    workshop.solve("03-state", "violated");
    let run = |arguments: &[&str]| {
        let mut command = crate::support::workshop();
        command.current_dir(workshop.path("")).args(arguments).env("CHAOS_LIVE", "1");
        Ran::of(command.env("CHAOS_REPLAY", "left behind").env("CHAOS_WATCHDOG_SECONDS", "0"))
    };
    run(&["test", "3"]).exits(1).says(&["RED: 3 of 3 tests", "the monkey's story"]);
    run(&["replay", &KNOWN]).exits(1).says(&["The replayed story."]);
}

#[test]
fn a_report_has_code_verdicts_and_versions_and_replaces_nothing() {
    let workshop = Miniature::with(&["00-meet", "03-state"]);
    workshop.solve("03-state", "violated");
    workshop.run(&["report", "3"]).exits(0).says(&["Written to report-03.md"]);
    let report = workshop.read("report-03.md");
    for text in [
        "- `a_monkey`: VIOLATED: NoLostMessages",
        "the monkey's story",
        "`src/lib.rs`",
        "pub const CASE: &str = \"violated\";",
        "rustc ",
        std::env::consts::OS,
    ] {
        assert!(report.contains(text), "{text:?} is not in it:\n{report}");
    }
    workshop.run(&["report", "3"]).ends_in_trouble(&["report-03.md exists, and is left as it is"]);
    workshop
        .run(&["report", "3", "--save", "no/where.md"])
        .ends_in_trouble(&["cannot be written to no/where.md"]);
    workshop.write("exercises/03-state/src/lib.rs", "pub fn (");
    workshop.run(&["report", "3", "--force"]).exits(0);
    assert!(workshop.read("report-03.md").contains("It does not compile."));
}
