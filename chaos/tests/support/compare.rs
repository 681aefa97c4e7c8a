//! The engine against the [brute-force](super::brute) model.

use std::collections::BTreeSet;

use chaos::{Inconclusive, NoReturn, Property, Report, Verdict};

use super::brute::{self, Look, Rest, Scope, Turn};
use super::programs::Program;
use super::recorder::{Recorder, search_of};

/// In systems of so many states, points of no return are compared, too: in larger ones
/// that takes longer than all the rest.
const SMALL: usize = 4_000;

/// Runs both, and compares all they say; nothing if the model has too many states,
/// or does not know what becomes of some delivery.
#[track_caller]
pub fn assert_same(what: &str, program: &Program, scope: &Scope, limit: usize) -> Compared {
    let Some(found) = brute::explore(program, scope, limit).filter(|found| !found.cut_off) else {
        return Compared::default();
    };
    let expected: BTreeSet<Rest> = found.rests.keys().cloned().collect();
    let recorder = Recorder::default();
    // Where rest is out of reach, that is all there is to say; so the ends are
    // looked at without asking.
    let search = |recorder: &Recorder| {
        let search = search_of(program, scope, recorder);
        if found.stuck.is_some() { search.without_settles() } else { search }
    };
    let report = search(&recorder).run();
    let rests = recorder.rests();
    let missing: Vec<&Rest> = expected.difference(&rests).collect();
    let invented: Vec<&Rest> = rests.difference(&expected).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "{what}: {scope:?}\n{report}\nmissing: {missing:#?}\ninvented: {invented:#?}"
    );
    match &report.verdict {
        Verdict::Holds => assert!(!expected.is_empty(), "{what}: {scope:?}\n{report}"),
        Verdict::Inconclusive(Inconclusive::NothingJudged) => {
            assert!(expected.is_empty(), "{what}: {scope:?}")
        }
        _ => panic!("{what}: {scope:?}\n{report}"),
    }

    // That rest is out of reach is found, with the fewest faults it takes.
    let report = search_of(program, scope, &Recorder::default()).run();
    let stuck = (report.violated() == Some(Property::Settles)).then_some(report.faults);
    assert_eq!(stuck, found.stuck, "{what}: {scope:?}\n{report}");

    // Were one of the ends wrong, it would be found with the fewest faults, and
    // among those with the fewest steps. (Of three messages, it would be told
    // with fewer.)
    let (mut objected, mut turns, mut certain) = (0, 0, 0);
    if scope.mail.len() <= 2 {
        for (rest, least) in found.rests.iter().rev().take(2) {
            let recorder = Recorder::default();
            recorder.object_to(rest);
            let report = search(&recorder).run();
            // The fewest faults; the steps need not be the very fewest, since
            // the reduced search tells some runs in a longer way.
            assert_eq!(report.faults, least.0, "{what}: {scope:?}\n{report}");
            objected += 1;
            if objected == 1
                && found.states <= SMALL
                && let Some(possible) = assert_turns(what, program, scope, rest, &report)
            {
                turns += 1;
                certain += usize::from(possible == 1);
            }
        }
    }
    Compared { compared: 1, objected, turns, certain, stuck: usize::from(found.stuck.is_some()) }
}

/// Compares the point of no return with those of all runs that look like the one that is
/// told, and says how many they are; nothing if it is not known.
#[track_caller]
fn assert_turns(
    what: &str,
    program: &Program,
    scope: &Scope,
    wrong: &Rest,
    report: &Report,
) -> Option<usize> {
    const LIMIT: usize = 2_000;
    let looks: Vec<Look> = report.choices.iter().map(|choice| look_of(choice)).collect();
    let possible = brute::turns(program, scope, wrong, &looks, LIMIT)?;
    let told = match report.no_return {
        Some(NoReturn::After(step)) => Turn::At(step),
        Some(NoReturn::FromTheStart) => Turn::BeforeItBegins,
        None => Turn::Never,
        Some(NoReturn::Unknown { .. }) => return None,
    };
    assert!(possible.contains(&told), "{what}: {scope:?}\n{report}\n{:?}\n{possible:?}", report.choices);
    Some(possible.len())
}

/// What a step looks like, by the word for what was chosen.
fn look_of(choice: &str) -> Look {
    let kind: String = choice.chars().take_while(char::is_ascii_alphabetic).collect();
    let mishap = choice.split_once('!').map(|(_, mishap)| mishap.trim_end_matches(char::is_numeric));
    let (fault, begins) = match (kind.as_str(), mishap) {
        ("d", None) => (Some(false), Some(1)),
        ("again" | "unlock", None) => (Some(true), Some(1)),
        ("c" | "out", Some("before" | "after" | "during")) | ("out", Some(_)) => (Some(true), Some(-1)),
        // Whoever is told something may give up.
        ("c", mishap) => (Some(mishap.is_some()), None),
        ("out", None) => (Some(false), Some(0)),
        ("ack", mishap) => (Some(mishap.is_some()), Some(-1)),
        ("land" | "expire", None) => (None, Some(0)),
        ("lose", None) => (Some(true), Some(0)),
        _ => panic!("what is {choice}?"),
    };
    Look { fault, begins }
}

/// How much was compared.
#[derive(Default)]
pub struct Compared {
    pub compared: usize,
    pub objected: usize,
    /// Points of no return, and how many of them brute force knows exactly.
    pub turns: usize,
    pub certain: usize,
    pub stuck: usize,
}
