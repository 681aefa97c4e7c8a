//! A retried event overtakes a newer one
//!
//! *Reported:* ow00us/sb11-mopl-team1#266, csxark/Wealth-Vault#571 (both 2026). An event that
//! failed is retried when a newer one has been handled already, and the last one to come wins.
//!
//! *Repaired:* what is older is dropped. (Another repair holds as well: what comes too early
//! is sent back until it is its turn.)
//!
//! *Teaches:* who retries gives up the order; then a number must say what is newer.

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports};
use serde_json::json;

use crate::Case;
use crate::documents::{load, save, shown};
use crate::laws::Outcomes;

#[derive(Clone, Copy, PartialEq)]
enum Older {
    AsReported,
    MakesTheNewerWait,
    Repaired,
}

fn version(message: &Message) -> u64 {
    message.body["Set"].as_u64().expect("a number")
}

async fn set(message: &Message, ports: &Ports, older: Older) -> anyhow::Result<()> {
    let version = version(message);
    let (read, known) = load::<u64>(&*ports.documents, "profile").await?;
    if older != Older::AsReported && version <= known {
        return Ok(());
    }
    if older == Older::MakesTheNewerWait {
        anyhow::ensure!(version == known + 1, "it is not its turn");
    }
    save(&*ports.documents, "profile", read.as_ref(), &version).await?;
    Ok(())
}

fn search(older: Older) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| set(message, ports, older).await;
    // There is one order only.
    let in_turn = |known: &u64, message: &Message| {
        let version = version(message);
        if version == known + 1 { vec![(version, Vec::new())] } else { Vec::new() }
    };
    let law = Outcomes {
        of: "the profile",
        process: in_turn,
        again: in_turn,
        describe: |version| format!("version {version} of the profile"),
    };
    let profiles = Endpoint::new("profiles", handler).view(|snapshot, _| shown::<u64>(snapshot, "profile"));
    let set = |version: u64| Message::new(MessageId::named(&version.to_string()), &json!({ "Set": version }));
    explore(|| System::of(profiles).judged_by(law)).send([set(1), set(2)])
}

pub fn case(case: Case) -> Case {
    let visited = [Fault::AckFails, Fault::WriteFails, Fault::Duplicate];
    case.violates(|| search(Older::AsReported), Property::NoLostMessages, [])
        .holds(|| search(Older::Repaired), 0, [])
        .holds(|| search(Older::Repaired), 1, visited)
        .holds(|| search(Older::MakesTheNewerWait), 0, [])
        .holds(|| search(Older::MakesTheNewerWait), 1, visited)
}
