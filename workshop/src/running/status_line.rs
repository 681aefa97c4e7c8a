//! The one line that tells how far a child has come, and is gone when there is
//! something better to read.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use records::ProgressRecord;

use crate::terminal::{columns, grouped, short, width};

/// A line at the bottom of the terminal, on standard error. It is overwritten by
/// the next, and removed in the end. Where there is no terminal, a line for each new
/// thing that is waited for, and a dot a second.
///
/// There is one at a time: who waits for several children is told of one of them.
#[derive(Debug)]
pub struct StatusLine {
    at_a_terminal: bool,
    width: usize,
    /// What is waited for, where there is no terminal, and when a dot was last made.
    said: Option<(String, Instant)>,
}

/// Whether there is one.
static SHOWN: AtomicBool = AtomicBool::new(false);

impl StatusLine {
    /// One that has shown nothing yet, unless there is another.
    pub fn unless_shown() -> Option<Self> {
        let free = !SHOWN.swap(true, Ordering::SeqCst);
        free.then(|| Self { at_a_terminal: std::io::stderr().is_terminal(), width: 0, said: None })
    }

    /// Shows a text in place of what was there. `notice` is the part of it that does not
    /// change with every look.
    pub fn show(&mut self, notice: &str, text: &str) {
        if self.at_a_terminal {
            // In the last column some terminals begin a new line.
            let text = short(text, width() - 1);
            let width = columns(&text);
            let rest = " ".repeat(self.width.saturating_sub(width));
            print(&format!("\r{text}{rest}"));
            self.width = width;
            return;
        }
        const A_SECOND: Duration = Duration::from_millis(900);
        match &mut self.said {
            Some((_, at)) if at.elapsed() < A_SECOND => {}
            Some((said, at)) if said == notice => {
                *at = Instant::now();
                print(".");
            }
            said => {
                let before = if said.is_some() { "\n" } else { "" };
                print(&format!("{before}{} ", short(notice, width() - 1)));
                *said = Some((notice.to_owned(), Instant::now()));
            }
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        if self.at_a_terminal {
            // All of it: the terminal may have put a "^C" behind the text.
            print(&format!("\r{}\r", " ".repeat(width() - 1)));
        } else if self.said.is_some() {
            print("\n");
        }
        SHOWN.store(false, Ordering::SeqCst);
    }
}

fn print(text: &str) {
    let mut err = anstream::stderr().lock();
    _ = write!(err, "{text}");
    _ = err.flush();
}

/// Knows how fast a search is.
#[derive(Debug, Default)]
pub struct Meter {
    /// When the search was first seen, and how far it was.
    first: Option<(Duration, usize)>,
    /// How far it was when last seen.
    last: Option<ProgressRecord>,
}

impl Meter {
    /// What is being done, for how long, and how far it is.
    pub fn describe(&mut self, what: &str, record: Option<ProgressRecord>, elapsed: Duration) -> String {
        let time = in_minutes(elapsed);
        // Where there is nothing to be read, it is being written.
        let Some(ProgressRecord { states, frontier }) = record.or(self.last) else {
            return format!("{what} {time}");
        };
        if self.last.is_some_and(|last| states < last.states) {
            // This is another search.
            self.first = None;
        }
        self.last = Some(ProgressRecord { states, frontier });
        let (since, before) = *self.first.get_or_insert((elapsed, states));
        let speed = (states - before) as f64 / (elapsed - since).as_secs_f64();
        let speed = match speed.is_finite() {
            true if speed > 0.0 => format!(", {} a second", grouped(speed as usize)),
            _ => String::new(),
        };
        format!("Searching {time}: {} states, frontier {}{speed}", grouped(states), grouped(frontier))
    }
}

/// `1:02`.
fn in_minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time() {
        let first = StatusLine::unless_shown();
        assert!(first.is_some() && StatusLine::unless_shown().is_none());
        drop(first);
        assert!(StatusLine::unless_shown().is_some());
    }

    #[test]
    fn progress_is_told_on_one_line() {
        let mut meter = Meter::default();
        let mut at = |seconds, states| {
            let record = ProgressRecord { states, frontier: states / 10 };
            meter.describe("Running.", Some(record), Duration::from_secs(seconds))
        };
        assert_eq!(at(2, 20_000), "Searching 0:02: 20,000 states, frontier 2,000");
        assert_eq!(at(4, 320_000), "Searching 0:04: 320,000 states, frontier 32,000, 150,000 a second");
        // Another search has begun, with a speed of its own.
        assert_eq!(at(5, 1_000), "Searching 0:05: 1,000 states, frontier 100");
        let longest = at(3_605, 987_654_321);
        assert!(longest.starts_with("Searching 60:05: 987,654,321 states") && columns(&longest) < width());
        assert!(meter.describe("Running.", None, Duration::from_secs(3_605)) == longest, "as it was");
        assert_eq!(Meter::default().describe("Building.", None, Duration::from_secs(61)), "Building. 1:01");
    }
}
