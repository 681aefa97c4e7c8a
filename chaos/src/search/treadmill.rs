//! Noticing a search that can never end.
//!
//! Where every retry of a message makes something a little larger, no state ever
//! comes back, and the states have no end. Long before a limit is hit, that can be
//! seen on the way to a deep state: again and again, without a fault in between,
//! everything is as it was but for one object, which has grown by the same amount.

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
    sizes: Vec<(ObjectKey, usize, bool)>,
    /// Which message has just been delivered.
    delivered: Option<String>,
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
    let grown = |from: usize, to: usize| -> Vec<(usize, usize)> {
        let pairs = moments[from].sizes.iter().zip(&moments[to].sizes).enumerate();
        pairs.filter(|(_, (a, b))| a.1 != b.1).map(|(place, (a, b))| (place, b.1.wrapping_sub(a.1))).collect()
    };
    let by = grown(rounds[1], rounds[0]);
    let &[(place, amount)] = by.as_slice() else { return None };
    let steady = rounds.windows(2).all(|pair| grown(pair[1], pair[0]) == by);
    if !steady || amount > isize::MAX as usize {
        return None;
    }
    let (key, size, in_events) = &last.sizes[place];
    let unit = |count: usize| words::count(count as u128, if *in_events { "event" } else { "byte" });
    let causes = moments[rounds[1]..=rounds[0]].iter().filter_map(|moment| moment.delivered.clone());
    let mut causes: Vec<String> = causes.collect();
    causes.dedup();
    Some(format!(
        "{}, by {} at each delivery of {}, which is {} by now: without a fault, the same round is made again and again, and there is no end to it",
        name(transitions, key),
        unit(amount),
        words::enumeration(&causes),
        unit(*size),
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
    let sizes = world.objects.iter().map(|object| {
        (object.key.clone(), size(transitions, object), matches!(object.content, Content::Stream(_)))
    });
    Moment { skeleton, sizes: sizes.collect(), delivered }
}
