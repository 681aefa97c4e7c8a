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
use ports::{Context, Deadline, Endpoint, Message, Ports, Precondition};
use serde::{Deserialize, Serialize};

use crate::documents::{json_of, load, save};
use crate::laws::counts;
use crate::said::named;
use crate::{Case, Version};

/// What is written down about a payment.
#[derive(Default, Serialize, Deserialize)]
enum Claim {
    #[default]
    Free,
    AtWork {
        until: Option<Deadline>,
    },
    Done,
}

async fn pay(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let (claims, claim) = (ports.store("claims"), message.id.to_string());
    let (read, found) = load::<Claim>(claims, &claim).await?;
    match found {
        Claim::Free => {}
        Claim::Done => return Ok(()),
        Claim::AtWork { until: Some(until) } if ports.clock.has_passed(&until).await? => {}
        Claim::AtWork { .. } => anyhow::bail!("somebody is at work on it"),
    }
    let until = match version {
        Version::AsReported => None,
        Version::Repaired => Some(ports.clock.deadline_in(Duration::from_secs(10)).await?),
    };
    save(claims, &claim, read.as_ref(), &Claim::AtWork { until }).await?;
    ports.service("bank").call(message.id, &message.body).await?;
    claims.put(&claim, json_of(&Claim::Done), Precondition::None).await?;
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
