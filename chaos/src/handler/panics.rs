//! Running somebody else's code without being brought down, or shouted over,
//! by its panics.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fault::HandlerFault;

/// A panic that was caught.
#[derive(Clone, Debug)]
pub(crate) struct Caught {
    message: String,
    at: String,
}

impl Caught {
    pub(crate) fn into_fault(self) -> HandlerFault {
        let Self { message, at } = self;
        if let Some(what) = message.strip_prefix("not yet implemented") {
            let what = what.strip_prefix(": ").unwrap_or("the handler ends in a todo!()").to_owned();
            HandlerFault::NotDone { what, at }
        } else if message.contains("no reactor running") || message.contains("Tokio 1.x") {
            HandlerFault::NeedsRuntime { message }
        } else {
            HandlerFault::Panicked { message, at }
        }
    }
}

thread_local! {
    /// The location of the last panic on a thread that keeps quiet about it.
    static QUIET: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Runs somebody else's code; a panic is returned, not printed.
pub(crate) fn catching_panics<T>(code: impl FnOnce() -> T) -> Result<T, Caught> {
    QUIET.set(Some(None));
    let result = catch_unwind(AssertUnwindSafe(code));
    let location = QUIET.take().flatten();
    result.map_err(|payload| Caught {
        message: panic_message(&*payload),
        at: location.map_or(String::new(), |location| format!(" ({location})")),
    })
}

pub(super) fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .unwrap_or_else(|| "(a panic without a message)".to_owned())
}

/// How many panics are being told just now.
static TELLING: AtomicUsize = AtomicUsize::new(0);

/// Whether a panic is being told just now, by any thread. With its backtrace that
/// takes seconds on a busy machine, and whoever wants a backtrace meanwhile waits.
pub(super) fn being_told() -> bool {
    TELLING.load(Ordering::Relaxed) > 0
}

pub(crate) fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let quiet = QUIET.with_borrow_mut(|quiet| match quiet {
                Some(location) => {
                    *location =
                        info.location().map(|at| format!("{}:{}", at.file().replace('\\', "/"), at.line()));
                    true
                }
                None => false,
            });
            if !quiet {
                TELLING.fetch_add(1, Ordering::Relaxed);
                usual(info);
                TELLING.fetch_sub(1, Ordering::Relaxed);
            }
        }));
    });
}
