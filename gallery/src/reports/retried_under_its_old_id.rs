//! A retry under its old id is a duplicate
//!
//! *Reported:* Azure/azure-service-bus#748 (2026), as nats-io/nats-server#2921 and
//! alexfrmn/murmur#141. A job that failed is put back as a new message under its old id,
//! within the time for which the broker remembers that id, and is dropped as a duplicate.
//!
//! *Repaired:* a retry has an id of its own.
//!
//! *Teaches:* an id says what is the same; a second attempt is not the same message.

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, Ports, Precondition, Publication, Snapshot};
use serde_json::json;

use crate::documents::{load, save};
use crate::laws::{collects, passes_on};
use crate::said::{about, command, output};
use crate::{Case, Version};

async fn take_in(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let job = about(message);
    ports.stream("jobs").publish(Publication::new("job", job).with_id(message.id)).await?;
    ports.publisher.publish(output(message, json!({ "Queued": job }))).await?;
    Ok(())
}

/// Takes the jobs of the stream one after the other; one that fails goes to its end.
async fn work(ports: &Ports, version: Version) -> anyhow::Result<()> {
    let jobs = ports.stream("jobs");
    loop {
        let (read, taken) = load::<usize>(&*ports.documents, "taken").await?;
        let stored = jobs.read("job").await?;
        let Some(job) = stored.get(taken) else { return Ok(()) };
        let name = String::from_utf8(job.body.clone())?;
        if ports.store("results").put(&name, Vec::new(), Precondition::None).await.is_err() {
            let old_id = job.message_id.clone().unwrap_or_default();
            let id = match version {
                Version::AsReported => old_id,
                Version::Repaired => format!("{old_id} after {}", job.sequence),
            };
            jobs.publish(Publication::new("job", name).with_id(id)).await?;
        }
        save(&*ports.documents, "taken", read.as_ref(), &(taken + 1)).await?;
    }
}

fn search(version: Version) -> Explore {
    let work = async move |_: &Message, ports: &Ports, _: &Context| work(ports, version).await;
    let view = |snapshot: &Snapshot, _: &str| {
        Ok(snapshot.documents_in("results").map(|(job, _)| job.to_owned()).collect::<Vec<_>>())
    };
    let intake = Endpoint::new("intake", take_in).with_stream("jobs");
    let worker = Endpoint::new("worker", work).with_stream("jobs").with_store("results");
    let worker = worker.subscribes_to("Queued").view(view);
    let system = || {
        System::of(intake)
            .judged_by(passes_on("the intake", |job| json!({ "Queued": job })))
            .and(worker)
            .judged_by(collects("the results"))
    };
    explore(system).send([command("Queue", "grind")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::NoLostMessages, [Fault::WriteFails])
        .holds(|| search(Version::Repaired), 1, [Fault::WriteFails, Fault::WriteUnavailable])
}
