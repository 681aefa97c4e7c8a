//! A number that is noted before its message is stored drops the retry
//!
//! *Reported:* apache/pulsar#5218 (2019). A broker knows copies by the highest number of
//! their producer, and notes it before the message is stored; what is sent again after a
//! failure is taken for a copy, and dropped.
//!
//! *Repaired:* known is what is stored. (To take the note back after a failure is no help
//! to whoever dies.)
//!
//! *Teaches:* "seen" is written with "done", or after it, and never before it.

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Message, Ports, Precondition};

use crate::Case;
use crate::documents::json_of;
use crate::laws::counts;
use crate::said::named;

#[derive(Clone, Copy, PartialEq)]
enum Known {
    AsReported,
    TakenBack,
    Repaired,
}

/// Stores what each producer sends under its first number.
async fn store(message: &Message, ports: &Ports, known: Known) -> anyhow::Result<()> {
    let record = json_of(&message.id);
    let records = ports.log.read("topic", 0, 100).await?;
    let end = records.len() as u64;
    if known == Known::Repaired {
        if !records.contains(&record) {
            ports.log.append("topic", end, vec![record]).await?;
        }
        return Ok(());
    }
    let (numbers, producer) = (ports.store("highest numbers"), message.id.to_string());
    if numbers.get(&producer).await?.is_some() {
        return Ok(());
    }
    numbers.put(&producer, b"1".to_vec(), Precondition::None).await?;
    let stored = ports.log.append("topic", end, vec![record]).await;
    if stored.is_err() && known == Known::TakenBack {
        numbers.delete(&producer, Precondition::None).await?;
    }
    stored?;
    Ok(())
}

fn search(known: Known) -> Explore {
    let handler =
        async move |message: &Message, ports: &Ports, _: &Context| store(message, ports, known).await;
    let broker = Endpoint::new("broker", handler)
        .with_store("highest numbers")
        .view(|snapshot, _| Ok(snapshot.log("topic").len()));
    explore(|| System::of(broker).judged_by(counts("the topic", "record"))).send([named("Order")])
}

pub fn case(case: Case) -> Case {
    let crashes = [Fault::CrashAfterWrite, Fault::CrashBeforeWrite];
    let visited = [Fault::WriteReplyLost, Fault::CrashAfterWrite, Fault::WriteFails];
    // The message is not stored: that is what was reported. A reply to the note that is
    // lost will do as well.
    case.violates(
        || search(Known::AsReported).only([Fault::WriteFails]),
        Property::NoLostMessages,
        [Fault::WriteFails],
    )
    .violates(|| search(Known::AsReported), Property::NoLostMessages, [Fault::WriteReplyLost])
    .violates(
        move || search(Known::TakenBack).only(crashes),
        Property::NoLostMessages,
        [Fault::CrashAfterWrite],
    )
    .holds(|| search(Known::Repaired), 2, visited)
}
