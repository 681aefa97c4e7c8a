//! An outbox read by number passes by what commits late
//!
//! *Reported:* kamu-data/kamu-cli#1398 (2025), as SQLStreamStore/SQLStreamStore#121,
//! Eventuous/eventuous#222 and patchlevel/event-sourcing#615. Rows get their numbers before
//! they are committed, and one with a higher number may be there first; the relay has passed
//! by the other one when it comes.
//!
//! *Repaired:* a number is given with the commit, so that there are no gaps.
//!
//! *Teaches:* a sequence says in which order transactions began, and a cursor needs the
//! order in which they ended.

use std::collections::BTreeMap;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, DocumentStore, Endpoint, Message, Ports, Precondition, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::documents::{json_of, load, save, shown};
use crate::laws::{collects, passes_on};
use crate::said::{about, command, output};
use crate::{Case, Version};

/// What a relay has passed on, and up to which number.
#[derive(Default, Serialize, Deserialize)]
struct Feed {
    cursor: usize,
    passed_on: BTreeMap<String, usize>,
}

fn row(number: usize) -> String {
    format!("row {number}")
}

/// The number of the next row, if the event is in none.
async fn first_free_row(rows: &dyn DocumentStore, event: &str) -> anyhow::Result<Option<usize>> {
    let mut next = 1;
    while let (Some(_), found) = load::<String>(rows, &row(next)).await? {
        if found == event {
            return Ok(None);
        }
        next += 1;
    }
    Ok(Some(next))
}

async fn write(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let (rows, event) = (ports.store("rows"), about(message));
    let number = match version {
        // A sequence is no part of any transaction.
        Version::AsReported => {
            let (read, drawn) = load::<usize>(rows, "sequence").await?;
            save(rows, "sequence", read.as_ref(), &(drawn + 1)).await?;
            Some(drawn + 1)
        }
        Version::Repaired => first_free_row(rows, event).await?,
    };
    if let Some(number) = number {
        rows.put(&row(number), json_of(&event), Precondition::IfAbsent).await?;
    }
    ports.publisher.publish(output(message, json!({ "Written": event }))).await?;
    Ok(())
}

async fn relay(ports: &Ports, version: Version) -> anyhow::Result<()> {
    let rows = ports.store("rows");
    let (read, mut feed) = load::<Feed>(&*ports.documents, "feed").await?;
    let last = match version {
        Version::AsReported => load(rows, "sequence").await?.1,
        Version::Repaired => usize::MAX,
    };
    for number in feed.cursor + 1..=last {
        match load::<String>(rows, &row(number)).await? {
            (Some(_), event) => {
                *feed.passed_on.entry(event).or_default() += 1;
                feed.cursor = number;
            }
            // Rolled back, for all that anybody knows.
            (None, _) if version == Version::AsReported => {}
            (None, _) => break,
        }
    }
    save(&*ports.documents, "feed", read.as_ref(), &feed).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let write = async move |message: &Message, ports: &Ports, _: &Context| write(message, ports, version).await;
    let relay = async move |_: &Message, ports: &Ports, _: &Context| relay(ports, version).await;
    let view = |snapshot: &Snapshot, _: &str| {
        let passed_on = shown::<Feed>(snapshot, "feed")?.passed_on;
        Ok(passed_on.into_iter().flat_map(|(event, times)| vec![event; times]).collect::<Vec<_>>())
    };
    let writer = Endpoint::new("writer", write).with_shared_store("rows");
    let relay = Endpoint::new("relay", relay).with_shared_store("rows").subscribes_to("Written").view(view);
    let system = || {
        System::of(writer)
            .judged_by(passes_on("the writer", |event| json!({ "Written": event })))
            .and(relay)
            .judged_by(collects("the feed"))
    };
    explore(system).send([command("Write", "born"), command("Write", "wed")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::NoLostMessages, [])
        .holds(|| search(Version::Repaired), 0, [])
        .holds(|| search(Version::Repaired), 1, [Fault::CrashAfterWrite, Fault::LockExpires])
}
