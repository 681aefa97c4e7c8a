//! A committed file is overwritten once the entry that guarded it has run out
//!
//! *Reported:* delta-io/delta#1410 (2022), repaired by #1416. A writer has looked for the next
//! number; while it is busy, another one commits that number, and the entry that guarded it
//! runs out. The first finds no entry, and overwrites the file.
//!
//! *Repaired:* no file is ever overwritten.
//!
//! *Teaches:* what guards a thing must live as long as the thing, or the thing must guard
//! itself.

use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, Ports, Precondition, Snapshot, StoreError};
use serde::{Deserialize, Serialize};

use crate::documents::{json_of, load};
use crate::laws::collects;
use crate::said::{about, command};
use crate::{Case, Version};

/// Who is about to write a file, in a store that can compare and swap, which the store of
/// the files cannot.
#[derive(Default, Serialize, Deserialize)]
struct Entry {
    by: String,
    complete: bool,
}

/// The file of an entry is copied to its place, and the entry may go some time later.
async fn complete(ports: &Ports, number: usize, by: &str, version: Version) -> anyhow::Result<()> {
    let condition = match version {
        Version::AsReported => Precondition::None,
        Version::Repaired => Precondition::IfAbsent,
    };
    match ports.documents.put(&format!("file {number}"), json_of(&by), condition).await {
        // Somebody has recovered it, or it is another one.
        Err(StoreError::Conflict { .. }) => {}
        other => _ = other?,
    }
    let done = json_of(&Entry { by: by.to_owned(), complete: true });
    let (entry, some_time) = (format!("entry {number}"), Duration::from_secs(10));
    ports.store("entries").put_expiring(&entry, done, Precondition::None, some_time).await?;
    Ok(())
}

async fn commit(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let (me, documents) = (about(message), &*ports.documents);
    let mut number = 1;
    while let (Some(_), by) = load::<String>(documents, &format!("file {number}")).await? {
        if by == me {
            return Ok(());
        }
        number += 1;
    }
    let entries = ports.store("entries");
    let entry = format!("entry {number}");
    let mine = json_of(&Entry { by: me.to_owned(), complete: false });
    match entries.put(&entry, mine, Precondition::IfAbsent).await {
        Err(StoreError::Conflict { .. }) => {
            let (_, other) = load::<Entry>(entries, &entry).await?;
            if !other.complete && !other.by.is_empty() {
                complete(ports, number, &other.by, version).await?;
            }
            anyhow::bail!("somebody else has that number")
        }
        other => other?,
    };
    complete(ports, number, me, version).await?;
    let (_, by) = load::<String>(documents, &format!("file {number}")).await?;
    anyhow::ensure!(by == me, "somebody else was there before");
    Ok(())
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| commit(message, ports, version).await;
    let view = |snapshot: &Snapshot, _: &str| {
        let files = snapshot.documents().map(|(_, body)| Ok(serde_json::from_slice(body)?));
        let mut files = files.collect::<anyhow::Result<Vec<String>>>()?;
        files.sort();
        Ok(files)
    };
    let table = Endpoint::new("table", handler).with_store("entries").view(view);
    explore(|| System::of(table).judged_by(collects("the table"))).send([command("Commit", "insert"), command("Commit", "update")])
}

pub fn case(case: Case) -> Case {
    let passes = [Fault::TimeToLiveExpires];
    case.violates(|| search(Version::AsReported), Property::NoLostMessages, passes)
        .holds(|| search(Version::Repaired), 1, [Fault::TimeToLiveExpires, Fault::CrashAfterWrite])
        .holds(|| search(Version::Repaired), 2, [Fault::TimeToLiveExpires, Fault::CrashAfterWrite])
}
