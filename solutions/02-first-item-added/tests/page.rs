//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

#[path = "../../../exercises/02-first-item-added/tests/support/mod.rs"]
mod support;

#[test]
fn the_story_of_the_delayed_ack() {
    insta::assert_snapshot!("delayed-ack", support::naive_run().report().diagnosis());
}

/// The last lines of `cargo test`, when all is green.
#[test]
fn the_tests() {
    let tests = include_str!("../../../exercises/02-first-item-added/tests/first_item.rs").lines();
    let names = tests.filter_map(|line| line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name));
    let numbered = names.filter(|name| name.starts_with("t0") || name.starts_with("t1"));
    let green: Vec<String> = numbered.map(|name| format!("test {name} ... ok")).collect();
    insta::assert_snapshot!("green", green.join("\n"));
}

/// What the exercise lets its readers find out, so its own test does not say it.
#[test]
fn one_fault_loses_the_welcome() {
    let found = support::naive_search().run();
    assert_eq!(found.violated(), Some(chaos::Property::NoLostMessages), "{found}");
    assert_eq!(found.faults, 1, "{found}");
}
