//! `cargo workshop graph`: the states of a search, drawn.

use crate::support::Miniature;

#[test]
fn the_states_of_a_search_are_drawn_and_only_a_drawing_is_replaced() {
    let workshop = Miniature::with(&["03-state"]);
    workshop.solve("03-state", "violated");
    let draws = ["graph", "3", "--test", "every_schedule"];
    workshop.run(&draws).exits(1).says(&[
        "VIOLATED: NoLostMessages, with 1 fault in 12 steps. Drawn in graph-03.svg:",
        "2 of 1,234,567 states, 1 at rest, 1 of them wrong.",
    ]);
    let drawn = workshop.read("graph-03.svg");
    assert!(drawn.contains("03 Title of 03-state: every schedule"), "{drawn}");
    assert!(
        drawn.contains("&lt;b&gt;2 messages")
            && drawn.contains("✗ it &amp; crashes")
            && !drawn.contains("<b>"),
        "{drawn}"
    );
    // Again, to the same place; what somebody else has written stays.
    workshop.solve("03-state", "holds");
    workshop.run(&draws).exits(0).says(&["HOLDS: 99 schedules", "1,234,567 states, 1 at rest."]);
    assert_ne!(workshop.read("graph-03.svg"), drawn);
    workshop.write("mine.svg", "<svg/>");
    let mine = [&draws[..], &["--out", "mine.svg"]].concat();
    workshop.run(&mine).ends_in_trouble(&["mine.svg exists, and is left as it is"]);
    workshop.run(&[&mine[..], &["--force"]].concat()).exits(0);
    workshop
        .run(&[&draws[..], &["--out", "no/where.svg"]].concat())
        .ends_in_trouble(&["cannot be written to no/where.svg"]);
}

#[test]
fn what_cannot_be_drawn_is_explained() {
    let workshop = Miniature::with(&["03-state"]);
    let draw = |arguments: &[&str]| workshop.run(&[&["graph", "3"], arguments].concat());
    draw(&["--test", "every"]).ends_in_trouble(&["03-state is not done yet", "`cargo workshop test 03`"]);
    draw(&[]).ends_in_trouble(&["03-state has no search that could be drawn; those that have one: none"]);
    draw(&["--test", "gone"]).ends_in_trouble(&["has no one test \"gone\""]);
    draw(&["--mistake", "gone"]).exits(2);
    workshop.solve("03-state", "holds");
    draw(&["--test", "a_monkey"]).ends_in_trouble(&["the test a_monkey of 03-state searches nothing"]);
    workshop.solve("03-state", "unsure");
    draw(&["--test", "every"]).ends_in_trouble(&["has left no states", "The document keeps growing"]);
    for arguments in [
        ["--test", "x", "--faults", "1"],
        ["--mistake", "x", "--workers", "1"],
        ["--test", "x", "--mistake", "y"],
    ] {
        let ran = draw(&arguments).exits(2);
        assert!(ran.err.contains("cannot be used with"), "{ran}");
    }
    workshop.write("exercises/03-state/src/lib.rs", "pub fn (");
    draw(&["--test", "every"]).exits(1).says(&["it does not compile yet, see above"]);
    assert!(!workshop.path("graph-03.svg").exists());
}
