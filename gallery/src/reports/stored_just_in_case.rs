//! A message that was stored just in case is taken for known
//!
//! *Reported:* JasperFx/wolverine#3695 (2026), on #3680. A message whose handling failed is
//! written into the inbox just in case; when the broker delivers it again, its row makes it
//! a copy of a known message, and nobody handles it.
//!
//! *Repaired:* known is what was handled, and a row says whether it was.
//!
//! *Teaches:* a table that answers two questions (was it here? was it done?) needs two
//! answers.

use std::collections::BTreeSet;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use serde::{Deserialize, Serialize};

use crate::documents::{load, save, shown};
use crate::laws::counts;
use crate::said::named;
use crate::{Case, Version};

/// What was booked, and for which messages.
#[derive(Default, Serialize, Deserialize)]
struct Books {
    seen: BTreeSet<MessageId>,
    entries: usize,
}

async fn book(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let (inbox, row) = (ports.store("inbox"), message.id.to_string());
    if let Some(found) = inbox.get(&row).await? {
        let is_known = match version {
            Version::AsReported => true,
            Version::Repaired => found.body == b"handled",
        };
        if is_known {
            return Ok(());
        }
    }
    let (read, mut books) = load::<Books>(&*ports.documents, "books").await?;
    if books.seen.insert(message.id) {
        books.entries += 1;
        if let Err(error) = save(&*ports.documents, "books", read.as_ref(), &books).await {
            inbox.put(&row, b"just in case".to_vec(), Precondition::None).await?;
            return Err(error.into());
        }
    }
    inbox.put(&row, b"handled".to_vec(), Precondition::None).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| book(message, ports, version).await;
    let view = |snapshot: &Snapshot, _: &str| Ok(shown::<Books>(snapshot, "books")?.entries);
    let till = Endpoint::new("till", handler).with_store("inbox").view(view);
    explore(|| System::of(till).judged_by(counts("the books", "booking"))).send([named("Pay")])
}

pub fn case(case: Case) -> Case {
    case.violates(|| search(Version::AsReported), Property::NoLostMessages, [Fault::WriteFails])
        .holds(|| search(Version::Repaired), 2, [Fault::WriteFails, Fault::WriteUnavailable])
}
