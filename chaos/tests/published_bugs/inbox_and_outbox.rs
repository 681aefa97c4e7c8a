//! What is written down before it is sent, and before it is done.

use std::collections::{BTreeMap, BTreeSet};

use chaos::{Explore, Fault, Property, System, explore};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    Context, DocumentStore, Endpoint, Message, MessageId, Ports, Precondition, Publication, Snapshot,
    StoreError,
};

use crate::{
    about, assert_found, assert_repaired, counts, json_of, lists, load, named, output, publishes, save, shown,
};

/// A message that was written down; its owner works on it, and if it has none, whoever
/// recovers what others have left.
#[derive(Default, Serialize, Deserialize)]
struct Row {
    owner: Option<String>,
    done: bool,
}

/// Sends the letter of a row, under a key that goes with whoever is at work.
async fn send_letter(message: &Message, ports: &Ports, letter: &str, row: Row) -> anyhow::Result<()> {
    ports.service("post").call(message.id.derive(letter), &json!(letter)).await?;
    let done = json_of(&Row { done: true, ..row });
    ports.store("rows").put(letter, done, Precondition::None).await?;
    Ok(())
}

/// JasperFx/wolverine#587 and #585, 2023. A message is written down without the name of who
/// works on it, so recovery takes it for one that a dead node has left, and it is handled
/// twice. The repair: it is written down with its owner, and recovery takes none with one.
#[test]
fn recovery_takes_what_was_only_just_stored() {
    let search = |owned: bool| {
        let receive = async move |message: &Message, ports: &Ports, _: &Context| {
            let letter = about(message);
            let own = Row { owner: owned.then(|| "receiver".to_owned()), done: false };
            match ports.store("rows").put(letter, json_of(&own), Precondition::IfAbsent).await {
                Err(StoreError::Conflict { .. }) => {}
                other => _ = other?,
            }
            let (_, row) = load::<Row>(ports.store("rows"), letter).await?;
            if row.done { Ok(()) } else { send_letter(message, ports, letter, row).await }
        };
        let recover = async |message: &Message, ports: &Ports, _: &Context| {
            for letter in ["old", "new"] {
                let (read, row) = load::<Row>(ports.store("rows"), letter).await?;
                if read.is_some() && !row.done && row.owner.is_none() {
                    send_letter(message, ports, letter, row).await?;
                }
            }
            Ok(())
        };
        let sent = |letter: &'static str| {
            move |snapshot: &Snapshot, _: &str| {
                let effects = snapshot.effects("post");
                Ok(effects.iter().filter(|effect| effect.request == letter).count())
            }
        };
        let with_rows = |endpoint: Endpoint| endpoint.with_shared_store("rows").with_service("post");
        let receiver = with_rows(Endpoint::new("receiver", receive).view(sent("new")));
        let recovery = with_rows(Endpoint::new("recovery", recover).view(sent("old")));
        let system = || {
            System::of(receiver).judged_by(counts()).and(recovery).judged_by(counts()).stored(
                "rows",
                "old",
                json_of(&Row::default()),
            )
        };
        explore(system).send([named("new")]).send_to("recovery", [named("Sweep")])
    };
    assert_found(|| search(false), Property::NoDuplicatedProcessing, &[]);
    assert_repaired(|| search(true), 0, &[]);
    assert_repaired(|| search(true), 1, &[Fault::CrashAfterWrite, Fault::CrashBeforeWrite]);
}

/// What a relay has passed on, and up to which number.
#[derive(Default, Serialize, Deserialize)]
struct Feed {
    cursor: usize,
    passed_on: BTreeMap<String, usize>,
}

fn row(number: usize) -> String {
    format!("row {number}")
}

/// The number of the next row, if the event is in none.
async fn first_free_row(rows: &dyn DocumentStore, event: &str) -> anyhow::Result<Option<usize>> {
    let mut next = 1;
    while let (Some(_), found) = load::<String>(rows, &row(next)).await? {
        if found == event {
            return Ok(None);
        }
        next += 1;
    }
    Ok(Some(next))
}

/// Writers that number their rows, and a relay that reads them in the order of the numbers.
fn relay(numbered_before_the_commit: bool) -> Explore {
    let write = async move |message: &Message, ports: &Ports, _: &Context| {
        let rows = ports.store("rows");
        let event = about(message);
        let next = if numbered_before_the_commit {
            // A sequence is no part of any transaction.
            let (read, drawn) = load::<usize>(rows, "sequence").await?;
            save(rows, "sequence", read.as_ref(), &(drawn + 1)).await?;
            Some(drawn + 1)
        } else {
            first_free_row(rows, event).await?
        };
        if let Some(next) = next {
            rows.put(&row(next), json_of(&event), Precondition::IfAbsent).await?;
        }
        ports.publisher.publish(output(message, json!({ "Written": event }))).await?;
        Ok(())
    };
    let relay = async move |_: &Message, ports: &Ports, _: &Context| {
        let rows = ports.store("rows");
        let (read, mut feed) = load::<Feed>(&*ports.documents, "feed").await?;
        let mut drawn = usize::MAX;
        if numbered_before_the_commit {
            (_, drawn) = load(rows, "sequence").await?;
        }
        for number in feed.cursor + 1..=drawn {
            match load::<String>(rows, &row(number)).await? {
                (Some(_), event) => {
                    *feed.passed_on.entry(event).or_default() += 1;
                    feed.cursor = number;
                }
                (None, _) if numbered_before_the_commit => {}
                (None, _) => break,
            }
        }
        save(&*ports.documents, "feed", read.as_ref(), &feed).await?;
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| {
        let passed_on = shown::<Feed>(snapshot, "feed")?.passed_on;
        Ok(passed_on.into_iter().flat_map(|(event, times)| vec![event; times]).collect::<Vec<_>>())
    };
    let writer = Endpoint::new("writer", write).with_shared_store("rows");
    let relay = Endpoint::new("relay", relay).with_shared_store("rows").subscribes_to("Written").view(view);
    let system = || {
        System::of(writer)
            .judged_by(publishes(|event| json!({ "Written": event })))
            .and(relay)
            .judged_by(lists())
    };
    explore(system).send([named("born"), named("wed")])
}

/// kamu-data/kamu-cli#1398, SQLStreamStore/SQLStreamStore#121, Eventuous/eventuous#222,
/// patchlevel/event-sourcing#615. Rows have numbers before they are committed, and one of a
/// higher number may be there first; the relay has then passed by the other. The repair: a
/// number is given with the commit, so that there are no gaps.
#[test]
fn an_outbox_read_by_sequence_number_skips_what_commits_late() {
    assert_found(|| relay(true), Property::NoLostMessages, &[]);
    assert_repaired(|| relay(false), 0, &[]);
    assert_repaired(|| relay(false), 1, &[Fault::CrashAfterWrite, Fault::LockExpires]);
}

/// How a broker knows a copy of what a producer has sent.
#[derive(Clone, Copy, PartialEq)]
enum Known {
    Noted,
    NotedAndTakenBack,
    Stored,
}

/// Stores what each producer sends under its first number.
async fn store(message: &Message, ports: &Ports, known: Known) -> anyhow::Result<()> {
    let record = json_of(&message.id);
    let note = format!("highest number of {}", message.id);
    let records = ports.log.read("topic", 0, 100).await?;
    if known == Known::Stored {
        if !records.contains(&record) {
            ports.log.append("topic", records.len() as u64, vec![record]).await?;
        }
        return Ok(());
    }
    if ports.documents.get(&note).await?.is_some() {
        return Ok(());
    }
    ports.documents.put(&note, b"1".to_vec(), Precondition::None).await?;
    let stored = ports.log.append("topic", records.len() as u64, vec![record]).await;
    if stored.is_err() && known == Known::NotedAndTakenBack {
        ports.documents.delete(&note, Precondition::None).await?;
    }
    stored?;
    Ok(())
}

/// apache/pulsar#5218. Copies are known by the highest number of their producer, and that
/// is noted before the message is stored: what is sent again after a failure is taken for
/// a copy, and dropped. To take the note back is no help to whoever dies. The repair: known
/// is what is stored.
#[test]
fn a_number_that_is_noted_before_the_message_is_stored_drops_its_retry() {
    let search = |known: Known| {
        let handler =
            async move |message: &Message, ports: &Ports, _: &Context| store(message, ports, known).await;
        let broker = Endpoint::new("broker", handler).view(|snapshot, _| Ok(snapshot.log("topic").len()));
        explore(|| System::of(broker).judged_by(counts())).send([named("Send")])
    };
    assert_found(|| search(Known::Noted), Property::NoLostMessages, &[Fault::WriteReplyLost]);
    let taken_back = || search(Known::NotedAndTakenBack);
    assert_found(taken_back, Property::NoLostMessages, &[Fault::WriteReplyLost]);
    let crashes = [Fault::CrashAfterWrite, Fault::CrashBeforeWrite];
    assert_found(|| taken_back().only(crashes), Property::NoLostMessages, &[Fault::CrashAfterWrite]);
    let visited = [Fault::WriteReplyLost, Fault::CrashAfterWrite, Fault::WriteFails];
    assert_repaired(|| search(Known::Stored), 1, &visited);
    assert_repaired(|| search(Known::Stored), 2, &visited);
}

/// Jobs in a stream, which a worker takes one after the other; a job that fails goes to the
/// end of the stream.
fn retries(under_a_new_id: bool) -> Explore {
    let intake = async |message: &Message, ports: &Ports, _: &Context| {
        let job = about(message);
        let publication = Publication::new("job", job).with_id(message.id);
        ports.stream("jobs").publish(publication).await?;
        ports.publisher.publish(output(message, json!({ "Queued": job }))).await?;
        Ok(())
    };
    let work = async move |_: &Message, ports: &Ports, _: &Context| {
        let jobs = ports.stream("jobs");
        loop {
            let (read, taken) = load::<usize>(&*ports.documents, "taken").await?;
            let stored = jobs.read("job").await?;
            let Some(job) = stored.get(taken) else { return Ok(()) };
            let name = String::from_utf8(job.body.clone())?;
            if ports.store("results").put(&name, Vec::new(), Precondition::None).await.is_err() {
                let old_id = job.message_id.clone().unwrap_or_default();
                let new_id = format!("{old_id} after {}", job.sequence);
                let id = if under_a_new_id { new_id } else { old_id };
                jobs.publish(Publication::new("job", name).with_id(id)).await?;
            }
            save(&*ports.documents, "taken", read.as_ref(), &(taken + 1)).await?;
        }
    };
    let view = |snapshot: &Snapshot, _: &str| {
        Ok(snapshot.documents_in("results").map(|(job, _)| job.to_owned()).collect::<Vec<_>>())
    };
    let intake = Endpoint::new("intake", intake).with_stream("jobs");
    let worker = Endpoint::new("worker", work).with_stream("jobs").with_store("results");
    let worker = worker.subscribes_to("Queued").view(view);
    let system = || {
        System::of(intake).judged_by(publishes(|job| json!({ "Queued": job }))).and(worker).judged_by(lists())
    };
    explore(system).send([named("grind")])
}

/// Azure/azure-service-bus#748, nats-io/nats-server#2921, alexfrmn/murmur#141. A job that
/// failed is put back as a new message under its old id, within the time in which the
/// broker knows that id: it is a duplicate, and dropped. The repair: a retry has an id of
/// its own.
#[test]
fn a_retry_under_its_old_id_is_a_duplicate() {
    assert_found(|| retries(false), Property::NoLostMessages, &[Fault::WriteFails]);
    assert_repaired(|| retries(true), 1, &[Fault::WriteFails, Fault::WriteUnavailable]);
}

/// What was done, and for which messages.
#[derive(Default, Serialize, Deserialize)]
struct Books {
    seen: BTreeSet<MessageId>,
    sum: usize,
}

/// JasperFx/wolverine#3695 (#3680). A message whose handling failed is written into the
/// inbox just in case; the broker delivers it again, and the row of the inbox makes that a
/// copy of a known message, which nobody will handle. The repair: known is what was
/// handled, and a row says whether it was.
#[test]
fn a_message_that_was_stored_just_in_case_is_taken_for_known() {
    let search = |status_counts: bool| {
        let handler = async move |message: &Message, ports: &Ports, _: &Context| {
            let (inbox, row) = (ports.store("inbox"), message.id.to_string());
            match inbox.get(&row).await? {
                Some(found) if found.body == b"handled" || !status_counts => return Ok(()),
                _ => {}
            }
            let (read, mut books) = load::<Books>(&*ports.documents, "books").await?;
            if books.seen.insert(message.id) {
                books.sum += 1;
                if let Err(error) = save(&*ports.documents, "books", read.as_ref(), &books).await {
                    inbox.put(&row, b"just in case".to_vec(), Precondition::None).await?;
                    return Err(error.into());
                }
            }
            inbox.put(&row, b"handled".to_vec(), Precondition::None).await?;
            Ok(())
        };
        let view = |snapshot: &Snapshot, _: &str| Ok(shown::<Books>(snapshot, "books")?.sum);
        let till = Endpoint::new("till", handler).with_store("inbox").view(view);
        explore(|| System::of(till).judged_by(counts())).send([named("Pay")])
    };
    assert_found(|| search(false), Property::NoLostMessages, &[Fault::WriteFails]);
    assert_repaired(|| search(true), 1, &[Fault::WriteFails, Fault::WriteUnavailable]);
    assert_repaired(|| search(true), 2, &[Fault::WriteFails, Fault::WriteUnavailable]);
}
