//! What is found, as it can be played elsewhere.

use chaos::transcript::{CopyFrom, Goes, Happening, Heard, Kind};
use chaos::{Fault, Law, Property, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};

/// A stroke for every guest who rings, unless somebody else has written meanwhile; then
/// it is told to the porter.
async fn ring(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("bell").await?;
    let rings = read.as_ref().map_or(0, |document| document.body.len());
    let body = vec![b'|'; rings + 1];
    ports.documents.put("bell", body, Precondition::unchanged_since(read.as_ref())).await?;
    context.publish(Message::new(message.id.derive("heard"), &"Rang"));
    Ok(())
}

fn bell() -> System {
    let rings = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("bell").map_or(0, <[u8]>::len));
    let law = Law::of(
        |_| "the bell".to_owned(),
        |rings: &mut usize, _| {
            *rings += 1;
            vec!["Rang"]
        },
    );
    System::of(Endpoint::new("bell", ring).view(rings)).judged_by(law)
}

/// A line for each happening.
fn told(fault: Fault) -> Vec<String> {
    let ann = Message::new(MessageId::named("ann"), &"Ann");
    let report = explore(bell).send([ann.clone()]).only([fault]).run();
    assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
    let transcript = report.transcript().expect("something is shown");
    assert_eq!(transcript.sent, [("bell".to_owned(), ann)]);
    assert!(!transcript.never_rests);
    let line = |happening: &Happening| match happening {
        Happening::Delivered { endpoint, worker, message, copy } => {
            format!("{} to {worker} of {endpoint}: {copy:?}", message.name())
        }
        Happening::Called { delivery, call, goes, heard } => {
            let what = match (call.kind, &call.publishes) {
                (Kind::Publish, Some(message)) => message.name().to_owned(),
                (kind, _) => format!("{kind:?} {}/{}", call.store, call.key),
            };
            format!("{delivery}: {what}, {goes:?}, {heard:?}")
        }
        Happening::Acknowledged { delivery, goes, in_vain } => {
            format!("{delivery}: ack, {goes:?}{}", if *in_vain { ", in vain" } else { "" })
        }
        other => format!("{other:?}"),
    };
    transcript.happenings.iter().map(line).collect()
}

#[test]
fn a_lost_reply_is_a_call_that_takes_effect_and_of_which_nothing_is_heard() {
    assert_eq!(
        told(Fault::WriteReplyLost),
        [
            "Ann to 0 of bell: Queue",
            "0: Read bell/bell, Well, Some(Absent)",
            "0: Write bell/bell, ReplyLost, Some(Nothing)",
            "Ann to 0 of bell: Queue",
            "1: Read bell/bell, Well, Some(Found)",
            "1: Write bell/bell, Well, Some(Done)",
            "1: Rang, Well, Some(Done)",
            "1: ack, Well",
        ],
    );
}

#[test]
fn what_a_dead_worker_was_told_nobody_has_heard() {
    let told = told(Fault::CrashAfterWrite);
    assert!(told.contains(&"0: Write bell/bell, CrashesAfter, None".to_owned()), "{told:?}");
}

#[test]
fn an_expired_lock_says_whose_it_was_and_who_acknowledges_in_vain() {
    let told = told(Fault::LockExpires);
    assert!(told.contains(&format!("Ann to 1 of bell: {:?}", CopyFrom::LockOf(0))), "{told:?}");
    assert!(told.contains(&format!("0: ack, {:?}, in vain", Goes::Well)), "{told:?}");
}

#[test]
fn a_duplicate_comes_from_nowhere() {
    let told = told(Fault::Duplicate);
    assert!(told.contains(&format!("Ann to 0 of bell: {:?}", CopyFrom::Nowhere)), "{told:?}");
    assert!(told.iter().all(|line| !line.contains(&format!("{:?}", Heard::Nothing))), "{told:?}");
}
