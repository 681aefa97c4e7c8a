//! An event for the generation that just ended is lost
//!
//! *Reported:* Azure/azure-functions-durable-extension#67 and #676 (2019),
//! microsoft/durabletask-dotnet#387 (2025). An orchestration begins anew, so that its history
//! does not grow, and events that came for the old generation after it had looked for the
//! last time are lost.
//!
//! *Repaired:* the mailbox is closed first, and whoever finds it closed comes again.
//!
//! *Teaches:* who looks for the last time must see to it that nothing comes after that.

use std::collections::BTreeSet;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, Ports, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::documents::{load, save};
use crate::laws::{collects, passes_on};
use crate::said::{about, command, output};
use crate::{Case, Version};

/// Events that have come for one generation of an orchestration.
#[derive(Default, Serialize, Deserialize)]
struct Mailbox {
    closed: bool,
    events: BTreeSet<String>,
}

/// An orchestration, which begins anew so that its history does not grow.
#[derive(Default, Serialize, Deserialize)]
struct Orchestration {
    generation: usize,
    handled: BTreeSet<String>,
}

fn mailbox(generation: usize) -> String {
    format!("mailbox {generation}")
}

async fn raise(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let (shared, event) = (ports.store("shared"), about(message));
    let (_, orchestration) = load::<Orchestration>(shared, "orchestration").await?;
    let mut known = false;
    for earlier in 0..orchestration.generation {
        known |= load::<Mailbox>(shared, &mailbox(earlier)).await?.1.events.contains(event);
    }
    let key = mailbox(orchestration.generation);
    let (read, mut mailbox) = load::<Mailbox>(shared, &key).await?;
    if !known && !mailbox.events.contains(event) {
        anyhow::ensure!(!mailbox.closed, "the next generation is about to begin");
        mailbox.events.insert(event.to_owned());
        save(shared, &key, read.as_ref(), &mailbox).await?;
    }
    ports.publisher.publish(output(message, json!({ "Raised": event }))).await?;
    Ok(())
}

async fn run(ports: &Ports, version: Version) -> anyhow::Result<()> {
    let shared = ports.store("shared");
    let (instance, mut orchestration) = load::<Orchestration>(shared, "orchestration").await?;
    let key = mailbox(orchestration.generation);
    let (read, mut mailbox) = load::<Mailbox>(shared, &key).await?;
    if mailbox.events.is_empty() {
        return Ok(());
    }
    if version == Version::Repaired && !mailbox.closed {
        mailbox.closed = true;
        save(shared, &key, read.as_ref(), &mailbox).await?;
    }
    orchestration.handled.extend(mailbox.events);
    orchestration.generation += 1;
    save(shared, "orchestration", instance.as_ref(), &orchestration).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let run = async move |_: &Message, ports: &Ports, _: &Context| run(ports, version).await;
    let view = |snapshot: &Snapshot, _: &str| {
        let body = snapshot.document_in("shared", "orchestration");
        Ok(body.map_or(Ok(Orchestration::default()), serde_json::from_slice)?.handled)
    };
    let client = Endpoint::new("client", raise).with_shared_store("shared");
    let engine = Endpoint::new("engine", run).with_shared_store("shared").subscribes_to("Raised").view(view);
    let system = || {
        System::of(client)
            .judged_by(passes_on("the client", |event| json!({ "Raised": event })))
            .and(engine)
            .judged_by(collects("the orchestration"))
    };
    explore(system).send([command("Raise", "paid"), command("Raise", "sent")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::NoLostMessages, [])
        .holds(|| search(Version::Repaired), 0, [])
        .holds(|| search(Version::Repaired), 1, [Fault::CrashAfterWrite, Fault::WriteReplyLost])
}
