//! `cargo workshop replay`: one run, told again.

use crate::support::{KNOWN, Miniature, sound};

#[test]
fn a_known_code_is_replayed_and_nothing_else_is_shown() {
    let workshop = Miniature::with(&["00-meet", "03-state"]);
    workshop.solve("03-state", "violated");
    let ran = workshop.run(&["replay", &KNOWN.to_uppercase()]).exits(1).does_not_say("Next:");
    assert_eq!(ran.out, "VIOLATED: Replayed\n\nThe replayed story.\n");
    workshop.solve("03-state", "holds");
    assert_eq!(workshop.run(&["replay", &KNOWN]).exits(0).out, "HOLDS in this run\n");
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
