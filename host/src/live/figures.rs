//! What workers have told, added up.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::live::work::{Told, ToldOutcome};

/// What workers have told so far.
#[derive(Default)]
pub struct Figures {
    /// How many deliveries were told of.
    pub told: u64,
    /// How many messages were processed and acknowledged.
    pub done: u64,
    /// How many deliveries ended with a conflict.
    pub conflicts: u64,
    /// How many failed in another way, by reason.
    pub failures: BTreeMap<String, u64>,
    /// How many messages were given up.
    pub dead_letters: u64,
    /// How often the most-tried message was tried.
    pub most_attempts: u64,
    handler: Vec<Duration>,
    since_stored: Vec<Duration>,
}

impl Figures {
    /// Adds a delivery.
    pub fn add(&mut self, told: Told) {
        self.told += 1;
        self.most_attempts = self.most_attempts.max(told.attempt);
        match told.outcome {
            ToldOutcome::Done => {
                self.done += 1;
                self.handler.push(told.took);
                self.since_stored.push(told.since_stored);
            }
            ToldOutcome::Conflict => self.conflicts += 1,
            ToldOutcome::Failed(why) => *self.failures.entry(why).or_default() += 1,
            ToldOutcome::DeadLetter => self.dead_letters += 1,
        }
    }

    /// "12 ms, 99 % within 2.1 s": how long handlers took, and how long it was from
    /// stored to done.
    pub fn times(&mut self) -> (String, String) {
        (spread(&mut self.handler), spread(&mut self.since_stored))
    }
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |hundredths: usize| times.get((times.len() * hundredths / 100).min(times.len() - 1));
    match times.is_empty() {
        true => "nothing".to_owned(),
        false => format!(
            "p50 {}, p99 {}",
            at(50).map_or_else(String::new, |time| short(*time)),
            at(99).map_or_else(String::new, |time| short(*time))
        ),
    }
}

/// "12 ms", "2.1 s".
pub fn short(time: Duration) -> String {
    match time.as_millis() {
        0..=9 => format!("{:.1} ms", time.as_secs_f64() * 1_000.0),
        milliseconds @ 10..=999 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
