//! Two take over the same stale claim
//!
//! *Reported:* pipeshub-ai/pipeshub-ai#3445 (2026), in a review. A stale claim is taken over
//! on condition that its status is still "at work", which it is again once somebody else has
//! taken it over.
//!
//! *Repaired:* it is taken over on condition that it is the very claim that was stale.
//!
//! *Teaches:* a condition must name what was read, and not a part of it that comes back.

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, StoreError, words};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::documents::{json_of, load, save};
use crate::laws::Outcomes;
use crate::{Case, Version};

/// Whose job it is, since when, and whether it is done.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Claim {
    done: bool,
    since: u64,
    by: String,
}

/// Whose turn it is to look, and when.
#[derive(Serialize, Deserialize)]
enum Sweep {
    Sweep { by: String, now: u64 },
}

/// Takes over a job whose owner has not been heard of for long.
async fn sweep(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let Sweep::Sweep { by, now } = message.read()?;
    let documents = &*ports.documents;
    let (_, stale) = load::<Claim>(documents, "job").await?;
    let mine = Claim { by, since: now, done: false };
    if stale.by != mine.by {
        if stale.done || now < stale.since + 60 {
            return Ok(());
        }
        // UPDATE job SET by = …, since = now WHERE NOT done (AND since = …)
        loop {
            let (read, claim) = load::<Claim>(documents, "job").await?;
            if claim.done || version == Version::Repaired && claim != stale {
                return Ok(());
            }
            match save(documents, "job", read.as_ref(), &mine).await {
                Err(StoreError::Conflict { .. }) => {}
                other => break other?,
            }
        }
    }
    ports.service("mill").call(message.id.derive("job"), &json!("the job")).await?;
    documents.put("job", json_of(&Claim { done: true, ..mine }), Precondition::None).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let handler =
        async move |message: &Message, ports: &Ports, _: &Context| sweep(message, ports, version).await;
    let law = Outcomes {
        of: "the job",
        // Whoever comes second finds it done.
        process: |_: &u64, _| vec![(1, Vec::new())],
        again: |runs, _| vec![(runs + 1, Vec::new())],
        describe: |runs| words::count(*runs, "run"),
    };
    let view = |snapshot: &ports::Snapshot, _: &str| Ok(snapshot.effects("mill").len());
    let sweeper = Endpoint::new("sweeper", handler).with_service("mill").view(view);
    let left = json_of(&Claim { by: "Cleo, who is dead".to_owned(), ..Claim::default() });
    let sweep =
        |by: &str, now| Message::new(MessageId::named(by), &Sweep::Sweep { by: by.to_owned(), now });
    explore(|| System::of(sweeper).judged_by(law).stored("sweeper", "job", left))
        .send([sweep("Ann", 100), sweep("Bob", 101)])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::NoDuplicatedProcessing, [])
        .holds(|| search(Version::Repaired), 0, [])
        // A sweep that comes again knows its own claim, and the key goes with the claim.
        .holds(|| search(Version::Repaired), 1, [Fault::CrashAfterWrite, Fault::LockExpires])
}
