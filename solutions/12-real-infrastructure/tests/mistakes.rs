//! Tempting wrong answers, each with one of the two files in the place of ours. Each must
//! be found by a test of the exercise, which says in words what is wrong.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use chaos::Property;
use ex12_real_infrastructure::Answer;

#[path = "../../../exercises/12-real-infrastructure/tests/bench/mod.rs"]
mod bench;
#[path = "../../../exercises/12-real-infrastructure/tests/checks/mod.rs"]
mod checks;
#[path = "../../../exercises/12-real-infrastructure/tests/live_run/mod.rs"]
mod live_run;
mod support;

use checks::{consumer, documents};

/// The live run of a mistake.
const MISTAKEN: &str = env!("CARGO_BIN_EXE_live12-mistaken");

fn answer(name: &str) -> Answer {
    support::named(name).unwrap_or_else(|| panic!("{name} is not among the answers"))
}

/// What a check says to an answer. It must say something.
#[track_caller]
fn said(check: impl FnOnce()) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(check)) else {
        panic!("the check says nothing, and there is a mistake");
    };
    match panic.downcast::<String>() {
        Ok(said) => *said,
        Err(panic) => panic.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
    }
}

/// A check finds it, and says this.
macro_rules! found_by {
    ($list:ident: $($name:ident: $test:literal, $check:path, $sentence:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let said = said(|| $check(answer(stringify!($name))));
                assert!(unwrapped(&said).contains($sentence), "it says {said:?}");
            }
        )*
        /// Each with the test that finds it, and what that says.
        const $list: &[[&str; 3]] = &[$([stringify!($name), $test, $sentence]),*];
    };
}

fn unwrapped(said: &str) -> String {
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

found_by! { FOUND_BY_ONE_QUESTION:
    publishes_without_waiting: "t07", consumer::what_no_stream_takes_is_an_error,
        "it came back before anybody has said that the message is stored";
    publishes_to_whoever_listens: "t08", consumer::what_does_not_fit_is_an_error,
        "it did not wait for the acknowledgement, or did not look at it";
    acknowledges_before_the_work: "t10", consumer::a_worker_that_dies_leaves_its_message,
        "it was acknowledged before the work was done, and is lost";
    acknowledges_what_has_failed: "t11", consumer::what_fails_comes_again_after_a_while,
        "or it was told that all is well";
    acknowledges_a_conflict: "t11", consumer::what_fails_comes_again_after_a_while,
        "the handler was too late, and after 8 s the message is not back";
    lets_the_lock_run_out: "t11", consumer::what_fails_comes_again_after_a_while,
        "the server has heard nothing, and waits until the ack wait of 20 s is over";
    gives_back_at_once: "t11", consumer::what_fails_comes_again_after_a_while,
        "what has failed just now fails again";
    never_says_in_progress: "t12", consumer::a_slow_handler_keeps_its_message,
        "it heard no sign of life of the worker";
    ends_what_is_slow: "t12", consumer::a_slow_handler_keeps_its_message,
        "whoever is slow is never done, however often it is tried";
    gives_back_for_ever: "t13", consumer::what_fails_too_often_is_put_aside,
        "a message that nobody can process goes round for ever";
    ends_it_before_the_letter: "t14", consumer::a_letter_that_is_not_stored_is_not_the_end,
        "the message does not come again: it is nowhere now";
    believes_that_it_was_heard: "t15", consumer::what_nobody_has_confirmed_is_not_done,
        "the server was gone when the handler was done, and the outcome is Done";
    takes_no_answer_for_stored: "t15", consumer::what_nobody_has_confirmed_is_not_done,
        "nobody has said that the message is stored";
    counts_its_ids: "t17", the_ids_of_two_processes,
        "is taken for what the first one has said";
    takes_the_marker_for_a_document: "t01", documents::rules_in_memory,
        "broken rule";
    expects_nothing_after_a_delete: "t01", documents::rules_in_memory,
        "broken rule";
    deletes_whatever_is_there: "t01", documents::rules_in_memory,
        "broken rule";
}

/// In processes of their own, one after the other.
fn the_ids_of_two_processes(_: Answer) {
    consumer::the_next_process_makes_other_ids(MISTAKEN, Some("counts_its_ids"));
}

/// The table on the page of the answers.
#[test]
fn the_table() {
    let mut table = String::from("| mistake | found by | which says |\n|---|---|---|\n");
    for [mistake, test, says] in FOUND_BY_ONE_QUESTION {
        table += &format!("| {} | `{test}` | “{says}” |\n", mistake.replace('_', " "));
    }
    insta::assert_snapshot!("found-by", table);
}

/// A search of the exercise finds it, and tells how.
macro_rules! has_a_story {
    ($($name:ident: $property:ident, $golden:literal;)*) => {$(
        #[test]
        fn $name() {
            let reports = documents::searches(answer(stringify!($name))).map(|search| search.run());
            let violated = reports.into_iter().filter(|report| !report.holds());
            let shortest = violated.min_by_key(|report| (report.faults, report.steps));
            let report = shortest.expect("the mistake survives every search of the exercise");
            assert_eq!(report.violated(), Some(Property::$property), "{report}");
            chaos::assert_golden!($golden, report);
        }
    )*};
}

has_a_story! {
    looks_before_it_writes: NoLostMessages, "looks-before-it-writes";
    takes_silence_for_a_yes: NoLostMessages, "takes-silence-for-a-yes";
}

/// A search of the exercise comes to no end, and says so: a write is refused for ever, as
/// often as it is tried, and the history of the bucket grows meanwhile.
macro_rules! goes_round {
    ($($name:ident;)*) => {$(
        #[test]
        fn $name() {
            let reports = documents::searches(answer(stringify!($name))).map(|search| search.run());
            let said: Vec<_> = reports.into_iter().filter(|report| !report.holds()).collect();
            let said = said.first().expect("the mistake survives every search of the exercise").to_string();
            assert!(unwrapped(&said).contains("there is no end to it"), "it says {said:?}");
        }
    )*};
}

goes_round! {
    expects_the_last_of_the_bucket;
    takes_the_number_of_another_key;
}

/// The monkey finds these by itself: with kills, without a test that knows what to look for.
/// (Of the others it finds some, now and then.)
#[test]
fn the_monkey_finds_what_is_acknowledged_before_the_work() {
    let (code, said) = live_run::run(MISTAKEN, LONGER, Some("acknowledges_before_the_work"));
    assert!(code == Some(1) && said.contains("NoLostMessages"), "{said}");
}

/// See above.
#[test]
fn the_monkey_finds_what_is_acknowledged_though_it_failed() {
    let (code, said) = live_run::run(MISTAKEN, LONGER, Some("acknowledges_what_has_failed"));
    assert!(code == Some(1) && said.contains("NoLostMessages"), "{said}");
}

/// See above.
#[test]
fn the_monkey_finds_ids_that_are_counted() {
    let (code, said) = live_run::run(MISTAKEN, LONGER, Some("counts_its_ids"));
    assert!(code == Some(1), "{said}");
}

/// Enough for a mistake that shows at a kill.
const LONGER: &str = "06 --orders 40 --workers 2 --kills 20 --duplicates 10";

/// No file is without a test.
#[test]
fn every_mistake_is_among_the_answers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mistakes");
    let files = fs::read_dir(folder).expect("mistakes").flatten();
    let files: BTreeSet<String> =
        files.map(|file| file.file_name().to_string_lossy().trim_end_matches(".rs").to_owned()).collect();
    let known = support::OF_THE_CONSUMER.iter().chain(support::OF_THE_DOCUMENTS);
    let known: BTreeSet<String> = known.map(|(name, _)| (*name).to_owned()).collect();
    assert!(files == known, "files: {files:?}; answers: {known:?}");
}
