//! Noticing a search that can never end.
//!
//! Where every retry of a message makes something a little larger, no state ever
//! comes back, and the states have no end. Long before a limit is hit, that can be
//! seen on the way to a deep state: again and again, without a fault in between,
//! everything is as it was but for one object, which has grown by the same amount; or,
//! if no content grows, but for the old versions that a weak store keeps for as long as
//! one may still be read.

use ports::words;

use super::growth::{name, size};
use super::reductions::Reductions;
use super::symmetry::canonicalise;
use crate::handler::call::ObjectKey;
use crate::handler::text::TextId;
use crate::world::fault::Fault;
use crate::world::state::{Content, Phase, World};
use crate::world::step::Step;
use crate::world::transition_system::TransitionSystem;

/// So often the same round must have been made.
const ROUNDS: usize = 6;

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
    sizes: Vec<Size>,
    /// Which message has just been delivered.
    delivered: Option<String>,
}

/// How much there is of an object.
struct Size {
    key: ObjectKey,
    /// In events or in bytes.
    content: usize,
    in_events: bool,
    old_versions: usize,
}

/// What grows on the way that these steps lead, if the same round is made over and
/// over: in words, with its store, its unit and its cause.
pub(super) fn grows(
    transitions: &mut TransitionSystem,
    reductions: Reductions,
    chain: &[Step],
) -> Option<String> {
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
    let last = moments.last()?;
    let mut same: Vec<usize> =
        (0..moments.len()).filter(|&at| moments[at].skeleton == last.skeleton).collect();
    same.reverse();
    let rounds: Vec<usize> = same.into_iter().take(ROUNDS + 1).collect();
    if rounds.len() <= ROUNDS {
        return None;
    }
    let grows_by = |measure: fn(&Size) -> usize| -> Option<Vec<(usize, usize)>> {
        let grown = |from: usize, to: usize| -> Vec<(usize, usize)> {
            let pairs = moments[from].sizes.iter().zip(&moments[to].sizes).enumerate();
            let by = pairs.map(|(place, (a, b))| (place, measure(b).wrapping_sub(measure(a))));
            by.filter(|&(_, by)| by != 0).collect()
        };
        let by = grown(rounds[1], rounds[0]);
        rounds.windows(2).all(|pair| grown(pair[1], pair[0]) == by).then_some(by)
    };
    let contents = grows_by(|size| size.content)?;
    let old_versions = if contents.is_empty() { grows_by(|size| size.old_versions)? } else { Vec::new() };
    let (place, amount) = match (contents.as_slice(), old_versions.as_slice()) {
        (&[grown], _) | ([], &[grown, ..]) => grown,
        _ => return None,
    };
    if amount > isize::MAX as usize {
        return None;
    }
    let Size { key, content, in_events, old_versions } = &last.sizes[place];
    let (what, unit, size) = match (contents.is_empty(), in_events) {
        (true, _) => ("the old versions of ", "version", old_versions),
        (false, true) => ("", "event", content),
        (false, false) => ("", "byte", content),
    };
    let counted = |count: usize| words::count(count as u128, unit);
    let causes = moments[rounds[1]..=rounds[0]].iter().filter_map(|moment| moment.delivered.clone());
    let mut causes: Vec<String> = causes.collect();
    causes.dedup();
    Some(format!(
        "{what}{}, by {} at each delivery of {}, which is {} by now: without a fault, the same round is made again and again, and there is no end to it",
        name(transitions, key),
        counted(amount),
        words::enumeration(&causes),
        counted(*size),
    ))
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
    let sizes = world.objects.iter().map(|object| Size {
        key: object.key.clone(),
        content: size(transitions, object),
        in_events: matches!(object.content, Content::Stream(_)),
        old_versions: object.older.len(),
    });
    Moment { skeleton, sizes: sizes.collect(), delivered }
}
