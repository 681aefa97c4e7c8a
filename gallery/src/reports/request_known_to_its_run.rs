//! A request is known only while its run is open
//!
//! *Reported:* temporalio/temporal#11968 (2026), after #2356 (2022). The id of a request that
//! starts or joins a workflow is known to its run, and only while that is open; a copy that
//! comes when it is over starts another run.
//!
//! *Repaired:* the ids outlive the run.
//!
//! *Teaches:* memory of ids must not live in what the message begins and another one ends.

use std::collections::BTreeSet;

use chaos::{Explore, Fault, Property, System, explore};
use ports::law::Law;
use ports::{Context, Endpoint, Message, MessageId, Ports, Snapshot, words};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::documents::{load, save, shown};
use crate::said::named;
use crate::{Case, Version};

/// The runs of one workflow id.
#[derive(Default, Serialize, Deserialize)]
struct Workflow {
    open: bool,
    runs: u64,
    requests: BTreeSet<MessageId>,
}

async fn handle(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let (read, mut workflow) = load::<Workflow>(&*ports.documents, "workflow").await?;
    if message.name() == "Close" {
        workflow.open = false;
        if version == Version::AsReported {
            workflow.requests.clear();
        }
    } else {
        if !workflow.requests.insert(message.id) {
            return Ok(());
        }
        workflow.runs += u64::from(!workflow.open);
        workflow.open = true;
    }
    save(&*ports.documents, "workflow", read.as_ref(), &workflow).await?;
    Ok(())
}

/// What of a workflow is seen.
#[derive(Default, Serialize, Deserialize)]
struct Seen {
    open: bool,
    runs: u64,
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| handle(message, ports, version).await;
    let view = |snapshot: &Snapshot, _: &str| {
        let Workflow { open, runs, .. } = shown(snapshot, "workflow")?;
        Ok(Seen { open, runs })
    };
    let law = Law::of(
        |_| "the workflow".to_owned(),
        |seen: &mut Seen, message| {
            let opens = message.name() != "Close";
            seen.runs += u64::from(opens && !seen.open);
            seen.open = opens;
            Vec::<Value>::new()
        },
    );
    let law = law.described_by(|seen| {
        let open = if seen.open { "the last one open" } else { "none open" };
        format!("{}, {open}", words::count(seen.runs, "run"))
    });
    let engine = Endpoint::new("engine", handler).view(view);
    explore(|| System::of(engine).judged_by(law)).send([named("Request"), named("Close")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::NoDuplicatedProcessing, [Fault::Duplicate])
        .holds(|| search(Version::Repaired), 2, [Fault::Duplicate, Fault::AckFails])
}
