//! What is measured.

use chaos::{Explore, Fault, System, explore, soak};
use shared::{Context, Endpoint, Message, Ports, Precondition};

use crate::support::handlers::{naive_orders, outbox_orders, point_in_time_orders};
use crate::support::{add_item, counter_mail};
use crate::tokio_loop;

pub struct Row {
    pub name: &'static str,
    pub work: Work,
}

pub enum Work {
    Search(Box<dyn Fn() -> Explore>),
    /// Makes random runs; returns their number, the steps in them if counted,
    /// and a note.
    Runs(fn() -> (u64, u64, String)),
}

pub fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut search =
        |name, search: Box<dyn Fn() -> Explore>| rows.push(Row { name, work: Work::Search(search) });
    let one = || [add_item("order-1", "tea")];
    let two = || [add_item("order-1", "tea"), add_item("order-1", "cake")];
    let three = || [add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-1", "pie")];
    let two_and_one =
        || [add_item("order-1", "tea"), add_item("order-1", "cake"), add_item("order-2", "pie")];
    search("02 naive, 2 messages, 1 fault: until found", Box::new(move || explore(naive_orders).send(two())));
    search(
        "03, 1 message, 2 workers, 2 faults",
        Box::new(move || explore(point_in_time_orders).send(one()).faults(2)),
    );
    search("03, 2 messages, 2 workers, 1 fault", Box::new(move || explore(point_in_time_orders).send(two())));
    search(
        "04, 1 message, 2 workers, 2 faults",
        Box::new(move || explore(outbox_orders).send(one()).faults(2)),
    );
    search("04, 2 messages, 2 workers, 1 fault", Box::new(move || explore(outbox_orders).send(two())));
    search(
        "03, 2 + 1 messages, 2 workers, 2 faults",
        Box::new(move || explore(point_in_time_orders).send(two_and_one()).faults(2)),
    );
    search(
        "04, 2 + 1 messages, 2 workers, 2 faults",
        Box::new(move || explore(outbox_orders).send(two_and_one()).faults(2)),
    );
    search(
        "04, 2 + 1 messages, 2 faults, late effects",
        Box::new(move || explore(outbox_orders).send(two_and_one()).faults(2).with_late_effects()),
    );
    search(
        "04, 3 messages, 2 faults, without lock expiry",
        Box::new(move || explore(outbox_orders).send(three()).faults(2).without(Fault::LockExpires)),
    );
    search(
        "04, 3 messages, 2 faults, with lock expiry",
        Box::new(move || explore(outbox_orders).send(three()).faults(2)),
    );
    search(
        "04, 3 messages, 2 faults each, no lock expiry",
        Box::new(move || {
            explore(outbox_orders).send(three()).faults_per_message(2).without(Fault::LockExpires)
        }),
    );
    search(
        "04, 3 messages, 2 faults each, with lock expiry",
        Box::new(move || explore(outbox_orders).send(three()).faults_per_message(2)),
    );
    search(
        "04, 3 messages, 3 faults, with lock expiry",
        Box::new(move || explore(outbox_orders).send(three()).faults(3)),
    );
    for (name, search) in crate::solutions::rows().into_iter().chain(crate::outside::rows()) {
        rows.push(Row { name, work: Work::Search(search) });
    }
    let mut runs = |name, runs| rows.push(Row { name, work: Work::Runs(runs) });
    runs("counter handler, this engine", counter_soak);
    runs("counter handler, paused-clock tokio loop", tokio_loop::counter);
    runs("outbox of 04, this engine, one order", || outbox_soak(20));
    runs("outbox of 04, this engine, ten orders of two", || outbox_soak(2));
    rows
}

/// The handler that other tools were measured with: get, compare-and-set,
/// publish, ack.
pub async fn count(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("counter").await?;
    let number: u64 = match &read {
        Some(document) => std::str::from_utf8(&document.body)?.parse()?,
        None => 0,
    };
    let body = (number + 1).to_string().into_bytes();
    ports.documents.put("counter", body, Precondition::unchanged_since(read.as_ref())).await?;
    context.publish(Message::new(message.id.derive("Counted"), &"Counted"));
    Ok(())
}

fn counter_soak() -> (u64, u64, String) {
    const RUNS: u64 = 200_000;
    let system = || System::of(Endpoint::new("counter", count));
    let report = soak(system).send(counter_mail(20)).workers(3).fault_rate(0.03).seed(1).runs(RUNS).run();
    (RUNS, report.counts.transitions as u64, format!("{} faults", report.faults))
}

fn outbox_soak(items_per_order: usize) -> (u64, u64, String) {
    const RUNS: u64 = 2_000;
    let mail = (0..20).map(|n| add_item(&format!("order-{}", n / items_per_order), &format!("item-{n}")));
    let report = soak(outbox_orders).send(mail).workers(3).fault_rate(0.03).seed(1).runs(RUNS).run();
    (RUNS, report.counts.transitions as u64, report.headline())
}
