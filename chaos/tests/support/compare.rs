//! The engine against the [brute-force](super::brute) model.

use std::collections::BTreeSet;

use chaos::{Inconclusive, Property, Verdict};

use super::brute::{self, Rest, Scope};
use super::programs::Program;
use super::recorder::{Recorder, search_of};

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
    let mut objected = 0;
    if scope.mail.len() <= 2 {
        for (rest, least) in found.rests.iter().rev().take(2) {
            let recorder = Recorder::default();
            recorder.object_to(rest);
            let report = search(&recorder).run();
            // The fewest faults; the steps need not be the very fewest, since
            // the reduced search tells some runs in a longer way.
            assert_eq!(report.faults, least.0, "{what}: {scope:?}\n{report}");
            objected += 1;
        }
    }
    Compared { compared: 1, objected, stuck: usize::from(found.stuck.is_some()) }
}

/// How much was compared.
#[derive(Default)]
pub struct Compared {
    pub compared: usize,
    pub objected: usize,
    pub stuck: usize,
}
