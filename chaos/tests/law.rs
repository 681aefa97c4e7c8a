//! The law: what is compared at rest, and what is said of it. Small domains of
//! their own, each made so that one thing is wrong, or looks wrong and is right.

#![allow(missing_docs)]

use chaos::{Fault, Specification, StoreKind, Symptom, System, explore};
use serde_json::{Value, json};
use shared::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};

/// A till: every message adds one.
struct Tally;

impl Specification for Tally {
    fn aggregate(&self, _: &Message) -> String {
        "the till".to_owned()
    }
    fn initial(&self) -> Value {
        json!(0)
    }
    fn process(&self, state: &Value, _: &Message) -> Vec<(Value, Vec<Value>)> {
        vec![(json!(state.as_u64().unwrap_or(0) + 1), Vec::new())]
    }
    fn describe(&self, state: &Value) -> String {
        format!("a till of {state}")
    }
    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        format!("{symptom:?}")
    }
}

fn named(name: &str) -> Message {
    Message::new(MessageId::named(name), &name)
}

// ---- the judge's memory ---------------------------------------------------

/// Two worlds that were one to a memory whose keys had no lengths and no kinds:
/// a document that is gone and a body that is an id, the one way round and the
/// other. The first is right, and judged first.
#[test]
fn two_worlds_with_the_same_parts_are_both_judged() {
    async fn either(_: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let documents = &ports.documents;
        let put = async |key: &str, body: &[u8]| documents.put(key, body.to_vec(), Precondition::None).await;
        let id = context.new_id().to_string().into_bytes();
        match documents.get("A").await {
            Ok(_) => {
                documents.get("B").await?;
                put("A", b"x").await?;
                put("A", b"x").await?;
                documents.delete("A", Precondition::None).await?;
                put("B", b"x").await?;
                put("B", &id).await?;
            }
            // Wrong: everything the other way round.
            Err(_) => {
                for _ in 0..3 {
                    put("A", b"x").await?;
                }
                put("A", &id).await?;
                put("B", b"x").await?;
                documents.delete("B", Precondition::None).await?;
            }
        }
        Ok(())
    }
    let view = |snapshot: &Snapshot, _: &str| Ok(u64::from(snapshot.document("B").is_some()));
    let system = || {
        System::of(Endpoint::new("e", either).view(view))
            .judged_by(Tally)
            .store("e", StoreKind { weak: true, limit: None })
    };
    let search = explore(system).send([named("go")]).workers(1).stale(1);
    let report = search.only([Fault::ReadFails, Fault::StaleRead]).run();
    assert!(!report.holds(), "{}", report.evidence());
}
