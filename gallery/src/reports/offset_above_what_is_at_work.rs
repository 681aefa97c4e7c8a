//! The highest offset is committed while lower ones are at work
//!
//! *Reported:* bsm/sarama-cluster#148 (2017), confluentinc/parallel-consumer#826 (2024, repaired
//! by #827). Several work on one partition, and whoever is done commits its own offset; so
//! everything below counts as done, also what is still at work or waits.
//!
//! *Repaired:* the offset stays below everything that is not done.
//!
//! *Teaches:* an offset acknowledges all that is below it, done or not.

use std::collections::BTreeSet;

use chaos::{Explore, Fault, Property, System, explore};
use ports::law::Law;
use ports::{Context, Endpoint, Message, MessageId, Ports, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::documents::{load, save, shown};
use crate::{Case, Version};

/// What was done of a partition: all below the offset, and these besides.
#[derive(Default, Serialize, Deserialize)]
struct Done {
    offset: u64,
    above: BTreeSet<u64>,
    shelf: Vec<u64>,
}

fn number(message: &Message) -> u64 {
    message.body["Record"].as_u64().expect("a number")
}

async fn consume(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let number = number(message);
    let (read, mut done) = load::<Done>(&*ports.documents, "done").await?;
    if number < done.offset || done.above.contains(&number) {
        return Ok(());
    }
    done.shelf.push(number);
    match version {
        Version::AsReported => done.offset = number + 1,
        Version::Repaired => {
            done.above.insert(number);
            while done.above.remove(&done.offset) {
                done.offset += 1;
            }
        }
    }
    save(&*ports.documents, "done", read.as_ref(), &done).await?;
    Ok(())
}

fn search(version: Version) -> Explore {
    let handler =
        async move |message: &Message, ports: &Ports, _: &Context| consume(message, ports, version).await;
    let view = |snapshot: &Snapshot, _: &str| {
        let Done { mut shelf, .. } = shown(snapshot, "done")?;
        shelf.sort_unstable();
        Ok(shelf)
    };
    let law = Law::of(
        |_| "the shelf".to_owned(),
        |shelf: &mut Vec<u64>, message| {
            shelf.push(number(message));
            shelf.sort_unstable();
            Vec::<Value>::new()
        },
    );
    let law = law.described_by(|shelf| format!("a shelf with {shelf:?}"));
    let consumer = Endpoint::new("consumer", handler).view(view);
    let record =
        |number: u64| Message::new(MessageId::named(&number.to_string()), &json!({ "Record": number }));
    explore(|| System::of(consumer).judged_by(law)).send([record(0), record(1)])
}

pub fn case(case: Case) -> Case {
    let visited = [Fault::CrashBeforeWrite, Fault::WriteReplyLost, Fault::LockExpires];
    case.violates(|| search(Version::AsReported), Property::NoLostMessages, [])
        .holds(|| search(Version::Repaired), 0, [])
        .holds(|| search(Version::Repaired), 1, visited)
}
