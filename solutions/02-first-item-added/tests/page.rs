//! What README.md shows is what the harness prints.

#[path = "../../../exercises/02-first-item-added/tests/support/mod.rs"]
mod support;

const PAGE: &str = include_str!("../../../exercises/02-first-item-added/README.md");

#[test]
fn the_story_of_the_delayed_ack() {
    let story = support::naive_run().report().diagnosis();
    assert!(PAGE.contains(&story), "README.md should show this, and does not:\n\n{story}");
}

/// What the exercise lets its readers find out, so its own test does not say it.
#[test]
fn one_fault_loses_the_welcome() {
    let found = support::naive_search().run();
    assert_eq!(found.violated(), Some(chaos::Property::NoLostMessages), "{found}");
    assert_eq!(found.faults, 1, "{found}");
}
