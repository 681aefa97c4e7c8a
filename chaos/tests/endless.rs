//! Runs without an end: rest that is out of reach, and what grows for ever, where
//! no state ever comes back.

#![allow(missing_docs)]

#[path = "support/law.rs"]
mod support;

use chaos::{Inconclusive, Property, Report, Specification, StoreKind, System, Verdict, explore};
use serde_json::json;
use shared::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use support::about_one;

/// Processed, or not.
fn once() -> impl Specification {
    about_one("it", json!(false), |_, _| (json!(true), Vec::new()))
}

/// A number is a document of so many bytes.
async fn number(ports: &Ports, key: &str) -> anyhow::Result<Option<usize>> {
    Ok(ports.documents.get(key).await?.map(|document| document.body.len()))
}

async fn put(ports: &Ports, key: &str, number: usize) -> anyhow::Result<()> {
    ports.documents.put(key, vec![b'.'; number], Precondition::None).await?;
    Ok(())
}

fn back_and_forth(number: Option<usize>) -> usize {
    1 - number.unwrap_or(1)
}

fn upwards(number: Option<usize>) -> usize {
    number.map_or(0, |number| number + 1)
}

/// Fails after each put, so that it is called again for ever.
fn never_done(next: fn(Option<usize>) -> usize) -> System {
    on_a_weak_store(Endpoint::new("e", async move |_: &Message, ports: &Ports, _: &Context| {
        let read = number(ports, "it").await?;
        put(ports, "it", next(read)).await?;
        anyhow::bail!("once more")
    }))
}

/// Is never done if it does not find what it has put just before.
fn doomed_by_an_old_read(next: fn(Option<usize>) -> usize) -> System {
    on_a_weak_store(Endpoint::new("e", async move |_: &Message, ports: &Ports, _: &Context| {
        let doom = number(ports, "doom").await?;
        if doom.is_some() {
            put(ports, "doom", next(doom)).await?;
            anyhow::bail!("once more");
        }
        put(ports, "it", 1).await?;
        if number(ports, "it").await?.is_none() {
            put(ports, "doom", next(None)).await?;
            anyhow::bail!("once more");
        }
        Ok(())
    }))
}

fn on_a_weak_store(endpoint: Endpoint) -> System {
    let view = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("it").is_some());
    System::of(endpoint.view(view)).judged_by(once()).store("e", StoreKind { weak: true, limit: None })
}

fn report(system: impl Fn() -> System, stale: u8) -> Report {
    explore(system).send([Message::new(MessageId::named("go"), &"Go")]).faults(0).stale(stale).run()
}

#[test]
fn rest_out_of_reach_is_seen_while_old_reads_may_come() {
    for stale in 0..=3 {
        let report = report(|| never_done(back_and_forth), stale);
        assert_eq!(report.violated(), Some(Property::Settles), "{stale} stale: {report}");
        assert_eq!((report.faults, report.stale), (0, 0), "{report}");
    }
}

#[test]
fn rest_out_of_reach_after_an_old_read_is_seen_while_others_may_come() {
    for stale in 1..=3 {
        let report = report(|| doomed_by_an_old_read(back_and_forth), stale);
        assert_eq!(report.violated(), Some(Property::Settles), "{stale} stale: {report}");
        assert_eq!(report.stale, 1, "{report}");
    }
    let report = report(|| doomed_by_an_old_read(back_and_forth), 0);
    assert!(report.holds(), "{report}");
}

#[test]
fn what_grows_without_end_is_told_while_old_reads_may_come() {
    for stale in 0..=2 {
        let report = report(|| never_done(upwards), stale);
        let Verdict::Inconclusive(Inconclusive::TooManyStates { growing: Some(growing), .. }) =
            &report.verdict
        else {
            panic!("{stale} stale: {report}");
        };
        assert!(growing.contains("there is no end to it"), "{growing}");
    }
}

/// Two messages that get into each other's way take a good deal longer to get deep.
#[test]
fn rest_out_of_reach_is_seen_with_several_messages() {
    let two = || ["go", "and go"].map(|name| Message::new(MessageId::named(name), &name));
    for (stale, faults) in [(1, 0), (1, 1), (2, 0), (2, 1)] {
        for (system, old_reads) in [(never_done as fn(_) -> System, 0), (doomed_by_an_old_read, 1)] {
            let search = explore(|| system(back_and_forth)).send(two()).faults(faults).stale(stale);
            let report = search.limit_states(20_000).run();
            assert_eq!(
                report.violated(),
                Some(Property::Settles),
                "{stale} stale, {faults} faults: {report}"
            );
            assert_eq!(report.stale, old_reads, "{report}");
        }
    }
}

/// However many reads of one delivery are old.
#[test]
fn rest_out_of_reach_is_seen_while_old_deliveries_may_come() {
    let one = || [Message::new(MessageId::named("go"), &"Go")];
    for system in [never_done as fn(_) -> System, doomed_by_an_old_read] {
        let report = explore(|| system(back_and_forth)).send(one()).stale_deliveries(2).run();
        assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    }
}

/// Two workers, of whom each writes the document back before it claims it on condition
/// that it is unchanged: each makes the other's claim fail, and leaves one old version
/// more. No state ever comes back, and there are more of them from step to step.
fn gets_into_its_own_way() -> System {
    on_a_weak_store(Endpoint::new("e", async move |_: &Message, ports: &Ports, _: &Context| {
        let read = ports.documents.get("it").await?;
        let claimed = read.as_ref().is_some_and(|document| !document.body.is_empty());
        if claimed {
            return Ok(());
        }
        ports.documents.put("it", vec![], Precondition::None).await?;
        let now = ports.documents.get("it").await?;
        ports.documents.put("it", vec![b'.'], Precondition::unchanged_since(now.as_ref())).await?;
        Ok(())
    }))
}

#[test]
fn old_versions_without_end_are_told_before_the_memory_is_full() {
    let two = || ["go", "and go"].map(|name| Message::new(MessageId::named(name), &name));
    // Looking back from what is deep; and, given up long before anything is, once more.
    for limit in [3_000_000, 4_000] {
        let search = explore(gets_into_its_own_way).send(two()).faults(1).stale(1).limit_states(limit);
        let report = search.run();
        let Verdict::Inconclusive(Inconclusive::TooManyStates { growing: Some(growing), .. }) =
            &report.verdict
        else {
            panic!("{report}");
        };
        assert!(growing.starts_with("the old versions of it"), "{growing}");
        assert!(growing.contains("there is no end to it"), "{growing}");
    }
    // Before that is seen, there may be too many of them; and then, what to do is said.
    let search = explore(gets_into_its_own_way).send(two()).faults(1).stale(1).limit_bytes(1 << 20);
    let report = search.run();
    assert!(matches!(report.verdict, Verdict::Inconclusive(Inconclusive::TooManyBytes { .. })), "{report}");
    for words in ["take more than 1 MiB", ".limit_bytes("] {
        assert!(report.to_string().contains(words), "{report}");
    }
    // Without an old read to come, none is kept, and every state comes back.
    let report = explore(gets_into_its_own_way).send(two()).faults(1).run();
    assert!(!matches!(report.verdict, Verdict::Inconclusive(_)), "{report}");
}

/// Writes down how often it was tried, in as many bytes each time, and is done with it at
/// the sixtieth. (An old number would begin it anew; the write's condition sees to that.)
fn done_at_the_sixtieth_attempt() -> System {
    on_a_weak_store(Endpoint::new("e", async move |_: &Message, ports: &Ports, _: &Context| {
        let read = ports.documents.get("attempts").await?;
        let before =
            read.as_ref().map_or(Ok(10), |read| String::from_utf8_lossy(&read.body).parse::<u8>())?;
        let number = (before + 1).to_string().into_bytes();
        ports.documents.put("attempts", number, Precondition::unchanged_since(read.as_ref())).await?;
        anyhow::ensure!(before >= 70, "once more");
        ports.documents.put("it", b"done".to_vec(), Precondition::None).await?;
        Ok(())
    }))
}

/// Every attempt leaves an old version more, and looks like the one before it but for a
/// number; but the number is not the same.
#[test]
fn a_patient_handler_is_not_said_to_go_on_for_ever() {
    let search = |stale| {
        let one = [Message::new(MessageId::named("go"), &"Go")];
        explore(done_at_the_sixtieth_attempt).send(one).faults(0).stale(stale)
    };
    for stale in 0..=1 {
        let report = search(stale).run();
        assert!(report.holds(), "{stale} stale: {report}");
        // Given up in the middle of it, nobody knows.
        let report = search(stale).limit_states(report.counts.states / 2).run();
        assert!(matches!(report.verdict, Verdict::Inconclusive(_)), "{stale} stale: {report}");
        assert!(!report.to_string().contains("there is no end to it"), "{stale} stale: {report}");
    }
}
