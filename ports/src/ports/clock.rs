//! The clock: moments that are yet to come, and whether they are over.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Says when something is over: a lease, a wait, a time to pay.
///
/// It does not say what time it is. A time that a handler could calculate with would
/// make every state of a system another one for ever; what a handler needs of it is
/// nearly always this: *is it over?* So a deadline is made by the clock, is written down
/// wherever it is needed, by whoever may have to look at it later, and is compared with
/// the clock.
///
/// The clock is that of the machine: it answers at once and does not fail. All machines
/// have the same time. (Where theirs differ by more than a deadline can bear, it needs
/// one that everybody asks: a document with a
/// [time to live](crate::DocumentStore::put_expiring).)
///
/// ```
/// use std::time::Duration;
///
/// use ports::memory::MemoryPorts;
///
/// let memory = MemoryPorts::default();
/// let clock = memory.ports().clock;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let lease = clock.deadline_in(Duration::from_secs(60)).await?;
/// assert!(!clock.has_passed(&lease).await?);
/// memory.clock.advance(Duration::from_secs(60));
/// assert!(clock.has_passed(&lease).await?);
/// # anyhow::Ok(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait Clock: Send + Sync {
    /// The moment at which `time` will have passed since now.
    ///
    /// # Errors
    ///
    /// [`ClockError::TooFar`].
    async fn deadline_in(&self, time: Duration) -> Result<Deadline, ClockError>;

    /// Whether this moment is over. One that is over stays so.
    ///
    /// # Errors
    ///
    /// [`ClockError::NotADeadline`].
    async fn has_passed(&self, deadline: &Deadline) -> Result<bool, ClockError>;
}

/// A moment, in the words of the clock that made it. Opaque: write it down, ask the
/// clock for it, nothing else.
///
/// It is no id: two that were made at the same moment may be equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deadline(pub String);

impl fmt::Display for Deadline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why the clock has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// This is none of the deadlines that the clock makes.
    #[error("{0:?} is no deadline that this clock has made")]
    NotADeadline(String),
    /// The moment is later than the clock can say.
    #[error("in {0:?} is later than this clock can say")]
    TooFar(Duration),
}
