//! Deadlines are ordered, not counted: what lives for seven days cannot expire
//! before a lock of thirty seconds that was running when it was written.

use std::time::Duration;

use chaos::{Fault, Specification, Symptom, System, explore};
use serde_json::{Value, json};
use shared::{Endpoint, Message, MessageId, Precondition};

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Every message is counted once.
struct Count;

impl Specification for Count {
    fn aggregate(&self, _: &Message) -> String {
        "counter".to_owned()
    }
    fn initial(&self) -> Value {
        json!(0)
    }
    fn process(&self, state: &Value, _: &Message) -> Vec<(Value, Vec<Value>)> {
        vec![(json!(state.as_u64().unwrap_or(0) + 1), Vec::new())]
    }
    fn describe(&self, state: &Value) -> String {
        format!("a count of {state}")
    }
    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        format!("{symptom:?}")
    }
}

/// Counts a message unless a marker is found; the marker lives for `time`.
fn counter(time: Duration) -> System {
    let endpoint = Endpoint::new("counter", async move |message, ports, _| {
        let marker = format!("seen {}", message.id);
        if ports.documents.get(&marker).await?.is_some() {
            return Ok(());
        }
        let read = ports.documents.get("counter").await?;
        let count = read.as_ref().map_or(0, |document| document.body.len());
        ports.documents.put_expiring(&marker, vec![], Precondition::IfAbsent, time).await?;
        let condition = Precondition::unchanged_since(read.as_ref());
        ports.documents.put("counter", vec![b'x'; count + 1], condition).await?;
        Ok(())
    });
    let view = |snapshot: &shared::Snapshot, _: &str| Ok(snapshot.document("counter").map_or(0, <[u8]>::len));
    System::of(endpoint.view(view)).judged_by(Count)
}

fn message() -> [Message; 1] {
    [Message::new(MessageId::named("one"), &"One")]
}

#[test]
fn a_late_duplicate_after_a_week_is_counted_twice() {
    // Nobody has to do anything for a week to pass: the copy is the only fault.
    let search = || explore(|| counter(WEEK)).send(message()).workers(1).faults(2);
    let report = search().only([Fault::Duplicate]).run();
    assert!(report.to_string().contains("7 days later: seen"), "{report}");
    assert_eq!(report.faults, 1, "{report}");
    let unexpired = search().only([Fault::Duplicate]).without(Fault::TimeToLiveExpires).run();
    assert!(unexpired.holds(), "{unexpired}");
}

#[test]
fn a_week_does_not_pass_within_a_lock() {
    // With nothing but time passing, the only way to count twice would be for
    // the marker to expire while its own worker still holds its lock.
    let report = explore(|| counter(WEEK)).send(message()).faults(2).only([Fault::TimeToLiveExpires]).run();
    assert!(report.holds(), "{report}");
    // The marker did expire, but only at rest: no message was being worked on.
    assert!(!report.visited.contains(Fault::TimeToLiveExpires), "{report}");
}

#[test]
fn a_second_may_pass_within_a_lock() {
    let report = explore(|| counter(Duration::from_secs(1)))
        .send(message())
        .faults(1)
        .only([Fault::TimeToLiveExpires])
        .run();
    assert!(report.holds(), "{report}");
    assert!(report.visited.contains(Fault::TimeToLiveExpires), "{report}");
}

#[test]
fn a_worker_that_has_lost_its_lock_may_dawdle_for_a_week() {
    let report = explore(|| counter(WEEK))
        .send(message())
        .faults(2)
        .only([Fault::TimeToLiveExpires, Fault::LockExpires])
        .must_visit([Fault::TimeToLiveExpires, Fault::LockExpires])
        .run();
    assert!(!matches!(report.verdict, chaos::Verdict::Inconclusive(_)), "{report}");
    assert!(report.visited.contains(Fault::TimeToLiveExpires), "{report}");
}
