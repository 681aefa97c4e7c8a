//! Messages for later, and calling them off: what [`ports::later`] promises, under every
//! schedule and every fault within the bounds, and what is found of those who keep less.

#![allow(missing_docs)]

use std::time::Duration;

use chaos::{Explore, Fault, Faults, Inconclusive, Law, Property, System, Verdict, explore};
use ports::later::{self, CallOff, Later};
use ports::{Context, Deadline, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use serde_json::{Value, json};

const QUARTER: Duration = Duration::from_secs(15 * 60);

fn later(id: &str, name: &str) -> Message {
    let later = Later::new(name, QUARTER, &json!({ "Ring": { "bell": name } }));
    Message::new(MessageId::named(id), &json!({ "Later": later }))
}

fn call_off(id: &str, name: &str) -> Message {
    Message::new(MessageId::named(id), &json!({ "CallOff": CallOff::new(name) }))
}

/// Who is asked to wait, and a bell that counts how often it has been rung.
fn system(waits: Endpoint) -> System {
    let bell = Endpoint::new("bell", async |message: &Message, ports: &Ports, _: &Context| {
        let name = message.body["Ring"]["bell"].as_str().unwrap_or_default();
        let read = ports.documents.get(name).await?;
        let rung = read.as_ref().map(|document| serde_json::from_slice(&document.body)).transpose()?;
        let mut rung: Vec<MessageId> = rung.unwrap_or_default();
        if !rung.contains(&message.id) {
            rung.push(message.id);
            let unchanged = Precondition::unchanged_since(read.as_ref());
            ports.documents.put(name, serde_json::to_vec(&rung)?, unchanged).await?;
        }
        Ok(())
    });
    let rung = |snapshot: &Snapshot, name: &str| {
        let rung = snapshot.document(name).map(serde_json::from_slice::<Vec<MessageId>>).transpose()?;
        Ok(rung.map_or(0, |rung| rung.len()))
    };
    let once_for_each = Law::of(
        |message| message.body["Ring"]["bell"].as_str().unwrap_or_default().to_owned(),
        |rung: &mut usize, _| {
            *rung += 1;
            Vec::<Value>::new()
        },
    );
    System::of(waits)
        .judged_by(later::law())
        .and(bell.subscribes_to("Ring").view(rung))
        .judged_by(once_for_each)
}

fn search(sent: &[Message]) -> Explore {
    explore(|| system(later::endpoint())).send(sent.to_vec())
}

#[test]
fn it_comes_once_or_is_called_off_in_time_whatever_happens() {
    let (tea, no_tea) = (later("tea", "tea"), call_off("no tea", "tea"));
    let alone = search(std::slice::from_ref(&tea)).workers(2).faults(2);
    alone.must_visit(Faults::WITH_DOCUMENTS).assert_exactly_once();
    let both = [tea.clone(), no_tea.clone()];
    search(&both).workers(2).faults(1).must_visit(Faults::WITH_DOCUMENTS).assert_exactly_once();
    let late = search(&both).workers(1).faults(1).only(Faults::LATE).must_visit(Faults::LATE);
    late.assert_exactly_once();
    // What is called off before anybody has waited for it.
    let by_itself = || System::of(later::endpoint()).judged_by(later::law());
    explore(by_itself).send([no_tea.clone()]).workers(2).faults(2).assert_exactly_once();
    // Two who wait, of whom one is called off; and one name twice, of which the first counts.
    search(&[tea.clone(), later("cake", "cake"), no_tea]).workers(1).faults(0).assert_exactly_once();
    search(&[tea, later("tea again", "tea")]).workers(2).faults(1).assert_exactly_once();
}

/// The story of both ends is there to be told: it was said, and it was called off.
#[test]
fn both_ends_are_reached() {
    let both = [later("tea", "tea"), call_off("no tea", "tea")];
    for never in ["Said", "CalledOff"] {
        let never = move |snapshot: &Snapshot, name: &str| {
            let ends = later::outcome(snapshot, name)?;
            Ok(if json!(ends) == json!(never) { json!("reached") } else { json!(ends) })
        };
        let report = explore(|| system(later::endpoint().view(never))).send(both.clone()).faults(0).run();
        assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    }
}

/// What waits, without time, waits for ever: nothing is proved of what comes after it, and
/// that is the reason that is given, although nothing was judged either.
#[test]
fn without_time_nothing_is_said_of_it() {
    let report = search(&[later("tea", "tea")]).without(Fault::TimeToLiveExpires).run();
    assert_eq!(report.verdict, Verdict::Inconclusive(Inconclusive::WaitsForTime), "{report}");
}

/// As it is first written: whoever waits looks whether it was called off, and says it. Between
/// the two it is called off.
async fn looks_and_says(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    if let Some(call_off) = message.body.get("CallOff") {
        let name = format!("{} is off", call_off["name"].as_str().unwrap_or_default());
        ports.documents.put(&name, Vec::new(), Precondition::None).await?;
        return Ok(());
    }
    let asked: Later = serde_json::from_value(message.body["Later"].clone())?;
    let off = format!("{} is off", asked.name);
    let Some(read) = ports.documents.get(&asked.name).await? else {
        let deadline = serde_json::to_vec(&ports.clock.deadline_in(QUARTER).await?)?;
        ports.documents.put(&asked.name, deadline, Precondition::IfAbsent).await?;
        anyhow::bail!("not yet")
    };
    let deadline: Deadline = serde_json::from_slice(&read.body)?;
    anyhow::ensure!(ports.clock.has_passed(&deadline).await?, "not yet");
    if ports.documents.get(&off).await?.is_none() {
        let says = Message { id: message.id.derive("its time has come"), body: asked.says };
        ports.publisher.publish(says).await?;
        ports.documents.put(&format!("{} was said", asked.name), Vec::new(), Precondition::None).await?;
    }
    Ok(())
}

#[test]
fn who_only_looks_says_what_was_called_off() {
    let outcome = |snapshot: &Snapshot, name: &str| {
        let there = |what: &str| snapshot.document(&format!("{name} {what}")).is_some();
        Ok(match (there("was said"), there("is off")) {
            (_, true) => "CalledOff",
            (true, false) => "Said",
            (false, false) => "Open",
        })
    };
    let endpoint = || Endpoint::new("later", looks_and_says).subscribes_to("Later").view(outcome);
    let both = [later("tea", "tea"), call_off("no tea", "tea")];
    let report = explore(|| system(endpoint())).send(both).workers(2).faults(0).run();
    assert_eq!(report.violated(), Some(Property::StateMatchesOutputs), "{report}");
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["ends with called off published Ring(tea)", "d1 passes, 15 minutes after it was set"] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
}
