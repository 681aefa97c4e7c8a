//! What was called off comes all the same, and nobody expects it
//!
//! *Reported:* MassTransit/MassTransit#3753 (2022). A message for later is taken back just
//! when it is due, and comes: in the state that its saga has reached, no such message is
//! provided for, and that is an error. (In MassTransit/MassTransit#2261 (2021) and
//! MassTransit/MassTransit#5116 (2024) it always comes: it can only be called off by a number
//! that the broker gives, and the outbox asks the broker after the state was written.)
//!
//! *Repaired:* a message for later that is no longer waited for is dropped.
//!
//! *Teaches:* calling off saves work, and nothing may rest on it.

use std::collections::BTreeMap;
use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use ports::later::{self, CallOff, Later};
use ports::law::Law;
use ports::{Context, Endpoint, Message, MessageId, Ports, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::documents::{load, save, shown};
use crate::said::{named, output};
use crate::{Case, Version};

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
enum Saga {
    #[default]
    New,
    Waiting,
    Over,
}

/// A saga, and what each message that it has seen has led to.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    saga: Saga,
    said: BTreeMap<MessageId, Vec<Value>>,
}

/// What a message leads to: the next state, and what is said.
fn next(saga: Saga, message: &str) -> (Saga, Vec<Value>) {
    let quarter = Duration::from_secs(15 * 60);
    match (saga, message) {
        (Saga::New, "Order") => {
            let timeout = Later::new("payment", quarter, &"Timeout");
            (Saga::Waiting, vec![json!({ "Later": timeout })])
        }
        (Saga::Waiting, "Pay") => {
            (Saga::Over, vec![json!("Completed"), json!({ "CallOff": CallOff::new("payment") })])
        }
        (Saga::Waiting, "Timeout") => (Saga::Over, vec![json!("Cancelled")]),
        _ => (saga, Vec::new()),
    }
}

async fn sell(message: &Message, ports: &Ports, context: &Context, version: Version) -> anyhow::Result<()> {
    let (read, mut kept) = load::<Kept>(&*ports.documents, "saga").await?;
    if !kept.said.contains_key(&message.id) {
        let unexpected = message.name() == "Timeout" && kept.saga != Saga::Waiting;
        anyhow::ensure!(version == Version::Repaired || !unexpected, "Timeout is not handled in this state");
        let (saga, says) = next(kept.saga, message.name());
        kept.saga = saga;
        kept.said.insert(message.id, says);
        save(&*ports.documents, "saga", read.as_ref(), &kept).await?;
    }
    for says in kept.said.remove(&message.id).unwrap_or_default() {
        context.publish(output(message, says));
    }
    Ok(())
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, context: &Context| {
        sell(message, ports, context, version).await
    };
    let law = Law::of(
        |_| "the saga".to_owned(),
        |saga: &mut Saga, message| {
            let (next, says) = next(*saga, message.name());
            *saga = next;
            says
        },
    );
    let law = law.described_by(|saga| {
        let words = match saga {
            Saga::New => "no saga",
            Saga::Waiting => "a saga that waits for its payment",
            Saga::Over => "a saga that is over",
        };
        words.to_owned()
    });
    let view = |snapshot: &Snapshot, _: &str| Ok(shown::<Kept>(snapshot, "saga")?.saga);
    let sales = Endpoint::new("sales", handler).subscribes_to("Timeout").view(view);
    let system = || System::of(sales).judged_by(law).and(later::endpoint()).judged_by(later::law());
    explore(system).send([named("Order"), named("Pay")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::Settles, []).holds(
        || search(Version::Repaired),
        1,
        [Fault::TimeToLiveExpires, Fault::CrashBeforePublish, Fault::PublishFails],
    )
}
