//! A clock in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::LOCK;
use crate::{Clock, ClockError, Deadline};

/// A [`Clock`] that stands still until somebody [moves](Self::advance) it.
///
/// A deadline is written as the seconds that will have passed since the clock was made:
/// `90.000000000s`.
///
/// Clones share the time.
#[derive(Clone, Debug, Default)]
pub struct MemoryClock {
    now: Arc<Mutex<Duration>>,
}

impl MemoryClock {
    /// A clock by which no time has passed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().expect(LOCK);
        *now = now.saturating_add(by);
    }

    fn now(&self) -> Duration {
        *self.now.lock().expect(LOCK)
    }
}

#[async_trait]
impl Clock for MemoryClock {
    async fn deadline_in(&self, time: Duration) -> Result<Deadline, ClockError> {
        let at = self.now().checked_add(time).ok_or(ClockError::TooFar(time))?;
        Ok(Deadline(format!("{}.{:09}s", at.as_secs(), at.subsec_nanos())))
    }

    async fn has_passed(&self, deadline: &Deadline) -> Result<bool, ClockError> {
        let at = read(&deadline.0).ok_or_else(|| ClockError::NotADeadline(deadline.0.clone()))?;
        Ok(at <= self.now())
    }
}

fn read(text: &str) -> Option<Duration> {
    let (seconds, nanos) = text.strip_suffix('s')?.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if nanos.len() != 9 || !digits(seconds) || !digits(nanos) {
        return None;
    }
    Some(Duration::new(seconds.parse().ok()?, nanos.parse().ok()?))
}
