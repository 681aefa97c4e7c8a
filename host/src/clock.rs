//! The clock of the machine.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use ports::{Clock, ClockError, Deadline};

/// The first moment that has no four digits for its year.
const END: Duration = Duration::from_secs(253_402_300_800);

/// A [`Clock`] that asks the machine for the time. A deadline is written as
/// [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) has it, in UTC:
/// `2026-11-28T18:30:00.000000000Z`.
///
/// It holds for everybody who reads it as well as the machines agree on the time. A
/// clock that is put back makes a deadline last longer, and one that has passed may be
/// yet to come.
#[derive(Clone, Copy, Debug)]
pub struct MachineClock {
    now: fn() -> SystemTime,
}

impl Default for MachineClock {
    fn default() -> Self {
        Self { now: SystemTime::now }
    }
}

#[async_trait]
impl Clock for MachineClock {
    async fn deadline_in(&self, time: Duration) -> Result<Deadline, ClockError> {
        let end = SystemTime::UNIX_EPOCH + END;
        let now = (self.now)().max(SystemTime::UNIX_EPOCH);
        let at = now.checked_add(time).filter(|at| *at < end).ok_or(ClockError::TooFar(time))?;
        Ok(Deadline(humantime::format_rfc3339_nanos(at).to_string()))
    }

    async fn has_passed(&self, deadline: &Deadline) -> Result<bool, ClockError> {
        let at = humantime::parse_rfc3339(&deadline.0);
        let at = at.map_err(|_| ClockError::NotADeadline(deadline.0.clone()))?;
        Ok(at <= (self.now)())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// In milliseconds, since a moment long ago.
    static NOW: AtomicU64 = AtomicU64::new(0);

    fn by_hand() -> SystemTime {
        SystemTime::UNIX_EPOCH
            + Duration::from_secs(1_000_000_000)
            + Duration::from_millis(NOW.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn the_clock_of_the_machine_conforms() {
        ports::conformance::clock(&MachineClock::default()).await;
        let clock = MachineClock { now: by_hand };
        ports::conformance::passing(&clock, Duration::from_secs(4), async |by| {
            NOW.fetch_add(by.as_millis() as u64, Ordering::Relaxed);
        })
        .await;
        let deadline = clock.deadline_in(Duration::from_millis(1_500)).await.unwrap();
        assert_eq!(deadline.0, "2001-09-09T01:46:50.500000000Z");
        for time in [END, Duration::MAX] {
            assert_eq!(clock.deadline_in(time).await, Err(ClockError::TooFar(time)));
        }
    }
}
