//! One state of the world: stores, queues, workers, and what has been
//! published.
//!
//! A world is plain data: cheap to clone, compared and hashed by content. How
//! it changes is in [`transition_system`](super::transition_system).

use std::time::Duration;

use smallvec::SmallVec;

use super::budget::Spent;
use crate::handler::call::{Call, Condition, ObjectKey};
use crate::handler::rehearsal::HistoryId;
use crate::handler::text::{Id, Ids, Text};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct World {
    /// Sorted by key.
    pub(crate) objects: Vec<Object>,
    /// Copies waiting to be delivered, oldest first.
    pub(crate) queue: Vec<Envelope>,
    /// All workers, those of one endpoint side by side.
    pub(crate) workers: SmallVec<[Worker; 4]>,
    /// Every different message that was published, and by which endpoint.
    pub(crate) published: Vec<Envelope>,
    /// Under which messages outputs were published, where somebody asks (of endpoints
    /// that nobody judges; of all, where each message has faults of its own): each
    /// cause once, sorted.
    pub(crate) causes: Vec<Cause>,
    /// Calls that outlived whoever made them.
    pub(crate) in_flight: Vec<InFlight>,
    /// What is forgotten at will; then running times to live, oldest first.
    pub(crate) timers: Vec<Timer>,
    /// Which component of the messages is being worked on (see
    /// [`independence`](crate::independence)).
    pub(crate) component: u8,
    /// What was spent of each budget. Not part of the state's identity.
    pub(crate) spent: Spent,
    /// The next fresh id. Not part of the state's identity.
    pub(crate) next_id: Id,
    /// Ids below this one may be those of sent messages. A copy of these can come
    /// from the sender at any time, so they keep their names.
    pub(crate) sent_ids: Id,
}

/// A copy of a message at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Envelope {
    pub(crate) endpoint: u8,
    pub(crate) message: Text,
}

/// An output, and a message under whose processing it was published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cause {
    pub(crate) output: Envelope,
    pub(crate) under: Text,
}

/// A document, a stream, or something outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) key: ObjectKey,
    pub(crate) content: Content,
    /// What a stale read may return, oldest first; kept by weak stores only.
    pub(crate) older: Vec<Option<Version>>,
}

impl Object {
    /// The fresh ids that can be learned by reading it, etags included.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> {
        self.ids_with(true)
    }

    /// The same; of its older versions only if somebody may still read one.
    pub(crate) fn ids_with(&self, older: bool) -> impl Iterator<Item = Id> {
        let older = if older { self.older.as_slice() } else { &[] };
        let (events, current) = match &self.content {
            Content::Stream(events) => (events.as_slice(), None),
            Content::Outside(state) => (std::slice::from_ref(state), None),
            Content::Document(version) => (&[][..], version.as_ref()),
        };
        let versions = older.iter().flatten().chain(current);
        let in_versions = versions.flat_map(|version| version.body.ids.iter().copied().chain([version.etag]));
        events.iter().flat_map(|event| event.ids.iter().copied()).chain(in_versions)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Stream(Vec<Text>),
    Document(Option<Version>),
    /// The state of something outside.
    Outside(Text),
}

/// One version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) etag: Id,
    pub(crate) body: Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worker {
    pub(crate) endpoint: u8,
    pub(crate) busy: Option<Busy>,
}

/// A delivery in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Busy {
    pub(crate) message: Text,
    /// Whether the lock on the message is still this worker's.
    pub(crate) holds_lock: bool,
    /// Whether all its reads may be old, and that has been paid for.
    pub(crate) reads_old: bool,
    pub(crate) history: HistoryId,
    /// The world's names of the ids that the delivery knows.
    pub(crate) ids: Ids,
    pub(crate) phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The handler waits for its ports.
    Handling,
    /// The handler is done; this output is dispatched next.
    Dispatching(u8),
    /// Everything is dispatched.
    Acking,
}

/// A call that outlived whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) endpoint: u8,
    /// Which message was being processed.
    pub(crate) message: Text,
    pub(crate) call: Call,
    /// A call that was dropped by a living handler may land (as a fault) or
    /// not; one that a crash was charged for does.
    pub(crate) certain: bool,
}

/// What will happen when its time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    pub(crate) due: Due,
    pub(crate) time_to_live: Duration,
    /// The workers (one bit each) whose lock was running when this was set, and
    /// still is; none, if it is not the clock that decides.
    pub(crate) older_locks: u32,
}

/// What time does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A document is deleted by its store.
    Document(ObjectKey),
    /// What something outside was told at the processing of a message is forgotten
    /// there.
    Memory { of: ObjectKey, what: Text, message: Text },
    /// A deadline passes that a handler has had from the clock. One that has passed is
    /// the name of nothing any more.
    Deadline(Id),
}

impl Due {
    /// The document, or the thing outside, that it changes.
    pub(crate) fn object(&self) -> Option<&ObjectKey> {
        match self {
            Self::Document(object) | Self::Memory { of: object, .. } => Some(object),
            Self::Deadline(_) => None,
        }
    }
}

impl World {
    pub(crate) fn find(&self, key: &ObjectKey) -> Result<usize, usize> {
        self.objects.binary_search_by(|object| object.key.cmp(key))
    }

    /// The place of an object; it is there from now on, with this content if it
    /// was not.
    pub(crate) fn find_or_add(&mut self, key: &ObjectKey, content: Content) -> usize {
        self.find(key).unwrap_or_else(|place| {
            self.objects.insert(place, Object { key: key.clone(), content, older: Vec::new() });
            place
        })
    }

    /// An object, if there is one.
    pub(crate) fn object(&self, key: &ObjectKey) -> Option<&Object> {
        self.find(key).ok().map(|place| &self.objects[place])
    }

    /// A document as it is now, if it is there.
    pub(crate) fn current(&self, key: &ObjectKey) -> Option<&Version> {
        match &self.object(key)?.content {
            Content::Document(version) => version.as_ref(),
            Content::Stream(_) | Content::Outside(_) => None,
        }
    }

    /// Whether a document is as a condition wants it.
    pub(crate) fn meets(&self, key: &ObjectKey, condition: &Condition) -> bool {
        match condition {
            Condition::None => true,
            Condition::IfAbsent => self.current(key).is_none(),
            Condition::IfEtag(etag) => {
                self.current(key).is_some_and(|version| Text::etag(version.etag) == *etag)
            }
        }
    }

    /// The workers (one bit each) whose lock is running.
    pub(crate) fn running_locks(&self) -> u32 {
        (0..)
            .zip(&self.workers)
            .filter(|(_, worker)| worker.busy.as_ref().is_some_and(|busy| busy.holds_lock))
            .fold(0, |locks, (number, _)| locks | 1 << number)
    }

    /// A worker's lock no longer runs.
    pub(crate) fn unlock(&mut self, worker: u8) {
        for timer in &mut self.timers {
            timer.older_locks &= !(1 << worker);
        }
    }

    /// A worker is idle again; its copy goes back to the queue if it must be
    /// delivered again.
    pub(crate) fn release(&mut self, worker: u8, redeliver: bool) {
        self.unlock(worker);
        let slot = &mut self.workers[usize::from(worker)];
        let busy = slot.busy.take().expect("only a busy worker is released");
        if redeliver && busy.holds_lock {
            self.queue.push(Envelope { endpoint: slot.endpoint, message: busy.message });
        }
    }

    /// At rest: no copy of any message anywhere, no worker busy.
    pub(crate) fn at_rest(&self) -> bool {
        self.queue.is_empty()
            && self.workers.iter().all(|worker| worker.busy.is_none())
            && self.in_flight.iter().all(|in_flight| !in_flight.certain)
    }

    /// Whether this id is written down anywhere where a handler can come across it:
    /// in what is stored, in what was published, in what somebody is at work on, or in
    /// a call that is under way. Whether older versions can be read is said by
    /// `older`.
    pub(crate) fn mentions(&self, id: Id, older: bool) -> bool {
        let written = |text: &Text| text.ids.contains(&id);
        let copies = self.queue.iter().chain(&self.published);
        let mut busy = self.workers.iter().filter_map(|worker| worker.busy.as_ref());
        self.objects
            .iter()
            .any(|object| written(&object.key.key) || object.ids_with(older).any(|other| other == id))
            || copies.into_iter().any(|copy| written(&copy.message))
            || busy.any(|busy| written(&busy.message) || busy.ids.contains(&id))
            || self
                .in_flight
                .iter()
                .any(|late| written(&late.message) || late.call.texts().into_iter().any(written))
    }

    /// Whether this is a deadline that has not passed.
    pub(crate) fn is_to_come(&self, deadline: Id) -> bool {
        self.timers.iter().any(|timer| timer.due == Due::Deadline(deadline))
    }

    /// How many workers are busy besides one.
    pub(crate) fn busy_others(&self) -> u16 {
        (self.workers.iter().filter(|worker| worker.busy.is_some()).count() as u16).saturating_sub(1)
    }

    /// How many bytes it takes, near enough: what its lists hold, and not what they could
    /// hold. A longer list of ids than fits is left out.
    pub(crate) fn bytes(&self) -> usize {
        let objects = self.objects.iter().map(|object| {
            let events = match &object.content {
                Content::Stream(events) => size_of_val(events.as_slice()),
                Content::Document(_) | Content::Outside(_) => 0,
            };
            size_of_val(object) + size_of_val(object.older.as_slice()) + events
        });
        size_of_val(self)
            + objects.sum::<usize>()
            + size_of_val(self.queue.as_slice())
            + size_of_val(self.published.as_slice())
            + size_of_val(self.causes.as_slice())
            + size_of_val(self.in_flight.as_slice())
            + size_of_val(self.timers.as_slice())
    }

    /// Whether any message is being worked on.
    pub(crate) fn work_in_flight(&self) -> bool {
        self.workers.iter().any(|worker| worker.busy.is_some())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Worlds of very few words, so that many are alike but for one thing.
    pub(crate) struct Words(Xoshiro256PlusPlus);

    impl Words {
        pub(crate) fn new(seed: u64) -> Self {
            Self(Xoshiro256PlusPlus::seed_from_u64(seed))
        }

        pub(crate) fn below(&mut self, most: u32) -> u32 {
            self.0.random_range(0..most)
        }

        fn maybe(&mut self) -> bool {
            self.below(2) == 0
        }

        /// Often none at all.
        pub(crate) fn list<T>(&mut self, most: u32, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
            let count = self.below(2) * self.below(most + 1);
            (0..count).map(|_| one(self)).collect()
        }

        pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
            for place in 1..items.len() {
                items.swap(place, self.below(place as u32 + 1) as usize);
            }
        }

        fn id(&mut self) -> Id {
            self.below(4)
        }

        /// How many ids a text has is a matter of its template.
        fn text(&mut self) -> Text {
            let template = self.below(3);
            Text { template, ids: (0..template).map(|_| self.id()).collect() }
        }

        fn envelope(&mut self) -> Envelope {
            Envelope { endpoint: self.below(2) as u8, message: self.text() }
        }

        fn key(&mut self) -> ObjectKey {
            ObjectKey { store: self.below(3) as u8, key: self.text() }
        }

        fn version(&mut self) -> Option<Version> {
            self.maybe().then(|| Version { etag: self.id(), body: self.text() })
        }

        fn object(&mut self) -> Object {
            let (content, older) = match self.below(3) {
                0 => (Content::Stream(self.list(2, Self::text)), Vec::new()),
                1 => (Content::Outside(self.text()), Vec::new()),
                _ => (Content::Document(self.version()), self.list(1, Self::version)),
            };
            Object { key: self.key(), content, older }
        }

        fn busy(&mut self) -> Busy {
            Busy {
                message: self.text(),
                holds_lock: self.maybe(),
                reads_old: self.maybe(),
                history: self.below(2),
                ids: (0..self.below(3)).map(|_| self.id()).collect(),
                phase: match self.below(4) {
                    0 => Phase::Handling,
                    1 => Phase::Acking,
                    next => Phase::Dispatching(next as u8 - 2),
                },
            }
        }

        fn condition(&mut self) -> Condition {
            match self.below(3) {
                0 => Condition::None,
                1 => Condition::IfAbsent,
                _ => Condition::IfEtag(self.text()),
            }
        }

        fn time_to_live(&mut self) -> Duration {
            Duration::from_millis(u64::from(self.below(2)))
        }

        fn call(&mut self) -> Call {
            let object = self.key();
            match self.below(10) {
                0 => Call::ReadStream { object },
                1 => {
                    let expected = u64::from(self.below(2));
                    Call::Append { object, expected, events: self.list(2, Self::text) }
                }
                2 => Call::Get { object },
                3 | 4 => Call::Put {
                    object,
                    body: self.text(),
                    condition: self.condition(),
                    time_to_live: self.maybe().then(|| self.time_to_live()),
                },
                5 => Call::Delete { object, condition: self.condition() },
                6 => Call::Publish { message: self.text() },
                7 => Call::SetDeadline { time: self.time_to_live() },
                8 => Call::HasPassed { deadline: self.text() },
                _ => Call::Ask { object, request: self.text(), writes: self.maybe() },
            }
        }

        fn in_flight(&mut self) -> InFlight {
            InFlight {
                endpoint: self.below(2) as u8,
                message: self.text(),
                call: self.call(),
                certain: self.maybe(),
            }
        }

        /// Whether something is forgotten or deleted is a matter of the store.
        fn timer(&mut self) -> Timer {
            let key = self.key();
            let due = match key.store {
                0 => Due::Deadline(self.id()),
                1 => Due::Document(key),
                _ => Due::Memory { of: key, what: self.text(), message: self.text() },
            };
            Timer { due, time_to_live: self.time_to_live(), older_locks: self.below(8) }
        }

        /// Two workers of one endpoint, and one of another. Mostly, most of it is
        /// empty.
        pub(crate) fn world(&mut self) -> World {
            let worker = |words: &mut Self, endpoint| Worker {
                endpoint,
                busy: (words.below(4) == 0).then(|| words.busy()),
            };
            let mut objects = self.list(2, Self::object);
            objects.sort_by(|one, other| one.key.cmp(&other.key));
            objects.dedup_by(|one, other| one.key == other.key);
            let mut causes = self.list(2, |words| Cause { output: words.envelope(), under: words.text() });
            causes.sort_unstable();
            causes.dedup();
            World {
                objects,
                queue: self.list(2, Self::envelope),
                workers: [0, 0, 1].into_iter().map(|endpoint| worker(self, endpoint)).collect(),
                published: self.list(2, Self::envelope),
                causes,
                in_flight: self.list(1, Self::in_flight),
                timers: self.list(1, Self::timer),
                component: self.below(2) as u8,
                spent: Spent::default(),
                next_id: 4,
                sent_ids: self.below(3),
            }
        }
    }
}
