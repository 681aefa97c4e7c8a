//! Who is at work, and for how long that is believed.

use std::collections::BTreeSet;
use std::time::Duration;

use chaos::{Explore, Fault, Property, System, explore};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StoreError};

use crate::{Law, assert_found, assert_repaired, counts, json_of, load, named, plus_one, save, shown};

/// Shorter than the lock of a message, so that it may pass while somebody is at work.
const SHORT: Duration = Duration::from_secs(10);

/// A payment that is claimed before it is made, and marked when it is done.
struct Payment {
    claim_ends: bool,
    stable_key: bool,
}

impl Payment {
    async fn make(&self, message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
        let claim = format!("claim on {}", message.id);
        match ports.documents.get(&claim).await? {
            Some(found) if found.body == b"done" => return Ok(()),
            Some(_) => anyhow::bail!("somebody is at work on it"),
            None => {}
        }
        let (body, free) = (b"at work".to_vec(), Precondition::IfAbsent);
        match self.claim_ends {
            true => ports.documents.put_expiring(&claim, body, free, SHORT).await?,
            false => ports.documents.put(&claim, body, free).await?,
        };
        let key = if self.stable_key { message.id } else { context.new_id() };
        ports.service("bank").call(key, &message.body).await?;
        ports.documents.put(&claim, b"done".to_vec(), Precondition::None).await?;
        Ok(())
    }

    fn search(claim_ends: bool, stable_key: bool) -> Explore {
        let payment = Self { claim_ends, stable_key };
        let till = Endpoint::new("till", async move |message: &Message, ports: &Ports, context: &Context| {
            payment.make(message, ports, context).await
        });
        let till = till.with_service("bank").view(|snapshot, _| Ok(snapshot.effects("bank").len()));
        explore(|| System::of(till).judged_by(counts())).send([named("Pay")])
    }
}

/// aws-powertools/powertools-lambda-python#4759 (and #1038). Near the end of its time a
/// function claims a key without an end, and is stopped; every retry is told for ever that
/// somebody is at work. The repair: every claim runs out.
#[test]
fn a_claim_without_an_end_outlives_its_owner() {
    assert_found(|| Payment::search(false, true), Property::Settles, &[Fault::WriteReplyLost]);
    let crash = [Fault::CrashAfterWrite];
    assert_found(|| Payment::search(false, true).only(crash), Property::Settles, &crash);
    let visited = [Fault::WriteReplyLost, Fault::CrashAfterWrite, Fault::CrashBeforeWrite];
    assert_repaired(|| Payment::search(true, true), 1, &visited);
    assert_repaired(|| Payment::search(true, true), 2, &visited);
}

/// aws-powertools/powertools-lambda-python#8049 (how #1387 behaves). The claim runs out
/// while its owner still waits for an answer; somebody else claims it, and it is done
/// twice. The repair: a key for the service that is the same at every attempt.
#[test]
fn a_claim_that_runs_out_under_its_owner_lets_two_do_it() {
    // As it was published: nobody dies, and nothing is lost.
    let slow = [Fault::LockExpires, Fault::Duplicate, Fault::TimeToLiveExpires];
    let property = Property::NoDuplicatedProcessing;
    let as_published = |stable_key| Payment::search(true, stable_key).only(slow);
    assert_found(|| as_published(false), property, &[Fault::TimeToLiveExpires, Fault::LockExpires]);
    assert_repaired(|| as_published(true), 2, &slow);
    // And it takes less: of an owner that is gone, nobody knows whether it had been done.
    assert_found(|| Payment::search(true, false), property, &[Fault::WriteReplyLost]);
    assert_repaired(|| Payment::search(true, true), 2, &slow);
}

/// What was taken, and for which messages.
#[derive(Default, Serialize, Deserialize)]
struct Stock {
    seen: BTreeSet<MessageId>,
    taken: usize,
}

/// Changes the stock under a lock with a time to live.
async fn take(message: &Message, ports: &Ports, own_lock_only: bool, fenced: bool) -> anyhow::Result<()> {
    let documents = &*ports.documents;
    let free = Precondition::IfAbsent;
    let etag = documents.put_expiring("lock", json_of(&message.id), free, SHORT).await?;
    let (read, mut stock) = load::<Stock>(documents, "stock").await?;
    if stock.seen.insert(message.id) {
        stock.taken += 1;
        let known = if fenced { Precondition::unchanged_since(read.as_ref()) } else { Precondition::None };
        documents.put("stock", json_of(&stock), known).await?;
    }
    let whose = if own_lock_only { Precondition::IfEtag(etag) } else { Precondition::None };
    match documents.delete("lock", whose).await {
        Err(StoreError::Conflict { .. }) => Ok(()),
        other => Ok(other?),
    }
}

/// apache/superset#43462 and nexspence/nexspence#223. Whoever is done deletes the lock,
/// also one that is somebody else's since its own has run out; so two change the same
/// thing, and one change is lost. The repair of the reports: delete only one's own. That is
/// not enough: whoever lost the lock still writes. The repair: a write that is refused if
/// somebody has written since.
#[test]
fn a_lock_that_runs_out_protects_nothing_whoever_deletes_it() {
    let search = |own_lock_only: bool, fenced: bool| {
        let handler = async move |message: &Message, ports: &Ports, _: &Context| {
            take(message, ports, own_lock_only, fenced).await
        };
        let view = |snapshot: &Snapshot, _: &str| Ok(shown::<Stock>(snapshot, "stock")?.taken);
        let shop = Endpoint::new("shop", handler).view(view);
        explore(|| System::of(shop).judged_by(counts())).send([named("Take"), named("Take more")])
    };
    let passes = [Fault::TimeToLiveExpires];
    assert_found(|| search(false, false), Property::NoLostMessages, &passes);
    assert_found(|| search(true, false), Property::NoLostMessages, &passes);
    for own_lock_only in [false, true] {
        assert_repaired(|| search(own_lock_only, true), 1, &passes);
    }
    assert_repaired(|| search(true, true), 2, &[Fault::TimeToLiveExpires, Fault::CrashAfterWrite]);
}

/// Whose job it is, since when, and whether it is done.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Claim {
    done: bool,
    since: u64,
    by: Option<MessageId>,
}

/// Takes over a job whose owner has not been heard of for long.
async fn sweep(message: &Message, ports: &Ports, looks_at_the_time: bool) -> anyhow::Result<()> {
    let now = message.body["Sweep"]["now"].as_u64().expect("a time");
    let documents = &*ports.documents;
    let (_, seen) = load::<Claim>(documents, "job").await?;
    let mine = Claim { by: Some(message.id), since: now, ..Claim::default() };
    if seen.by != mine.by {
        if seen.done || now < seen.since + 60 {
            return Ok(());
        }
        // UPDATE job SET by = …, since = now WHERE NOT done (AND since = …)
        loop {
            let (read, claim) = load::<Claim>(documents, "job").await?;
            if claim.done || looks_at_the_time && claim != seen {
                return Ok(());
            }
            match save(documents, "job", read.as_ref(), &mine).await {
                Err(StoreError::Conflict { .. }) => {}
                other => break other?,
            }
        }
    }
    ports.service("mill").call(message.id.derive("job"), &json!("job")).await?;
    documents.put("job", json_of(&Claim { done: true, ..mine }), Precondition::None).await?;
    Ok(())
}

/// pipeshub-ai/pipeshub-ai#3445, found in a review. A stale claim is taken over on
/// condition that its status is still "at work", which it still is after somebody else has
/// taken it over. The repair: on condition that it is the very claim that was stale.
#[test]
fn a_stale_claim_is_taken_over_by_two() {
    let search = |looks_at_the_time: bool| {
        let handler = async move |message: &Message, ports: &Ports, _: &Context| {
            sweep(message, ports, looks_at_the_time).await
        };
        let law = Law {
            initial: json!(0),
            // Whoever comes second finds it done.
            process: |_: &_, _: &Message| vec![(json!(1), Vec::new())],
            again: |state: &_, _: &Message| vec![(plus_one(state), Vec::new())],
        };
        let view = |snapshot: &Snapshot, _: &str| Ok(snapshot.effects("mill").len());
        let sweeper = Endpoint::new("sweeper", handler).with_service("mill").view(view);
        let left = json_of(&Claim { by: Some(MessageId::named("dead")), ..Claim::default() });
        let sweep = |name, now| Message::new(MessageId::named(name), &json!({ "Sweep": { "now": now } }));
        explore(|| System::of(sweeper).judged_by(law).stored("sweeper", "job", left))
            .send([sweep("one", 100), sweep("other", 101)])
    };
    assert_found(|| search(false), Property::NoDuplicatedProcessing, &[]);
    assert_repaired(|| search(true), 0, &[]);
    // A sweep that comes again knows its own claim, and the key goes with the claim.
    assert_repaired(|| search(true), 1, &[Fault::CrashAfterWrite, Fault::LockExpires]);
}
