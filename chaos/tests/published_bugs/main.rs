//! Bugs that others have published, and their repairs: in outboxes, inboxes, idempotency
//! libraries, engines for durable execution, stores of events. Each is a small handler
//! written anew from a description; nobody's code is in here. The search must find the bug
//! with the fewest faults that it takes, and nothing in what repaired it.
//!
//! What the model has no words for, and what stands for it:
//!
//! | missing | bugs | what stands for it |
//! |---|---|---|
//! | a clock to ask; a length of time | claims without an end; a stale claim | "remaining time 0" is a claim without an end; `now` is in the message |
//! | looking for rows | recovery; rows in a number's order | keys that are known or counted |
//! | a transaction over several rows | most | one document, written on condition that it is unchanged |
//! | `UPDATE … WHERE` | a stale claim | read, compare and write on condition, until that succeeds |
//! | a partition, offsets | offsets that are passed by | a number in the message; a document for the offset. That a new owner begins at the offset is: whoever is below it is skipped |
//! | an order of what was sent | the later event comes first | a law that allows one order only |
//! | timers | the late timeout | a message to oneself; it cannot be called off |
//! | the end of a transaction by its coordinator | the hanging transaction | its writer aborts it, or commits it when it comes again |

#![allow(missing_docs)]

mod claims_and_locks;
mod durable_execution;
mod inbox_and_outbox;
mod logs_and_order;

use chaos::{Explore, Fault, Property, Specification, Symptom};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::{Document, DocumentStore, Message, MessageId, Precondition, Snapshot, StoreError};

/// What a message may lead to: the next state, and what is published.
type Outcomes = Vec<(Value, Vec<Value>)>;

/// A law about one aggregate.
struct Law<P, A> {
    initial: Value,
    process: P,
    again: A,
}

impl<P, A> Specification for Law<P, A>
where
    P: Fn(&Value, &Message) -> Outcomes + Send + Sync,
    A: Fn(&Value, &Message) -> Outcomes + Send + Sync,
{
    fn aggregate(&self, _: &Message) -> String {
        "it".to_owned()
    }
    fn initial(&self) -> Value {
        self.initial.clone()
    }
    fn process(&self, state: &Value, message: &Message) -> Outcomes {
        (self.process)(state, message)
    }
    fn process_again(&self, state: &Value, message: &Message) -> Outcomes {
        (self.again)(state, message)
    }
    fn describe(&self, state: &Value) -> String {
        state.to_string()
    }
    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        format!("{symptom:?}")
    }
}

fn law(
    initial: Value,
    process: impl Fn(&Value, &Message) -> Outcomes + Clone + Send + Sync,
) -> impl Specification {
    Law { initial, process: process.clone(), again: process }
}

/// Every message adds one.
fn counts() -> impl Specification {
    law(json!(0), |state, _| vec![(plus_one(state), Vec::new())])
}

fn plus_one(state: &Value) -> Value {
    json!(state.as_u64().expect("a number") + 1)
}

/// Every message has its content put into a list, which is kept in order.
fn lists() -> impl Specification {
    law(json!([]), |state, message| {
        let mut next = state.as_array().expect("a list").clone();
        next.push(json!(about(message)));
        next.sort_by_key(Value::to_string);
        vec![(json!(next), Vec::new())]
    })
}

/// It publishes what `says` makes of each message, and has no state.
fn publishes(says: impl Fn(&str) -> Value + Clone + Send + Sync) -> impl Specification {
    law(Value::Null, move |state, message| vec![(state.clone(), vec![says(about(message))])])
}

/// What is in a message: `tea` in `{"Sold": "tea"}`, and in `"tea"`.
fn about(message: &Message) -> &str {
    match &message.body {
        Value::Object(fields) => fields.values().next().and_then(Value::as_str).expect("a text"),
        body => body.as_str().expect("a text"),
    }
}

fn named(name: &str) -> Message {
    Message::new(MessageId::named(name), &name)
}

/// What a message leads to, under an id of its own that all copies share.
fn output(message: &Message, body: Value) -> Message {
    let id = message.id.derive(&body.to_string());
    Message { id, body }
}

/// A document, and what is in it; of one that is not there, the default.
async fn load<T: DeserializeOwned + Default>(
    store: &dyn DocumentStore,
    key: &str,
) -> anyhow::Result<(Option<Document>, T)> {
    let read = store.get(key).await?;
    let content =
        read.as_ref().map_or(Ok(T::default()), |document| serde_json::from_slice(&document.body))?;
    Ok((read, content))
}

/// Writes a document, if it is as it was read.
async fn save(
    store: &dyn DocumentStore,
    key: &str,
    read: Option<&Document>,
    content: &(impl Serialize + Sync),
) -> Result<(), StoreError> {
    store.put(key, json_of(content), Precondition::unchanged_since(read)).await?;
    Ok(())
}

fn json_of(content: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(content).expect("it is plain data")
}

fn shown<T: DeserializeOwned + Default>(snapshot: &Snapshot, key: &str) -> anyhow::Result<T> {
    Ok(snapshot.document(key).map_or(Ok(T::default()), serde_json::from_slice)?)
}

/// The property is violated when these faults strike, and with one fault less nothing is.
#[track_caller]
fn assert_found(search: impl Fn() -> Explore, property: Property, struck: &[Fault]) {
    let faults = u8::try_from(struck.len()).expect("a few");
    let report = search().faults(faults).run();
    assert_eq!(report.violated(), Some(property), "{report}");
    assert_eq!(report.struck, struck, "{report}");
    if faults > 0 {
        let below = search().faults(faults - 1).run();
        assert!(below.holds(), "{below}");
    }
}

/// Nothing is violated with so many faults, and these were tried.
#[track_caller]
fn assert_repaired(search: impl Fn() -> Explore, faults: u8, visited: &[Fault]) {
    search().faults(faults).must_visit(visited.iter().copied()).assert_exactly_once();
}
