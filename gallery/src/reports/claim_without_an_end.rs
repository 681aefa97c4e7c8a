//! A claim without an end outlives its owner
//!
//! *Reported:* aws-powertools/powertools-lambda-python#4759 (2024), after #1038. In the last
//! moments of its time a function claims a key, and the claim gets no end; the function is
//! stopped, and every retry is told for ever that somebody is at work.
//!
//! *Repaired:* every claim runs out.
//!
//! *Teaches:* a promise that only its owner can take back must end without them.

use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, Ports, Precondition};

use crate::laws::counts;
use crate::said::named;
use crate::{Case, Version};

async fn pay(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let (claims, claim) = (ports.store("claims"), message.id.to_string());
    match claims.get(&claim).await? {
        Some(found) if found.body == b"done" => return Ok(()),
        Some(_) => anyhow::bail!("somebody is at work on it"),
        None => {}
    }
    let (at_work, free) = (b"at work".to_vec(), Precondition::IfAbsent);
    match version {
        Version::AsReported => claims.put(&claim, at_work, free).await?,
        Version::Repaired => claims.put_expiring(&claim, at_work, free, Duration::from_secs(10)).await?,
    };
    ports.service("bank").call(message.id, &message.body).await?;
    claims.put(&claim, b"done".to_vec(), Precondition::None).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| pay(message, ports, version).await;
    let till = Endpoint::new("till", handler)
        .with_store("claims")
        .with_service("bank")
        .view(|snapshot, _| Ok(snapshot.effects("bank").len()));
    explore(|| System::of(till).judged_by(counts("the bank", "payment"))).send([named("Pay")])
}

pub fn case(case: Case) -> Case {
    let crash = [Fault::CrashAfterWrite];
    let visited = [Fault::WriteReplyLost, Fault::CrashAfterWrite, Fault::CrashBeforeWrite];
    // The function is stopped; a reply that is lost does as well.
    case.violates(move || search(Version::AsReported).only(crash), Property::Settles, crash)
        .violates(|| search(Version::AsReported), Property::Settles, [Fault::WriteReplyLost])
        .holds(|| search(Version::Repaired), 2, visited)
}
