//! What has been given up in this process, so that it is not waited for twice.
//!
//! The tests of an exercise are one program, and all of them call the same handler.
//! If it does not come back, the first test finds that out; the others say so at
//! once. Theirs is no verdict: what they send may be another matter.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ports::{Endpoint, Message};

use super::watchdog::Blocked;

/// Where the engine is while it is inside somebody else's code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    endpoint: String,
    handler: &'static str,
    /// The name of the message; nothing while the view is asked.
    message: Option<String>,
}

impl Place {
    /// What stands for the name of a message while the view is asked.
    pub(crate) const VIEW: &str = "(the view)";

    /// In the handler, with this message.
    pub(crate) fn handling(endpoint: &Endpoint, message: &Message) -> Self {
        Self { message: Some(message.name().to_owned()), ..Self::viewing(endpoint) }
    }

    /// In the view.
    pub(crate) fn viewing(endpoint: &Endpoint) -> Self {
        Self { endpoint: endpoint.name().to_owned(), handler: endpoint.handler_name(), message: None }
    }

    /// Whether the handler is that of a place in words.
    pub(crate) fn has_the_handler_at(&self, place: &str) -> bool {
        place.ends_with(&format!(" on {}, {}", self.endpoint, self.handler))
    }

    fn is_of_the_handler_of(&self, other: &Self) -> bool {
        self.handler == other.handler && self.endpoint == other.endpoint
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = self.message.as_deref().unwrap_or(Self::VIEW);
        write!(formatter, "{message} on {}, {}", self.endpoint, self.handler)
    }
}

struct Entry {
    place: Place,
    /// The test that found it out.
    test: String,
    sentence: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It does not come back, or it ends the process.
    Gone,
    /// It comes back each time, and takes too long.
    Slow,
    /// It waits for no port, and nobody wakes it.
    Stuck,
}

static ENTRIES: Mutex<Vec<Entry>> = Mutex::new(Vec::new());
/// How many there are, to be asked at every step.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn entries() -> MutexGuard<'static, Vec<Entry>> {
    ENTRIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers what was given up.
pub(crate) fn remember(place: &Place, test: &str, blocked: &Blocked) {
    let kind = if blocked.is_slow() { Kind::Slow } else { Kind::Gone };
    if kind == Kind::Slow || blocked.is_worth_remembering() {
        add(Entry { place: place.clone(), test: test.to_owned(), sentence: blocked.to_string(), kind });
    }
}

/// Remembers that a handler waits, and nobody wakes it.
pub(super) fn remember_stuck(place: &Place, test: &str) {
    let (place, test) = (place.clone(), test.to_owned());
    add(Entry { place, test, sentence: String::new(), kind: Kind::Stuck });
}

fn add(entry: Entry) {
    let mut entries = entries();
    if entries.iter().all(|known| known.place != entry.place || known.kind != entry.kind) {
        entries.push(entry);
        COUNT.store(entries.len(), Ordering::Relaxed);
    }
}

/// Why nobody calls this handler any more, if that is so.
pub(crate) fn earlier(place: &Place) -> Option<Blocked> {
    find(|entry| entry.kind == Kind::Gone && entry.place.is_of_the_handler_of(place))
        .map(|(test, sentence)| Blocked::Earlier { test, sentence })
}

fn find(right: impl Fn(&Entry) -> bool) -> Option<(String, String)> {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let entries = entries();
    entries.iter().find(|entry| right(entry)).map(|entry| (entry.test.clone(), entry.sentence.clone()))
}

/// Whether this handler was given up because it takes too long.
pub(super) fn is_slow(place: &Place) -> bool {
    find(|entry| entry.kind == Kind::Slow && entry.place.is_of_the_handler_of(place)).is_some()
}

/// Whether nobody woke it when it waited there.
pub(super) fn is_stuck(place: &Place) -> bool {
    find(|entry| entry.kind == Kind::Stuck && entry.place == *place).is_some()
}
