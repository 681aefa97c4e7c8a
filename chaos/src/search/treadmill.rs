//! Noticing a search that can never end.
//!
//! Where every retry of a message makes something a little larger, no state ever
//! comes back, and the states have no end. Long before a limit is hit, that can be
//! seen on the way to a deep state: again and again, without a fault in between,
//! everything is as it was but for one object, which has grown by the same amount; or
//! but for the old versions that a weak store keeps for as long as one may still be read.
//! Of these, there is one more with every write, also of a handler that counts its
//! attempts and stops one day: so there, every content must be as it was, too.

use ports::words;

use super::growth::{name, size};
use super::reductions::Reductions;
use super::symmetry::canonicalise;
use crate::handler::call::ObjectKey;
use crate::handler::rehearsal::HistoryId;
use crate::handler::text::TextId;
use crate::world::fault::Fault;
use crate::world::state::{Content, Phase, World};
use crate::world::step::Step;
use crate::world::transition_system::TransitionSystem;

/// So often the same round must have been made.
const ROUNDS: usize = 6;
/// Of so many of the last moments it is asked whether they were there before.
const LOOKED_AT: usize = 32;

/// A world but for the contents of what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Skeleton {
    queue: Vec<(u8, TextId)>,
    /// For each busy worker: its message, how many replies it has had, its phase,
    /// and whether its lock still runs.
    workers: Vec<Option<(TextId, usize, Phase, bool)>>,
    objects: Vec<(u8, TextId)>,
    published: usize,
    in_flight: usize,
}

/// One moment on the way.
struct Moment {
    skeleton: Skeleton,
    known: Known,
    sizes: Vec<Size>,
    /// Which message has just been delivered.
    delivered: Option<String>,
}

/// What handlers know, and what they can read if nothing is old, up to fresh ids.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    histories: Vec<Option<HistoryId>>,
    contents: Vec<Vec<TextId>>,
}

/// How much there is of an object.
struct Size {
    key: ObjectKey,
    /// In events or in bytes.
    content: usize,
    in_events: bool,
    old_versions: usize,
}

/// What grows where the same round is made over and over.
pub(super) struct Growing {
    /// In words, with its store, its unit and its cause.
    pub(super) what: String,
    /// Whether it is what is stored; else it is what was stored before.
    pub(super) is_content: bool,
}

/// What grows on the way that these steps lead, if the same round is made over and over.
pub(super) fn grows(
    transitions: &mut TransitionSystem,
    reductions: Reductions,
    chain: &[Step],
) -> Option<Growing> {
    let mut world = transitions.initial();
    canonicalise(&mut world, reductions, transitions.bounds.stale > 0);
    let mut moments = Vec::new();
    for &step in chain {
        if transitions.fault(&world, step).is_some() {
            moments.clear();
        }
        let delivered = match step {
            Step::Deliver { copy, .. } => {
                let message = &world.queue[usize::from(copy)].message;
                Some(transitions.speaker().message(&transitions.texts().bytes(message)))
            }
            _ => None,
        };
        transitions.apply(&mut world, step).ok()?;
        world.component = 0;
        let stale_left = transitions.any_left(&world, Fault::StaleRead);
        canonicalise(&mut world, reductions, stale_left);
        moments.push(moment(transitions, &world, delivered));
    }
    let last = moments.len().checked_sub(1)?;
    let rounds = rounds_to(&moments, last, |one, other| one.skeleton == other.skeleton);
    let contents = rounds.as_ref().and_then(|rounds| grown_in(&moments, rounds, |size| size.content));
    let (rounds, (place, amount), is_content) = match (rounds, contents.as_deref()) {
        (Some(rounds), Some(&[grown])) => (rounds, grown, true),
        (Some(_), Some(&[_, _, ..])) => return None,
        // What all are as they were at is the same, whatever came after it.
        _ => (0..moments.len()).rev().take(LOOKED_AT).find_map(|at| {
            let alike =
                |one: &Moment, other: &Moment| one.skeleton == other.skeleton && one.known == other.known;
            let rounds = rounds_to(&moments, at, alike)?;
            let grown = *grown_in(&moments, &rounds, |size| size.old_versions)?.first()?;
            Some((rounds, grown, false))
        })?,
    };
    if amount > isize::MAX as usize {
        return None;
    }
    let Size { key, content, in_events, old_versions } = &moments[rounds[0]].sizes[place];
    let (what, unit, size) = match (is_content, in_events) {
        (false, _) => ("the old versions of ", "version", old_versions),
        (true, true) => ("", "event", content),
        (true, false) => ("", "byte", content),
    };
    let counted = |count: usize| words::count(count as u128, unit);
    let causes = moments[rounds[1]..=rounds[0]].iter().filter_map(|moment| moment.delivered.clone());
    let mut causes: Vec<String> = causes.collect();
    causes.dedup();
    let what = format!(
        "{what}{}, by {} at each delivery of {}, which is {} by now: without a fault, the same round is made again and again, and there is no end to it",
        name(transitions, key),
        counted(amount),
        words::enumeration(&causes),
        counted(*size),
    );
    Some(Growing { what, is_content })
}

/// The moments that are like this one, itself first and the latest of the others next, if
/// there are enough of them.
fn rounds_to(moments: &[Moment], at: usize, alike: impl Fn(&Moment, &Moment) -> bool) -> Option<Vec<usize>> {
    let alike = (0..=at).rev().filter(|&other| alike(&moments[other], &moments[at]));
    Some(alike.take(ROUNDS + 1).collect()).filter(|rounds: &Vec<usize>| rounds.len() > ROUNDS)
}

/// The objects that have grown by this measure, and by how much, if it was the same in
/// each round.
fn grown_in(
    moments: &[Moment],
    rounds: &[usize],
    measure: impl Fn(&Size) -> usize,
) -> Option<Vec<(usize, usize)>> {
    let grown = |from: usize, to: usize| -> Vec<(usize, usize)> {
        let pairs = moments[from].sizes.iter().zip(&moments[to].sizes).enumerate();
        let by = pairs.map(|(place, (a, b))| (place, measure(b).wrapping_sub(measure(a))));
        by.filter(|&(_, by)| by != 0).collect()
    };
    let by = grown(rounds[1], rounds[0]);
    rounds.windows(2).all(|pair| grown(pair[1], pair[0]) == by).then_some(by)
}

fn moment(transitions: &TransitionSystem, world: &World, delivered: Option<String>) -> Moment {
    let workers = world.workers.iter().map(|worker| {
        worker.busy.as_ref().map(|busy| {
            let replies = transitions.rehearsal.replies(busy.history);
            (busy.message.template, replies, busy.phase, busy.holds_lock)
        })
    });
    let skeleton = Skeleton {
        queue: world.queue.iter().map(|copy| (copy.endpoint, copy.message.template)).collect(),
        workers: workers.collect(),
        objects: world.objects.iter().map(|object| (object.key.store, object.key.key.template)).collect(),
        published: world.published.len(),
        in_flight: world.in_flight.len(),
    };
    let histories = world.workers.iter().map(|worker| worker.busy.as_ref().map(|busy| busy.history));
    let contents = world.objects.iter().map(|object| match &object.content {
        Content::Stream(events) => events.iter().map(|event| event.template).collect(),
        Content::Document(version) => version.iter().map(|version| version.body.template).collect(),
        Content::Outside(state) => vec![state.template],
    });
    let known = Known { histories: histories.collect(), contents: contents.collect() };
    let sizes = world.objects.iter().map(|object| Size {
        key: object.key.clone(),
        content: size(transitions, object),
        in_events: matches!(object.content, Content::Stream(_)),
        old_versions: object.older.len(),
    });
    Moment { skeleton, known, sizes: sizes.collect(), delivered }
}
