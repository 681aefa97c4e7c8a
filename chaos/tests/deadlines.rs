//! Deadlines are ordered, not counted: what lives for seven days cannot expire
//! before a lock of thirty seconds that was running when it was written. That goes for
//! documents with a time to live, and for the deadlines that a handler sets itself.

use std::time::Duration;

use chaos::{Explore, Fault, Inconclusive, Property, Specification, Symptom, System, Verdict, explore};
use serde_json::{Value, json};
use shared::{ClockError, Context, Deadline, Endpoint, Message, MessageId, Ports, Precondition};

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

/// Whoever leaves waits for a deadline that whoever came before has set. A search without
/// time sees nobody leave after somebody has come, and must not say that all is well; one
/// with time sees what is wrong then.
#[test]
fn what_waits_for_time_is_not_judged_without_it() {
    let door = || {
        let endpoint = Endpoint::new("door", async |message: &Message, ports: &Ports, _: &Context| {
            let left = ports.documents.get("left").await?.is_some();
            let until = ports.documents.get("until").await?;
            if message.name() == "Come" {
                if !left {
                    let deadline = serde_json::to_vec(&ports.clock.deadline_in(WEEK).await?)?;
                    ports.documents.put("until", deadline, Precondition::IfAbsent).await?;
                    ports.documents.put("counter", vec![b'x'], Precondition::None).await?;
                }
                return Ok(());
            }
            if let Some(until) = until {
                let until: Deadline = serde_json::from_slice(&until.body)?;
                anyhow::ensure!(ports.clock.has_passed(&until).await?, "not yet");
                // What it does once it may go on is wrong.
                ports.documents.put("counter", vec![b'x'; 2], Precondition::None).await?;
            }
            ports.documents.put("left", Vec::new(), Precondition::None).await?;
            Ok(())
        });
        let view = |snapshot: &shared::Snapshot, _: &str| {
            let inside = snapshot.document("counter").map_or(0, <[u8]>::len);
            Ok(json!([inside, snapshot.document("left").is_some()]))
        };
        System::of(endpoint.view(view)).judged_by(Door)
    };
    let sent = ["Come", "Leave"].map(|name| Message::new(MessageId::named(name), &name));
    let search = || explore(door).send(sent.clone()).workers(1).faults(0);
    assert!(search().run().violated().is_some(), "it is wrong, once a week is over");
    let report = search().without(Fault::TimeToLiveExpires).run();
    assert_eq!(report.verdict, Verdict::Inconclusive(Inconclusive::WaitsForTime), "{report}");
    assert!(report.to_string().contains("lets no time pass"), "{report}");
    // Where nobody has to wait, nothing is amiss.
    let leaves = explore(door).send([sent[1].clone()]).workers(1).faults(0);
    let report = leaves.without(Fault::TimeToLiveExpires).run();
    assert!(report.holds(), "{report}");
}

/// How many are inside, and whether somebody has left: whoever comes after that is not let in.
struct Door;

impl Specification for Door {
    fn aggregate(&self, _: &Message) -> String {
        "door".to_owned()
    }
    fn initial(&self) -> Value {
        json!([0, false])
    }
    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let next = match (message.name(), &state[1]) {
            ("Come", Value::Bool(false)) => json!([1, false]),
            ("Come", _) => state.clone(),
            _ => json!([state[0], true]),
        };
        vec![(next, Vec::new())]
    }
    fn describe(&self, state: &Value) -> String {
        format!("{state}")
    }
    fn damage(&self, _: &str, symptom: &Symptom) -> String {
        format!("{symptom:?}")
    }
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

const SECOND: Duration = Duration::from_secs(1);

/// A handler that counts each message once. It has a document that is not looked at.
fn explore_with<H>(handler: H) -> Explore
where
    H: AsyncFn(&Message, &Ports, &Context) -> anyhow::Result<()> + Send + Sync + 'static,
{
    let view = |snapshot: &shared::Snapshot, _: &str| Ok(snapshot.document("counter").map_or(0, <[u8]>::len));
    let endpoint = Endpoint::new("counter", handler).view(view);
    explore(|| System::of(endpoint).judged_by(Count)).send(message())
}

async fn count(ports: &Ports) -> anyhow::Result<()> {
    ports.documents.put("counter", vec![b'x'], Precondition::None).await?;
    Ok(())
}

/// The deadlines that were written down, in the order in which they were set; where
/// there are none, they are set, and the message comes again.
async fn deadlines(ports: &Ports, times: &[Duration]) -> anyhow::Result<Vec<Deadline>> {
    if let Some(found) = ports.documents.get("deadlines").await? {
        return Ok(serde_json::from_slice(&found.body)?);
    }
    let mut set = Vec::new();
    for &time in times {
        set.push(ports.clock.deadline_in(time).await?);
    }
    ports.documents.put("deadlines", serde_json::to_vec(&set)?, Precondition::IfAbsent).await?;
    anyhow::bail!("it waits for them to pass")
}

/// While nobody is at work, deadlines pass by themselves: that is no fault, and a
/// handler that refuses a message until then comes to rest.
#[test]
fn waiting_for_a_deadline_ends_by_itself() {
    let search = |waits_for: usize| {
        explore_with(async move |_, ports, _| {
            let deadlines = deadlines(ports, &[SECOND, WEEK]).await?;
            anyhow::ensure!(ports.clock.has_passed(&deadlines[waits_for]).await?, "not yet");
            count(ports).await
        })
    };
    for waits_for in [0, 1] {
        search(waits_for).faults(0).assert_exactly_once();
    }
}

/// Of two that were set one after the other, the later one cannot pass first if its
/// time is as long or longer; and what has passed stays so. It is said which of the
/// orders is asked for that are possible or not.
#[test]
fn deadlines_pass_in_their_order() {
    let search = |times: [Duration; 2], possible: bool| {
        let report = explore_with(async move |_, ports, _| {
            let set = deadlines(ports, &times).await?;
            // Whoever asks for the later one first does not miss that the other passes.
            if ports.clock.has_passed(&set[1]).await? {
                let first = ports.clock.has_passed(&set[0]).await?;
                assert!(first || possible, "the later one has passed first");
                if !first {
                    ports.documents.put("counter", vec![b'x'; 2], Precondition::None).await?;
                    return Ok(());
                }
                assert!(ports.clock.has_passed(&set[1]).await?, "it has passed, and not");
                assert!(ports.clock.has_passed(&set[0]).await?, "it has passed, and not");
            } else {
                anyhow::bail!("not yet");
            }
            count(ports).await
        });
        report.faults(2).only([Fault::TimeToLiveExpires, Fault::Duplicate]).run()
    };
    for times in [[SECOND, SECOND], [SECOND, WEEK], [WEEK, WEEK]] {
        let report = search(times, false);
        assert!(report.holds(), "{times:?}: {report}");
    }
    // Just before a week is over, a second is set that ends later.
    let report = search([WEEK, SECOND], true);
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
}

/// That a deadline passes while somebody is at work is a fault, and a week does not
/// pass within a lock at all.
#[test]
fn a_deadline_passes_under_a_busy_worker_only_as_a_fault() {
    let search = |time: Duration| {
        explore_with(async move |_, ports, _| {
            let deadline = ports.clock.deadline_in(time).await?;
            let times = 1 + usize::from(ports.clock.has_passed(&deadline).await?);
            ports.documents.put("counter", vec![b'x'; times], Precondition::None).await?;
            Ok(())
        })
    };
    assert!(search(SECOND).faults(0).run().holds());
    let report = search(SECOND).faults(1).run();
    assert_eq!(report.struck, [Fault::TimeToLiveExpires], "{report}");
    assert!(search(WEEK).faults(2).only([Fault::TimeToLiveExpires]).run().holds());
    // Whoever has lost its lock may dawdle.
    let both = [Fault::TimeToLiveExpires, Fault::LockExpires];
    let report = search(WEEK).faults(2).only(both).run();
    assert!(!report.holds() && report.visited.contains(Fault::TimeToLiveExpires), "{report}");
    // In no time, it is over at once.
    let report = search(Duration::ZERO).faults(0).run();
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
}

/// A deadline that is written down nowhere is none any more: else, every attempt would
/// lead to another state, and nobody would ever see that it goes round.
#[test]
fn a_deadline_at_every_attempt_still_goes_round() {
    let report = explore_with(async |_, ports, _| {
        let deadline = ports.clock.deadline_in(WEEK).await?;
        let body = serde_json::to_vec(&deadline)?;
        ports.documents.put("latest", body, Precondition::None).await?;
        anyhow::bail!("never")
    });
    let report = report.faults(1).run();
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    assert!(report.counts.states < 1_000, "{report}");
}

#[test]
fn what_is_no_deadline_is_refused() {
    explore_with(async |message, ports, _| {
        let strange = Deadline(message.id.to_string());
        let reply = ports.clock.has_passed(&strange).await;
        assert_eq!(reply, Err(ClockError::NotADeadline(strange.0)));
        count(ports).await
    })
    .assert_exactly_once();
}

/// A story calls deadlines d1, d2, …, wherever they are written.
#[test]
fn a_story_tells_of_deadlines() {
    let report = explore_with(async |_, ports, _| {
        let set = deadlines(ports, &[WEEK, Duration::from_secs(90)]).await?;
        anyhow::ensure!(ports.clock.has_passed(&set[1]).await?, "not yet");
        ports.documents.put("counter", vec![b'x'; 2], Precondition::None).await?;
        Ok(())
    });
    let story = report.faults(0).run().to_string();
    for line in [
        "sets a deadline in 7 days: d1",
        "sets a deadline in 90 seconds: d2",
        "puts deadlines if absent: [d1, d2]",
        "d2 passes, 90 seconds after it was set",
        "asks whether d2 has passed: it has",
    ] {
        assert!(story.contains(line), "{line}\n{story}");
    }
}
