//! A late timeout starts a finished saga anew
//!
//! *Reported:* Particular/NServiceBus#2446 (2014), JasperFx/wolverine#1095 (2024) and
//! MassTransit/MassTransit#525 (2016). A timeout comes when its saga is over. In the first it
//! starts a new one, and an order that was paid is cancelled; in the others it is an error.
//!
//! *Repaired:* the saga stays as a tombstone. (In the reports, a timeout starts nothing from
//! then on. With one fault the search finds what is left: a saga that is deleted while its
//! last message is unsent.)
//!
//! *Teaches:* what is over must be told from what never was.

use std::collections::BTreeMap;

use chaos::{Explore, Fault, Property, System, explore};
use ports::law::Law;
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Case;
use crate::documents::{load, save};
use crate::said::{named, output};

#[derive(Clone, Copy, PartialEq)]
enum Saga {
    AsReported,
    OnlyItsStart,
    Repaired,
}

/// What a tombstone says.
#[derive(Default, Serialize, Deserialize)]
struct Tombstone {
    open: bool,
    said: BTreeMap<MessageId, Option<String>>,
}

/// What a message leads to: whether the saga is open, and what it says.
fn next(open: bool, message: &str) -> (bool, Option<&'static str>) {
    match message {
        "Order" => (true, Some("Timeout")),
        "Pay" if open => (false, Some("Completed")),
        "Timeout" if open => (false, Some("Cancelled")),
        _ => (open, None),
    }
}

async fn deleted_when_over(message: &Message, ports: &Ports, saga: Saga) -> anyhow::Result<Option<String>> {
    let found = ports.documents.get("saga").await?;
    let begins = saga == Saga::AsReported && message.name() == "Timeout";
    let (open, says) = next(found.is_some() || begins, message.name());
    let unchanged = Precondition::unchanged_since(found.as_ref());
    if open {
        ports.documents.put("saga", b"open".to_vec(), unchanged).await?;
    } else if found.is_some() {
        ports.documents.delete("saga", unchanged).await?;
    }
    Ok(says.map(str::to_owned))
}

async fn with_a_tombstone(message: &Message, ports: &Ports) -> anyhow::Result<Option<String>> {
    let (read, mut saga) = load::<Tombstone>(&*ports.documents, "saga").await?;
    if let Some(said) = saga.said.get(&message.id) {
        return Ok(said.clone());
    }
    let (open, says) = next(saga.open, message.name());
    saga.open = open;
    saga.said.insert(message.id, says.map(str::to_owned));
    save(&*ports.documents, "saga", read.as_ref(), &saga).await?;
    Ok(says.map(str::to_owned))
}

fn search(saga: Saga) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, context: &Context| {
        let says = match saga {
            Saga::Repaired => with_a_tombstone(message, ports).await?,
            _ => deleted_when_over(message, ports, saga).await?,
        };
        if let Some(says) = says {
            context.publish(output(message, json!(says)));
        }
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| {
        Ok(match snapshot.document("saga") {
            Some(b"open") => true,
            Some(saga) => serde_json::from_slice::<Tombstone>(saga)?.open,
            None => false,
        })
    };
    let law = Law::of(
        |_| "the saga".to_owned(),
        |open: &mut bool, message| {
            let (stays_open, says) = next(*open, message.name());
            *open = stays_open;
            says.into_iter().collect()
        },
    );
    let law = law.described_by(|open| if *open { "an open saga" } else { "no saga" }.to_owned());
    let sales = Endpoint::new("sales", handler).subscribes_to("Timeout").view(view);
    explore(|| System::of(sales).judged_by(law)).send([named("Order"), named("Pay")])
}

pub fn case(case: Case) -> Case {
    let unsent = [Fault::CrashBeforePublish];
    case.violates(|| search(Saga::AsReported), Property::NoGhostMessages, [])
        .holds(|| search(Saga::OnlyItsStart), 0, [])
        .violates(move || search(Saga::OnlyItsStart).only(unsent), Property::NoLostMessages, unsent)
        .holds(|| search(Saga::Repaired), 2, [Fault::CrashBeforePublish, Fault::PublishFails])
}
