//! A collector that dies between two stores leaves steps to the next workflow
//!
//! *Reported:* dbos-inc/dbos-transact-py#769 (2026). The collector deletes a workflow from
//! one store and its steps from another, and dies in between; the next workflow of the same
//! id finds the steps, believes that it has done them, and does nothing.
//!
//! *Repaired:* the steps are deleted first.
//!
//! *Teaches:* of two writes that cannot be one, the first is the one without which the
//! second is sure to come again.

use std::collections::BTreeMap;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Snapshot, words};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::documents::{load, save, shown};
use crate::laws::Outcomes;
use crate::said::{about, named, output};
use crate::{Case, Version};

/// The engine's own store: whether there is a workflow, and what was answered to whoever
/// wanted to start one.
#[derive(Default, Serialize, Deserialize)]
struct Workflow {
    started_by: Option<String>,
    ran: BTreeMap<String, bool>,
    /// Whose workflow was collected, once one was.
    collected: Option<String>,
}

/// The application's store: which step is recorded, and what was done.
#[derive(Default, Serialize, Deserialize)]
struct Steps {
    recorded: Option<String>,
    done: Vec<String>,
}

async fn start(message: &Message, ports: &Ports) -> anyhow::Result<()> {
    let me = about(message).to_owned();
    let (read, mut workflow) = load::<Workflow>(&*ports.documents, "workflow").await?;
    let ran = match workflow.ran.get(&me) {
        Some(&ran) => ran,
        None => {
            let ran = workflow.started_by.is_none();
            if ran {
                workflow.started_by = Some(me.clone());
            }
            workflow.ran.insert(me.clone(), ran);
            save(&*ports.documents, "workflow", read.as_ref(), &workflow).await?;
            ran
        }
    };
    if ran {
        let (read, mut steps) = load::<Steps>(ports.store("application"), "steps").await?;
        // A step that is recorded was done before.
        if steps.recorded.is_none() && !steps.done.contains(&me) {
            steps.recorded = Some(me.clone());
            steps.done.push(me.clone());
            save(ports.store("application"), "steps", read.as_ref(), &steps).await?;
        }
    }
    let answer = if ran { json!({ "Ran": me }) } else { json!({ "Known": me }) };
    ports.publisher.publish(output(message, answer)).await?;
    Ok(())
}

async fn forget_steps(ports: &Ports, of: &str) -> anyhow::Result<()> {
    let (read, mut steps) = load::<Steps>(ports.store("application"), "steps").await?;
    if steps.recorded.as_deref() == Some(of) {
        steps.recorded = None;
        save(ports.store("application"), "steps", read.as_ref(), &steps).await?;
    }
    Ok(())
}

async fn collect(ports: &Ports, version: Version) -> anyhow::Result<()> {
    let (read, mut workflow) = load::<Workflow>(&*ports.documents, "workflow").await?;
    if let Some(of) = &workflow.collected {
        return forget_steps(ports, of).await;
    }
    let Some(of) = workflow.started_by.take() else { anyhow::bail!("there is nothing to collect yet") };
    let (_, steps) = load::<Steps>(ports.store("application"), "steps").await?;
    anyhow::ensure!(steps.done.contains(&of), "it still runs");
    if version == Version::Repaired {
        forget_steps(ports, &of).await?;
    }
    workflow.collected = Some(of.clone());
    save(&*ports.documents, "workflow", read.as_ref(), &workflow).await?;
    if version == Version::AsReported {
        forget_steps(ports, &of).await?;
    }
    Ok(())
}

/// Whether there is a workflow, and who has run in one.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Seen {
    there: bool,
    done: Vec<String>,
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| match message.name() {
        "Start" => start(message, ports).await,
        _ => collect(ports, version).await,
    };
    let view = |snapshot: &Snapshot, _: &str| {
        let steps = snapshot.document_in("application", "steps");
        let steps: Steps = steps.map_or(Ok(Steps::default()), serde_json::from_slice)?;
        let there = shown::<Workflow>(snapshot, "workflow")?.started_by.is_some();
        Ok(Seen { there, done: steps.done })
    };
    let engine = Endpoint::new("engine", handler).with_store("application").view(view);
    let start = |name: &str| Message::new(MessageId::named(name), &json!({ "Start": name }));
    explore(|| System::of(engine).judged_by(law())).send([start("first"), start("second"), named("Collect")])
}

fn law() -> Outcomes<Seen> {
    fn process(state: &Seen, message: &Message) -> Vec<(Seen, Vec<serde_json::Value>)> {
        let (mut next, me) = (state.clone(), about(message));
        let answer = match (message.name(), state.there) {
            ("Start", true) => Some(json!({ "Known": me })),
            ("Start", false) => {
                next.done.push(me.to_owned());
                Some(json!({ "Ran": me }))
            }
            // It is collected when it is there.
            (_, false) => return Vec::new(),
            (_, true) => None,
        };
        next.there = message.name() == "Start";
        vec![(next, answer.into_iter().collect())]
    }
    let describe = |seen: &Seen| {
        let there = if seen.there { "a workflow" } else { "no workflow" };
        let ran = if seen.done.is_empty() { "none".to_owned() } else { words::enumeration(&seen.done) };
        format!("{there}; ran: {ran}")
    };
    Outcomes { of: "the workflow", process, again: process, describe }
}

pub fn case(case: Case) -> Case {
    // Alone, it must die; beside another worker it only has to be slow.
    let alone = |version| search(version).workers(1);
    let crash = [Fault::CrashAfterWrite];
    let visited = [Fault::WriteReplyLost, Fault::CrashAfterWrite];
    case.violates(move || alone(Version::AsReported).only(crash), Property::NoLostMessages, crash)
        .violates(move || alone(Version::AsReported), Property::NoLostMessages, [Fault::WriteReplyLost])
        .violates(|| search(Version::AsReported), Property::NoLostMessages, [])
        .holds(move || alone(Version::Repaired), 1, visited)
        .holds(|| search(Version::Repaired), 1, visited)
}
