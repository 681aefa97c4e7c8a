//! What there is, spelt out; and names, which are told apart by their age only.

use std::collections::{BTreeMap, BTreeSet};

use super::super::programs::{Answer, Ask, Guard, Key, Name, Note};
use super::time::Fading;

/// A logical message: which endpoint publishes it, or nobody if a test sends
/// it; and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Message {
    pub by: Option<u8>,
    pub note: Note,
}

pub(super) type Document = Option<(Note, Name)>;

/// Store, letter and id.
pub(super) type Place = (u8, char, Option<Name>);

/// What was done under a key, and what is remembered of the last: at the
/// processing of which message it was done.
pub(super) type Account = (Vec<Note>, Option<Message>);

/// Subject, body and name of a message in the subject stream.
pub(super) type Sent = (&'static str, Note, Option<Note>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// By store (own ones by endpoint, the shared one last) and key: what is
    /// there, and what was there before, if that may be read.
    pub documents: BTreeMap<Place, (Document, Vec<Document>)>,
    pub streams: BTreeMap<(u8, char), Vec<char>>,
    pub logs: BTreeMap<(u8, char), Vec<Note>>,
    pub service: BTreeMap<Note, Account>,
    /// The subject stream, and the sequence under which it knows each name.
    pub subjects: Vec<Sent>,
    pub known: BTreeMap<Note, u64>,
    /// What will fade and after how many seconds, oldest first.
    pub fading: Vec<(Fading, u64)>,
    /// By endpoint; sorted.
    pub queue: Vec<(u8, Message)>,
    /// Sorted within an endpoint.
    pub workers: Vec<(u8, Option<Busy>)>,
    /// And, where faults are counted by message, under which messages.
    pub published: BTreeMap<Message, BTreeSet<Message>>,
    /// Sorted.
    pub flying: Vec<Flying>,
    /// Faults; stale reads; faults of each message that is sent.
    pub used: [u8; 8],
    /// One more than the greatest name.
    pub next: Name,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Busy {
    pub message: Message,
    pub locked: bool,
    /// What began to fade while this lock was running, by place.
    pub outlasts: Vec<usize>,
    pub names: Vec<Name>,
    pub log: Vec<(Ask, Answer)>,
    pub doing: Doing,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Doing {
    Waiting(Vec<Ask>),
    /// What is left to dispatch; then to acknowledge.
    Dispatching(Vec<Note>),
    /// It made more calls than anybody looks at: what it does is unknown.
    CutOff,
}

/// A call that nobody waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Flying {
    pub endpoint: u8,
    pub message: Message,
    pub ask: Ask,
    pub certain: bool,
}

impl Message {
    pub fn sent(text: char) -> Self {
        Self { by: None, note: Note::plain(text) }
    }

    fn map(self, f: &mut dyn FnMut(Name) -> Name) -> Self {
        Self { by: self.by, note: self.note.map(f) }
    }
}

impl Busy {
    /// A delivery that has just begun, and has not run yet.
    pub fn of(message: Message) -> Self {
        let names = message.note.id.into_iter().collect();
        let doing = Doing::Waiting(Vec::new());
        Self { message, locked: true, outlasts: Vec::new(), names, log: Vec::new(), doing }
    }

    /// The message as the handler sees it.
    pub fn local_message(&self) -> Note {
        Note { text: self.message.note.text, id: self.message.note.id.map(|_| 0) }
    }

    /// The call with the names that all know.
    pub fn real(&self, ask: &Ask) -> Ask {
        ask.map(&mut |name| self.names[name as usize])
    }
}

impl State {
    /// Sorts what has no order, and renumbers the names by their age.
    pub fn normalise(&mut self) {
        let mut names = 0u64;
        self.mention(&mut |name| names |= 1 << name);
        self.next = names.count_ones();
        if names.trailing_ones() < self.next {
            self.rename(&mut |name| (names & ((1 << name) - 1)).count_ones());
        }
        self.queue.sort_unstable();
        self.workers.sort();
        self.flying.sort();
    }

    /// Every name that occurs.
    fn mention(&self, f: &mut impl FnMut(Name)) {
        for (fading, _) in &self.fading {
            match fading {
                Fading::Document((_, _, id)) | Fading::Name(Note { id, .. }) => {
                    id.iter().for_each(|&id| f(id))
                }
                Fading::Deadline(name) => f(*name),
            }
        }
        self.mention_elsewhere(true, f);
    }

    /// Every name that occurs anywhere but in what fades; those in older versions of
    /// documents only if that is asked for.
    pub fn mention_elsewhere(&self, old: bool, f: &mut impl FnMut(Name)) {
        for ((_, _, id), (now, history)) in &self.documents {
            id.iter().for_each(|&id| f(id));
            for (note, etag) in history.iter().filter(|_| old).chain([now]).flatten() {
                note.id.iter().for_each(|&id| f(id));
                f(*etag);
            }
        }
        let accounts = self.service.iter();
        let accounts = accounts.flat_map(|(key, (done, message))| {
            [key].into_iter().chain(done).chain(message.iter().map(|message| &message.note))
        });
        let sent = self.subjects.iter().flat_map(|(_, body, name)| [body].into_iter().chain(name));
        let outside = self.logs.values().flatten().chain(accounts).chain(sent).chain(self.known.keys());
        outside.filter_map(|note| note.id).for_each(&mut *f);
        let published = self.published.iter().flat_map(|(message, under)| [message].into_iter().chain(under));
        let messages = self.queue.iter().map(|(_, message)| message).chain(published);
        messages
            .chain(self.flying.iter().map(|flying| &flying.message))
            .filter_map(|message| message.note.id)
            .for_each(&mut *f);
        for busy in self.busy() {
            busy.message.note.id.iter().chain(&busy.names).for_each(|&name| f(name));
        }
        for flying in &self.flying {
            _ = flying.ask.map(&mut |name| {
                f(name);
                name
            });
        }
    }

    fn rename(&mut self, f: &mut dyn FnMut(Name) -> Name) {
        self.documents = std::mem::take(&mut self.documents)
            .into_iter()
            .map(|((store, text, id), (now, history))| {
                let id = id.map(&mut *f);
                let now = rename_document(now, f);
                ((store, text, id), (now, history.into_iter().map(|old| rename_document(old, f)).collect()))
            })
            .collect();
        self.logs.values_mut().flatten().for_each(|record| *record = record.map(f));
        self.service = std::mem::take(&mut self.service)
            .into_iter()
            .map(|(key, (done, message))| {
                let done = done.into_iter().map(|request| request.map(f)).collect();
                (key.map(f), (done, message.map(|message| message.map(f))))
            })
            .collect();
        for (_, body, name) in &mut self.subjects {
            *body = body.map(f);
            *name = name.map(|name| name.map(f));
        }
        self.known =
            std::mem::take(&mut self.known).into_iter().map(|(name, at)| (name.map(f), at)).collect();
        for (fading, _) in &mut self.fading {
            match fading {
                Fading::Document((_, _, id)) => *id = id.map(&mut *f),
                Fading::Name(name) => *name = name.map(f),
                Fading::Deadline(name) => *name = f(*name),
            }
        }
        for (_, message) in &mut self.queue {
            *message = message.map(f);
        }
        for busy in self.busy_mut() {
            busy.message = busy.message.map(f);
            busy.names.iter_mut().for_each(|name| *name = f(*name));
        }
        self.published = std::mem::take(&mut self.published)
            .into_iter()
            .map(|(message, under)| {
                (message.map(f), under.into_iter().map(|message| message.map(f)).collect())
            })
            .collect();
        for flying in &mut self.flying {
            flying.message = flying.message.map(f);
            flying.ask = flying.ask.map(f);
        }
    }

    pub fn fresh(&mut self) -> Name {
        self.next += 1;
        self.next - 1
    }

    pub fn busy(&self) -> impl Iterator<Item = &Busy> {
        self.workers.iter().filter_map(|(_, busy)| busy.as_ref())
    }

    pub fn busy_mut(&mut self) -> impl Iterator<Item = &mut Busy> {
        self.workers.iter_mut().filter_map(|(_, busy)| busy.as_mut())
    }

    /// What a worker is busy with.
    pub fn at(&mut self, worker: usize) -> &mut Busy {
        self.workers[worker].1.as_mut().expect("busy")
    }

    pub fn idle(&self, endpoint: u8) -> Option<usize> {
        self.workers.iter().position(|(of, busy)| *of == endpoint && busy.is_none())
    }

    pub fn document(&self, place: Place) -> Document {
        self.documents.get(&place).and_then(|(now, _)| *now)
    }

    pub fn holds(&self, endpoint: u8, key: Key, guard: Guard) -> bool {
        let now = self.document(place_of(endpoint, key));
        match guard {
            Guard::None => true,
            Guard::IfAbsent => now.is_none(),
            Guard::IfEtag(etag) => now.is_some_and(|(_, current)| current == etag),
        }
    }
}

fn rename_document(document: Document, f: &mut dyn FnMut(Name) -> Name) -> Document {
    document.map(|(note, etag)| {
        let note = note.map(f);
        (note, f(etag))
    })
}

/// The store that all endpoints see.
pub(super) const SHARED: u8 = 100;

pub(super) fn place_of(endpoint: u8, key: Key) -> Place {
    (if key.store == 0 { endpoint } else { SHARED }, key.text, key.id)
}
