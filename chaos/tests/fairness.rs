//! Rest, and whether it is within reach: what must come out, worked out by hand.
//!
//! Each condition on which the notion rests has programs of its own, in which it
//! decides. What is expected is written down from the
//! [semantics](support::brute) and not from any run; the brute-force model must
//! say so, and the engine too.

#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use chaos::{Fault, Faults};
use support::brute::{self, Forgets, Rest, Scope};
use support::compare::assert_same;
use support::programs::Answer::{
    Absent, Appended, Conflict, Events, Found, NoReply, Published, Stored, Unavailable,
};
use support::programs::{Answer, Ask, Expect, Guard, Key, Log, Note, Program, Wish};

/// What must come out of a program within a scope.
struct Case {
    what: &'static str,
    program: Program,
    scope: Scope,
    /// With how few faults rest can get out of reach.
    stuck: Option<usize>,
    /// All that can be left at rest, with the fewest faults; if it is said.
    rests: Option<Vec<(&'static [&'static str], usize)>>,
}

impl Case {
    fn rests(mut self, rests: &[(&'static [&'static str], usize)]) -> Self {
        self.rests = Some(rests.to_vec());
        self
    }
}

const LIMIT: usize = 200_000;

/// The model must say what is expected.
#[track_caller]
fn check(cases: Vec<Case>) {
    for Case { what, program, scope, stuck, rests } in cases {
        let found = brute::explore(&program, &scope, LIMIT).unwrap_or_else(|| panic!("{what} is too large"));
        assert!(!found.cut_off, "{what} makes too many calls");
        let ends: BTreeMap<Rest, usize> =
            found.rests.into_iter().map(|(rest, (faults, _))| (rest, faults)).collect();
        assert_eq!(found.stuck, stuck, "{what}: {scope:?}\n{ends:#?}");
        if let Some(rests) = rests {
            let line = |line: &&str| (*line).to_owned();
            let expected: BTreeMap<Rest, usize> =
                rests.into_iter().map(|(rest, faults)| (rest.iter().map(line).collect(), faults)).collect();
            assert_eq!(ends, expected, "{what}: {scope:?}");
        }
    }
}

#[test]
fn the_engine_says_the_same() {
    let cases = [
        what_becomes_of_writes(),
        what_becomes_of_publishes(),
        dropped_in_one_go(),
        time_passes(),
        charged_to_the_roots(),
        rest_is_no_deadlock(),
        phases(),
        late_calls(),
        waits_within_deliveries(),
        waits_for_a_lease(),
        budgets_and_locks(),
        ids(),
        learned_late(),
        one_class_of_faults(),
        three_in_a_row(),
    ];
    for Case { what, program, scope, .. } in cases.into_iter().flatten() {
        assert_eq!(assert_same(what, &program, &scope, LIMIT).compared, 1, "{what}");
    }
}

// ---- words for programs ---------------------------------------------------

fn program(handler: impl Fn(char, &Log) -> Wish + Send + Sync + 'static) -> Program {
    Arc::new(move |_, message, log, _| handler(message.text, log))
}

fn case(
    what: &'static str,
    program: &Program,
    mail: &str,
    faults: u8,
    classes: &[Fault],
    stuck: Option<usize>,
) -> Case {
    let scope = Scope {
        faults,
        classes: classes.iter().copied().collect(),
        mail: mail.chars().map(|text| (0, text)).collect(),
        ..Scope::default()
    };
    Case { what, program: Arc::clone(program), scope, stuck, rests: None }
}

fn on_one_worker(mut case: Case) -> Case {
    case.scope.workers = 1;
    case
}

fn get(key: char) -> Ask {
    Ask::Get(Key::own(key))
}

fn put(key: char, body: char) -> Ask {
    Ask::Put { key: Key::own(key), body: Note::plain(body), guard: Guard::None }
}

fn put_new(key: char, body: char) -> Ask {
    Ask::Put { key: Key::own(key), body: Note::plain(body), guard: Guard::IfAbsent }
}

fn lease(key: char, guard: Guard, week: bool) -> Ask {
    Ask::PutExpiring { key: Key::own(key), body: Note::plain('a'), guard, week }
}

fn delete(key: char) -> Ask {
    Ask::Delete { key: Key::own(key), guard: Guard::None }
}

fn append(events: usize, event: char) -> Ask {
    Ask::Append { stream: 's', expected: events as u64, event }
}

fn ask(ask: Ask) -> Wish {
    Wish::Ask(vec![ask])
}

fn done() -> Wish {
    Wish::Done(Vec::new())
}

// ---- what can go wrong at a call, and what time does ----------------------

/// Writes, looks, and says in a stream what it was told and what it then saw.
/// Once that is said, it does nothing.
fn writes_and_looks() -> Program {
    program(|_, log| match log {
        [] => ask(Ask::Read('s')),
        [(_, Events(events))] if events.is_empty() => ask(put('x', 'a')),
        [(_, Events(_))] => done(),
        [_, _] => ask(get('x')),
        [_, (_, told), (_, seen)] => ask(append(
            0,
            match (told, seen) {
                (Stored(_), Found(..)) => '1',
                (Stored(_), _) => '2',
                (Unavailable, Found(..)) => '3',
                (Unavailable, _) => '4',
                (NoReply, Found(..)) => '5',
                (NoReply, _) => '6',
                _ => '7',
            },
        )),
        _ => done(),
    })
}

fn what_becomes_of_writes() -> Vec<Case> {
    const FINE: (&[&str], usize) = (&["e0 stream s: 1", "e0/x = a"], 0);
    let of = |what, class, others: &[(&'static [&'static str], usize)]| {
        let case = case(what, &writes_and_looks(), "m", 1, &[class], None);
        case.rests(&[&[FINE], others].concat())
    };
    vec![
        // (Of the append, too: then nothing at all is said.)
        of("unavailable", Fault::WriteUnavailable, &[(&["e0 stream s: 4"], 1), (&["e0/x = a"], 1)]),
        of("no reply, never", Fault::WriteFails, &[(&["e0 stream s: 6"], 1), (&["e0/x = a"], 1)]),
        of("no reply, done", Fault::WriteReplyLost, &[(&["e0 stream s: 5", "e0/x = a"], 1)]),
        of(
            "no reply, later",
            Fault::WriteReplyLate,
            &[(&["e0 stream s: 5", "e0/x = a"], 1), (&["e0 stream s: 6", "e0/x = a"], 1)],
        ),
    ]
}

/// Publishes, and notes whether it was told that this went well.
fn publishes_and_notes() -> Program {
    program(|_, log| match log {
        [] => ask(Ask::Publish(Note::plain('a'))),
        [(_, Published)] => ask(put('x', 'y')),
        [(_, NoReply)] => ask(put('x', 'n')),
        _ => done(),
    })
}

fn what_becomes_of_publishes() -> Vec<Case> {
    let of = |what, class, others: &[(&'static [&'static str], usize)]| {
        let fine: (&'static [&'static str], usize) = (&["e0/x = y", "published 0a"], 0);
        let case = case(what, &publishes_and_notes(), "m", 1, &[class], None);
        case.rests(&[&[fine], others].concat())
    };
    vec![
        of("no confirmation, never", Fault::PublishFails, &[(&["e0/x = n"], 1)]),
        of("no confirmation, done", Fault::PublishReplyLost, &[(&["e0/x = n", "published 0a"], 1)]),
        // It is certain, so that the end is the same.
        of("no confirmation, later", Fault::PublishReplyLate, &[(&["e0/x = n", "published 0a"], 1)]),
    ]
}

/// Begins two calls, drops them before they can be answered, and says so.
fn begins_and_drops() -> Program {
    program(|_, log| match log {
        [] => {
            let begun = vec![Ask::Publish(Note::plain('a')), put_new('x', 'a')];
            Wish::Begin(begun, Box::new(ask(put('y', 'a'))))
        }
        _ => done(),
    })
}

fn dropped_in_one_go() -> Vec<Case> {
    use Fault::{PublishLandsLate, WriteLandsLate};
    let of = |what, faults, classes: &[Fault]| case(what, &begins_and_drops(), "m", faults, classes, None);
    const NEITHER: &[&str] = &["e0/y = a"];
    const WRITTEN: &[&str] = &["e0/x = a", "e0/y = a"];
    const PUBLISHED: &[&str] = &["e0/y = a", "published 0a"];
    const BOTH: &[&str] = &["e0/x = a", "e0/y = a", "published 0a"];
    vec![
        of("dropped in one go, other faults", 2, &[Fault::WriteFails]).rests(&[(NEITHER, 0), (&[], 1)]),
        of("dropped in one go, a publish", 1, &[PublishLandsLate]).rests(&[(NEITHER, 0), (PUBLISHED, 1)]),
        // (That its worker dies at the other write is a fault of the same class.)
        of("dropped in one go, a write", 1, &[WriteLandsLate]).rests(&[(NEITHER, 0), (WRITTEN, 1)]),
        of("dropped in one go, both", 2, &[WriteLandsLate, PublishLandsLate]).rests(&[
            (NEITHER, 0),
            (WRITTEN, 1),
            (PUBLISHED, 1),
            (BOTH, 2),
        ]),
    ]
}

fn time_passes() -> Vec<Case> {
    let two = |first: bool, second: bool| {
        program(move |_, log| match log {
            [] => ask(lease('x', Guard::None, first)),
            [_] => ask(lease('y', Guard::None, second)),
            _ => done(),
        })
    };
    const BOTH: (&[&str], usize) = (&["e0/x = a", "e0/y = a"], 0);
    const X: (&[&str], usize) = (&["e0/x = a"], 0);
    const Y: (&[&str], usize) = (&["e0/y = a"], 0);
    const NONE: (&[&str], usize) = (&[], 0);
    // Counts a message unless it finds a marker, which lasts for a week.
    let inbox = program(|_, log| match log {
        [] => ask(lease('i', Guard::IfAbsent, true)),
        [(_, Conflict)] => done(),
        [_] => ask(Ask::Read('s')),
        [_, (_, Events(events))] => ask(append(events.len(), 'a')),
        _ => done(),
    });
    // Notes whether what lasts for a second, or for a week, is still there.
    let look = |week| {
        program(move |_, log| match log {
            [] => ask(lease('x', Guard::None, week)),
            [_] => ask(get('x')),
            [_, (_, Absent)] => ask(put('y', 'a')),
            _ => done(),
        })
    };
    let pass = [Fault::TimeToLiveExpires];
    vec![
        case("a week, then a week", &two(true, true), "m", 0, &[], None).rests(&[BOTH, Y, NONE]),
        case("a second, then a week", &two(false, true), "m", 0, &[], None).rests(&[BOTH, Y, NONE]),
        case("a week, then a second", &two(true, false), "m", 0, &[], None).rests(&[BOTH, X, Y, NONE]),
        case("an inbox that forgets, and a late duplicate", &inbox, "m", 1, &[Fault::Duplicate], None).rests(
            &[
                (&["e0 stream s: a", "e0/i = a"], 0),
                (&["e0 stream s: a"], 0),
                (&["e0 stream s: aa", "e0/i = a"], 1),
                (&["e0 stream s: aa"], 1),
            ],
        ),
        case("a second, nobody looks", &look(false), "m", 0, &pass, None).rests(&[X, NONE]),
        case("a second, within a delivery", &look(false), "m", 1, &pass, None).rests(&[
            X,
            NONE,
            (&["e0/y = a"], 1),
        ]),
        case("a week, within a lock", &look(true), "m", 2, &pass, None).rests(&[X, NONE]),
        // Who has lost its lock may dawdle for a week; the other one has written
        // again by then, or not.
        case("a week, after a lock", &look(true), "m", 2, &[pass[0], Fault::LockExpires], None).rests(&[
            X,
            NONE,
            (&["e0/x = a", "e0/y = a"], 2),
            (&["e0/y = a"], 2),
        ]),
    ]
}

/// The first endpoint publishes one and the same message whatever it gets; the
/// second one appends for each copy, and again for each reply that is lost.
fn charged_to_the_roots() -> Vec<Case> {
    let program: Program = Arc::new(|endpoint, _, log, _| match (endpoint, log) {
        (0, []) => ask(Ask::Publish(Note::plain('a'))),
        (0, _) => done(),
        (_, []) => ask(Ask::Read('s')),
        (_, [(_, Events(events))]) => ask(append(events.len(), 'a')),
        (_, [_, (_, Appended(_))]) => done(),
        _ => Wish::Fail,
    });
    let of = |what, mail: &str, each| {
        let mut case = case(what, &program, mail, 0, &[Fault::WriteReplyLost], None);
        case.scope.faults_per_message = Some(each);
        case.scope.endpoints = 2;
        case.scope.routes = vec![(0, 'a', 1)];
        on_one_worker(case)
    };
    vec![
        of("one root, no fault", "m", 0).rests(&[(&["e1 stream s: a", "published 0a"], 0)]),
        of("one root, one fault", "m", 1)
            .rests(&[(&["e1 stream s: a", "published 0a"], 0), (&["e1 stream s: aa", "published 0a"], 1)]),
        of("one root, two faults", "m", 2).rests(&[
            (&["e1 stream s: a", "published 0a"], 0),
            (&["e1 stream s: aa", "published 0a"], 1),
            (&["e1 stream s: aaa", "published 0a"], 2),
        ]),
        // Two copies; and a fault is charged to whoever has published them by
        // then: to one of two, which then can afford no other, nor can both.
        of("two roots, one fault each", "mn", 1)
            .rests(&[(&["e1 stream s: aa", "published 0a"], 0), (&["e1 stream s: aaa", "published 0a"], 1)]),
    ]
}

#[test]
fn a_write_without_a_reply_never_takes_effect_or_has_or_will() {
    check(what_becomes_of_writes());
}

#[test]
fn a_publish_without_a_confirmation_never_takes_effect_or_has_or_will() {
    check(what_becomes_of_publishes());
}

#[test]
fn what_is_begun_and_dropped_in_one_go_may_land() {
    check(dropped_in_one_go());
}

#[test]
fn time_passes_by_itself_and_in_order() {
    check(time_passes());
}

#[test]
fn faults_are_charged_to_the_roots() {
    check(charged_to_the_roots());
}

// ---- the conditions -------------------------------------------------------

/// 1. Where all rests, much can still happen: a duplicate, a deadline, a call that
///    may never land.
fn rest_is_no_deadlock() -> Vec<Case> {
    let program = program(|_, log| match log {
        [] => {
            let write = lease('x', Guard::None, true);
            Wish::Begin(vec![Ask::Publish(Note::plain('a'))], Box::new(ask(write)))
        }
        _ => done(),
    });
    let classes = [Fault::Duplicate, Fault::PublishLandsLate];
    let case = case("all rests, and much can happen", &program, "m", 1, &classes, None);
    vec![on_one_worker(case).rests(&[
        (&["e0/x = a"], 0),
        (&[], 0),
        (&["e0/x = a", "published 0a"], 1),
        (&["published 0a"], 1),
    ])]
}

#[test]
fn condition_1_rest_is_no_deadlock() {
    check(rest_is_no_deadlock());
}

/// Takes a lock that nobody but it will ever release, and releases it.
fn locks_for_good(log: &Log) -> Wish {
    match log {
        [] => ask(put_new('l', 'a')),
        [(_, Stored(_))] => ask(delete('l')),
        [_, (_, Answer::Deleted)] => done(),
        _ => Wish::Fail,
    }
}

fn writes_its_own(message: char, log: &Log) -> Wish {
    if log.is_empty() { ask(put(message, 'a')) } else { done() }
}

/// 2. Messages that share nothing come one after the other; whichever of them
///    gets stuck, and whether it is the cause of others or caused by them.
fn phases() -> Vec<Case> {
    let first =
        program(|text, log| if text == 'm' { locks_for_good(log) } else { writes_its_own(text, log) });
    let last = program(|text, log| if text == 'n' { locks_for_good(log) } else { writes_its_own(text, log) });
    let both = program(|text, log| {
        // Locks of their own.
        match log {
            [] => ask(put_new(text, 'a')),
            [(_, Stored(_))] => ask(delete(text)),
            [_, (_, Answer::Deleted)] => done(),
            _ => Wish::Fail,
        }
    });
    let chain = |locks: u8| -> Program {
        Arc::new(move |endpoint, message, log, _| match (endpoint == locks, log) {
            (true, log) if log.len() < 2 => locks_for_good(log),
            (true, [_, (_, Answer::Deleted)]) | (false, []) => ask(Ask::Publish(Note::plain('a'))),
            (true, [_, _, (_, Published)]) | (false, [(_, Published)]) => writes_its_own(message.text, &[]),
            (true, [_, _, _, (_, Stored(_))]) | (false, [_, (_, Stored(_))]) => done(),
            _ => Wish::Fail,
        })
    };
    let chained = |what, locks| {
        let case = case(what, &chain(locks), "m", 1, &[Fault::CrashAfterWrite], Some(1));
        let scope = Scope { endpoints: 2, routes: vec![(0, 'a', 1)], ..case.scope.clone() };
        Case { scope, ..case }
    };
    let crash = [Fault::CrashAfterWrite];
    const OWN: &[&str] = &["e0/n = a"];
    vec![
        case("the first phase, no fault", &first, "mn", 0, &crash, None).rests(&[(OWN, 0)]),
        case("the first phase", &first, "mn", 1, &crash, Some(1)).rests(&[(OWN, 0)]),
        case("the last phase", &last, "mn", 1, &crash, Some(1)).rests(&[(&["e0/m = a"], 0)]),
        on_one_worker(case("both phases, one worker", &both, "mn", 2, &crash, Some(1))),
        case("both phases", &both, "mn", 1, &crash, Some(1)),
        chained("the cause", 0),
        chained("the caused", 1),
    ]
}

#[test]
fn condition_2_each_phase_can_get_stuck() {
    check(phases());
}

/// 3. What may land or not is no help; what is certain is. A service that forgets
///    at will is none either.
fn late_calls() -> Vec<Case> {
    // `n` cannot begin before `m` has said so; and `m` says it once, and leaves.
    let says_once = program(|text, log| match (text, log) {
        ('m', []) => ask(put('d', 'a')),
        ('m', _) | ('n', [(_, Found(..))]) => done(),
        ('n', []) => ask(get('d')),
        _ => Wish::Fail,
    });
    let says = |what, class, stuck| case(what, &says_once, "mn", 1, &[class], stuck);
    // Here it does not even wait for the answer.
    let says_and_leaves = program(|text, log| match (text, log) {
        ('m', []) => Wish::Begin(vec![put('d', 'a')], Box::new(done())),
        ('n', [(_, Found(..))]) => done(),
        ('n', []) => ask(get('d')),
        _ => Wish::Fail,
    });
    // Deletes its lock once, and leaves.
    let unlocks_once = program(|_, log| match log {
        [] => ask(put_new('l', 'a')),
        [(_, Stored(_) | NoReply)] => ask(delete('l')),
        [_, _] => done(),
        _ => Wish::Fail,
    });
    let unlocks = |what, class, stuck| case(what, &unlocks_once, "mn", 1, &[class], stuck);
    // Both ask different things under one key.
    let asks = program(|text, log| match log {
        [] => ask(Ask::Call { key: Note::plain('k'), request: Note::plain(text) }),
        [(_, Answer::Done(_))] => done(),
        _ => Wish::Fail,
    });
    let mut forgetful = case("the other key is kept", &asks, "mn", 1, &[Fault::TimeToLiveExpires], Some(0));
    forgetful.scope.forgets = Some(Forgets::Always);
    vec![
        says("said in time", Fault::WriteReplyLost, None),
        says("never said", Fault::WriteFails, Some(1)),
        says("could not be said", Fault::WriteUnavailable, Some(1)),
        says("said later", Fault::WriteReplyLate, None),
        // The message comes back, and it is said again.
        says("said by the dead", Fault::WriteLandsLate, None),
        case("perhaps said later", &says_and_leaves, "mn", 1, &[Fault::WriteLandsLate], Some(0)),
        case("never said at all", &says_and_leaves, "mn", 0, &[Fault::WriteLandsLate], Some(0)),
        unlocks("unlocked", Fault::WriteReplyLost, None),
        unlocks("not unlocked", Fault::WriteFails, Some(1)),
        forgetful,
    ]
}

#[test]
fn condition_3_what_may_land_or_not_is_no_help() {
    check(late_calls());
}

/// Looks up to three times, then says what `otherwise`.
fn looks(key: char, log: &Log, found: Wish, otherwise: Wish) -> Wish {
    match log {
        [.., (_, Found(..))] => found,
        [_, _, _] => otherwise,
        _ => ask(get(key)),
    }
}

/// Of two pairs, one waits inside its delivery for what the other one does.
fn two_pairs() -> Program {
    program(|text, log| match text {
        'm' => looks('n', log, done(), Wish::Fail),
        'o' => looks('p', log, done(), Wish::Fail),
        _ => writes_its_own(text, log),
    })
}

/// 4. Workers wait for others, but not for ever: whoever waits in its delivery
///    makes calls, and these are bounded.
fn waits_within_deliveries() -> Vec<Case> {
    const END: (&[&str], usize) = (&["e0/n = a", "e0/p = a"], 0);
    let pairs = case("two pairs wait", &two_pairs(), "mnop", 0, &[], None).rests(&[END]);
    let both = program(|text, log| match text {
        'm' => looks('n', log, writes_its_own('m', &[]), Wish::Fail),
        _ => looks('m', log, writes_its_own('n', &[]), Wish::Fail),
    });
    vec![
        pairs,
        on_one_worker(case("a pair waits, one worker", &two_pairs(), "mn", 0, &[], None)),
        // Each for the other: neither ever begins.
        case("each waits for the other", &both, "mn", 0, &[], Some(0)).rests(&[]),
    ]
}

#[test]
fn condition_4_who_waits_in_its_delivery_gives_up() {
    check(waits_within_deliveries());
}

/// 5. What is waited for within a delivery can be a deadline, if that is sooner
///    than the lock.
fn waits_for_a_lease() -> Vec<Case> {
    // It sets the lease anew each time, so it must end within this delivery.
    let renews = |week| {
        program(move |_, log| match log {
            [] => ask(lease('l', Guard::None, week)),
            [_, .., (_, Absent)] => done(),
            [_, _, _, _] => Wish::Fail,
            _ => ask(get('l')),
        })
    };
    // Or whoever died has left it.
    let left = |week| {
        program(move |_, log| match log {
            [] | [(_, Conflict)] | [_, (_, Conflict)] => ask(lease('l', Guard::IfAbsent, week)),
            [.., (Ask::PutExpiring { .. }, Stored(_))] => ask(delete('l')),
            [.., (Ask::Delete { .. }, _)] => done(),
            _ => Wish::Fail,
        })
    };
    let pass = [Fault::TimeToLiveExpires];
    let crash = [Fault::CrashAfterWrite];
    vec![
        // That it ends is a fault in a run, and none behind the last fault.
        case("its own second, no fault", &renews(false), "m", 0, &pass, None).rests(&[]),
        case("its own second", &renews(false), "m", 1, &pass, None).rests(&[(&[], 1)]),
        case("its own second, others' faults", &renews(false), "m", 1, &[Fault::AckFails], None).rests(&[]),
        // A week does not pass within its lock, which is older.
        case("its own week", &renews(true), "m", 1, &pass, Some(0)).rests(&[]),
        case("a second that was left", &left(false), "m", 1, &crash, None),
        case("a week that was left", &left(true), "m", 1, &crash, None).rests(&[(&[], 0)]),
        case("a week that was left, two messages", &left(true), "mn", 1, &crash, None),
    ]
}

#[test]
fn condition_5_a_deadline_passes_under_who_waits_for_it() {
    check(waits_for_a_lease());
}

/// 6. What the last fault is spent on makes the difference; and that a lock
///    expires does no more than what its rivals do.
fn budgets_and_locks() -> Vec<Case> {
    // Tries twice to unlock. (`n` only reads, and can waste a fault.)
    let tries_twice = program(|text, log| match (text, log) {
        ('n', []) => ask(get('y')),
        ('n', [(_, Unavailable)]) => Wish::Fail,
        ('n', _) => done(),
        (_, []) => ask(put_new('l', 'a')),
        (_, [(_, Stored(_))]) => ask(delete('l')),
        (_, [_, .., (_, Answer::Deleted)]) => done(),
        (_, [_, (_, Unavailable)]) => ask(delete('l')),
        _ => Wish::Fail,
    });
    let twice = [Fault::WriteUnavailable, Fault::ReadFails];
    // Whoever comes second is refused.
    let once = program(|_, log| match log {
        [] => ask(put_new('x', 'a')),
        [(_, Stored(_))] => done(),
        _ => Wish::Fail,
    });
    let refused =
        |what, class, stuck| case(what, &once, "m", 1, &[class], stuck).rests(&[(&["e0/x = a"], 0)]);
    // Likewise; but only if it is still being worked on. The lock must expire.
    let overlaps = program(|_, log| match log {
        [] => ask(get('x')),
        [(_, Absent)] => ask(put('x', 'a')),
        [(_, Found(..))] => Wish::Fail,
        [_, _] => ask(delete('x')),
        _ => done(),
    });
    let overlap = |what, class, stuck| case(what, &overlaps, "m", 1, &[class], stuck);
    vec![
        case("tries twice, one fault", &tries_twice, "mn", 1, &twice, None),
        case("tries twice, two faults", &tries_twice, "mn", 2, &twice, Some(2)),
        refused("refused, no fault", Fault::StaleRead, None),
        refused("refused after a failed ack", Fault::AckFails, Some(1)),
        refused("refused after a crash", Fault::CrashBeforeAck, Some(1)),
        refused("refused with a lock that expires", Fault::LockExpires, Some(1)),
        refused("refused as a duplicate", Fault::Duplicate, Some(1)),
        on_one_worker(refused("nobody is there for whom a lock could expire", Fault::LockExpires, None)),
        // Whatever the overlap is, the slow one deletes in the end.
        overlap("overlapping deliveries", Fault::LockExpires, None),
        overlap("overlapping copies", Fault::Duplicate, None),
        overlap("deliveries that follow each other", Fault::AckFails, None),
        overlap("a delivery after a death", Fault::CrashAfterWrite, Some(1)),
    ]
}

#[test]
fn condition_6_the_last_fault_makes_the_difference() {
    check(budgets_and_locks());
}

/// 7. Ids are names: a lock that says whose it is, by the message or by an id that
///    is new at each delivery.
fn ids() -> Vec<Case> {
    let owned = |by_id: bool| -> Program {
        Arc::new(move |_, message, log, known| {
            let mine = match by_id {
                true => Note { text: 'i', id: Some(0) },
                false => Note::plain(message.text),
            };
            let take = Ask::Put { key: Key::own('l'), body: mine, guard: Guard::IfAbsent };
            match log {
                [] => {
                    // The id is drawn in any case, so that it is the first name.
                    let draw = Ask::Put { key: Key::own('j'), body: mine, guard: Guard::IfAbsent };
                    assert_eq!(known, 0, "no name is known yet");
                    if by_id { ask(draw) } else { ask(get('j')) }
                }
                [_] => ask(get('l')),
                [_, (_, Absent)] => ask(take),
                [_, (_, Found(body, _))] if *body == mine => ask(delete('l')),
                [_, (_, Absent), (_, Stored(_))] => ask(delete('l')),
                [.., (_, Answer::Deleted)] => done(),
                _ => Wish::Fail,
            }
        })
    };
    let of = |what, by_id, mail, class, stuck| case(what, &owned(by_id), mail, 1, &[class], stuck);
    vec![
        of("its own lock", false, "m", Fault::CrashAfterWrite, None),
        of("its own lock, two messages", false, "mn", Fault::CrashAfterWrite, None),
        of("the lock of an id that is no more", true, "m", Fault::CrashAfterWrite, Some(1)),
        of("the lock of an id that is no more, two messages", true, "mn", Fault::CrashAfterWrite, Some(1)),
        // It lands when its owner is gone.
        of("its own lock, taken late", false, "mn", Fault::WriteReplyLate, Some(1)),
        of("its own lock, alone, taken late", false, "m", Fault::WriteReplyLate, None),
        of("an id's lock, overlapping", true, "m", Fault::LockExpires, None),
    ]
}

#[test]
fn condition_7_ids_are_names() {
    check(ids());
}

/// 8. That rest is out of reach is a claim about all runs: also about those that
///    only late touch what they had never touched.
fn learned_late() -> Vec<Case> {
    // Only at its second delivery does `m` say what `n` waits for; and if it
    // cannot read, it never does.
    let second_time = program(|text, log| match (text, log) {
        ('m', []) => ask(get('y')),
        ('m', [(_, Absent)]) => ask(put('y', 'a')),
        ('m', [(_, Absent), _]) => Wish::Fail,
        ('m', [(_, Found(..))]) => ask(put('d', 'a')),
        ('n', []) => ask(get('d')),
        ('n', [(_, Absent | Unavailable)]) => Wish::Fail,
        _ => done(),
    });
    let of = |what, faults, stuck| case(what, &second_time, "mn", faults, &[Fault::ReadFails], stuck);
    vec![
        of("said at the second delivery", 0, None).rests(&[(&["e0/d = a", "e0/y = a"], 0)]),
        of("never delivered twice", 1, Some(1)),
        of("never delivered twice, more faults", 2, Some(1)),
    ]
}

#[test]
fn condition_8_what_is_touched_late_counts() {
    check(learned_late());
}

/// 9. Of what was cut off, nothing is claimed: neither of a delivery nor of a
///    search.
#[test]
fn condition_9_what_is_unknown_can_rest() {
    let never = program(|_, _| ask(get('d')));
    let mut scope = case("", &never, "m", 0, &[], None).scope;
    scope.calls = 5;
    let found = brute::explore(&never, &scope, LIMIT).expect("it is small");
    assert!(found.cut_off && found.rests.is_empty() && found.stuck.is_none(), "{found:?}");
    // That another message is refused for ever beside it makes no difference.
    let refused = program(|text, _| if text == 'm' { ask(get('d')) } else { Wish::Fail });
    let scope = Scope { mail: vec![(0, 'm'), (0, 'n')], ..scope };
    let found = brute::explore(&refused, &scope, LIMIT).expect("it is small");
    assert!(found.cut_off && found.rests.is_empty() && found.stuck.is_none(), "{found:?}");
    // Two pairs, who wait without end: both workers can be taken for good, and
    // that is unknown as well. But the others may also come first.
    let pairs = program(|text, log| match (text, log) {
        ('m' | 'o', [.., (_, Found(..))]) => done(),
        ('m', _) => ask(get('n')),
        ('o', _) => ask(get('p')),
        _ => writes_its_own(text, log),
    });
    let scope = Scope { calls: 3, ..case("", &pairs, "mnop", 0, &[], None).scope };
    let found = brute::explore(&pairs, &scope, LIMIT).expect("it is small");
    assert!(found.cut_off && found.rests.len() == 1 && found.stuck.is_none(), "{found:?}");
    // Longer at every refusal: too many states, so nothing is said.
    let grows = program(|_, log| match log {
        [] => ask(Ask::Read('s')),
        [(_, Events(events))] => ask(append(events.len(), 'a')),
        _ => Wish::Fail,
    });
    assert!(brute::explore(&grows, &Scope { faults: 0, ..Scope::default() }, 500).is_none());
}

// ---- what was wrong before ------------------------------------------------

/// Right handlers that wait, which a cycle alone once condemned; and wrong ones.
fn one_class_of_faults() -> Vec<Case> {
    let in_turn = program(|text, log| match (text, log) {
        ('n', []) => ask(get('d')),
        ('n', [(_, Absent | Unavailable)]) => Wish::Fail,
        ('m', []) => ask(put('d', 'a')),
        ('m', [(_, NoReply | Unavailable)]) => Wish::Fail,
        _ => done(),
    });
    let named = |what, faults, classes: Faults, stuck| {
        let mut case = case(what, &in_turn, "mn", faults, &[], stuck);
        case.scope.classes = classes;
        case
    };
    // Takes a lock that lasts for a second, a week or for ever.
    let locked = |week: Option<bool>| {
        program(move |_, log| match log {
            [] => ask(week.map_or(put_new('l', 'a'), |week| lease('l', Guard::IfAbsent, week))),
            [(_, Stored(_))] => ask(delete('l')),
            [_, (_, Answer::Deleted)] => done(),
            _ => Wish::Fail,
        })
    };
    let lock =
        |what, week, mail, classes: &[Fault], stuck| case(what, &locked(week), mail, 1, classes, stuck);
    // Two who may disturb each other again and again, and need not.
    let duel = program(|text, log| match log {
        [] => ask(get('x')),
        [(_, read)] => {
            let guard = if let Found(_, etag) = read { Guard::IfEtag(*etag) } else { Guard::IfAbsent };
            ask(Ask::Put { key: Key::own('x'), body: Note::plain(text), guard })
        }
        [_, (_, Stored(_))] => done(),
        _ => Wish::Fail,
    });
    // A message that nobody ever accepts; and a subject that has moved on.
    let never = program(|_, _| Wish::Fail);
    let moved_on = program(|_, log| match log {
        [] => {
            ask(Ask::Send { subject: "s.a", body: Note::plain('a'), name: None, expected: Expect::Last(0) })
        }
        [(_, Answer::Acked { .. })] => done(),
        _ => Wish::Fail,
    });
    vec![
        named("in turn, no fault", 0, Faults::NONE, None),
        named("in turn", 1, Faults::usual(), None),
        named("in turn, late effects", 1, Faults::all(), None),
        lock("a second, lost", Some(false), "m", &[Fault::WriteReplyLost], None),
        lock("a week, lost", Some(true), "m", &[Fault::WriteReplyLost], None),
        lock("a week, a crash, two messages", Some(true), "mn", &[Fault::CrashAfterWrite], None),
        lock("for ever, lost", None, "m", &[Fault::WriteReplyLost], Some(1)),
        lock("for ever, never taken", None, "m", &[Fault::WriteUnavailable], Some(1)),
        lock("for ever, read only", None, "m", &[Fault::ReadFails], None),
        case("a duel", &duel, "mn", 0, &[], None),
        case("a duel, faults", &duel, "mn", 1, &[Fault::LockExpires, Fault::WriteReplyLate], None),
        case("never accepted", &never, "m", 0, &[], Some(0)).rests(&[]),
        case("moved on, alone", &moved_on, "m", 0, &[], None),
        case("moved on", &moved_on, "mn", 0, &[], Some(0)).rests(&[]),
    ]
}

#[test]
fn who_waits_is_not_stuck_and_who_is_refused_for_ever_is() {
    check(one_class_of_faults());
}

/// Three messages, each of which waits for the one before. Without the first, the
/// second hangs without any fault; that is another story than the one in which
/// all three were sent, and must not be told instead.
fn three_in_a_row() -> Vec<Case> {
    let in_turn = program(|text, log| {
        let turn = usize::from(text as u8 - b'm');
        match log {
            [] => ask(append(turn, text)),
            [(_, Appended(_))] => done(),
            // What the first has to say is never said twice.
            [(_, Conflict)] if text == 'm' => done(),
            _ => Wish::Fail,
        }
    });
    let lost = [Fault::WriteReplyLost];
    vec![
        case("three in a row", &in_turn, "mno", 0, &lost, None),
        case("three in a row, a reply is lost", &in_turn, "mno", 1, &lost, Some(1)),
        case("the second alone", &in_turn, "n", 1, &lost, Some(0)),
    ]
}

#[test]
fn who_waits_for_another_is_not_blamed_alone() {
    check(three_in_a_row());
}
