//! How long a thread has been on a processor, and how long it has waited for one.
//!
//! A thread can ask for its own time on every Unix. What *another* thread has had
//! only Linux tells, and Linux alone tells how long a thread was ready to run and
//! did not. Elsewhere these are `None`, and whoever asks has to say less.

use std::path::PathBuf;
use std::time::Duration;

/// How long this thread has been on a processor.
#[cfg(unix)]
pub(super) fn of_this_thread() -> Option<Duration> {
    Some(read(rustix::time::ClockId::ThreadCPUTime))
}

/// How long all threads of this process have been on a processor, added up.
#[cfg(unix)]
pub(super) fn of_this_process() -> Option<Duration> {
    Some(read(rustix::time::ClockId::ProcessCPUTime))
}

#[cfg(unix)]
fn read(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// How long this thread has been on a processor.
#[cfg(not(unix))]
pub(super) fn of_this_thread() -> Option<Duration> {
    None
}

/// How long all threads of this process have been on a processor, added up.
#[cfg(not(unix))]
pub(super) fn of_this_process() -> Option<Duration> {
    None
}

/// A thread that others can look at, where the system lets them.
#[derive(Debug)]
pub(super) struct Visible(PathBuf);

/// What a thread has done since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// So long it was on a processor.
    pub(super) ran: Duration,
    /// So long it was ready, and others had the processors.
    pub(super) queued: Duration,
}

impl Visible {
    /// This thread.
    pub(super) fn this_thread() -> Option<Self> {
        let place = std::fs::read_link("/proc/thread-self").ok()?;
        let this = Self(PathBuf::from("/proc").join(place).join("schedstat"));
        this.look().is_some().then_some(this)
    }

    /// What it has done by now: three numbers in a line, the first two of them
    /// in nanoseconds.
    pub(super) fn look(&self) -> Option<Seen> {
        let text = std::fs::read_to_string(&self.0).ok()?;
        let mut times = text.split_whitespace().map(|number| number.parse().map(Duration::from_nanos));
        Some(Seen { ran: times.next()?.ok()?, queued: times.next()?.ok()? })
    }
}

// Nowhere else is there anything to look at.
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Computes until this thread has had so much time.
    fn compute(time: Duration) {
        let start = of_this_thread().unwrap();
        while of_this_thread().unwrap() - start < time {}
    }

    #[test]
    fn to_compute_takes_time_and_to_sleep_does_not() {
        let time = Duration::from_millis(20);
        let before = of_this_thread().unwrap();
        compute(time);
        let computed = of_this_thread().unwrap();
        assert!(computed - before >= time);
        std::thread::sleep(time);
        assert!(of_this_thread().unwrap() - computed < time / 2);
        assert!(of_this_process().unwrap() >= computed);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_is_seen_from_outside() {
        // Some sandboxes show nothing.
        let Some(this) = Visible::this_thread() else { return };
        compute(Duration::from_millis(20));
        let seen = std::thread::scope(|scope| scope.spawn(|| this.look()).join().unwrap()).unwrap();
        assert!(seen.ran >= Duration::from_millis(20), "{seen:?}");
    }
}
