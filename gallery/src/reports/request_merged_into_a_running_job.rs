//! A request that is merged into a running job is deleted with it
//!
//! *Reported:* graphile/worker#303 (2022), on the mode `unsafe_dedupe`, whose name warns of
//! it. A request is merged into the job of its key, which is already running and does not see
//! it; then the job is deleted, and the request with it.
//!
//! *Repaired:* a job that was asked for again is not deleted, but runs again.
//!
//! *Teaches:* a request may be merged with one that has not begun; from then on it is new.

use std::collections::BTreeSet;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, Ports, Precondition, StoreError};
use serde_json::json;

use crate::documents::{load, save, shown};
use crate::laws::{collects, passes_on};
use crate::said::{about, command, output};
use crate::{Case, Version};

/// Notes an edit, and asks for the job that indexes whatever was edited.
async fn edit(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let shared = ports.store("shared");
    let (read, mut edits) = load::<BTreeSet<String>>(shared, "edits").await?;
    if edits.insert(about(message).to_owned()) {
        save(shared, "edits", read.as_ref(), &edits).await?;
    }
    let job = || b"asked for".to_vec();
    match shared.put("job", job(), Precondition::IfAbsent).await {
        // It is asked for already.
        Err(StoreError::Conflict { .. }) => match version {
            Version::AsReported => {}
            Version::Repaired => _ = shared.put("job", job(), Precondition::None).await?,
        },
        other => _ = other?,
    }
    ports.publisher.publish(output(message, json!({ "Edited": about(message) }))).await?;
    Ok(())
}

async fn work(ports: &Ports, version: Version) -> anyhow::Result<()> {
    let shared = ports.store("shared");
    let Some(job) = shared.get("job").await? else { return Ok(()) };
    let (_, edits) = load::<BTreeSet<String>>(shared, "edits").await?;
    let (read, mut index) = load::<BTreeSet<String>>(&*ports.documents, "index").await?;
    index.extend(edits);
    save(&*ports.documents, "index", read.as_ref(), &index).await?;
    let condition = match version {
        Version::AsReported => Precondition::None,
        Version::Repaired => Precondition::IfEtag(job.etag),
    };
    shared.delete("job", condition).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let edit = async move |message: &Message, ports: &Ports, _: &Context| edit(message, ports, version).await;
    let work = async move |_: &Message, ports: &Ports, _: &Context| work(ports, version).await;
    let editor = Endpoint::new("editor", edit).with_shared_store("shared");
    let worker = Endpoint::new("worker", work).with_shared_store("shared").subscribes_to("Edited");
    let worker = worker.view(|snapshot, _| shown::<BTreeSet<String>>(snapshot, "index"));
    let system = || {
        System::of(editor)
            .judged_by(passes_on("the editor", |edit| json!({ "Edited": edit })))
            .and(worker)
            .judged_by(collects("the index"))
    };
    explore(system).send([command("Edit", "intro"), command("Edit", "notes")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::NoLostMessages, [])
        .holds(|| search(Version::Repaired), 0, [])
        .holds(|| search(Version::Repaired), 1, [Fault::CrashAfterWrite, Fault::WriteReplyLost])
}
