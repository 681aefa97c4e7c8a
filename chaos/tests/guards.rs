//! Each guard of the search that can be taken away without any other test
//! noticing has one here that does. The ends are written down by hand, and both
//! the brute-force model and the engine must reach exactly these.

#![allow(missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use chaos::Fault;
use support::brute::{self, Rest, Scope};
use support::compare::assert_same;
use support::programs::Answer::{Absent, Appended, Conflict, Events, Found, Published, Stored, Unavailable};
use support::programs::{Ask, Guard, Key, Note, Program, Wish};

/// Both reach these ends and no other, with the fewest faults as said.
#[track_caller]
fn assert_ends(program: &Program, scope: &Scope, ends: &[(&[&str], usize)]) {
    let found = brute::explore(program, scope, 100_000).expect("it is small");
    let found: BTreeMap<Rest, usize> =
        found.rests.into_iter().map(|(rest, (faults, _))| (rest, faults)).collect();
    let line = |line: &&str| (*line).to_owned();
    let ends: BTreeMap<Rest, usize> =
        ends.iter().map(|(rest, faults)| (rest.iter().map(line).collect(), *faults)).collect();
    assert_eq!(found, ends);
    assert_eq!(assert_same("guard", program, scope, 100_000).compared, 1);
}

fn scope(mail: &str, faults: u8, classes: &[Fault]) -> Scope {
    let mail = mail.chars().map(|text| (0, text)).collect();
    Scope { faults, classes: classes.iter().copied().collect(), mail, ..Scope::default() }
}

fn get(key: char) -> Wish {
    Wish::Ask(vec![Ask::Get(Key::own(key))])
}

fn put(key: char, body: char) -> Ask {
    Ask::Put { key: Key::own(key), body: Note::plain(body), guard: Guard::None }
}

fn ask(ask: Ask) -> Wish {
    Wish::Ask(vec![ask])
}

fn done() -> Wish {
    Wish::Done(Vec::new())
}

/// A handler without calls does nothing but dispatch and acknowledge. Where acks
/// never fail, nothing else stands for a lock that expires meanwhile.
#[test]
fn a_lock_that_expires_where_acks_never_fail() {
    let program: Program = Arc::new(|_, _, _, known| Wish::Done(vec![Note { text: 'a', id: Some(known) }]));
    let ends: &[(&[&str], usize)] = &[(&["published 0a#0"], 0), (&["published 0a#0", "published 0a#1"], 1)];
    assert_ends(&program, &scope("m", 1, &[Fault::LockExpires]), ends);
}

/// A message that is alone is not alone when its lock expires.
#[test]
fn one_message_whose_deliveries_overlap() {
    let program: Program = Arc::new(|_, _, log, _| match log {
        [] => ask(Ask::Read('s')),
        [(_, Events(events))] => ask(Ask::Append { stream: 's', expected: events.len() as u64, event: 'a' }),
        [_, (_, Conflict)] => ask(put('y', 'a')),
        [_, (_, Appended(_))] | [_, _, _] => done(),
        _ => Wish::Fail,
    });
    let ends: &[(&[&str], usize)] =
        &[(&["e0 stream s: a"], 0), (&["e0 stream s: aa"], 1), (&["e0 stream s: a", "e0/y = a"], 1)];
    assert_ends(&program, &scope("m", 1, &[Fault::LockExpires]), ends);
}

/// What is there may be deleted, and a put that asks for nothing to be there then
/// succeeds: it is not refused for ever.
#[test]
fn an_if_absent_put_may_succeed_later() {
    let program: Program = Arc::new(|_, message, log, _| match (message.text, log) {
        ('n', []) => ask(put('x', 'a')),
        ('n', [_]) => ask(Ask::Delete { key: Key::own('x'), guard: Guard::None }),
        ('m', []) => get('x'),
        ('m', [(_, Found(..))]) => {
            ask(Ask::Put { key: Key::own('x'), body: Note::plain('b'), guard: Guard::IfAbsent })
        }
        ('m', [_, (_, Stored(_))]) => ask(put('y', 'a')),
        _ => done(),
    });
    let ends: &[(&[&str], usize)] = &[(&[], 0), (&["e0/x = b", "e0/y = a"], 0)];
    assert_ends(&program, &scope("mn", 0, &[]), ends);
}

/// A publish and a read are under way; who does not wait for the publish does not
/// know whether it gets through.
#[test]
fn a_publish_that_was_dropped_may_get_through() {
    let program: Program = Arc::new(|_, _, log, _| match log {
        [] => ask(Ask::Read('s')),
        // Only the first delivery does anything.
        [(_, Events(events))] if !events.is_empty() => done(),
        [_] => ask(Ask::Append { stream: 's', expected: 0, event: 'a' }),
        [_, _] => Wish::Ask(vec![Ask::Publish(Note::plain('a')), Ask::Get(Key::own('x'))]),
        [_, _, (_, Published)] => ask(put('y', 'a')),
        [_, _, (_, Absent)] => ask(put('z', 'a')),
        _ => done(),
    });
    let ends: &[(&[&str], usize)] = &[
        (&["e0 stream s: a", "e0/y = a", "published 0a"], 0),
        (&["e0 stream s: a", "e0/z = a"], 0),
        // Dropped, and landed late.
        (&["e0 stream s: a", "e0/z = a", "published 0a"], 1),
        // Its worker died meanwhile.
        (&["e0 stream s: a", "published 0a"], 1),
    ];
    assert_ends(&program, &scope("m", 1, &[Fault::PublishLandsLate]), ends);
}

/// Two worlds in which the same is stored are not the same if something else was
/// stored before, and may be read.
#[test]
fn what_was_overwritten_tells_states_apart() {
    let program: Program = Arc::new(|_, message, log, _| match (message.text, log) {
        ('m', []) => get('z'),
        ('m', [(_, Unavailable)]) => ask(put('x', 'a')),
        ('m', [(_, Absent)]) => ask(put('x', 'c')),
        ('m', [_, _]) => ask(put('x', 'b')),
        ('n', []) => get('x'),
        ('n', [(_, Found(body, _))]) if body.text == 'a' => ask(put('y', 'a')),
        _ => done(),
    });
    let scope =
        Scope { weak: true, stale: 1, workers: 1, ..scope("mn", 1, &[Fault::ReadFails, Fault::StaleRead]) };
    let ends: &[(&[&str], usize)] = &[(&["e0/x = b"], 0), (&["e0/x = b", "e0/y = a"], 2)];
    assert_ends(&program, &scope, ends);
}

/// Two writes are under way when their worker dies at one of them; the other one
/// may land as well.
#[test]
fn two_writes_of_a_dead_worker_land_late() {
    let program: Program = Arc::new(|_, _, log, _| match log {
        [] => ask(Ask::Read('s')),
        // Only the first delivery does anything.
        [(_, Events(events))] if !events.is_empty() => done(),
        [_] => ask(Ask::Append { stream: 's', expected: 0, event: 'a' }),
        [_, _] => Wish::Ask(vec![put('x', 'a'), put('y', 'a')]),
        // One of them was answered.
        [_, _, _] => ask(put('z', 'a')),
        _ => done(),
    });
    let ends: &[(&[&str], usize)] = &[
        (&["e0 stream s: a", "e0/x = a", "e0/z = a"], 0),
        (&["e0 stream s: a", "e0/y = a", "e0/z = a"], 0),
        // Dropped, and landed late.
        (&["e0 stream s: a", "e0/x = a", "e0/y = a", "e0/z = a"], 1),
        // Its worker died at the append, or at one of the two.
        (&["e0 stream s: a"], 1),
        (&["e0 stream s: a", "e0/x = a"], 1),
        (&["e0 stream s: a", "e0/y = a"], 1),
        // Then the other one landed, too.
        (&["e0 stream s: a", "e0/x = a", "e0/y = a"], 2),
    ];
    assert_ends(&program, &scope("m", 2, &[Fault::WriteLandsLate]), ends);
}
