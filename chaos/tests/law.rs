//! The law: what is compared at rest, and what is said of it. Small domains of
//! their own, each made so that one thing is wrong, or looks wrong and is right.

#![allow(missing_docs)]

use chaos::{Fault, Inconclusive, Property, Specification, StoreKind, Symptom, System, Verdict, explore};
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

/// Rings the bell of a house: the id of what it says is made by `id`.
fn bell(id: fn(&Message) -> MessageId) -> Endpoint {
    Endpoint::new("bell", async move |message: &Message, _: &Ports, context: &Context| {
        context.publish(Message::new(id(message), &json!({ "Rang": message.body })));
        Ok(())
    })
}

/// Whoever rings is announced; each house is an aggregate of its own.
struct Houses;

impl Specification for Houses {
    fn aggregate(&self, message: &Message) -> String {
        message.body.get("Rang").unwrap_or(&message.body).to_string()
    }
    fn initial(&self) -> Value {
        Value::Null
    }
    fn process(&self, _: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        vec![(Value::Null, vec![json!({ "Rang": message.body })])]
    }
    fn describe(&self, _: &Value) -> String {
        "a house".to_owned()
    }
    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        format!("{symptom:?}")
    }
}

fn rings() -> [Message; 2] {
    ["left", "right"].map(|house| Message::new(MessageId::named(house), &house))
}

#[test]
fn one_id_with_two_contents_is_found_across_aggregates_and_unjudged_endpoints() {
    let right = explore(|| System::of(bell(|message| message.id.derive("Rang"))).judged_by(Houses));
    let report = right.send(rings()).run();
    assert!(report.holds(), "{report}");
    let one_id: fn(&Message) -> MessageId = |_| MessageId::named("Rang");
    let report = explore(|| System::of(bell(one_id)).judged_by(Houses)).send(rings()).run();
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
    assert!(report.to_string().contains("One message id stands for both"), "{report}");
    // Nobody judges the endpoint that publishes, but the one beside it is judged.
    let beside = || {
        System::of(bell(|message| message.id.derive("Rang"))).judged_by(Houses).and(
            Endpoint::new("echo", async |_: &Message, _: &Ports, context: &Context| {
                context.publish(Message::new(MessageId::named("echo"), &json!({ "Echo": context.new_id() })));
                Ok(())
            })
            .subscribes_to("Rang"),
        )
    };
    let report = explore(beside).send(rings()).faults(0).run();
    assert_eq!(report.violated(), Some(Property::ConsistentOutputs), "{report}");
}

#[test]
fn a_verdict_over_nothing_is_none() {
    let silent = || Endpoint::new("silent", async |_: &Message, _: &Ports, _: &Context| Ok(()));
    let report = explore(|| System::of(silent())).send(rings()).run();
    assert!(matches!(report.verdict, Verdict::Inconclusive(Inconclusive::NoSpecification)), "{report}");
    // The one that is judged hears nothing, since the one before it says nothing.
    let downstream = || Endpoint::new("bell", async |_: &Message, _: &Ports, _: &Context| Ok(()));
    let system = || System::of(silent()).and(downstream().subscribes_to("Rang")).judged_by(Houses);
    let report = explore(system).send(rings()).run();
    let expected = Verdict::Inconclusive(Inconclusive::NeverReached { endpoint: "bell".to_owned() });
    assert_eq!(report.verdict, expected, "{report}");
    // A rule about storage is something to judge.
    let bounded = || System::of(silent()).stores_at_most("documents", 0, |it| it.documents().count());
    assert!(explore(bounded).send(rings()).run().holds());
}
