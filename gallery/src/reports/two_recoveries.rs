//! Of two recoveries, the late one goes on with nothing
//!
//! *Reported:* dbos-inc/dbos-transact-ts#1205, #1206 and #1207 (2026),
//! dbos-inc/dbos-transact-py#818. A workflow is recovered twice, and waits for a letter in
//! both; one takes it and notes it, the other finds the mailbox empty, and goes on as if
//! nothing had come.
//!
//! *Repaired:* whoever finds a note goes on with that.
//!
//! *Teaches:* what was written down first is what happened, whatever one has seen oneself.

use chaos::{Explore, Fault, Property, System, explore};
use ports::law::Law;
use ports::{Context, Endpoint, Message, Ports, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::documents::{load, save, shown};
use crate::said::named;
use crate::{Case, Version};

/// The mailbox of a workflow, and what it has noted of its waiting.
#[derive(Default, Serialize, Deserialize)]
struct Waiting {
    came: bool,
    letter: bool,
    noted: Option<String>,
}

async fn receive(ports: &Ports, version: Version) -> anyhow::Result<String> {
    let (_, first) = load::<Waiting>(&*ports.documents, "workflow").await?;
    if let Some(noted) = first.noted {
        return Ok(noted);
    }
    // It waits; then it looks once more, and notes what it found.
    let (read, mut waiting) = load::<Waiting>(&*ports.documents, "workflow").await?;
    let found = if waiting.letter { "a letter" } else { "nothing" };
    match waiting.noted {
        Some(noted) if version == Version::Repaired => return Ok(noted),
        Some(_) => return Ok(found.to_owned()),
        None => {}
    }
    waiting.letter = false;
    waiting.noted = Some(found.to_owned());
    save(&*ports.documents, "workflow", read.as_ref(), &waiting).await?;
    Ok(found.to_owned())
}

async fn put_into_the_mailbox(ports: &Ports) -> anyhow::Result<()> {
    let (read, waiting) = load::<Waiting>(&*ports.documents, "workflow").await?;
    if !waiting.came {
        let came = Waiting { came: true, letter: true, ..waiting };
        save(&*ports.documents, "workflow", read.as_ref(), &came).await?;
    }
    Ok(())
}

/// What of a workflow is seen.
#[derive(Default, Serialize, Deserialize)]
struct Seen {
    letter: bool,
    noted: Option<String>,
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, context: &Context| {
        if message.name() != "Run" {
            return put_into_the_mailbox(ports).await;
        }
        let got = receive(ports, version).await?;
        context.publish(Message::new(message.id.derive("Got"), &json!({ "Got": got })));
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| {
        let Waiting { letter, noted, .. } = shown(snapshot, "workflow")?;
        Ok(Seen { letter, noted })
    };
    let law = Law::of(
        |_| "the workflow".to_owned(),
        |seen: &mut Seen, message| {
            if message.name() != "Run" {
                seen.letter = true;
                return Vec::new();
            }
            let got = if std::mem::take(&mut seen.letter) { "a letter" } else { "nothing" };
            seen.noted = Some(got.to_owned());
            vec![json!({ "Got": got })]
        },
    );
    let law = law.described_by(|seen| {
        let mailbox = if seen.letter { "a letter in the mailbox" } else { "an empty mailbox" };
        format!("{mailbox}, and {} noted", seen.noted.as_ref().map_or("none", |noted| noted))
    });
    let engine = Endpoint::new("engine", handler).view(view);
    explore(|| System::of(engine).judged_by(law)).send([named("Run"), named("Letter")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::ConsistentOutputs, [Fault::LockExpires])
        .holds(|| search(Version::Repaired), 1, [Fault::LockExpires, Fault::Duplicate])
        .holds(|| search(Version::Repaired), 2, [Fault::LockExpires, Fault::Duplicate, Fault::CrashAfterWrite])
}
