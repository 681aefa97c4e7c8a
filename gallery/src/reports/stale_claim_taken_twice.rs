//! Two take over the same stale claim
//!
//! *Reported:* pipeshub-ai/pipeshub-ai#3445 (2026), in a review. A stale claim is taken over
//! on condition that its status is still "at work", which it is again once somebody else has
//! taken it over.
//!
//! *Repaired:* it is taken over on condition that it is the very claim that was stale, and
//! the job has a key of its own, whoever does it. (Without a fault, the condition is enough.
//! With one lost reply the search finds what is left: of an owner that is not heard of,
//! nobody knows whether the job is done.)
//!
//! *Teaches:* a condition must name what was read, and not a part of it that comes back; and
//! whoever takes over a job may do it again.

use std::time::Duration;

use anyhow::Context as _;
use chaos::{Explore, Fault, Property, System, explore};
use ports::{
    Context, Deadline, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StoreError, words,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Case;
use crate::documents::{json_of, load, save};
use crate::laws::Outcomes;
use crate::said::{about, command};

/// As long as an owner may be at work before its claim is stale.
const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq)]
enum Takeover {
    AsReported,
    OnTheVeryClaim,
    Repaired,
}

/// Whose job it is, until when, and whether it is done.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Claim {
    done: bool,
    by: String,
    until: Option<Deadline>,
}

/// Claims the job, and is not heard of again.
async fn begin(message: &Message, ports: &Ports) -> anyhow::Result<()> {
    let until = Some(ports.clock.deadline_in(LONG).await?);
    let claim = Claim { done: false, by: about(message).to_owned(), until };
    match save(&*ports.documents, "job", None, &claim).await {
        Err(StoreError::Conflict { .. }) => Ok(()),
        other => Ok(other?),
    }
}

/// Takes over the job if its owner has not been heard of for long, and comes again until
/// it is done.
async fn sweep(message: &Message, ports: &Ports, takeover: Takeover) -> anyhow::Result<()> {
    let (documents, by) = (&*ports.documents, about(message).to_owned());
    let (_, stale) = load::<Claim>(documents, "job").await?;
    if stale.done {
        return Ok(());
    }
    if stale.by != by {
        let until = stale.until.as_ref().context("nobody has begun it")?;
        anyhow::ensure!(ports.clock.has_passed(until).await?, "its owner may be at work");
        let until = Some(ports.clock.deadline_in(LONG).await?);
        let mine = Claim { done: false, by: by.clone(), until };
        // UPDATE job SET by = …, until = … WHERE NOT done (AND by = … AND until = …)
        loop {
            let (read, claim) = load::<Claim>(documents, "job").await?;
            let is_it = takeover == Takeover::AsReported || claim == stale;
            anyhow::ensure!(!claim.done && is_it, "somebody else has it");
            match save(documents, "job", read.as_ref(), &mine).await {
                Err(StoreError::Conflict { .. }) => {}
                other => break other?,
            }
        }
    }
    let key = match takeover {
        Takeover::AsReported | Takeover::OnTheVeryClaim => message.id.derive("job"),
        Takeover::Repaired => MessageId::named("the job"),
    };
    ports.service("mill").call(key, &json!("the job")).await?;
    let done = Claim { done: true, by, until: None };
    documents.put("job", json_of(&done), Precondition::None).await?;
    Ok(())
}

fn sweeps(message: &Message) -> bool {
    message.name() == "Sweep"
}

fn search(takeover: Takeover) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| match sweeps(message) {
        true => sweep(message, ports, takeover).await,
        false => begin(message, ports).await,
    };
    let law = Outcomes {
        of: "the job",
        // Whoever sweeps second finds it done.
        process: |runs: &u64, message| vec![(if sweeps(message) { 1 } else { *runs }, Vec::new())],
        again: |runs, message| vec![(runs + u64::from(sweeps(message)), Vec::new())],
        describe: |runs| words::count(*runs, "run"),
    };
    let view = |snapshot: &Snapshot, _: &str| Ok(snapshot.effects("mill").len());
    let sweeper = Endpoint::new("sweeper", handler).with_service("mill").view(view);
    explore(|| System::of(sweeper).judged_by(law)).send([
        command("Begin", "Cleo"),
        command("Sweep", "Ann"),
        command("Sweep", "Bob"),
    ])
}

pub fn case(case: Case) -> Case {
    let (property, lost) = (Property::NoDuplicatedProcessing, [Fault::WriteReplyLost]);
    let visited = [Fault::WriteReplyLost, Fault::CrashAfterWrite, Fault::LockExpires];
    case.violates(|| search(Takeover::AsReported), property, [])
        .holds(|| search(Takeover::OnTheVeryClaim), 0, [])
        .violates(|| search(Takeover::OnTheVeryClaim), property, lost)
        .holds(|| search(Takeover::Repaired), 1, visited)
}
