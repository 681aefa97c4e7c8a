//! Recovery takes what was only just stored
//!
//! *Reported:* JasperFx/wolverine#587 (2023), after #585. A message is written down without
//! the name of who works on it, so recovery takes it for one that a dead node has left, and
//! the mail is sent twice.
//!
//! *Repaired:* it is written down with its owner, and recovery takes none that has one.
//! (To leave new ones alone for a while is not enough. It needs one fault more, and with
//! that the search finds the same: whoever works on one may be slow.)
//!
//! *Teaches:* what is left and what was just begun must look different from the first write
//! on.

use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Deadline, Endpoint, Message, Ports, Precondition, Snapshot, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::documents::{json_of, load};
use crate::laws::counts;
use crate::said::{about, command, named};
use crate::Case;

/// What keeps recovery from a letter that somebody works on.
#[derive(Clone, Copy)]
enum Kept {
    AsReported,
    ForAWhile,
    Repaired,
}

/// A letter that was written down.
#[derive(Default, Serialize, Deserialize)]
struct Row {
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Deadline>,
    sent: bool,
}

/// Sends the letter of a row, under a key that goes with whoever is at work.
async fn send(message: &Message, ports: &Ports, letter: &str, row: Row) -> anyhow::Result<()> {
    ports.service("post").call(message.id.derive(letter), &json!(letter)).await?;
    ports.store("rows").put(letter, json_of(&Row { sent: true, ..row }), Precondition::None).await?;
    Ok(())
}

async fn receive(message: &Message, ports: &Ports, kept: Kept) -> anyhow::Result<()> {
    let letter = about(message);
    let mut row = Row::default();
    match kept {
        Kept::AsReported => {}
        Kept::ForAWhile => row.not_before = Some(ports.clock.deadline_in(Duration::from_secs(10)).await?),
        Kept::Repaired => row.owner = Some("receiver".to_owned()),
    }
    match ports.store("rows").put(letter, json_of(&row), Precondition::IfAbsent).await {
        Err(StoreError::Conflict { .. }) => {}
        other => _ = other?,
    }
    let (_, row) = load::<Row>(ports.store("rows"), letter).await?;
    if row.sent { Ok(()) } else { send(message, ports, letter, row).await }
}

async fn recover(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    for letter in ["letter to Ann", "letter to Bob"] {
        let (read, row) = load::<Row>(ports.store("rows"), letter).await?;
        if read.is_none() || row.sent || row.owner.is_some() {
            continue;
        }
        if let Some(not_before) = &row.not_before {
            anyhow::ensure!(ports.clock.has_passed(not_before).await?, "it is too new, come again");
        }
        send(message, ports, letter, row).await?;
    }
    Ok(())
}

fn search(kept: Kept) -> Explore {
    let handler =
        async move |message: &Message, ports: &Ports, _: &Context| receive(message, ports, kept).await;
    let sent = |letter: &'static str| {
        move |snapshot: &Snapshot, _: &str| {
            let effects = snapshot.effects("post");
            Ok(effects.iter().filter(|effect| effect.request == letter).count())
        }
    };
    let with_rows = |endpoint: Endpoint| endpoint.with_shared_store("rows").with_service("post");
    let receiver = with_rows(Endpoint::new("receiver", handler).view(sent("letter to Bob")));
    let recovery = with_rows(Endpoint::new("recovery", recover).view(sent("letter to Ann")));
    let system = || {
        System::of(receiver)
            .judged_by(counts("Bob", "letter"))
            .and(recovery)
            .judged_by(counts("Ann", "letter"))
            .stored("rows", "letter to Ann", json_of(&Row::default()))
    };
    explore(system).send([command("Write", "letter to Bob")]).send_to("recovery", [named("Sweep")])
}

pub fn case(case: Case) -> Case {
    let property = Property::NoDuplicatedProcessing;
    let passes = [Fault::TimeToLiveExpires];
    case.violates(|| search(Kept::AsReported), property, [])
        .violates(move || search(Kept::ForAWhile).only(passes), property, passes)
        .holds(|| search(Kept::Repaired), 0, [])
        .holds(|| search(Kept::Repaired), 1, [Fault::CrashAfterWrite, Fault::CrashBeforeWrite])
}
