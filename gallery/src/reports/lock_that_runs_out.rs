//! A lock that runs out protects nothing, whoever deletes it
//!
//! *Reported:* apache/superset#43462 and nexspence/nexspence#223 (both 2026). Whoever is done
//! deletes the lock, also one that is somebody else's since its own has run out; then two
//! change the same thing, and one change is lost.
//!
//! *Repaired:* a write is refused if somebody has written since. (Both reports delete only
//! one's own lock from then on. The search finds the same loss: whoever has lost the lock
//! still writes.)
//!
//! *Teaches:* a lock with an end makes conflicts rare; what makes them harmless is the
//! condition of the write.

use std::collections::BTreeSet;
use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StoreError};
use serde::{Deserialize, Serialize};

use crate::Case;
use crate::documents::{json_of, load, shown};
use crate::laws::counts;
use crate::said::named;

#[derive(Clone, Copy, PartialEq)]
enum Lock {
    AsReported,
    OwnLockOnly,
    Repaired,
}

/// What was taken, and for which messages.
#[derive(Default, Serialize, Deserialize)]
struct Stock {
    seen: BTreeSet<MessageId>,
    taken: usize,
}

async fn take(message: &Message, ports: &Ports, lock: Lock) -> anyhow::Result<()> {
    let documents = &*ports.documents;
    let (whose, free) = (json_of(&message.id), Precondition::IfAbsent);
    let etag = documents.put_expiring("lock", whose, free, Duration::from_secs(10)).await?;
    let (read, mut stock) = load::<Stock>(documents, "stock").await?;
    if stock.seen.insert(message.id) {
        stock.taken += 1;
        let condition = match lock {
            Lock::AsReported | Lock::OwnLockOnly => Precondition::None,
            Lock::Repaired => Precondition::unchanged_since(read.as_ref()),
        };
        documents.put("stock", json_of(&stock), condition).await?;
    }
    let condition = match lock {
        Lock::AsReported => Precondition::None,
        Lock::OwnLockOnly | Lock::Repaired => Precondition::IfEtag(etag),
    };
    match documents.delete("lock", condition).await {
        Err(StoreError::Conflict { .. }) => Ok(()),
        other => Ok(other?),
    }
}

fn search(lock: Lock) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| take(message, ports, lock).await;
    let view = |snapshot: &Snapshot, _: &str| Ok(shown::<Stock>(snapshot, "stock")?.taken);
    let shop = Endpoint::new("shop", handler).view(view);
    explore(|| System::of(shop).judged_by(counts("the stock", "piece")))
        .send([named("Take"), named("Take more")])
}

pub fn case(case: Case) -> Case {
    let passes = [Fault::TimeToLiveExpires];
    case.violates(|| search(Lock::AsReported), Property::NoLostMessages, passes)
        .violates(|| search(Lock::OwnLockOnly), Property::NoLostMessages, passes)
        .holds(|| search(Lock::Repaired), 2, [Fault::TimeToLiveExpires, Fault::CrashAfterWrite])
}
