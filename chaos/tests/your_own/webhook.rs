//! A webhook: a payment provider calls until it is answered, each time with the same
//! idempotency key, and each call is a message of its own. There is no state machine, so
//! the law is two functions.

use std::collections::BTreeMap;

use chaos::{Explore, Law, Property, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Serialize, Deserialize)]
enum Webhook {
    Paid { key: String, invoice: String, cents: u64 },
}

/// What is known of an invoice: which payments, by their keys.
#[derive(Default, Serialize, Deserialize)]
struct Invoice {
    payments: BTreeMap<String, u64>,
}

fn receipt(invoice: &str, cents: u64) -> serde_json::Value {
    json!({ "Receipt": { "invoice": invoice, "cents": cents } })
}

/// The first call with a key counts.
fn law() -> Law<Invoice> {
    let about = |message: &Message| match message.read() {
        Ok(Webhook::Paid { invoice, .. }) => invoice,
        Err(_) => message.body["Receipt"]["invoice"].as_str().unwrap_or_default().to_owned(),
    };
    Law::of(about, |state: &mut Invoice, message| {
        let Ok(Webhook::Paid { key, invoice, cents }) = message.read() else { return Vec::new() };
        match state.payments.insert(key, cents) {
            Some(_) => Vec::new(),
            None => vec![receipt(&invoice, cents)],
        }
    })
}

fn invoice(snapshot: &Snapshot, id: &str) -> anyhow::Result<Invoice> {
    Ok(snapshot.document(id).map(serde_json::from_slice).transpose()?.unwrap_or_default())
}

/// Puts the key into the table of keys, books, sends: three systems, one after the other.
async fn as_at_work(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let Webhook::Paid { key, invoice, cents } = message.read()?;
    if ports.store("keys").get(&key).await?.is_some() {
        return Ok(());
    }
    // The key comes first, so that nobody pays twice.
    ports.store("keys").put(&key, Vec::new(), Precondition::IfAbsent).await?;
    let read = ports.documents.get(&invoice).await?;
    let mut state: Invoice = match &read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => Invoice::default(),
    };
    state.payments.insert(key, cents);
    let body = serde_json::to_vec(&state)?;
    ports.documents.put(&invoice, body, Precondition::unchanged_since(read.as_ref())).await?;
    ports.publisher.publish(Message::new(context.new_id(), &receipt(&invoice, cents))).await?;
    Ok(())
}

/// The key is where the money is, and the receipt follows from both, however often it
/// is sent.
async fn as_it_should_be(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let Webhook::Paid { key, invoice, cents } = message.read()?;
    let read = ports.documents.get(&invoice).await?;
    let mut state: Invoice = match &read {
        Some(document) => serde_json::from_slice(&document.body)?,
        None => Invoice::default(),
    };
    if !state.payments.contains_key(&key) {
        state.payments.insert(key.clone(), cents);
        let body = serde_json::to_vec(&state)?;
        ports.documents.put(&invoice, body, Precondition::unchanged_since(read.as_ref())).await?;
    }
    let id = MessageId::named(&key).derive("receipt");
    ports.publisher.publish(Message::new(id, &receipt(&invoice, state.payments[&key]))).await?;
    Ok(())
}

fn right() -> System {
    System::of(Endpoint::new("webhook", as_it_should_be).view(invoice)).judged_by(law())
}

fn naive() -> System {
    let endpoint = Endpoint::new("webhook", as_at_work).with_store("keys").view(invoice);
    System::of(endpoint).judged_by(law())
}

fn paid(call: &str, key: &str, cents: u64) -> Message {
    let paid = Webhook::Paid { key: key.to_owned(), invoice: "i-1".to_owned(), cents };
    Message::new(MessageId::named(call), &paid)
}

/// The provider calls twice about one payment, and once about another.
fn calls(system: fn() -> System) -> Explore {
    explore(system).send([paid("a", "k1", 300), paid("b", "k1", 300), paid("c", "k2", 50)])
}

#[test]
fn with_the_key_where_the_money_is_everybody_pays_once() {
    let report = calls(right).run();
    report.assert_exactly_once();
    assert_eq!(report.worth, None, "these two functions are no part of the handler");
}

#[test]
fn with_the_key_elsewhere_a_payment_is_lost() {
    let report = calls(naive).run();
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    assert_eq!(report.faults, 0, "a conflict is enough: {report}");
}
