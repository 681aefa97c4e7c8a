//! The last run on this thread, which waits for a reply: whoever asks next for what comes of
//! just this reply need not run the handler from its start.
//!
//! It is dropped before another run begins, whichever search wants that. So no two are
//! ever alive at once on a thread: a lock that one of them keeps while it waits is not in
//! the other's way, as it would not be in another process.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::HistoryId;
use crate::handler::stage::Stage;

/// Tells one rehearsal from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u64);

impl Number {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

struct Last {
    rehearsal: Number,
    history: HistoryId,
    stage: Stage,
}

/// What is left where a thread ends is forgotten: what a handler drops might want what the
/// thread no longer has. See [`until_here`].
struct Kept(Option<Last>);

impl Drop for Kept {
    fn drop(&mut self) {
        std::mem::forget(self.0.take());
    }
}

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept(None)) };
}

/// The last run, if it waits where this history ends. If not, it is dropped.
pub(super) fn take(rehearsal: Number, history: HistoryId) -> Option<Stage> {
    // Not dropped while it is borrowed: what a handler drops may do as it likes.
    let last = KEPT.with_borrow_mut(|kept| kept.0.take())?;
    (last.rehearsal == rehearsal && last.history == history).then_some(last.stage)
}

/// Keeps a run that waits where this history ends.
pub(super) fn keep(rehearsal: Number, history: HistoryId, stage: Stage) {
    drop_it();
    KEPT.with_borrow_mut(|kept| kept.0 = Some(Last { rehearsal, history, stage }));
}

/// Another run begins: the last one is dropped.
pub(crate) fn drop_it() {
    drop(KEPT.with_borrow_mut(|kept| kept.0.take()));
}

/// Where this ends, a panic included, the last run is dropped.
pub(crate) fn until_here() -> impl Drop {
    struct Here;
    impl Drop for Here {
        fn drop(&mut self) {
            drop_it();
        }
    }
    Here
}
