//! Ctrl-C, and the wish of the system that this command end: counted, for the
//! command to do something about.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};

/// How often Ctrl-C was pressed.
#[derive(Clone, Debug, Default)]
pub struct Presses(Arc<AtomicUsize>);

impl Presses {
    /// Counts from now on, and does something at each press.
    pub fn count(mut then: impl FnMut() + Send + 'static) -> Result<Self> {
        let presses = Self::default();
        let counted = presses.clone();
        ctrlc::set_handler(move || {
            counted.0.fetch_add(1, Ordering::SeqCst);
            then();
        })
        .context("this terminal does not pass on Ctrl-C; close it to end the command")?;
        Ok(presses)
    }

    /// Whether it was pressed so often, at least.
    pub fn at_least(&self, times: usize) -> bool {
        self.0.load(Ordering::SeqCst) >= times
    }
}
