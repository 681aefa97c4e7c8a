//! Logs, their numbers, and who reads what in which order.

use std::collections::BTreeSet;
use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    Context, Endpoint, Expected, Message, MessageId, Ports, Precondition, Publication, Snapshot, StoreError,
    StreamError, StreamMessage,
};

use crate::{about, assert_found, assert_repaired, json_of, law, lists, load, named, output, save, shown};

// ---- a file that is overwritten ---------------------------------------------------

/// Who is about to write a file, in a store that can compare and swap, which the store of the
/// files cannot.
#[derive(Default, Serialize, Deserialize)]
struct Entry {
    by: String,
    complete: bool,
}

/// The file of an entry is copied to its place, and the entry may go some time later.
async fn complete(ports: &Ports, number: usize, by: &str, overwrites: bool) -> anyhow::Result<()> {
    let condition = if overwrites { Precondition::None } else { Precondition::IfAbsent };
    match ports.documents.put(&format!("file {number}"), json_of(&by), condition).await {
        // Somebody has recovered it, or it is another one.
        Err(StoreError::Conflict { .. }) => {}
        other => _ = other?,
    }
    let done = json_of(&Entry { by: by.to_owned(), complete: true });
    let entry = format!("entry {number}");
    ports.store("entries").put_expiring(&entry, done, Precondition::None, Duration::from_secs(10)).await?;
    Ok(())
}

async fn commit(message: &Message, ports: &Ports, overwrites: bool) -> anyhow::Result<()> {
    let me = about(message);
    let documents = &*ports.documents;
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
                complete(ports, number, &other.by, overwrites).await?;
            }
            anyhow::bail!("somebody else has that number")
        }
        other => other?,
    };
    complete(ports, number, me, overwrites).await?;
    let (_, by) = load::<String>(documents, &format!("file {number}")).await?;
    anyhow::ensure!(by == me, "somebody else was there before");
    Ok(())
}

/// delta-io/delta#1410, repaired by #1416, 2022. A writer has looked for the next number; while
/// it is busy another one commits that number, and the entry that guarded it runs out. The
/// first finds no entry, and overwrites the file. The repair: no file is ever overwritten.
#[test]
fn a_committed_file_is_overwritten_once_its_entry_has_run_out() {
    let search = |overwrites: bool| {
        let handler = async move |message: &Message, ports: &Ports, _: &Context| {
            commit(message, ports, overwrites).await
        };
        let view = |snapshot: &Snapshot, _: &str| {
            let files = snapshot.documents().map(|(_, body)| Ok(serde_json::from_slice(body)?));
            let mut files = files.collect::<anyhow::Result<Vec<String>>>()?;
            files.sort();
            Ok(files)
        };
        let table = Endpoint::new("table", handler).with_store("entries").view(view);
        explore(|| System::of(table).judged_by(lists())).send([named("insert"), named("update")])
    };
    assert_found(|| search(true), Property::NoLostMessages, &[Fault::TimeToLiveExpires]);
    assert_repaired(|| search(false), 1, &[Fault::TimeToLiveExpires, Fault::CrashAfterWrite]);
    assert_repaired(|| search(false), 2, &[Fault::TimeToLiveExpires, Fault::CrashAfterWrite]);
}

// ---- a write that lands behind the abort --------------------------------------------

fn subject(producer: &str) -> String {
    format!("producer.{producer}")
}

/// Writes a sale and the end of its transaction; if the write seems lost, it aborts.
async fn sell(message: &Message, ports: &Ports, only_if_open: bool) -> anyhow::Result<()> {
    let producer = about(message);
    let (topic, subject) = (ports.stream("topic"), subject(producer));
    let expecting = |publication: Publication, sequence: u64| match only_if_open {
        true => publication.expecting(Expected::LastSubjectSequence(sequence)),
        false => publication,
    };
    let outcome = loop {
        let mine = topic.read(&subject).await?;
        match mine.last() {
            None => match topic.publish(expecting(Publication::new(&subject, "sale"), 0)).await {
                Err(StreamError::NoReply) => {
                    let abort = expecting(Publication::new(&subject, "abort"), 0);
                    match topic.publish(abort).await {
                        // So it was not lost.
                        Err(StreamError::WrongLastSequence { .. }) => {}
                        other => _ = other?,
                    }
                }
                other => _ = other?,
            },
            Some(last) if last.body == b"sale" => {
                let commit = expecting(Publication::new(&subject, "commit"), last.sequence);
                topic.publish(commit).await?;
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

fn transactions(only_if_open: bool) -> Explore {
    let sell =
        async move |message: &Message, ports: &Ports, _: &Context| sell(message, ports, only_if_open).await;
    let read = async |message: &Message, ports: &Ports, _: &Context| {
        let topic = ports.stream("topic").read("producer.>").await?;
        anyhow::ensure!(committed(&topic).contains(about(message)), "a transaction before it is still open");
        let (read, mut sales) = load::<BTreeSet<String>>(&*ports.documents, "sales").await?;
        if sales.insert(about(message).to_owned()) {
            save(&*ports.documents, "sales", read.as_ref(), &sales).await?;
        }
        Ok(())
    };
    // It may give up.
    let outcomes = law(Value::Null, |state: &Value, message: &Message| {
        let outcome = |name: &str| (state.clone(), vec![json!({ name: about(message) })]);
        vec![outcome("Sold"), outcome("Refused")]
    });
    let shop = Endpoint::new("shop", sell).with_stream("topic");
    let books = Endpoint::new("books", read).with_stream("topic").subscribes_to("Sold");
    let books = books.view(|snapshot, _| shown::<BTreeSet<String>>(snapshot, "sales"));
    explore(|| System::of(shop).judged_by(outcomes).and(books).judged_by(lists()))
        .send([named("tea"), named("cake")])
        .workers(1)
}

/// apache/kafka#12392 (KAFKA-14053) and KIP-890. A write that was given up for lost lands
/// behind the abort of its transaction, and begins one that nobody will end; whoever reads
/// only what is committed waits there for ever. The repair: a write is refused if its
/// transaction is not open.
#[test]
fn a_write_that_lands_behind_the_abort_leaves_a_transaction_open() {
    let late = |only_if_open| transactions(only_if_open).with_late_effects();
    assert_found(|| late(false), Property::Settles, &[Fault::WriteReplyLate]);
    for workers in [1, 2] {
        let repaired = || late(true).workers(workers);
        assert_repaired(repaired, 1, &[Fault::WriteReplyLate, Fault::WriteLandsLate]);
    }
    // Nothing of it is seen where every call takes effect at once or never.
    assert_repaired(|| transactions(false), 1, &[Fault::WriteReplyLost, Fault::WriteFails]);
}

// ---- offsets that are passed by -------------------------------------------------------

/// What was done of a partition: all below the offset, and these besides.
#[derive(Default, Serialize, Deserialize)]
struct Done {
    offset: u64,
    above: BTreeSet<u64>,
    shelf: Vec<u64>,
}

fn record(number: u64) -> Message {
    Message::new(MessageId::named(&number.to_string()), &json!({ "Record": number }))
}

/// bsm/sarama-cluster#148, confluentinc/parallel-consumer#826 (repaired by #827). Several work
/// on one partition, and whoever is done commits its own offset; so everything below counts as
/// done, also what is still at work or waits. The repair: the offset is below everything that
/// is not done.
#[test]
fn the_highest_offset_is_committed_while_lower_ones_are_at_work() {
    let search = |below_all_at_work: bool| {
        let handler = async move |message: &Message, ports: &Ports, _: &Context| {
            let number = message.body["Record"].as_u64().expect("a number");
            let (read, mut done) = load::<Done>(&*ports.documents, "done").await?;
            if number < done.offset || done.above.contains(&number) {
                return Ok(());
            }
            done.shelf.push(number);
            if below_all_at_work {
                done.above.insert(number);
                while done.above.remove(&done.offset) {
                    done.offset += 1;
                }
            } else {
                done.offset = number + 1;
            }
            save(&*ports.documents, "done", read.as_ref(), &done).await?;
            Ok(())
        };
        let view = |snapshot: &Snapshot, _: &str| {
            let Done { mut shelf, .. } = shown(snapshot, "done")?;
            shelf.sort_unstable();
            Ok(shelf)
        };
        let law = law(json!([]), |state: &Value, message: &Message| {
            let mut shelf: Vec<u64> = serde_json::from_value(state.clone()).expect("numbers");
            shelf.extend(message.body["Record"].as_u64());
            shelf.sort_unstable();
            vec![(json!(shelf), Vec::new())]
        });
        let consumer = Endpoint::new("consumer", handler).view(view);
        explore(|| System::of(consumer).judged_by(law)).send([record(0), record(1)])
    };
    assert_found(|| search(false), Property::NoLostMessages, &[]);
    assert_repaired(|| search(true), 0, &[]);
    assert_repaired(
        || search(true),
        1,
        &[Fault::CrashBeforeWrite, Fault::WriteReplyLost, Fault::LockExpires],
    );
}

// ---- the later event comes first --------------------------------------------------------

#[derive(Clone, Copy)]
enum Late {
    Wins,
    IsDropped,
    MakesTheOtherWait,
}

/// ow00us/sb11-mopl-team1#266, csxark/Wealth-Vault#571. An event that failed is retried when a
/// newer one has been handled, and the last one wins. One repair: what is older is dropped.
/// Another one: what comes too early is sent back until it is its turn.
#[test]
fn a_retried_event_overtakes_a_newer_one() {
    let search = |late: Late| {
        let handler = async move |message: &Message, ports: &Ports, _: &Context| {
            let version = message.body["Set"].as_u64().expect("a number");
            let (read, known) = load::<u64>(&*ports.documents, "profile").await?;
            match late {
                Late::Wins => {}
                Late::IsDropped | Late::MakesTheOtherWait if version <= known => return Ok(()),
                Late::IsDropped => {}
                Late::MakesTheOtherWait => anyhow::ensure!(version == known + 1, "it is not its turn"),
            }
            save(&*ports.documents, "profile", read.as_ref(), &version).await?;
            Ok(())
        };
        // There is one order only.
        let law = law(json!(0), |state: &Value, message: &Message| {
            let version = &message.body["Set"];
            let its_turn = version.as_u64() == state.as_u64().map(|known| known + 1);
            if its_turn { vec![(version.clone(), Vec::new())] } else { Vec::new() }
        });
        let profiles =
            Endpoint::new("profiles", handler).view(|snapshot, _| shown::<u64>(snapshot, "profile"));
        let set =
            |version: u64| Message::new(MessageId::named(&version.to_string()), &json!({ "Set": version }));
        explore(|| System::of(profiles).judged_by(law)).send([set(1), set(2)])
    };
    assert_found(|| search(Late::Wins), Property::NoLostMessages, &[]);
    for repaired in [Late::IsDropped, Late::MakesTheOtherWait] {
        assert_repaired(|| search(repaired), 0, &[]);
        assert_repaired(|| search(repaired), 1, &[Fault::AckFails, Fault::WriteFails, Fault::Duplicate]);
    }
}
