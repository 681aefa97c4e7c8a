//! Random handlers: nonsense that writes, reads, fails and drops calls in ways
//! that nobody would think of.

use std::sync::Arc;

use chaos::{Fault, Faults};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::brute::{Forgets, Scope};
use super::manners::{Lock, Manners, Phase};
use super::programs::{Answer, Ask, Expect, Guard, Key, Log, Name, Note, Program, Wish};

/// What a random handler may do.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub calls: usize,
    pub concurrent: bool,
    pub fresh_ids: bool,
    pub shared: bool,
    pub streams: bool,
    /// Each message keeps mostly to documents of its own.
    pub apart: bool,
    /// Shared documents are mostly named by ids.
    pub by_id: bool,
    /// Which of what is outside is used: the service, logs, the subject stream,
    /// the clock.
    pub outside: [bool; 4],
    /// Whether it sets deadlines, and asks whether they have passed.
    pub deadlines: bool,
    pub manners: Manners,
}

pub fn program(seed: u64, style: Style) -> Program {
    Arc::new(move |endpoint, message, log, known| match style.manners.any() {
        true => mannered(seed, style, endpoint, message, log),
        false => wish(seed, style, endpoint, message, (log, 0), known),
    })
}

/// What comes before, then anything, then what comes after.
fn mannered(seed: u64, style: Style, endpoint: u8, message: Note, log: &Log) -> Wish {
    let manners = style.manners;
    let dice = |salt: u64| hash(seed ^ salt, endpoint, message, log);
    // So that one handler does the same at each delivery.
    let habit = |salt: u64| hash(seed ^ salt, endpoint, message, &[]);
    let rest = |from: usize| -> Wish {
        for end in from..=log.len() {
            let known = names_before(message, &log[..end]);
            let outputs = match wish(seed, style, endpoint, message, (&log[..end], from), known) {
                Wish::Done(outputs) => outputs,
                Wish::Fail => return Wish::Fail,
                _ if end < log.len() => continue,
                asked => return asked,
            };
            return match manners.after(message, &log[end..], habit(0xaf7e)) {
                Phase::Wish(wish) => wish,
                Phase::Through(_) => Wish::Done(outputs),
            };
        }
        unreachable!("the last one is returned")
    };
    let next = match manners.before(message, log, habit(0xbef0)) {
        Phase::Wish(wish) => wish,
        Phase::Through(from) => rest(from),
    };
    match manners.begun(message, names_before(message, log), dice(0x4a57)) {
        Some(ask) => Wish::Begin(vec![ask], Box::new(next)),
        None => next,
    }
}

/// The log comes with how much of it belongs to what was before.
fn wish(
    seed: u64,
    style: Style,
    endpoint: u8,
    message: Note,
    (all, from): (&Log, usize),
    known: Name,
) -> Wish {
    let log = &all[from..];
    // A pure function of what is known: the dice are thrown by a hash of it.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(hash(seed, endpoint, message, log));
    if let Some(last) = log.last()
        && log.len() <= style.calls
        && let Some(wish) = style.manners.after_failure(last, hash(!seed, endpoint, message, log))
    {
        return wish;
    }
    let failed = matches!(log.last(), Some((_, Answer::Conflict | Answer::NoReply | Answer::Unavailable)));
    if failed && rng.random_bool(0.6) {
        return Wish::Fail;
    }
    // Calls that are still open must have been wished for at the reply before.
    let open: Vec<Ask> = match log.last() {
        Some((answered, _)) if style.concurrent => {
            let before = &all[..all.len() - 1];
            match wish(seed, style, endpoint, message, (before, from), names_before(message, before)) {
                Wish::Ask(asks) => asks.into_iter().filter(|ask| ask != answered).collect(),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    if !open.is_empty() && rng.random_bool(0.6) {
        // Wait for the others too.
        let mut asks = open;
        if asks.len() < 2 && log.len() < style.calls && rng.random_bool(0.2) {
            asks.push(ask(&mut rng, style, message, known));
        }
        asks.dedup();
        return Wish::Ask(asks);
    }
    if log.len() >= style.calls || (!log.is_empty() && rng.random_bool(0.2)) {
        let outputs = (0..rng.random_range(0..2)).map(|_| note(&mut rng, style, known)).collect();
        return Wish::Done(outputs);
    }
    let mut asks = vec![ask(&mut rng, style, message, known)];
    if style.concurrent && rng.random_bool(0.5) {
        let other = ask(&mut rng, style, message, known);
        if other != asks[0] {
            asks.push(other);
        }
    }
    Wish::Ask(asks)
}

/// How many names were known before the last reply, ids drawn since included.
fn names_before(message: Note, log: &Log) -> Name {
    let mut known: Name = message.id.map_or(0, |_| 1);
    let mut see = |name: Name| {
        known = known.max(name + 1);
        name
    };
    for (ask, answer) in log {
        _ = ask.map(&mut see);
        _ = answer.map(&mut see);
    }
    known
}

fn ask(rng: &mut Xoshiro256PlusPlus, style: Style, message: Note, known: Name) -> Ask {
    if style.deadlines && rng.random_bool(0.45) {
        return match known > 0 && rng.random_bool(0.6) {
            true => Ask::HasPassed(rng.random_range(0..known)),
            false => Ask::Deadline { week: rng.random_bool(0.5) },
        };
    }
    if style.outside != [false; 4] && rng.random_bool(0.65) {
        return outside_ask(rng, style, message, known);
    }
    if style.streams && rng.random_bool(0.3) {
        let stream = if style.apart && message.text == 'n' { 't' } else { 's' };
        return match rng.random_range(0..2) {
            0 => Ask::Read(stream),
            _ => Ask::Append { stream, expected: rng.random_range(0..2), event: message.text },
        };
    }
    let guard = |rng: &mut Xoshiro256PlusPlus| match rng.random_range(0..4) {
        0 => Guard::None,
        1 => Guard::IfAbsent,
        _ if known > 0 => Guard::IfEtag(rng.random_range(0..known)),
        _ => Guard::IfAbsent,
    };
    let key = key(rng, style, message, known);
    match rng.random_range(0..10) {
        0..4 => Ask::Get(key),
        4..8 => Ask::Put { key, body: note(rng, style, known), guard: guard(rng) },
        8 => Ask::Delete { key, guard: guard(rng) },
        _ => Ask::Publish(note(rng, style, known)),
    }
}

fn outside_ask(rng: &mut Xoshiro256PlusPlus, style: Style, message: Note, known: Name) -> Ask {
    let used: Vec<usize> = (0..4).filter(|&place| style.outside[place]).collect();
    // Letters of one's own, or one of two.
    let letter = |rng: &mut Xoshiro256PlusPlus, two: [char; 2]| match style.apart && rng.random_bool(0.8) {
        true => message.text,
        false => two[rng.random_range(0..2)],
    };
    match used[rng.random_range(0..used.len())] {
        0 => {
            let id = (style.fresh_ids && rng.random_bool(0.2)).then(|| rng.random_range(0..=known));
            let key = Note { text: letter(rng, ['k', 'l']), id };
            // Most ask the same under the same key.
            let request = if rng.random_bool(0.7) { Note::plain('a') } else { note(rng, style, known) };
            Ask::Call { key, request }
        }
        1 => {
            let log = if style.apart && message.text == 'n' { 'k' } else { 'l' };
            if rng.random_bool(0.4) {
                let (from, limit) = (rng.random_range(0..2), rng.random_range(1..3));
                return Ask::ReadLog { log, from, limit };
            }
            let records = [0.9, 0.4].map(|p| rng.random_bool(p).then(|| note(rng, style, known)));
            Ask::AppendLog { log, expected: rng.random_range(0..3), records }
        }
        2 => {
            let subject = ["s.a", "s.b"][rng.random_range(0..2)];
            let filter = ["s.a", "s.*", ">", "*.b", "s.>"][rng.random_range(0..5)];
            if rng.random_bool(0.3) {
                return Ask::Receive(filter);
            }
            let name = rng.random_bool(0.6).then(|| {
                let id = (style.fresh_ids && rng.random_bool(0.2)).then(|| rng.random_range(0..=known));
                Note { text: letter(rng, ['i', 'j']), id }
            });
            let sequence = rng.random_range(0..3);
            let expected = match rng.random_range(0..6) {
                0..3 => Expect::Nothing,
                3 => Expect::Last(sequence),
                4 => Expect::LastOfSubject(sequence),
                _ => Expect::LastOf(filter, sequence),
            };
            Ask::Send { subject, body: note(rng, style, known), name, expected }
        }
        _ => {
            let guard = [Guard::None, Guard::IfAbsent][rng.random_range(0..2)];
            let (key, body) = (key(rng, style, message, known), note(rng, style, known));
            Ask::PutExpiring { key, body, guard, week: rng.random_bool(0.6) }
        }
    }
}

fn key(rng: &mut Xoshiro256PlusPlus, style: Style, message: Note, known: Name) -> Key {
    if style.by_id && known > 0 && rng.random_bool(0.6) {
        let text = ['x', 'y'][rng.random_range(0..2)];
        return Key { store: 1, text, id: Some(rng.random_range(0..known)) };
    }
    let store = u8::from(style.shared && rng.random_bool(0.4));
    let text =
        if style.apart && rng.random_bool(0.9) { message.text } else { ['x', 'y'][rng.random_range(0..2)] };
    let id = (style.fresh_ids && known > 0 && rng.random_bool(0.1)).then(|| rng.random_range(0..known));
    Key { store, text, id }
}

fn note(rng: &mut Xoshiro256PlusPlus, style: Style, known: Name) -> Note {
    let text = ['a', 'b'][rng.random_range(0..2)];
    let id = (style.fresh_ids && rng.random_bool(0.3)).then(|| rng.random_range(0..=known));
    Note { text, id }
}

fn hash(seed: u64, endpoint: u8, message: Note, log: &Log) -> u64 {
    // FNV, over the debug form: slow and the same everywhere.
    let text = format!("{seed} {endpoint} {message:?} {log:?}");
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Classes of faults that came later than the first seeds that told something.
pub const LATER: [Fault; 4] =
    [Fault::WriteUnavailable, Fault::WriteReplyLate, Fault::PublishReplyLate, Fault::StreamForgets];

/// Some classes of faults. (The later ones are drawn apart, so that a seed goes on
/// giving what it gave.)
fn some_classes(rng: &mut Xoshiro256PlusPlus, seed: u64) -> Faults {
    let mut apart = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x1a7e);
    let drawn = |fault: &Fault| match LATER.contains(fault) {
        true => apart.random_bool(0.4),
        false => rng.random_bool(0.4),
    };
    Fault::ALL.into_iter().filter(drawn).collect()
}

/// A random handler and random bounds for it, small enough to be exhausted.
pub fn case(seed: u64) -> (Style, Scope) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let two_endpoints = rng.random_bool(0.25);
    let style = Style {
        calls: rng.random_range(2..=if two_endpoints { 2 } else { 3 }),
        concurrent: rng.random_bool(0.3),
        fresh_ids: rng.random_bool(0.3),
        shared: two_endpoints || rng.random_bool(0.2),
        streams: rng.random_bool(0.3),
        apart: rng.random_bool(0.4),
        by_id: false,
        outside: [false; 4],
        deadlines: false,
        manners: Manners::default(),
    };
    let messages = if rng.random_bool(0.15) { 3 } else { rng.random_range(1..=2) };
    let faults = match (messages, two_endpoints) {
        (3, _) | (2, true) => rng.random_range(0..=1),
        (2, _) => [0, 1, 1, 1, 2][rng.random_range(0..5)],
        _ => rng.random_range(0..=2),
    };
    let mut classes = match rng.random_range(0..3) {
        0 => Faults::usual(),
        1 => Faults::all(),
        _ => some_classes(&mut rng, seed),
    };
    let weak = rng.random_bool(0.2);
    let stale = u8::from(weak && rng.random_bool(0.7));
    if stale > 0 {
        classes = classes.with(Fault::StaleRead);
    }
    let mail: Vec<(u8, char)> = ['m', 'n', 'o'][..messages].iter().map(|&text| (0, text)).collect();
    let per_message = (rng.random_bool(0.1) && faults > 0).then_some(1);
    let scope = Scope {
        faults: if per_message.is_some() { 0 } else { faults },
        faults_per_message: per_message,
        stale,
        classes,
        workers: if messages == 3 {
            rng.random_range(1..=2)
        } else {
            [1, 2, 2, 2, 3][rng.random_range(0..5)]
        },
        endpoints: if two_endpoints { 2 } else { 1 },
        mail,
        routes: if two_endpoints { vec![(0, 'a', 1)] } else { Vec::new() },
        weak,
        ..Scope::default()
    };
    (style, scope)
}

/// A random handler that uses what is outside.
pub fn outside(seed: u64) -> (Style, Scope) {
    let (style, mut scope) = case(seed);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0075_1de5);
    let mut outside = [0.5, 0.35, 0.35, 0.2].map(|probability| rng.random_bool(probability));
    if outside == [false; 4] {
        outside[rng.random_range(0..3)] = true;
    }
    scope.forgets = (outside[0] && rng.random_bool(0.5)).then(|| match rng.random_range(0..4) {
        0 => Forgets::Always,
        1 => Forgets::WithoutDocument(['x', 'm'][rng.random_range(0..2)]),
        _ => Forgets::WithDocumentOfMessage,
    });
    scope.name_first = rng.random_bool(0.5);
    let something_fades = scope.forgets.is_some() || outside[2] || outside[3];
    if something_fades && rng.random_bool(0.8) {
        scope.classes = scope.classes.with(Fault::TimeToLiveExpires);
        // Nothing fades where faults are counted by message.
        if scope.faults_per_message.take().is_some() {
            scope.faults = 1;
        }
        if scope.mail.len() <= 2 && scope.endpoints == 1 {
            scope.faults = scope.faults.max(rng.random_range(1..=2));
        }
    }
    (Style { outside, ..style }, scope)
}

/// A random handler that has the clock.
pub fn clock(seed: u64) -> (Style, Scope) {
    let (style, mut scope) = case(seed);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x000c_10c4);
    let two_endpoints = scope.endpoints == 2;
    let mut outside = [false; 4];
    outside[3] = rng.random_bool(0.3);
    let lock = rng.random_bool(0.3).then(|| Lock::Lease { week: rng.random_bool(0.5) });
    let style = Style {
        outside,
        deadlines: true,
        // Else, no deadline is ever told to anybody.
        fresh_ids: rng.random_bool(0.8),
        calls: if lock.is_some() { 1 } else { style.calls.max(if two_endpoints { 2 } else { 3 }) },
        manners: Manners { lock, ..Manners::default() },
        ..style
    };
    if rng.random_bool(0.8) {
        scope.classes = scope.classes.with(Fault::TimeToLiveExpires);
        // No deadline passes where faults are counted by message.
        if scope.faults_per_message.take().is_some() {
            scope.faults = 1;
        }
        if scope.mail.len() <= 2 && scope.endpoints == 1 {
            scope.faults = scope.faults.max(rng.random_range(1..=2));
        }
    }
    (style, scope)
}

/// A random handler for several endpoints that pass on what they get, and meet
/// in documents that are named by ids.
pub fn chain(seed: u64) -> (Style, Scope) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0c4a_1117);
    let style = Style {
        calls: 2,
        concurrent: rng.random_bool(0.15),
        fresh_ids: true,
        shared: rng.random_bool(0.3),
        streams: false,
        apart: rng.random_bool(0.3),
        by_id: true,
        outside: [false; 4],
        deadlines: false,
        manners: Manners::default(),
    };
    let wirings: [(u8, &[(u8, char, u8)]); 7] = [
        (2, &[(0, 'a', 1)]),
        (2, &[(0, 'a', 1), (0, 'b', 1)]),
        (2, &[(0, 'a', 1), (1, 'b', 0)]),
        (3, &[(0, 'a', 1), (0, 'a', 2)]),
        (3, &[(0, 'a', 1), (0, 'b', 2)]),
        (3, &[(0, 'a', 1), (1, 'a', 2)]),
        (1, &[(0, 'a', 0)]),
    ];
    let (endpoints, routes) = wirings[rng.random_range(0..wirings.len())];
    let mail = match rng.random_range(0..4) {
        0 => vec![(0, 'm'), (0, 'n')],
        1 => vec![(0, 'm'), (endpoints - 1, 'n')],
        _ => vec![(0, 'm')],
    };
    let classes = match rng.random_range(0..3) {
        0 => Faults::usual(),
        1 => Faults::all(),
        _ => some_classes(&mut rng, seed),
    };
    let faults = if mail.len() == 1 { [0, 1, 1, 2][rng.random_range(0..4)] } else { rng.random_range(0..=1) };
    let workers = [1, 1, 2, 2, 2][rng.random_range(0..5)];
    let scope =
        Scope { faults, classes, workers, endpoints, mail, routes: routes.to_vec(), ..Scope::default() };
    (style, scope)
}

/// A random handler with [`Manners`], under few classes of faults: what matters
/// only for one of them, or for a message that is alone, would else be hidden by
/// other ways to the same end.
pub fn well_meant(seed: u64) -> (Style, Scope) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0003_a7e5);
    let alone = rng.random_bool(0.35);
    let two_endpoints = rng.random_bool(0.2);
    let locks = [None, None, None, Some(Lock::Second), Some(Lock::Week), Some(Lock::Forever)];
    let manners = Manners {
        careful: rng.random_bool(0.6),
        hasty: rng.random_bool(0.3),
        turns: !alone && rng.random_bool(0.35),
        waits: !alone && rng.random_bool(0.3),
        lock: locks[rng.random_range(0..locks.len())],
    };
    let style = Style {
        calls: rng.random_range(1..=if alone { 3 } else { 2 }),
        concurrent: rng.random_bool(0.3),
        fresh_ids: rng.random_bool(0.25),
        shared: two_endpoints,
        streams: rng.random_bool(0.25),
        apart: rng.random_bool(0.3),
        by_id: false,
        outside: [0.1, 0.05, 0.1, 0.15].map(|probability| rng.random_bool(probability)),
        deadlines: false,
        manners,
    };
    // A stream that forgets is beyond what good manners can do anything about; it is among
    // all classes, and not drawn by itself.
    let any = |rng: &mut Xoshiro256PlusPlus| Fault::ALL[rng.random_range(0..Fault::ALL.len() - 1)];
    let (mut classes, few) = match rng.random_range(0..20) {
        0..9 => ([any(&mut rng)].into_iter().collect(), true),
        9..15 => ([any(&mut rng), any(&mut rng)].into_iter().collect(), true),
        15..18 => (Faults::usual(), false),
        _ => (Faults::all(), false),
    };
    let weak = classes.contains(Fault::StaleRead) || rng.random_bool(0.2);
    let stale = u8::from(weak && rng.random_bool(0.8));
    if stale > 0 {
        // An old read after a fault.
        classes = classes.with(Fault::StaleRead).with(any(&mut rng));
    }
    let faults = if alone || few { [0, 1, 1, 2, 2][rng.random_range(0..5)] } else { rng.random_range(0..=1) };
    let per_message = (faults > 0 && rng.random_bool(0.15)).then_some(1);
    let scope = Scope {
        faults: if per_message.is_some() { 0 } else { faults },
        faults_per_message: per_message,
        stale,
        classes,
        workers: rng.random_range(1..=2),
        endpoints: if two_endpoints { 2 } else { 1 },
        mail: ['m', 'n'][..if alone { 1 } else { 2 }].iter().map(|&text| (0, text)).collect(),
        routes: if two_endpoints { vec![(0, 'a', 1)] } else { Vec::new() },
        weak,
        name_first: rng.random_bool(0.5),
        ..Scope::default()
    };
    (style, scope)
}
