//! How long it takes to recover a long conversation, and how much memory:
//! `cargo bench -p sol11-durable-conversation`.
//!
//! The log is made up while it is read, so what is measured is the reader. Every
//! row runs in a process of its own, so that its peak memory is its own. Nothing
//! is asserted here: a slow machine is no failure.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use ex11_durable_conversation::conversation::Conversation;
use shared::conversation::Record;
use shared::{MessageId, RecordLog, StoreError};

#[allow(dead_code)]
#[path = "../alternatives/remembers_only_its_own_message.rs"]
mod remembers_only_its_own_message;

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [kept, events] = &arguments[..] {
        measure(kept, events.parse().expect("how many events there are is a number"));
        return;
    }
    println!("Recovery of a conversation (one core)\n");
    println!(
        "| {:<20} | {:>9} | {:>7} | {:>13} | {:>8} | {:>11} | {:>11} |",
        "what is kept", "events", "reads", "largest batch", "time", "an event", "peak memory"
    );
    println!("|---|---|---|---|---|---|---|");
    for kept in ["every message", "one message"] {
        for events in [0, 10_000, 100_000, 1_000_000] {
            let program = std::env::current_exe().expect("a running program has a path");
            let status = Command::new(program)
                .args([kept, &events.to_string()])
                .status()
                .expect("what runs once can be run again");
            if !status.success() {
                println!("{kept}, {events} events: failed");
            }
        }
    }
}

fn measure(kept: &str, events: u64) {
    let log = MadeUp { events, reads: AtomicUsize::new(0), largest: AtomicUsize::new(0) };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made");
    let from = Instant::now();
    runtime.block_on(async {
        if kept == "every message" {
            let conversation = Conversation::recover(&log, "ann").await.expect("every record can be read");
            assert_eq!(conversation.history().of(message(0)).is_some(), events > 0);
        } else {
            let mine = message(0);
            let recovered = remembers_only_its_own_message::recover(&log, "ann", mine).await;
            assert_eq!(recovered.expect("every record can be read").knows_it(), events > 0);
        }
    });
    let time = from.elapsed();
    let each = if events == 0 { 0.0 } else { time.as_secs_f64() * 1e9 / events as f64 };
    println!(
        "| {kept:<20} | {events:>9} | {:>7} | {:>13} | {:>5.0} ms | {each:>8.0} ns | {:>11} |",
        log.reads.into_inner(),
        log.largest.into_inner(),
        time.as_secs_f64() * 1e3,
        peak_memory()
    );
}

/// A log of checkouts that were all finished, six records each.
struct MadeUp {
    events: u64,
    reads: AtomicUsize,
    largest: AtomicUsize,
}

#[async_trait]
impl RecordLog for MadeUp {
    async fn read(&self, _log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let end = self.events.min(from + limit as u64);
        let records: Vec<Vec<u8>> = (from..end).map(|place| record(place).encode()).collect();
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.largest.fetch_max(records.len(), Ordering::Relaxed);
        Ok(records)
    }

    async fn append(&self, _log: &str, _expected: u64, _records: Vec<Vec<u8>>) -> Result<u64, StoreError> {
        Err(StoreError::Unavailable)
    }
}

fn message(number: u64) -> MessageId {
    MessageId::named(&format!("checkout {number}"))
}

fn record(place: u64) -> Record {
    let message = message(place / 6);
    match place % 6 {
        0 => Record::Received { message, at: 1_700_000_000_000 + place },
        1 => Record::Started { message },
        5 => Record::Finished { message },
        step => {
            let step = u32::try_from(step - 2).expect("there are three");
            Record::StepCompleted { message, step, output: message.to_string().into_bytes() }
        }
    }
}

/// The most memory this process has had, where the system tells.
fn peak_memory() -> String {
    let kilobytes = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    kilobytes.map_or_else(|| "unknown".to_owned(), |kilobytes| format!("{:.1} MB", kilobytes / 1024.0))
}
