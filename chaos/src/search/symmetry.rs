//! One name for every state: symmetry reduction (argument 2 in
//! [`how_it_works`](crate::how_it_works)).
//!
//! [`canonicalise`] brings a world into a form in which worlds that differ only in
//! names and places are (mostly) equal.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::fingerprint::phase;
use super::reductions::Reductions;
use crate::handler::call::ObjectKey;
use crate::handler::text::{Id, Ids, Text};
use crate::world::state::{Content, Envelope, Object, World};

/// Where the parts of a world went when it was brought into canonical form:
/// `workers[new] = old`, and so on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) workers: Permutation,
    pub(crate) queue: Permutation,
    pub(crate) published: Permutation,
    pub(crate) in_flight: Permutation,
}

/// `order[new] = old`.
pub(crate) type Permutation = SmallVec<[u8; 16]>;

/// Numbers ids by first appearance.
struct Renaming {
    names: SmallVec<[Id; 32]>,
    next: Id,
}

const UNNAMED: Id = Id::MAX;

impl Renaming {
    /// The first `count` ids keep their names.
    fn keep(&mut self, count: Id) {
        (0..count).zip(&mut self.names).for_each(|(id, name)| *name = id);
        self.next = count;
    }

    fn name(&mut self, id: Id) -> Id {
        let name = &mut self.names[id as usize];
        if *name == UNNAMED {
            *name = self.next;
            self.next += 1;
        }
        *name
    }

    fn text(&mut self, text: &mut Text) {
        for id in &mut text.ids {
            *id = self.name(*id);
        }
    }

    fn key(&mut self, key: &mut ObjectKey) {
        self.text(&mut key.key);
    }

    /// The names that ids have so far.
    fn known(&self, ids: &Ids) -> Ids {
        ids.iter().map(|&id| self.names[id as usize]).collect()
    }

    /// Orders copies by what they are and by the names their ids have so far.
    fn compare(&self, a: &Envelope, b: &Envelope) -> Ordering {
        (a.endpoint, a.message.template)
            .cmp(&(b.endpoint, b.message.template))
            .then_with(|| self.known(&a.message.ids).cmp(&self.known(&b.message.ids)))
    }
}

/// Brings a world into canonical form, and tells what went where.
pub(crate) fn canonicalise(world: &mut World, reductions: Reductions, stale_left: bool) -> Places {
    let mut renaming = Renaming { names: smallvec::smallvec![UNNAMED; world.next_id as usize], next: 0 };
    renaming.keep(if reductions.ids { world.sent_ids } else { world.next_id });

    if !stale_left {
        // Nobody can read an old version any more.
        for object in &mut world.objects {
            object.older.clear();
        }
        world.objects.retain(|object| object.content != Content::Document(None));
    }

    // Workers come first: the order of the rest may lean on the names they give.
    let mut order: Permutation = (0..world.workers.len() as u8).collect();
    if reductions.workers {
        order.sort_by_key(|&worker| {
            let worker = &world.workers[usize::from(worker)];
            (
                worker.endpoint,
                worker.busy.as_ref().map(|busy| {
                    (busy.message.template, busy.history, phase(busy.phase), !busy.holds_lock, busy.reads_old)
                }),
            )
        });
        if order.iter().enumerate().any(|(new, &old)| new != usize::from(old)) {
            world.workers = order.iter().map(|&old| world.workers[usize::from(old)].clone()).collect();
            for timer in &mut world.timers {
                timer.older_locks = (0..)
                    .zip(&order)
                    .filter(|&(_, &old)| timer.older_locks & (1 << old) != 0)
                    .fold(0, |locks, (new, _): (u32, _)| locks | 1 << new);
            }
        }
    }
    for worker in &mut world.workers {
        if let Some(busy) = &mut worker.busy {
            renaming.text(&mut busy.message);
            for id in &mut busy.ids {
                *id = renaming.name(*id);
            }
        }
    }

    let queue = sort(&mut world.queue, |a, b| renaming.compare(a, b));
    for copy in &mut world.queue {
        renaming.text(&mut copy.message);
    }
    // Keys without ids come first within a store, so that an object whose key is
    // a fresh id is named by whatever refers to it.
    let with_ids = world.objects.iter().any(|object| !object.key.key.ids.is_empty());
    if with_ids {
        world.objects.sort_by_cached_key(|object| {
            let Text { template, ids } = &object.key.key;
            (!ids.is_empty(), object.key.store, *template, renaming.known(ids))
        });
    }
    for object in &mut world.objects {
        rename_object(object, &mut renaming);
    }
    let published = sort(&mut world.published, |a, b| renaming.compare(a, b));
    for copy in &mut world.published {
        renaming.text(&mut copy.message);
    }
    for cause in &mut world.causes {
        renaming.text(&mut cause.output.message);
        renaming.text(&mut cause.under);
    }
    world.causes.sort_unstable();
    let in_flight = sort(&mut world.in_flight, |a, b| {
        (a.endpoint, a.message.template, a.certain).cmp(&(b.endpoint, b.message.template, b.certain))
    });
    for in_flight in &mut world.in_flight {
        renaming.text(&mut in_flight.message);
        in_flight.call = in_flight.call.map(&mut |id| renaming.name(id));
    }
    for timer in &mut world.timers {
        renaming.key(&mut timer.key);
        if let Some((what, message)) = &mut timer.forgets {
            renaming.text(what);
            renaming.text(message);
        }
    }
    if with_ids {
        world.objects.sort_by(|a, b| a.key.cmp(&b.key));
    }
    world.next_id = renaming.next;
    // Once everything has a name, equal templates can be told apart.
    let queue = compose(&queue, &sort(&mut world.queue, Envelope::cmp));
    let published = compose(&published, &sort(&mut world.published, Envelope::cmp));
    Places { workers: order, queue, published, in_flight }
}

fn compose(first: &Permutation, second: &Permutation) -> Permutation {
    second.iter().map(|&place| first[usize::from(place)]).collect()
}

/// Sorts, and tells where everything was: `places[new] = old`.
fn sort<T: Clone>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Permutation {
    let mut order: Permutation = (0..items.len() as u8).collect();
    if !items.is_sorted_by(|a, b| compare(a, b) != Ordering::Greater) {
        order.sort_by(|&a, &b| compare(&items[usize::from(a)], &items[usize::from(b)]));
        *items = order.iter().map(|&old| items[usize::from(old)].clone()).collect();
    }
    order
}

fn rename_object(object: &mut Object, renaming: &mut Renaming) {
    renaming.key(&mut object.key);
    match &mut object.content {
        Content::Stream(events) => events.iter_mut().for_each(|event| renaming.text(event)),
        Content::Outside(state) => renaming.text(state),
        Content::Document(version) => {
            for version in object.older.iter_mut().chain([version]).flatten() {
                renaming.text(&mut version.body);
                version.etag = renaming.name(version.etag);
            }
        }
    }
}
