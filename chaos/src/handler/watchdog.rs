//! The one place with a wall clock: noticing a handler that never returns.
//!
//! The engine runs on a thread of its own. While it is inside the handler it
//! says so through a [`Pulse`]; [`supervise`] watches from outside. Should the
//! handler not come back, the engine's thread is abandoned (it ends with the
//! process) and the caller gets a sentence instead of a hang.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How far the handler has come: odd while the engine is inside it.
#[derive(Debug, Default)]
pub(crate) struct Pulse(AtomicU64);

impl Pulse {
    /// The engine is about to enter the handler.
    pub(crate) fn begin(&self) -> Beat<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Beat(self)
    }
}

/// The engine is inside the handler for as long as this lives.
pub(crate) struct Beat<'a>(&'a Pulse);

impl Drop for Beat<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The handler blocked its thread.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Blocked {
    #[error(
        "the handler has not come back for {seconds} s: an endless loop, or a call that blocks its thread (std::thread::sleep, a std lock that is held already). (CHAOS_WATCHDOG_SECONDS=0 switches this watchdog off, for a debugger.)"
    )]
    Forever { seconds: u64 },
    #[error(
        "the handler blocks its thread for about {milliseconds} ms at every step: it sleeps on the real clock (std::thread::sleep), or computes a great deal. Under the harness time is virtual; wait only for the ports. (CHAOS_WATCHDOG_SECONDS=0 switches this watchdog off.)"
    )]
    Repeatedly { milliseconds: u64 },
    #[error("the harness itself failed: {0}. This is a bug in the workshop, please report it")]
    Harness(String),
}

/// Runs `work` on a thread of its own and waits for it, unless the handler
/// does not come back.
pub(crate) fn supervise<T: Send + 'static>(
    work: impl FnOnce(Arc<Pulse>) -> T + Send + 'static,
) -> Result<T, Blocked> {
    supervise_for(patience(), work)
}

fn supervise_for<T: Send + 'static>(
    patience: Option<Duration>,
    work: impl FnOnce(Arc<Pulse>) -> T + Send + 'static,
) -> Result<T, Blocked> {
    const LOOK_EVERY: Duration = Duration::from_millis(50);
    /// A handler that is inside at so many looks in a row, …
    const LOOKS: u32 = 20;
    /// … having been entered fewer times than this per look, sleeps.
    const FEW_ENTRIES: u64 = 8;

    let pulse = Arc::new(Pulse::default());
    let (sender, receiver) = channel();
    let engine_pulse = Arc::clone(&pulse);
    let engine = std::thread::Builder::new()
        .name("chaos".to_owned())
        .stack_size(16 << 20)
        .spawn(move || {
            // Nobody listens any more once the watchdog has barked.
            _ = sender.send(work(engine_pulse));
        })
        .map_err(|error| Blocked::Harness(format!("no thread could be started ({error})")))?;

    let mut last = 0;
    let mut since = Instant::now();
    let (mut slow_looks, mut slow_from) = (0, 0);
    loop {
        match receiver.recv_timeout(LOOK_EVERY) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => {
                let panic = engine.join().err().map(|payload| {
                    payload
                        .downcast_ref::<String>()
                        .cloned()
                        .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                        .unwrap_or_default()
                });
                return Err(Blocked::Harness(panic.unwrap_or_default()));
            }
            Err(RecvTimeoutError::Timeout) => {
                let Some(patience) = patience else { continue };
                let now = pulse.0.load(Ordering::Relaxed);
                let inside = now % 2 == 1;
                if !inside || now != last {
                    since = Instant::now();
                }
                if inside && now - last <= 2 * FEW_ENTRIES {
                    if slow_looks == 0 {
                        slow_from = last;
                    }
                    slow_looks += 1;
                } else {
                    slow_looks = 0;
                }
                let entered = (now - slow_from) / 2;
                if slow_looks >= LOOKS && entered >= 2 {
                    let milliseconds = u64::from(slow_looks) * 50 / entered;
                    return Err(Blocked::Repeatedly { milliseconds });
                }
                if inside && since.elapsed() >= patience {
                    return Err(Blocked::Forever { seconds: patience.as_secs() });
                }
                last = now;
            }
        }
    }
}

/// How long a handler may stay away: five seconds, unless the environment says
/// otherwise. `None` for as long as it likes.
fn patience() -> Option<Duration> {
    const USUAL: u64 = 5;
    let seconds =
        std::env::var("CHAOS_WATCHDOG_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL);
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_comes_back_is_handed_over() {
        assert_eq!(
            supervise(|pulse| {
                drop(pulse.begin());
                7
            }),
            Ok(7)
        );
    }

    #[test]
    fn work_that_does_not_come_back_is_given_up() {
        let result = supervise_for(Some(Duration::from_millis(200)), |pulse| {
            let _beat = pulse.begin();
            loop {
                std::thread::park();
            }
        });
        assert_eq!(result, Err::<(), _>(Blocked::Forever { seconds: 0 }));
    }

    #[test]
    fn a_harness_that_fails_says_so() {
        crate::handler::panics::install_panic_hook();
        let result: Result<(), _> = supervise(|_| {
            let caught = crate::handler::panics::catching_panics(|| panic!("planted"));
            std::panic::resume_unwind(Box::new(format!("{caught:?}")));
        });
        assert!(matches!(result, Err(Blocked::Harness(text)) if text.contains("planted")));
    }
}
