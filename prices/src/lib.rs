//! What each guarantee costs, measured on the solutions of 03 to 09.
//!
//! [`round_trips`] counts in the engine, under which every call is a step.
//! [`storage`] looks at what the in-memory stores hold once everything is
//! quiet. Both come as Markdown tables; `tests/readme.rs` keeps them for the README.

use std::fmt::Write as _;

use chaos::{Chaos, RoundTrips, System, thousands};
use shared::memory::{MemoryPorts, Runner};
use shared::order::{add_item, remove_item};
use shared::{Endpoint, Message};

/// One way to process messages exactly once.
struct Variant {
    name: &'static str,
    endpoint: fn() -> Endpoint,
    /// Whether a message needs a token that its sender has created.
    tokens: bool,
}

const VARIANTS: [Variant; 7] = [
    Variant { name: "03 point-in-time state", endpoint: ex03_point_in_time_state::endpoint, tokens: false },
    Variant { name: "04 outbox", endpoint: ex04_outbox::endpoint, tokens: false },
    Variant { name: "05 runner", endpoint: ex05_state_machine_runner::endpoint, tokens: false },
    Variant { name: "06 inbox", endpoint: ex06_inbox::orders, tokens: false },
    Variant { name: "07 weak consistency", endpoint: ex07_weak_consistency::orders, tokens: false },
    Variant { name: "08 outbox document", endpoint: ex08_outbox_document::orders, tokens: false },
    Variant { name: "09 tokens", endpoint: ex09_tokens::orders, tokens: true },
];

const TOKENS: &str = "tokens";

/// The round trips of one message with one output (the second item of an
/// order), and of a copy that comes when everything is done.
///
/// # Panics
///
/// When a solution does not process the messages.
#[must_use]
pub fn round_trips() -> String {
    let mut table = String::from(
        "| variant | reads | writes | publishes | all | a copy, later |\n|---|---|---|---|---|---|\n",
    );
    for variant in &VARIANTS {
        let of = |messages: &[Message], monkey: Option<chaos::Monkey>| -> RoundTrips {
            let mut chaos = Chaos::on(|| variant.system(messages)).send(messages.iter().cloned());
            if let Some(monkey) = monkey {
                chaos = chaos.under(monkey);
            }
            let run = chaos.run();
            assert!(run.report().holds(), "{}:\n{}", variant.name, run.report());
            run.round_trips("orders")
        };
        let (tea, cake) = (add_item("order-1", "tea"), add_item("order-1", "cake"));
        let one = of(std::slice::from_ref(&tea), None);
        let two = of(&[tea.clone(), cake.clone()], None);
        let three = of(&[tea, cake], Some(chaos::DuplicateDelivery::of_message(1)));
        let [reads, writes, publishes] =
            [two.reads - one.reads, two.writes - one.writes, two.publishes - one.publishes];
        _ = writeln!(
            table,
            "| {} | {reads} | {writes} | {publishes} | {} | {} |",
            variant.name,
            reads + writes + publishes,
            three.total() - two.total()
        );
    }
    table
}

/// How many messages are processed before the stores are looked at.
const MESSAGES: [usize; 3] = [10, 100, 1_000];

/// What is stored at rest after so many messages to one order, which end where
/// they began: bytes in the order's own document or stream, and documents
/// elsewhere.
///
/// # Errors
///
/// When a solution fails to process a message.
pub async fn storage() -> anyhow::Result<String> {
    let counts: Vec<String> =
        MESSAGES.iter().map(|&count| format!("after {}", thousands(count as u128))).collect();
    let mut table = format!("| variant | {} |\n|---|---|---|---|\n", counts.join(" | "));
    for variant in &VARIANTS {
        let mut cells = Vec::new();
        for count in MESSAGES {
            cells.push(variant.stored_after(count).await?);
        }
        _ = writeln!(table, "| {} | {} |", variant.name, cells.join(" | "));
    }
    Ok(table)
}

impl Variant {
    fn system(&self, messages: &[Message]) -> System {
        let system = System::of((self.endpoint)()).judged_by(chaos::specifications::orders_with_welcome());
        let senders_tokens = messages.iter().filter(|_| self.tokens);
        senders_tokens
            .fold(system, |system, message| system.stored(TOKENS, message.id.to_string(), Vec::new()))
    }

    async fn stored_after(&self, count: usize) -> anyhow::Result<String> {
        let endpoint = (self.endpoint)();
        let memory = MemoryPorts::of(&endpoint);
        let messages: Vec<Message> = (0..count)
            .map(|number| {
                let ask = if number % 2 == 0 { add_item } else { remove_item };
                ask("order-1", "tea").said_again(&number.to_string())
            })
            .collect();
        if self.tokens {
            let ports = memory.ports();
            for message in &messages {
                let key = message.id.to_string();
                ports.store(TOKENS).put(&key, Vec::new(), shared::Precondition::IfAbsent).await?;
            }
        }
        Runner::new(endpoint.clone(), memory.ports()).run(messages).await?;
        let own: usize = memory.documents.documents().values().map(Vec::len).sum();
        let streams = memory.events.streams();
        let events = streams.values().flatten();
        let recorded: usize =
            events.map(|event| serde_json::to_string(event).map_or(0, |text| text.len())).sum();
        let mut cell = format!("{} B", thousands((own + recorded) as u128));
        // What waits for the next endpoint in the tokens is not kept by this one.
        let published: Vec<String> =
            memory.publisher.published().iter().map(|message| message.id.to_string()).collect();
        for (name, store) in &memory.stores {
            let kept = store.documents().keys().filter(|key| !published.contains(key)).count();
            if kept > 0 {
                _ = write!(cell, ", {} in the {name}", thousands(kept as u128));
            }
        }
        Ok(cell)
    }
}
