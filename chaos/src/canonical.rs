//! One name for every state.
//!
//! Two worlds that differ only in the order of their queues and sets, in which
//! of several equal workers does what, or in the names of fresh ids, have the
//! same future up to those names. [`canonicalise`] brings a world into a form
//! in which such worlds are (mostly) equal: where a tie cannot be broken
//! without naming ids first, it may keep two names for one state, which costs
//! time but no truth. [`fingerprint`] is the key under which it is remembered.
//!
//! **Assumptions.** Workers of one endpoint are equal: a handler cannot see
//! which worker runs it (nothing tells it). Fresh ids are mere names: see
//! [`text`](crate::text).

use std::cmp::Ordering;

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_128;

use crate::call::{Call, Condition, ObjectKey};
use crate::text::{Id, Ids, Text};
use crate::world::{Content, Copy, Object, Phase, World};

/// Which reductions a search uses. All of them keep every end state and every
/// verdict; a test compares them all on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reductions {
    /// States are remembered, and explored once.
    pub cache: bool,
    /// Fresh ids are renamed to the order of their first appearance.
    pub ids: bool,
    /// Workers of one endpoint are interchangeable.
    pub workers: bool,
    /// Independent steps are explored in one order.
    pub independence: bool,
}

impl Reductions {
    /// All of them.
    pub const ALL: Self = Self { cache: true, ids: true, workers: true, independence: true };
    /// None of them.
    pub const NONE: Self = Self { cache: false, ids: false, workers: false, independence: false };
}

/// Where the parts of a world went when it was brought into canonical form:
/// `workers[new] = old`, and so on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) workers: Order,
    pub(crate) queue: Order,
    pub(crate) published: Order,
    pub(crate) flying: Order,
}

/// `order[new] = old`.
pub(crate) type Order = SmallVec<[u8; 16]>;

/// Numbers ids by first appearance.
struct Renaming {
    names: SmallVec<[Id; 32]>,
    next: Id,
}

const UNNAMED: Id = Id::MAX;

impl Renaming {
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
    fn compare(&self, a: &Copy, b: &Copy) -> Ordering {
        (a.endpoint, a.message.template)
            .cmp(&(b.endpoint, b.message.template))
            .then_with(|| self.known(&a.message.ids).cmp(&self.known(&b.message.ids)))
    }
}

/// Brings a world into canonical form, and tells what went where.
pub(crate) fn canonicalise(world: &mut World, reductions: Reductions, stale_left: bool) -> Places {
    let mut renaming = Renaming { names: smallvec::smallvec![UNNAMED; world.next_id as usize], next: 0 };
    if !reductions.ids {
        renaming.names = (0..world.next_id).collect();
        renaming.next = world.next_id;
    }

    if !stale_left {
        // Nobody can read an old version any more.
        for object in &mut world.objects {
            object.history.clear();
        }
        world.objects.retain(|object| object.content != Content::Document(None));
    }

    // Workers come first: the order of the rest may lean on the names they give.
    let mut order: Order = (0..world.workers.len() as u8).collect();
    if reductions.workers {
        order.sort_by_key(|&worker| {
            let worker = &world.workers[usize::from(worker)];
            (
                worker.endpoint,
                worker
                    .busy
                    .as_ref()
                    .map(|busy| (busy.message.template, busy.shape, phase(busy.phase), !busy.holds_lock)),
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
    let flying = sort(&mut world.flying, |a, b| {
        (a.endpoint, a.message.template, a.certain).cmp(&(b.endpoint, b.message.template, b.certain))
    });
    for flying in &mut world.flying {
        renaming.text(&mut flying.message);
        flying.call = flying.call.map(&mut |id| renaming.name(id));
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
    let queue = compose(&queue, &sort(&mut world.queue, Copy::cmp));
    let published = compose(&published, &sort(&mut world.published, Copy::cmp));
    Places { workers: order, queue, published, flying }
}

fn compose(first: &Order, second: &Order) -> Order {
    second.iter().map(|&place| first[usize::from(place)]).collect()
}

/// Sorts, and tells where everything was: `places[new] = old`.
fn sort<T: Clone>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Order {
    let mut order: Order = (0..items.len() as u8).collect();
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
            for version in object.history.iter_mut().chain([version]).flatten() {
                renaming.text(&mut version.body);
                version.etag = renaming.name(version.etag);
            }
        }
    }
}

fn phase(phase: Phase) -> u32 {
    match phase {
        Phase::Handling => 0,
        Phase::Acking => 1,
        Phase::Dispatching(next) => 2 + u32::from(next),
    }
}

/// The 128-bit key of a world in canonical form: everything that the future or
/// a verdict depends on, but for what is left of the budgets.
pub(crate) fn fingerprint(world: &World, buffer: &mut Vec<u8>) -> u128 {
    buffer.clear();
    let mut sink = Sink(buffer);
    for worker in &world.workers {
        match &worker.busy {
            None => sink.word(0),
            Some(busy) => {
                sink.word(1 + 2 * phase(busy.phase) + u32::from(busy.holds_lock));
                sink.text(&busy.message);
                sink.word(busy.shape);
                sink.words(&busy.ids);
            }
        }
    }
    sink.word(world.queue.len() as u32);
    for copy in &world.queue {
        sink.word(u32::from(copy.endpoint));
        sink.text(&copy.message);
    }
    sink.word(world.objects.len() as u32);
    for object in &world.objects {
        sink.key(&object.key);
        match &object.content {
            Content::Stream(events) => {
                sink.word(events.len() as u32);
                events.iter().for_each(|event| sink.text(event));
            }
            Content::Outside(state) => sink.text(state),
            Content::Document(version) => {
                sink.word(object.history.len() as u32);
                for version in object.history.iter().chain([version]) {
                    match version {
                        None => sink.word(0),
                        Some(version) => {
                            sink.word(1 + version.etag);
                            sink.text(&version.body);
                        }
                    }
                }
            }
        }
    }
    sink.word(world.published.len() as u32);
    for copy in &world.published {
        sink.word(u32::from(copy.endpoint));
        sink.text(&copy.message);
    }
    sink.word(world.flying.len() as u32);
    for flying in &world.flying {
        sink.word(u32::from(flying.endpoint) * 2 + u32::from(flying.certain));
        sink.text(&flying.message);
        sink.call(&flying.call);
    }
    sink.word(world.timers.len() as u32);
    for timer in &world.timers {
        sink.key(&timer.key);
        sink.long(timer.time_to_live.as_millis() as u64);
        sink.word(timer.older_locks);
        if let Some((what, message)) = &timer.forgets {
            sink.text(what);
            sink.text(message);
        }
    }
    sink.word(u32::from(world.phase));
    xxh3_128(buffer)
}

struct Sink<'a>(&'a mut Vec<u8>);

impl Sink<'_> {
    fn word(&mut self, word: u32) {
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    fn long(&mut self, long: u64) {
        self.0.extend_from_slice(&long.to_le_bytes());
    }

    fn words(&mut self, words: &[u32]) {
        self.word(words.len() as u32);
        words.iter().for_each(|&word| self.word(word));
    }

    fn text(&mut self, text: &Text) {
        // How many ids there are is a matter of the template.
        self.word(text.template);
        text.ids.iter().for_each(|&id| self.word(id));
    }

    fn key(&mut self, key: &ObjectKey) {
        self.word(u32::from(key.store));
        self.text(&key.key);
    }

    fn call(&mut self, call: &Call) {
        if let Some(object) = call.object() {
            self.key(object);
        }
        match call {
            Call::ReadStream { .. } => self.word(0),
            Call::Get { .. } => self.word(1),
            Call::Append { expected, events, .. } => {
                self.word(2);
                self.long(*expected);
                self.word(events.len() as u32);
                events.iter().for_each(|event| self.text(event));
            }
            Call::Put { body, condition, time_to_live, .. } => {
                self.word(3);
                self.text(body);
                self.condition(condition);
                self.long(time_to_live.map_or(0, |time| 1 + time.as_millis() as u64));
            }
            Call::Delete { condition, .. } => {
                self.word(4);
                self.condition(condition);
            }
            Call::Publish { message } => {
                self.word(5);
                self.text(message);
            }
            Call::Ask { request, writes, .. } => {
                self.word(6 + u32::from(*writes));
                self.text(request);
            }
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::None => self.word(0),
            Condition::IfAbsent => self.word(1),
            Condition::IfEtag(etag) => {
                self.word(2);
                self.text(etag);
            }
        }
    }
}
