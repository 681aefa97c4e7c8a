//! What every adapter of a port must do, as runnable checks.
//!
//! One suite for all of them: in memory, simulated, real. A check is an async
//! function over a port that **panics** when a rule is broken, with the rule
//! (one of [`rules`]) and the calls that led there:
//!
//! ```text
//! broken rule: a put under if-absent is a conflict when there is a document
//! the calls, the last reply last:
//!   put("run-7-create", "one", IfAbsent) -> Ok(Etag("e1"))
//!   put("run-7-create", "two", IfAbsent) -> Ok(Etag("e2"))
//! ```
//!
//! The checks
//!
//! - need a store that works: they take [`Unavailable`](StoreError::Unavailable)
//!   or [`NoReply`](StoreError::NoReply) for a broken rule, so inject no
//!   faults, and let no weak store return old versions;
//! - touch only streams and keys that start with the `prefix` they are given.
//!   Nothing may be there yet and nothing is cleaned up: give every run against
//!   a store that persists a prefix of its own, of letters, digits and hyphens
//!   (what they append to it may hold a slash);
//! - await nothing but port calls, several at once by [`tokio::join!`]. They
//!   spawn nothing and set no timers, and so they can run as a handler in a
//!   simulator, where every call stays pending until the simulator answers it.

mod clock;
#[cfg(test)]
mod clock_tests;
mod document_store;
mod event_store;
#[cfg(test)]
mod outside_tests;
mod publisher;
mod record_log;
pub mod rules;
mod service;
#[cfg(test)]
mod stream_tests;
mod subject_stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Mutex;

pub use clock::{clock, passing};
pub use document_store::{document_store, expiry, size_limit};
pub use event_store::event_store;
pub use publisher::publisher;
pub use record_log::record_log;
pub use service::{effects, forgetting, service};
pub use subject_stream::{last_of_filter, retry, subject_stream, window};

use crate::StoreError;

/// How many writers contend in the checks of concurrency, and how many writes
/// each of them gets through.
const WRITERS: usize = 3;
const WRITES_EACH: usize = 3;

/// How often a writer may have to try one write. Each conflict is somebody
/// else's success since the last look, so this many attempts are always enough
/// for a store that invents no conflicts.
const ATTEMPTS: usize = (WRITERS - 1) * WRITES_EACH + 1;

/// The calls of one check and their replies: the evidence in its panic.
#[derive(Default)]
struct Calls(Mutex<Vec<String>>);

impl Calls {
    fn note(&self, call: impl fmt::Display, reply: &impl fmt::Debug) {
        self.0.lock().expect(LOCK).push(format!("{call} -> {reply:?}"));
    }

    /// Holds the adapter to a rule.
    #[track_caller]
    fn require(&self, rule: &str, holds: bool) {
        if !holds {
            let calls = self.0.lock().expect(LOCK).join("\n  ");
            panic!("broken rule: {rule}\nthe calls, the last reply last:\n  {calls}");
        }
    }

    /// The rule says that this call succeeds.
    #[track_caller]
    fn succeeds<T>(&self, rule: &str, reply: Result<T, StoreError>) -> T {
        self.require(rule, reply.is_ok());
        reply.unwrap_or_else(|_| unreachable!("a broken rule panics"))
    }

    /// The rule says that this call is a conflict.
    #[track_caller]
    fn conflicts<T>(&self, rule: &str, reply: &Result<T, StoreError>) {
        self.require(rule, matches!(reply, Err(StoreError::Conflict { .. })));
    }

    /// Of these concurrent calls, one must have succeeded and the others be
    /// conflicts. Says which one.
    #[track_caller]
    fn one_winner<T, const N: usize>(&self, rule: &str, replies: &[Result<T, StoreError>; N]) -> usize {
        let conflicts =
            replies.iter().filter(|reply| matches!(reply, Err(StoreError::Conflict { .. }))).count();
        let winner = replies.iter().position(Result::is_ok);
        self.require(rule, conflicts == N - 1 && winner.is_some());
        winner.unwrap_or_else(|| unreachable!("a broken rule panics"))
    }
}

/// A reply in other words than its own.
struct Told(String);

impl fmt::Debug for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

const LOCK: &str = "the calls are locked only for the length of a push";
