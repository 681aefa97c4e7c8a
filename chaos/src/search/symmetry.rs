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
use crate::world::state::{Content, Due, Envelope, Object, World};

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
        match &mut timer.due {
            Due::Document(key) => renaming.key(key),
            Due::Memory { of, what, message } => {
                renaming.key(of);
                renaming.text(what);
                renaming.text(message);
            }
            Due::Deadline(id) => *id = renaming.name(*id),
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::world::state::tests::Words;
    use crate::world::state::{Busy, InFlight, Timer};

    /// Every id in a world, in an order that is the same for worlds of the same form.
    fn ids(world: &World) -> Vec<Id> {
        let mut all = Vec::new();
        each_id(&mut world.clone(), |id| {
            all.push(id);
            id
        });
        all
    }

    fn each_id(world: &mut World, mut f: impl FnMut(Id) -> Id) {
        fn text(text: &mut Text, f: &mut impl FnMut(Id) -> Id) {
            text.ids.iter_mut().for_each(|id| *id = f(*id));
        }
        let f = &mut f;
        for Busy { message, ids, .. } in world.workers.iter_mut().filter_map(|worker| worker.busy.as_mut()) {
            text(message, f);
            ids.iter_mut().for_each(|id| *id = f(*id));
        }
        for copy in world.queue.iter_mut().chain(&mut world.published) {
            text(&mut copy.message, f);
        }
        for Object { key, content, older } in &mut world.objects {
            text(&mut key.key, f);
            let current = match content {
                Content::Stream(events) => {
                    events.iter_mut().for_each(|event| text(event, f));
                    None
                }
                Content::Outside(state) => {
                    text(state, f);
                    None
                }
                Content::Document(version) => version.as_mut(),
            };
            for version in older.iter_mut().flatten().chain(current) {
                version.etag = f(version.etag);
                text(&mut version.body, f);
            }
        }
        for cause in &mut world.causes {
            text(&mut cause.output.message, f);
            text(&mut cause.under, f);
        }
        for InFlight { message, call, .. } in &mut world.in_flight {
            text(message, f);
            *call = call.map(&mut *f);
        }
        for Timer { due, .. } in &mut world.timers {
            match due {
                Due::Document(key) => text(&mut key.key, f),
                Due::Memory { of, what, message } => {
                    [&mut of.key, what, message].into_iter().for_each(|it| text(it, f));
                }
                Due::Deadline(id) => *id = f(*id),
            }
        }
    }

    /// The same world, all ids of which are one: what is left if names do not count.
    fn without_names(mut world: World) -> World {
        each_id(&mut world, |_| 0);
        world.next_id = 0;
        world
    }

    /// Puts things where [`Places`] says they went.
    fn moved(world: &World, places: &Places) -> World {
        fn at<T: Clone>(items: &[T], places: &Permutation) -> Vec<T> {
            assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), items.len(), "each has one place");
            places.iter().map(|&old| items[usize::from(old)].clone()).collect()
        }
        let workers = at(&world.workers, &places.workers);
        let mut moved = World {
            queue: at(&world.queue, &places.queue),
            published: at(&world.published, &places.published),
            in_flight: at(&world.in_flight, &places.in_flight),
            workers: workers.into(),
            ..world.clone()
        };
        for timer in &mut moved.timers {
            let old = timer.older_locks;
            timer.older_locks = 0;
            for (new, &from) in places.workers.iter().enumerate() {
                timer.older_locks += (old >> from & 1) << new;
            }
        }
        moved
    }

    /// What may still be read.
    fn readable(mut world: World, stale_left: bool) -> World {
        if !stale_left {
            world.objects.iter_mut().for_each(|object| object.older.clear());
            world.objects.retain(|object| object.content != Content::Document(None));
        }
        world
    }

    /// Nothing twice but for its ids.
    fn without_likes(words: &mut Words) -> World {
        let mut world = words.world();
        fn keep<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
            let mut seen = BTreeSet::new();
            items.retain(|item| seen.insert(key(item)));
        }
        keep(&mut world.queue, |copy| (copy.endpoint, copy.message.template));
        keep(&mut world.published, |copy| (copy.endpoint, copy.message.template));
        keep(&mut world.in_flight, |call| (call.endpoint, call.message.template, call.certain));
        keep(&mut world.objects, |object| (object.key.store, object.key.key.template));
        world.causes.truncate(1);
        for (number, worker) in world.workers.iter_mut().enumerate() {
            if let Some(busy) = &mut worker.busy {
                busy.history = number as u32;
            }
        }
        let running = world.running_locks();
        world.timers.iter_mut().for_each(|timer| timer.older_locks &= running);
        world
    }

    /// The same world with other names, and in another order.
    fn in_disguise(world: &World, words: &mut Words) -> World {
        let mut names: Vec<Id> = (world.sent_ids..world.next_id).collect();
        words.shuffle(&mut names);
        let mut other = world.clone();
        each_id(&mut other, |id| match id.checked_sub(world.sent_ids) {
            None => id,
            Some(fresh) => names[fresh as usize],
        });
        words.shuffle(&mut other.queue);
        words.shuffle(&mut other.published);
        words.shuffle(&mut other.in_flight);
        if words.below(2) == 0 {
            other.workers.swap(0, 1);
            for timer in &mut other.timers {
                let (zero, one) = (timer.older_locks & 1, timer.older_locks >> 1 & 1);
                timer.older_locks = timer.older_locks & !3 | zero << 1 | one;
            }
        }
        other.objects.sort_by(|one, other| one.key.cmp(&other.key));
        other
    }

    #[test]
    fn worlds_that_differ_in_names_and_places_only_are_one_state() {
        let mut words = Words::new(7);
        for _ in 0..4_000 {
            let mut world = without_likes(&mut words);
            let mut other = in_disguise(&world, &mut words);
            let stale_left = words.below(2) == 0;
            canonicalise(&mut world, Reductions::ALL, stale_left);
            canonicalise(&mut other, Reductions::ALL, stale_left);
            assert_eq!(world, other);
        }
    }

    #[test]
    fn a_state_is_the_world_that_it_stands_for() {
        let mut words = Words::new(8);
        for _ in 0..4_000 {
            let world = words.world();
            let stale_left = words.below(2) == 0;
            let reductions =
                Reductions { ids: words.below(4) > 0, workers: words.below(4) > 0, ..Reductions::ALL };
            let mut state = world.clone();
            let places = canonicalise(&mut state, reductions, stale_left);
            let before = readable(moved(&world, &places), stale_left);
            if !reductions.workers {
                assert!(places.workers.is_sorted(), "workers are known by their places");
            }
            // Objects and causes keep no places: they are found by what they are.
            let mut name_of: BTreeMap<Id, Id> = BTreeMap::new();
            let listed = |world: &World| {
                let nothing = World { objects: Vec::new(), causes: Vec::new(), ..world.clone() };
                (ids(&nothing), without_names(nothing))
            };
            let ((old, before_listed), (new, state_listed)) = (listed(&before), listed(&state));
            assert_eq!(before_listed, state_listed);
            for (old, new) in old.into_iter().zip(new) {
                assert_eq!(*name_of.entry(old).or_insert(new), new, "one id, one name");
            }
            let ids_before: BTreeSet<Id> = ids(&before).into_iter().collect();
            let names: BTreeSet<Id> = ids(&state).into_iter().collect();
            assert_eq!(ids_before.len(), names.len(), "another id, another name");
            let kept = if reductions.ids { world.sent_ids } else { world.next_id };
            assert!(name_of.iter().all(|(&id, &name)| if id < kept { name == id } else { name >= kept }));
            assert!(names.iter().all(|&name| name < state.next_id), "the next id is a fresh one");
            if reductions.ids {
                let fresh = names.iter().filter(|&&name| name >= kept).count() as Id;
                assert_eq!(state.next_id, kept + fresh, "names are given without a gap");
            }
            // Who has got no name yet has one of those that are left.
            let left: Vec<Id> = ids_before.into_iter().filter(|id| !name_of.contains_key(id)).collect();
            let free: Vec<Id> =
                names.into_iter().filter(|name| !name_of.values().any(|it| it == name)).collect();
            let objects = |named: &BTreeMap<Id, Id>| {
                let mut world = before.clone();
                each_id(&mut world, |id| named.get(&id).copied().unwrap_or(id));
                world.objects.sort_by(|one, other| one.key.cmp(&other.key));
                world.causes.sort_unstable();
                (world.objects, world.causes)
            };
            let explained = orders(&free).into_iter().any(|free| {
                let mut named = name_of.clone();
                named.extend(left.iter().copied().zip(free));
                objects(&named) == (state.objects.clone(), state.causes.clone())
            });
            assert!(explained, "{before:?} is not {state:?}");
        }
    }

    fn orders(items: &[Id]) -> Vec<Vec<Id>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let first = |&item: &Id| {
            let rest: Vec<Id> = items.iter().copied().filter(|&other| other != item).collect();
            orders(&rest).into_iter().map(move |mut order| {
                order.push(item);
                order
            })
        };
        items.iter().flat_map(first).collect()
    }
}
