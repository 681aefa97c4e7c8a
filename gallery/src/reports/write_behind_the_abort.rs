//! A write that lands behind the abort leaves a transaction open
//!
//! *Reported:* apache/kafka#12392 (KAFKA-14053, 2022), and KIP-890. A write that was given up
//! for lost lands behind the abort of its transaction, and begins one that nobody will end;
//! whoever reads only what is committed waits there for ever.
//!
//! *Repaired:* a write is refused if its transaction is not open.
//!
//! *Teaches:* to give up waiting stops nothing; what may still come must find the door shut.

use std::collections::BTreeSet;

use chaos::{Explore, Fault, Property, System, explore};
use ports::{Context, Endpoint, Expected, Message, Ports, Publication, StreamError, StreamMessage};
use serde_json::json;

use crate::documents::{load, save, shown};
use crate::laws::{Outcomes, collects};
use crate::said::{about, command, output};
use crate::{Case, Version};

/// Writes a sale and the end of its transaction; if the write seems lost, it aborts.
async fn sell(message: &Message, ports: &Ports, version: Version) -> anyhow::Result<()> {
    let producer = about(message);
    let (topic, subject) = (ports.stream("topic"), format!("producer.{producer}"));
    let after = |publication: Publication, sequence: u64| match version {
        Version::AsReported => publication,
        Version::Repaired => publication.expecting(Expected::LastSubjectSequence(sequence)),
    };
    let outcome = loop {
        let mine = topic.read(&subject).await?;
        match mine.last() {
            None => match topic.publish(after(Publication::new(&subject, "sale"), 0)).await {
                Err(StreamError::NoReply) => {
                    match topic.publish(after(Publication::new(&subject, "abort"), 0)).await {
                        // So it was not lost.
                        Err(StreamError::WrongLastSequence { .. }) => {}
                        other => _ = other?,
                    }
                }
                other => _ = other?,
            },
            Some(last) if last.body == b"sale" => {
                topic.publish(after(Publication::new(&subject, "commit"), last.sequence)).await?;
            }
            Some(last) => break if last.body == b"commit" { "Sold" } else { "Refused" },
        }
    };
    ports.publisher.publish(output(message, json!({ outcome: producer }))).await?;
    Ok(())
}

/// The committed sales before the first one whose transaction is open.
fn committed(topic: &[StreamMessage]) -> BTreeSet<&str> {
    let end_of = |sale: &StreamMessage| {
        topic.iter().find(|end| end.sequence > sale.sequence && end.subject == sale.subject)
    };
    topic
        .iter()
        .filter(|message| message.body == b"sale")
        .map_while(|sale| Some((sale, end_of(sale)?)))
        .filter(|(_, end)| end.body == b"commit")
        .filter_map(|(sale, _)| sale.subject.strip_prefix("producer."))
        .collect()
}

async fn read(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let topic = ports.stream("topic").read("producer.>").await?;
    anyhow::ensure!(committed(&topic).contains(about(message)), "a transaction before it is still open");
    let (read, mut sales) = load::<BTreeSet<String>>(&*ports.documents, "sales").await?;
    if sales.insert(about(message).to_owned()) {
        save(&*ports.documents, "sales", read.as_ref(), &sales).await?;
    }
    Ok(())
}

fn search(version: Version) -> Explore {
    let sell = async move |message: &Message, ports: &Ports, _: &Context| sell(message, ports, version).await;
    let sold_or_refused = |(): &(), message: &Message| {
        let outcome = |name: &str| ((), vec![json!({ name: about(message) })]);
        vec![outcome("Sold"), outcome("Refused")]
    };
    let law = Outcomes {
        of: "the shop",
        process: sold_or_refused,
        again: sold_or_refused,
        describe: |()| "a shop".to_owned(),
    };
    let shop = Endpoint::new("shop", sell).with_stream("topic");
    let books = Endpoint::new("books", read).with_stream("topic").subscribes_to("Sold");
    let books = books.view(|snapshot, _| shown::<BTreeSet<String>>(snapshot, "sales"));
    explore(|| System::of(shop).judged_by(law).and(books).judged_by(collects("the books")))
        .send([command("Sell", "tea"), command("Sell", "cake")])
        .workers(1)
}

pub fn case(case: Case) -> Case {
    let late = |version| search(version).with_late_effects();
    let visited = [Fault::WriteReplyLate, Fault::WriteLandsLate];
    case.violates(move || late(Version::AsReported), Property::Settles, [Fault::WriteReplyLate])
        .holds(move || late(Version::Repaired), 1, visited)
        .holds(move || late(Version::Repaired).workers(2), 1, visited)
        // Nothing of it is seen where every call takes effect at once or never.
        .holds(|| search(Version::AsReported), 1, [Fault::WriteReplyLost, Fault::WriteFails])
}
