//! The explorer against what can be worked out without it: counts done by hand,
//! and a [brute-force](support::brute) model written from the fault table.
//!
//! For longer hunts: `FROM=100000 MANY=20000 cargo test -p chaos --test
//! small_systems random -- --nocapture` takes other seeds.

#![allow(missing_docs)]

mod support;

use std::sync::Arc;

use chaos::{Counts, Fault, Faults, Reductions, System, explore};
use shared::{Endpoint, Precondition};
use support::brute::{Forgets, Scope};
use support::compare::{Compared, assert_same};
use support::programs::{Answer, Ask, Expect, Guard, Key, Log, Note, Program, Wish, sent};
use support::random;

// ---- by hand --------------------------------------------------------------

const NO_INDEPENDENCE: Reductions = Reductions { independence: false, ..Reductions::ALL };

fn reads() -> System {
    System::of(Endpoint::new("e", async |_, ports, _| {
        ports.documents.get("x").await?;
        Ok(())
    }))
}

fn writes() -> System {
    System::of(Endpoint::new("e", async |message, ports, _| {
        ports.documents.put("x", message.name().into(), Precondition::None).await?;
        Ok(())
    }))
}

fn reads_and_writes() -> System {
    System::of(Endpoint::new("e", async |message, ports, _| {
        ports.documents.get("x").await?;
        ports.documents.put("x", message.name().into(), Precondition::None).await?;
        Ok(())
    }))
}

#[track_caller]
fn assert_counts(counts: Counts, states: usize, transitions: usize, at_rest: usize, schedules: u128) {
    let got = (counts.states, counts.transitions, counts.at_rest, counts.schedules);
    assert_eq!(got, (states, transitions, at_rest, schedules), "states, transitions, at rest, schedules");
}

#[test]
fn one_message_is_one_line_of_states() {
    // Queued, reading, writing, acknowledging, at rest.
    let report = explore(reads_and_writes).send([sent('m')]).workers(1).faults(0).run();
    assert_counts(report.counts, 5, 4, 1, 1);
}

#[test]
fn a_failed_ack_is_a_second_line_that_ends_like_the_first() {
    // The second delivery reads what the first has written, so nothing of it is
    // known but where it ends.
    let report = explore(reads_and_writes).send([sent('m')]).workers(1).only([Fault::AckFails]).run();
    assert_counts(report.counts, 5 + 4, 5 + 4, 1, 2);
}

#[test]
fn two_messages_on_one_worker_follow_each_other() {
    // Either may be first, and the later one decides what the document says.
    let report = explore(reads_and_writes).send([sent('m'), sent('n')]).workers(1).faults(0).run();
    assert_counts(report.counts, 1 + 2 * (4 + 4), 2 * (4 + 4), 2, 2);
}

#[test]
fn two_readers_on_two_workers_are_a_grid_and_reduced_a_line() {
    // Each message is queued, reading, acknowledging or done.
    let search = || explore(reads).send([sent('m'), sent('n')]).faults(0);
    let full = search().reductions(NO_INDEPENDENCE).run();
    assert_counts(full.counts, 4 * 4, 2 * 3 * 4, 1, 20);
    // Told apart by name, the workers make two states of one with one of them
    // busy, or with both: 4 with none, 8 with one, 4 with two.
    let named = search().reductions(Reductions { workers: false, ..NO_INDEPENDENCE }).run();
    assert_eq!((named.counts.states, named.counts.at_rest), (4 + 2 * 8 + 2 * 4, 1));
    // Without a memory, every schedule is a leaf of a tree.
    let tree = search().reductions(Reductions { cache: false, ..NO_INDEPENDENCE }).run();
    assert_eq!((tree.counts.at_rest, tree.counts.schedules), (20, 20));
    // They share nothing, so one goes first.
    let reduced = search().run();
    assert_counts(reduced.counts, 7, 6, 1, 1);
}

#[test]
fn what_nobody_is_affected_by_goes_first_also_among_those_that_share_something() {
    // Each message is queued, at something of its own, writing, acknowledging or done,
    // and both write `x`. What is its own goes first (to read what nobody writes, to
    // write what nobody else does, also under a name that nobody else knows), and so
    // does acknowledging; writing `x` does not, while the other is under way. So either
    // is alone (own, w, a, then the other one: own, w, a, done), or both come to
    // writing (w and own, w and w), and one is faster (a and w), which ends like the
    // one that came first.
    for own in ["reads", "writes", "names"] {
        let system = move || {
            System::of(Endpoint::new("e", async move |message, ports, context| {
                let (name, documents) = (message.name(), &ports.documents);
                match own {
                    "reads" => _ = documents.get("r").await?,
                    "writes" => _ = documents.put(name, b"own".to_vec(), Precondition::None).await?,
                    _ => {
                        let name = format!("own {}", context.new_id());
                        documents.put(&name, b"own".to_vec(), Precondition::None).await?;
                    }
                }
                documents.put("x", name.into(), Precondition::None).await?;
                Ok(())
            }))
        };
        let report = explore(system).send([sent('m'), sent('n')]).workers(2).faults(0).run();
        println!("{own}");
        assert_counts(report.counts, 1 + 2 * 8 + 2 + 1 + 2, 2 + 2 * 8 + 2 + 2 + 2, 2, 2 * 3);
    }
}

#[test]
fn what_is_refused_for_ever_goes_first() {
    // `m` writes twice and then on condition that nobody wrote since the first time,
    // while `n` reads once. The third write is refused, whatever `n` does. So while
    // `n` is queued or reading, `m` is queued, writing for the first time or for the
    // second (6 states, 2 steps each, but for the 3 where `n` reads on), or goes
    // through to its end (3, 3); `n` acknowledges at once, from 3 states of `m`, after
    // which `m` goes on alone (3, 1, 1); or it comes after all (2), and both are done.
    let system = || {
        System::of(Endpoint::new("e", async |message, ports, _| {
            if message.name() == "n" {
                ports.documents.get("x").await?;
                return Ok(());
            }
            let first = ports.documents.put("x", b"1".to_vec(), Precondition::None).await?;
            ports.documents.put("x", b"2".to_vec(), Precondition::None).await?;
            let third = ports.documents.put("x", b"3".to_vec(), Precondition::IfEtag(first)).await;
            assert!(third.is_err());
            Ok(())
        }))
    };
    let report = explore(system).send([sent('m'), sent('n')]).workers(2).faults(0).run();
    assert_counts(report.counts, 22, 27, 1, 10);
}

#[test]
fn one_lock_expiry_makes_fourteen_states() {
    // Without it: queued, writing, acknowledging, at rest. With it, by what the
    // slow worker and the other one do: w(riting), a(cknowledging), - (gone);
    // and whose etag the document has:
    //   ww, aw, wa, -w, aa (slow), aa (other), w-, a- (own), a- (overtaken),
    //   -a (overtaken); with its own etag, the other one is alone as if the
    //   slow one had never been.
    let report =
        explore(writes).send([sent('m')]).only([Fault::LockExpires]).reductions(NO_INDEPENDENCE).run();
    assert_eq!((report.counts.states, report.counts.transitions, report.counts.at_rest), (4 + 10, 20, 1));
}

// ---- by brute force -------------------------------------------------------

/// Reads a letter, writes the next one if nobody was faster, and says so.
fn counter() -> Program {
    Arc::new(|_, _, log, _| match log {
        [] => Wish::Ask(vec![Ask::Get(Key::own('x'))]),
        [(_, Answer::Unavailable)] => Wish::Fail,
        [(_, read)] => Wish::Ask(vec![next_letter(read)]),
        [(_, read), (_, Answer::Stored(_))] => {
            let Ask::Put { body, .. } = next_letter(read) else { unreachable!() };
            Wish::Ask(vec![Ask::Publish(body)])
        }
        [_, _, (_, Answer::Published)] => Wish::Done(Vec::new()),
        _ => Wish::Fail,
    })
}

fn next_letter(read: &Answer) -> Ask {
    let (letter, guard) = match read {
        Answer::Found(body, etag) => ((body.text as u8 + 1) as char, Guard::IfEtag(*etag)),
        _ => ('a', Guard::IfAbsent),
    };
    Ask::Put { key: Key::own('x'), body: Note::plain(letter), guard }
}

/// The same, with a marker for each message: written first, so that the message
/// is lost when the rest fails; its output is handed over.
fn marker_first() -> Program {
    Arc::new(|_, message, log, _| match log {
        [] => {
            let key = Key::own(message.text);
            Wish::Ask(vec![Ask::Put { key, body: Note::plain('!'), guard: Guard::IfAbsent }])
        }
        [(_, Answer::Conflict)] => Wish::Done(Vec::new()),
        [(_, Answer::Stored(_))] => Wish::Ask(vec![Ask::Get(Key::own('x'))]),
        [_, (_, read @ (Answer::Absent | Answer::Found(..)))] => Wish::Ask(vec![next_letter(read)]),
        [_, _, (_, Answer::Stored(_))] => Wish::Done(vec![Note::plain(message.text)]),
        _ => Wish::Fail,
    })
}

/// Appends to a stream unless it has done so, and announces it under an id that
/// is new at every attempt.
fn appender() -> Program {
    Arc::new(|_, message, log, known| match log {
        [] => Wish::Ask(vec![Ask::Read('s')]),
        [(_, Answer::Events(events))] if events.contains(&message.text) => {
            Wish::Done(vec![Note { text: 'o', id: Some(known) }])
        }
        [(_, Answer::Events(events))] => {
            Wish::Ask(vec![Ask::Append { stream: 's', expected: events.len() as u64, event: message.text }])
        }
        [_, (_, Answer::Appended(_))] => Wish::Done(vec![Note { text: 'o', id: Some(known) }]),
        _ => Wish::Fail,
    })
}

/// Two documents at the same time; whichever answers first, the other is
/// dropped if that went wrong.
fn in_parallel() -> Program {
    Arc::new(|_, message, log, _| {
        let puts = ['x', 'y'].map(|key| Ask::Put {
            key: Key::own(key),
            body: Note::plain(message.text),
            guard: Guard::None,
        });
        match log {
            [] => Wish::Ask(puts.to_vec()),
            [(one, Answer::Stored(_))] => Wish::Ask(puts.into_iter().filter(|put| put != one).collect()),
            [_, (_, Answer::Stored(_))] => Wish::Done(vec![Note::plain('o')]),
            _ => Wish::Fail,
        }
    })
}

/// The first endpoint passes on what it gets, under a new id; the second one
/// keeps it, in a document that both can see.
fn pipeline() -> Program {
    Arc::new(|endpoint, message, log, known| match (endpoint, log) {
        (0, []) => Wish::Ask(vec![Ask::Get(Key { store: 1, text: 'k', id: None })]),
        (0, [(_, Answer::Unavailable)]) => Wish::Fail,
        (0, [(_, Answer::Absent)]) => Wish::Done(vec![Note { text: 'f', id: Some(known) }]),
        (0, _) => Wish::Done(vec![Note::plain(message.text)]),
        (_, []) => {
            let key = Key { store: 1, text: 'k', id: None };
            Wish::Ask(vec![Ask::Put {
                key,
                body: Note { text: 'k', id: message.id },
                guard: Guard::IfAbsent,
            }])
        }
        (_, [(_, Answer::Stored(_))]) => Wish::Done(vec![Note { text: 'k', id: message.id }]),
        (_, [(_, Answer::Conflict)]) => Wish::Done(Vec::new()),
        _ => Wish::Fail,
    })
}

#[allow(clippy::type_complexity)]
fn named() -> [(&'static str, Program, Vec<(u8, char, u8)>); 5] {
    [
        ("counter", counter(), Vec::new()),
        ("marker first", marker_first(), Vec::new()),
        ("appender", appender(), Vec::new()),
        ("in parallel", in_parallel(), Vec::new()),
        ("pipeline", pipeline(), vec![(0, 'f', 1)]),
    ]
}

fn scope_of(routes: &[(u8, char, u8)], messages: usize, workers: u8, faults: u8, classes: Faults) -> Scope {
    Scope {
        faults,
        classes,
        workers,
        endpoints: if routes.is_empty() { 1 } else { 2 },
        mail: ['m', 'n', 'o'][..messages].iter().map(|&text| (0, text)).collect(),
        routes: routes.to_vec(),
        ..Scope::default()
    }
}

#[test]
fn handlers_with_a_name_end_as_by_brute_force() {
    let mut compared = 0;
    for (name, program, routes) in named() {
        for messages in 1..=3 {
            for workers in 1..=2 {
                for faults in 0..=2 {
                    for classes in [Faults::usual(), Faults::all()] {
                        let scope = scope_of(&routes, messages, workers, faults, classes);
                        compared += assert_same(name, &program, &scope, 5_000).compared;
                    }
                }
            }
        }
    }
    assert!(compared >= 100, "only {compared} were small enough");
}

#[test]
fn every_class_of_faults_by_itself_ends_as_by_brute_force() {
    for (name, program, routes) in named() {
        for fault in Fault::ALL {
            let weak = fault == Fault::StaleRead;
            let faults = if routes.is_empty() { 2 } else { 1 };
            let scope = scope_of(&routes, 2, 2, faults, [fault].into_iter().collect());
            let scope = Scope { weak, stale: 2 * u8::from(weak), ..scope };
            let what = format!("{name} under {fault}");
            assert_eq!(assert_same(&what, &program, &scope, 60_000).compared, 1, "{what} is too large");
        }
    }
}

/// What two classes of faults do to each other: both struck, whichever came first.
/// Every pair is tried with two programs or three.
#[test]
fn every_pair_of_classes_ends_as_by_brute_force() {
    let pairs = || {
        let all = Fault::ALL.iter().enumerate();
        all.flat_map(|(place, &one)| Fault::ALL[place + 1..].iter().map(move |&other| [one, other]))
    };
    for (turn, (name, program, routes)) in named().into_iter().enumerate() {
        for (_, pair) in pairs().enumerate().filter(|(place, _)| place % 2 == turn % 2) {
            let weak = pair.contains(&Fault::StaleRead);
            let scope = scope_of(&routes, 1, 2, 2, pair.into_iter().collect());
            let scope = Scope { weak, stale: 2 * u8::from(weak), ..scope };
            let what = format!("{name} under {} and {}", pair[0], pair[1]);
            assert_eq!(assert_same(&what, &program, &scope, 60_000).compared, 1, "{what} is too large");
        }
    }
}

/// Asks the calls one after the other, whatever the answers are.
fn script(calls: impl Fn(char) -> Vec<Ask> + Send + Sync + 'static) -> Program {
    Arc::new(move |_, message, log, _| match calls(message.text).get(log.len()) {
        Some(&call) => Wish::Ask(vec![call]),
        None => Wish::Done(Vec::new()),
    })
}

/// The same call, dropped at two deliveries, can land twice. (Of a publish
/// without a name, that makes two messages.)
#[test]
fn what_is_dropped_twice_can_land_twice() {
    let put = |text| Ask::Put { key: Key::own(text), body: Note::plain('a'), guard: Guard::IfAbsent };
    // The first two deliveries of `m`, counted by a stream, drop a publication
    // each, and say so; `n` says that it came after that, and before any of the
    // two was to be seen.
    let program: Program = Arc::new(move |_, message, log, _| {
        let send =
            Ask::Send { subject: "s.a", body: Note::plain('b'), name: None, expected: Expect::Nothing };
        match (message.text, log) {
            ('m', []) => Wish::Ask(vec![Ask::Read('s')]),
            ('m', [(_, Answer::Events(events))]) if events.len() < 2 => {
                let expected = events.len() as u64;
                Wish::Ask(vec![Ask::Append { stream: 's', expected, event: 'a' }])
            }
            ('m', [_, (_, Answer::Appended(_))]) => Wish::Ask(vec![send, Ask::Get(Key::own('x'))]),
            ('m', [_, (_, Answer::Appended(1)), (Ask::Get(_), _)]) => Wish::Ask(vec![put('x')]),
            ('m', [_, (_, Answer::Appended(1)), (Ask::Get(_), _), _]) => Wish::Fail,
            ('m', [_, (_, Answer::Appended(2)), (_, Answer::Found(..))]) => Wish::Ask(vec![put('z')]),
            ('n', []) => Wish::Ask(vec![Ask::Get(Key::own('z'))]),
            ('n', [(_, Answer::Found(..))]) => Wish::Ask(vec![Ask::Receive(">")]),
            ('n', [_, (_, Answer::Messages(messages))]) if messages.is_empty() => Wish::Ask(vec![put('y')]),
            _ => Wish::Done(Vec::new()),
        }
    });
    for faults in 0..=2 {
        let classes = [Fault::WriteLandsLate].into_iter().collect();
        let scope = Scope { faults, classes, workers: 1, ..Scope::default() };
        let compared = assert_same("dropped twice", &program, &scope, 100_000).compared;
        assert_eq!(compared, 1, "{faults} faults are too many");
    }
}

fn put(key: Key, text: char) -> Ask {
    Ask::Put { key, body: Note::plain(text), guard: Guard::None }
}

fn assert_small(what: &str, program: &Program, scope: &Scope) {
    assert_eq!(assert_same(what, program, scope, 20_000).compared, 1, "{what} is too large");
}

/// Looks whether there is a document, writes it if there is none, and says what it
/// saw, and whether somebody else was there in between.
fn looks_and_writes(key: Key, log: &Log) -> Wish {
    let says = |what| Wish::Ask(vec![put(Key::own('y'), what)]);
    match log {
        [] => Wish::Ask(vec![Ask::Get(key)]),
        [_] => Wish::Ask(vec![Ask::Put { key, body: Note::plain('a'), guard: Guard::IfAbsent }]),
        [(_, Answer::Absent), (_, Answer::Stored(_))] => says('1'),
        [(_, Answer::Absent), _] => says('2'),
        [_, _] => says('3'),
        _ => Wish::Done(Vec::new()),
    }
}

/// Looks twice what there is, and says what it saw.
fn looks_twice(key: Key, log: &Log) -> Wish {
    let text = |answer: &Answer| match answer {
        Answer::Found(body, _) => Some(body.text),
        _ => None,
    };
    match log {
        [] | [_] => Wish::Ask(vec![Ask::Get(key)]),
        [(_, first), (_, second)] => {
            let same = text(first) == text(second);
            Wish::Ask(vec![put(Key::own('y'), if same { '1' } else { '2' })])
        }
        _ => Wish::Done(Vec::new()),
    }
}

/// A worker goes first only where nobody can come in between: who is at work or waits
/// in the queue, what is in flight, who gets its message when its lock runs out, a
/// copy. Each time, there is nobody else to wait for.
#[test]
fn whoever_may_come_in_between_is_waited_for() {
    let program: Program = Arc::new(|_, _, log, _| looks_and_writes(Key::own('x'), log));
    for (fault, workers) in [(Fault::LockExpires, 2), (Fault::Duplicate, 2), (Fault::WriteLandsLate, 1)] {
        let scope = scope_of(&[], 1, workers, 1, [fault].into_iter().collect());
        assert_small(&format!("{fault} alone"), &program, &scope);
    }
    assert_small("another message", &program, &scope_of(&[], 2, 2, 0, Faults::NONE));
}

/// A document under a fresh id is out of reach of those who cannot know the id. Who
/// can: each time by another way, and by no other.
#[test]
fn whoever_may_know_the_name_of_a_document_is_waited_for() {
    const DRAFT: Key = Key { store: 1, text: 'd', id: Some(0) };
    let draft = |id| Key { id, ..DRAFT };
    let note = |text, id| Note { text, id: Some(id) };
    let keeps = |key, body| Wish::Ask(vec![Ask::Put { key, body, guard: Guard::None }]);
    let routes = [(0, 'f', 1)];

    // From a message that waits, or is being processed.
    let told: Program = Arc::new(move |endpoint, message, log, _| match (endpoint, log) {
        (0, []) => Wish::Ask(vec![put(DRAFT, 'a')]),
        (0, [_]) => Wish::Ask(vec![Ask::Publish(note('f', 0))]),
        (0, [_, _, looked @ ..]) => looks_twice(DRAFT, looked),
        (_, []) => Wish::Ask(vec![put(draft(message.id), 'b')]),
        _ => Wish::Done(Vec::new()),
    });
    assert_small("a message", &told, &scope_of(&routes, 1, 1, 0, Faults::NONE));

    // From a document that everybody knows.
    let kept: Program = Arc::new(move |_, message, log, _| match (message.text, log) {
        ('m', []) => Wish::Ask(vec![put(DRAFT, 'a')]),
        ('m', [_]) => keeps(Key::own('i'), note('i', 0)),
        ('m', [_, _, looked @ ..]) => looks_twice(DRAFT, looked),
        (_, []) => Wish::Ask(vec![Ask::Get(Key::own('i'))]),
        (_, [(_, Answer::Found(body, _))]) => Wish::Ask(vec![put(draft(body.id), 'b')]),
        _ => Wish::Done(Vec::new()),
    });
    assert_small("a document", &kept, &scope_of(&[], 2, 2, 0, Faults::NONE));

    // From a document whose name is in another one.
    let chained: Program = Arc::new(move |_, message, log, _| match (message.text, log) {
        ('m', []) => Wish::Ask(vec![put(DRAFT, 'a')]),
        ('m', [_]) => keeps(Key { store: 0, text: 'e', id: Some(2) }, note('e', 0)),
        ('m', [_, _]) => keeps(Key::own('z'), note('z', 2)),
        ('m', [_, _, _, looked @ ..]) => looks_twice(DRAFT, looked),
        (_, []) => Wish::Ask(vec![Ask::Get(Key::own('z'))]),
        (_, [(_, Answer::Found(body, _))]) => {
            Wish::Ask(vec![Ask::Get(Key { store: 0, text: 'e', id: body.id })])
        }
        (_, [_, (_, Answer::Found(body, _))]) => Wish::Ask(vec![put(draft(body.id), 'b')]),
        _ => Wish::Done(Vec::new()),
    });
    assert_small("a document of a document", &chained, &scope_of(&[], 2, 2, 0, Faults::NONE));

    // From itself, whose call may land late.
    let dropped: Program = Arc::new(move |_, _, log, _| match log {
        [] => Wish::Begin(vec![put(DRAFT, 'b')], Box::new(looks_twice(DRAFT, log))),
        log => looks_twice(DRAFT, log),
    });
    let late = [Fault::WriteLandsLate].into_iter().collect();
    assert_small("a call", &dropped, &scope_of(&[], 1, 1, 1, late));

    // From the message that it is itself busy with, which somebody else may get.
    let passed_on: Program = Arc::new(move |endpoint, message, log, known| match endpoint {
        0 => Wish::Done(vec![note('f', known)]),
        _ => looks_and_writes(draft(message.id), log),
    });
    for fault in [Fault::LockExpires, Fault::Duplicate] {
        let scope = scope_of(&routes, 1, 2, 1, [fault].into_iter().collect());
        assert_small(&format!("its own message, {fault}"), &passed_on, &scope);
    }
}

/// While one message is being processed, the key of another can be forgotten,
/// and whether it may be can depend on what has just been written.
#[test]
fn a_key_is_forgotten_while_another_message_is_under_way() {
    let call = Ask::Call { key: Note::plain('k'), request: Note::plain('a') };
    let put = |text| Ask::Put { key: Key::own(text), body: Note::plain('a'), guard: Guard::None };
    let delete = |text| Ask::Delete { key: Key::own(text), guard: Guard::None };
    let own = Ask::Call { key: Note::plain('m'), request: Note::plain('a') };
    let cases: [(&str, Ask, Vec<Ask>, Forgets); 7] = [
        ("it allows it", call, vec![put('m'), call], Forgets::WithDocumentOfMessage),
        ("it allows it for a while", call, vec![put('m'), delete('m'), call], Forgets::WithDocumentOfMessage),
        ("it forbids it for a while", call, vec![put('x'), call, delete('x')], Forgets::WithoutDocument('x')),
        ("it calls twice", call, vec![call, call], Forgets::Always),
        ("it does not call, and allows it", own, vec![put('m')], Forgets::WithDocumentOfMessage),
        (
            "it does not call, and allows it for a while",
            own,
            vec![put('m'), delete('m')],
            Forgets::WithDocumentOfMessage,
        ),
        ("it does not matter", own, vec![put('x')], Forgets::Always),
    ];
    for (what, first, others, rule) in cases {
        let program = script(move |message| if message == 'm' { vec![first] } else { others.clone() });
        for (faults, classes) in [
            (1, &[Fault::TimeToLiveExpires][..]),
            (2, &[Fault::TimeToLiveExpires, Fault::Duplicate, Fault::AckFails]),
            (2, &[Fault::TimeToLiveExpires, Fault::WriteLandsLate, Fault::LockExpires]),
        ] {
            let classes = classes.iter().copied().collect();
            let scope = Scope { faults, classes, forgets: Some(rule), ..Scope::default() };
            assert_eq!(assert_same(what, &program, &scope, 100_000).compared, 1, "{what} is too large");
        }
    }
}

/// What is forgotten of a message that has not even begun can depend on what is
/// written before it does.
#[test]
fn a_key_that_is_yet_to_be_used_can_be_forgotten_in_the_middle_of_something() {
    let put = |text, body| Ask::Put { key: Key::own(text), body: Note::plain(body), guard: Guard::None };
    let call = Ask::Call { key: Note::plain('m'), request: Note::plain('a') };
    let delete = Ask::Delete { key: Key::own('m'), guard: Guard::None };
    // `n` says that it began before `m`, and allows to forget for a while.
    let program: Program = Arc::new(move |_, message, log, _| match (message.text, log) {
        ('m', []) => Wish::Ask(vec![put('y', 'a')]),
        ('m', [_]) => Wish::Ask(vec![call]),
        ('n', []) => Wish::Ask(vec![Ask::Get(Key::own('y'))]),
        ('n', [(_, Answer::Absent)]) => Wish::Ask(vec![put('m', 'b')]),
        ('n', [(_, Answer::Absent), _]) => Wish::Ask(vec![delete]),
        ('n', [(_, Answer::Absent), _, _]) => Wish::Ask(vec![put('z', 'b')]),
        _ => Wish::Done(Vec::new()),
    });
    // (With a class of faults by which a copy of `n` can come, none of its writes
    // would go first anyway.)
    let classes = [Fault::TimeToLiveExpires, Fault::AckFails].into_iter().collect();
    let forgets = Some(Forgets::WithDocumentOfMessage);
    let scope = Scope { faults: 2, classes, forgets, ..Scope::default() };
    assert_eq!(assert_same("in the middle", &program, &scope, 100_000).compared, 1);
}

/// As long as a call can still land late, its key is not forgotten.
#[test]
fn a_key_is_not_forgotten_while_a_call_with_it_is_under_way() {
    let call = Ask::Call { key: Note::plain('k'), request: Note::plain('a') };
    let put = |body| Ask::Put { key: Key::own('x'), body: Note::plain(body), guard: Guard::None };
    // The second delivery says whether its call did anything; a third does
    // nothing.
    let program: Program = Arc::new(move |_, _, log, _| match log {
        [] => Wish::Ask(vec![Ask::Read('s')]),
        [(_, Answer::Events(events))] if events.len() < 2 => {
            let expected = events.len() as u64;
            Wish::Ask(vec![Ask::Append { stream: 's', expected, event: 'a' }])
        }
        [_, (_, Answer::Appended(_))] => Wish::Ask(vec![call]),
        [_, (_, Answer::Appended(2)), (_, Answer::Done(n))] => {
            Wish::Ask(vec![put(if *n == 1 { 'a' } else { 'b' })])
        }
        _ => Wish::Done(Vec::new()),
    });
    let classes = [Fault::TimeToLiveExpires, Fault::WriteLandsLate, Fault::LockExpires].into_iter().collect();
    let scope = Scope {
        faults: 2,
        classes,
        forgets: Some(Forgets::Always),
        mail: vec![(0, 'm')],
        ..Scope::default()
    };
    assert_eq!(assert_same("under way", &program, &scope, 100_000).compared, 1);
}

/// The first message is published once, any other one twice, and always under the same name.
fn one_and_two_of_a_name() -> Program {
    let send = |body| Ask::Send {
        subject: "s.a",
        body: Note::plain(body),
        name: Some(Note::plain('i')),
        expected: Expect::Nothing,
    };
    script(move |message| if message == 'm' { vec![send('a')] } else { vec![send('b'), send('c')] })
}

/// Names are forgotten by the clock, and it ticks whatever anybody does: after
/// the first message, and between two calls of the second.
#[test]
fn a_name_is_forgotten_in_the_middle_of_something() {
    let program = one_and_two_of_a_name();
    for name_first in [true, false] {
        for (faults, classes) in
            [(1, &[Fault::TimeToLiveExpires][..]), (2, &[Fault::TimeToLiveExpires, Fault::LockExpires])]
        {
            let classes = classes.iter().copied().collect();
            let scope = Scope { faults, classes, name_first, ..Scope::default() };
            assert_eq!(assert_same("in the middle", &program, &scope, 100_000).compared, 1);
        }
    }
}

/// What the stream has acknowledged may be gone before its publisher looks again, though
/// nobody else has anything to do with the stream. (`n` has nothing to do, and would come
/// after `m` if that did not matter to it.)
#[test]
fn what_was_acknowledged_may_be_gone_before_anybody_moves() {
    let send =
        |body| Ask::Send { subject: "s.a", body: Note::plain(body), name: None, expected: Expect::Nothing };
    let put = |body| Ask::Put { key: Key::own('x'), body: Note::plain(body), guard: Guard::None };
    // It says how many of its two messages it has seen.
    let looks: Program = Arc::new(move |_, message, log, _| match (message.text, log) {
        ('m', []) => Wish::Ask(vec![send('a')]),
        ('m', [_]) => Wish::Ask(vec![send('b')]),
        ('m', [_, _]) => Wish::Ask(vec![Ask::Receive("s.a")]),
        ('m', [.., (_, Answer::Messages(seen))]) => Wish::Ask(vec![put(['0', '1', '2'][seen.len()])]),
        _ => Wish::Done(Vec::new()),
    });
    for faults in 1..=2 {
        for mail in [vec![(0, 'm')], vec![(0, 'm'), (0, 'n')]] {
            let classes = [Fault::StreamForgets].into_iter().collect();
            let scope = Scope { faults, classes, mail, ..Scope::default() };
            assert_eq!(assert_same("gone", &looks, &scope, 100_000).compared, 1);
        }
    }
}

/// What others publish, with and without an expectation, takes the numbers of what is
/// gone; with other faults besides, and calls that land behind it.
#[test]
fn numbers_of_what_is_gone_are_given_again() {
    let send = |subject, body, expected| Ask::Send { subject, body: Note::plain(body), name: None, expected };
    let first = Expect::LastOfSubject(0);
    let cases = [
        ("the first wins", vec![send("s.a", 'a', first)], vec![send("s.a", 'b', first)]),
        ("they do not meet", vec![send("s.a", 'a', first)], vec![send("s.b", 'b', first)]),
        (
            "after what was there",
            vec![send("s.a", 'a', Expect::Last(0)), send("s.a", 'c', Expect::Last(1))],
            vec![send("s.b", 'b', Expect::Nothing)],
        ),
    ];
    for (what, one, others) in cases {
        let program = script(move |message| if message == 'm' { one.clone() } else { others.clone() });
        for (faults, classes) in [
            (1, &[Fault::StreamForgets][..]),
            (2, &[Fault::StreamForgets]),
            (2, &[Fault::StreamForgets, Fault::AckFails, Fault::LockExpires]),
            (2, &[Fault::StreamForgets, Fault::WriteLandsLate, Fault::WriteReplyLate]),
        ] {
            let classes = classes.iter().copied().collect();
            let scope = Scope { faults, classes, ..Scope::default() };
            assert_eq!(assert_same(what, &program, &scope, 100_000).compared, 1, "{what} is too large");
        }
    }
}

/// The name of a message that is gone is no name any more; and what began to be forgotten
/// with the message does not go on being forgotten for the one that comes after it.
#[test]
fn names_of_what_is_gone_are_free() {
    let program = one_and_two_of_a_name();
    for (faults, classes) in [
        (1, &[Fault::StreamForgets][..]),
        (2, &[Fault::StreamForgets, Fault::AckFails]),
        (2, &[Fault::StreamForgets, Fault::TimeToLiveExpires]),
    ] {
        let classes = classes.iter().copied().collect();
        let scope = Scope { faults, classes, ..Scope::default() };
        assert_eq!(assert_same("free names", &program, &scope, 100_000).compared, 1);
    }
}

/// A deadline that nobody can ask for any more keeps no other one waiting: `n` sets one
/// while `m`, which has set one before, is still at work. Once `m` is done it takes one
/// fault for it to pass, and not two.
#[test]
fn a_deadline_of_nobody_keeps_nobody_waiting() {
    let put = |text, body| {
        Wish::Ask(vec![Ask::Put { key: Key::own(text), body: Note::plain(body), guard: Guard::None }])
    };
    let deadline = || Wish::Ask(vec![Ask::Deadline { week: false }]);
    let is_at_work = |answer: &Answer| matches!(answer, Answer::Found(Note { text: 'a', .. }, _));
    let program: Program = Arc::new(move |_, message, log, _| match (message.text, log) {
        ('m', []) => deadline(),
        ('m', [_]) => put('y', 'a'),
        ('m', [_, _]) => put('y', 'b'),
        ('n', []) => Wish::Ask(vec![Ask::Get(Key::own('y'))]),
        ('n', [(_, y)]) if is_at_work(y) => deadline(),
        ('n', [_, _]) => Wish::Ask(vec![Ask::Get(Key::own('y'))]),
        ('n', [_, (_, Answer::Deadline(set)), (_, y)]) if is_at_work(y) => {
            Wish::Ask(vec![Ask::HasPassed(*set)])
        }
        ('n', [.., (_, Answer::Passed(true))]) => put('x', 'a'),
        _ => Wish::Done(Vec::new()),
    });
    for faults in 0..=2 {
        let classes = [Fault::TimeToLiveExpires].into_iter().collect();
        let scope = Scope { faults, classes, ..Scope::default() };
        assert_eq!(assert_same("of nobody", &program, &scope, 100_000).compared, 1);
    }
}

/// Requests with different fresh ids are different requests.
#[test]
fn requests_that_differ_in_ids_contend_for_a_key() {
    let program: Program = Arc::new(|_, message, log, known| match log {
        [] => {
            let request = Note { text: 'a', id: Some(known) };
            Wish::Ask(vec![Ask::Call { key: Note::plain('k'), request }])
        }
        [(_, Answer::Done(_))] => {
            let key = Key::own(message.text);
            Wish::Ask(vec![Ask::Put { key, body: Note::plain('a'), guard: Guard::None }])
        }
        _ => Wish::Done(Vec::new()),
    });
    for faults in 0..=1 {
        let classes = [Fault::WriteReplyLost, Fault::AckFails].into_iter().collect();
        let scope = Scope { faults, classes, ..Scope::default() };
        assert_eq!(assert_same("different ids", &program, &scope, 100_000).compared, 1);
    }
}

/// Seeds that once found a defect: a dropped call that may or may not land kept
/// the next component of messages from ever being delivered. At 201,035 (and, with
/// things outside, 202,169), a story was told of fewer messages than were sent, one
/// of which then waited for another without any fault.
const FOUND_BEFORE: [u64; 2] = [101_120, 201_035];

/// Chains that tell. At 1,636, concurrent calls that differ only in derived ids
/// were taken for a handler that looks inside ids. At 1,412 and 40,418, an end is
/// missed when one of the two guards is taken away that join components which
/// may know the same id.
const FOUND_BEFORE_IN_CHAINS: [u64; 3] = [1_412, 1_636, 40_418];

/// At 82, a publish that would be refused for ever was taken for one that is
/// answered for ever the same, though the refusal says what the last sequence
/// is. At 1,536, nobody heeded that a service forgets while another message is
/// under way. At 3,671, the order in which keys would be forgotten told states
/// apart, and there were too many.
///
/// The others tell when a guard is taken away: at 135 and 310, a service that
/// is asked two things under one key is contested; at 22 and 35, nothing is
/// forgotten of a message that is being processed; at 1,330 and 1,552, a state
/// is also what will be forgotten in it, and at 2,773, which locks it waits for.
const FOUND_BEFORE_OUTSIDE: [u64; 11] = [202_169, 82, 1_536, 3_671, 135, 310, 22, 35, 1_330, 1_552, 2_773];

#[test]
fn random_handlers_end_as_by_brute_force() {
    compare_random(random::case, 120, &FOUND_BEFORE);
}

#[test]
fn random_chains_of_endpoints_end_as_by_brute_force() {
    compare_random(random::chain, 100, &FOUND_BEFORE_IN_CHAINS);
}

#[test]
fn random_handlers_with_things_outside_end_as_by_brute_force() {
    compare_random(random::outside, 100, &FOUND_BEFORE_OUTSIDE);
}

#[test]
fn random_handlers_with_deadlines_end_as_by_brute_force() {
    compare_random(random::clock, 20, &[1003, 1061]);
}

#[test]
fn random_handlers_that_mean_well_end_as_by_brute_force() {
    compare_random(random::well_meant, 160, &[]);
}

fn compare_random(case: fn(u64) -> (random::Style, Scope), usually: u64, known: &[u64]) {
    let number =
        |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().expect("a number"));
    let (from, many): (u64, u64) = (number("FROM", 0), number("MANY", usually));
    let mut all = Compared::default();
    for seed in (from..from + many).chain(known.iter().copied()) {
        let (style, mut scope) = case(seed);
        if known.contains(&seed) {
            // As it was when it told something; with more, some are too large.
            scope.classes = random::LATER.into_iter().fold(scope.classes, Faults::without);
        }
        let program = random::program(seed, style);
        let one = assert_same(&format!("seed {seed}, {style:?}"), &program, &scope, 25_000);
        assert!(one.compared > 0 || !known.contains(&seed), "seed {seed} is too large");
        all.compared += one.compared;
        all.objected += one.objected;
        all.turns += one.turns;
        all.certain += one.certain;
        all.stuck += one.stuck;
    }
    println!(
        "{} compared, {} with an objection, {} points of no return ({} for certain), {} with rest out of reach",
        all.compared, all.objected, all.turns, all.certain, all.stuck
    );
    assert!(all.compared as u64 * 10 > many * 6, "only {} of {many} were small enough", all.compared);
    assert!(all.stuck > 0 && all.objected > 0);
    assert!(all.turns * 4 > all.objected && all.certain * 2 > all.turns, "points of no return");
}
