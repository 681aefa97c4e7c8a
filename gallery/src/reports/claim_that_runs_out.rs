//! A claim runs out under its owner, and two do the work
//!
//! *Reported:* aws-powertools/powertools-lambda-python#8049 (2026), on how #1387 (2022) is
//! meant to work. The claim on a withdrawal runs out while its owner still waits for an
//! answer; somebody else claims it, and the withdrawal is made twice.
//!
//! *Repaired:* the service is given a key that is the same at every attempt.
//!
//! *Teaches:* a claim keeps others away for a while; that a thing is done once, only its
//! receiver can see to.

use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Deadline, Endpoint, Message, Ports, Precondition};
use serde::{Deserialize, Serialize};

use crate::documents::{json_of, load, save};
use crate::laws::counts;
use crate::said::named;
use crate::{Case, Version};

/// Shorter than the lock of a message, so that it may pass while somebody is at work.
const SHORT: Duration = Duration::from_secs(10);

/// What is written down about a withdrawal.
#[derive(Default, Serialize, Deserialize)]
enum Claim {
    #[default]
    Free,
    AtWork {
        until: Deadline,
    },
    Done,
}

async fn withdraw(
    message: &Message,
    ports: &Ports,
    context: &Context,
    version: Version,
) -> anyhow::Result<()> {
    let (claims, claim) = (ports.store("claims"), message.id.to_string());
    let (read, found) = load::<Claim>(claims, &claim).await?;
    match found {
        Claim::Free => {}
        Claim::Done => return Ok(()),
        Claim::AtWork { until } if ports.clock.has_passed(&until).await? => {}
        Claim::AtWork { .. } => anyhow::bail!("somebody is at work on it"),
    }
    let until = ports.clock.deadline_in(SHORT).await?;
    save(claims, &claim, read.as_ref(), &Claim::AtWork { until }).await?;
    let key = match version {
        Version::AsReported => context.new_id(),
        Version::Repaired => message.id,
    };
    ports.service("bank").call(key, &message.body).await?;
    claims.put(&claim, json_of(&Claim::Done), Precondition::None).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, context: &Context| {
        withdraw(message, ports, context, version).await
    };
    let till = Endpoint::new("till", handler)
        .with_store("claims")
        .with_service("bank")
        .view(|snapshot, _| Ok(snapshot.effects("bank").len()));
    explore(|| System::of(till).judged_by(counts("the bank", "withdrawal"))).send([named("Withdraw")])
}

pub fn case(case: Case) -> Case {
    let property = Property::NoDuplicatedProcessing;
    // Nobody dies, and nothing is lost: it only takes long.
    let slow = [Fault::LockExpires, Fault::Duplicate, Fault::TimeToLiveExpires];
    let as_reported = move |version| move || search(version).only(slow);
    case.violates(as_reported(Version::AsReported), property, [Fault::TimeToLiveExpires, Fault::LockExpires])
        .holds(as_reported(Version::Repaired), 2, slow)
        // It takes less: of an owner that is gone, nobody knows whether it had been done.
        .violates(|| search(Version::AsReported), property, [Fault::WriteReplyLost])
        .holds(|| search(Version::Repaired), 2, slow)
}
