//! The line that says how far it is, while somebody watches.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line on standard error, written over again and again; nothing, where that is no
/// terminal. Dropping it wipes it away.
pub struct Progress {
    is_watched: bool,
    shown: Option<Instant>,
}

/// A terminal of 80 columns, and the cursor.
const WIDTH: usize = 79;
const EVERY: Duration = Duration::from_millis(200);

impl Progress {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        Self { is_watched: std::io::stderr().is_terminal(), shown: None }
    }

    /// Shows how far it is, if it is time to.
    pub fn show(&mut self, line: impl FnOnce() -> String) {
        if self.is_watched && self.shown.is_none_or(|shown| shown.elapsed() >= EVERY) {
            self.shown = Some(Instant::now());
            let line: String = line().chars().take(WIDTH).collect();
            write(&line);
        }
    }

    /// Wipes the line away.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            write("");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// To the beginning of the line, clear it, write.
fn write(line: &str) {
    // A terminal that is gone has nobody before it.
    let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
    let _ = std::io::stderr().flush();
}
