//! What scripts can do that searches cannot.

#![allow(missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chaos::{
    Chaos, Crash, Fault, Inconclusive, Point, StaleRead, StoreKind, StoreUnavailable, System, Verdict,
};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition};

/// Counts what comes, and looks three times before it does.
async fn count(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let mut seen = 0;
    for _ in 0..3 {
        seen += usize::from(ports.documents.get("seen").await?.is_some());
    }
    ports.documents.put("seen", seen.to_string().into_bytes(), Precondition::None).await?;
    anyhow::ensure!(message.name() != "Loud", "it is too loud here");
    Ok(())
}

fn weak() -> System {
    let counter = Endpoint::new("counter", count).view(|snapshot, _| {
        Ok(snapshot.document("seen").map(|body| String::from_utf8_lossy(body).into_owned()))
    });
    System::of(counter).store("counter", StoreKind { weak: true, limit: None })
}

fn message(name: &str) -> Message {
    Message::new(MessageId::named(name), &name)
}

/// For one delivery every read is old; the one after it sees what there is.
#[test]
fn a_whole_delivery_sees_nothing_but_what_is_old() {
    let seen = |from| {
        let sent = ["one", "two", "three"].map(message);
        let run = Chaos::on(weak).send(sent).under(StaleRead::of_every_read(from, 1)).unjudged().run();
        run.assert_at_rest();
        (run.report().faults, run.state("any"))
    };
    assert_eq!(seen(0).0, 3, "all three reads of the second message are old");
    assert_eq!(seen(1).0, 2, "all but the first");
    assert_eq!(seen(0).1, "3", "and none of the third message");
}

/// Waits until it sees that something was counted before.
async fn wait_for_the_first(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    while message.name() != "one" && ports.documents.get("seen").await?.is_none() {}
    count(message, ports, context).await
}

/// However long: a store that is consistent in the end is so for whoever asks on.
#[test]
fn who_asks_on_sees_what_there_is_in_the_end() {
    let waiting = || {
        System::of(Endpoint::new("counter", wait_for_the_first))
            .store("counter", StoreKind { weak: true, limit: None })
    };
    let sent = ["one", "two"].map(message);
    let run = Chaos::on(waiting).send(sent).under(StaleRead::of_every_read(0, 1)).unjudged().run();
    run.assert_at_rest();
    assert_eq!(run.report().faults, StaleRead::AT_MOST_IN_A_DELIVERY);
}

/// Asks until it is answered, or as often as it is told to, and then gives up.
async fn ask(message: &Message, ports: &Ports, most: usize) -> anyhow::Result<()> {
    for _ in 0..most {
        if ports.documents.get("seen").await.is_ok() {
            return count(message, ports, &Context::numbered()).await;
        }
    }
    anyhow::bail!("nobody answers")
}

/// For one delivery the store is away, however often it is asked, within reason.
#[test]
fn a_whole_delivery_finds_nobody_at_home() {
    let asks = |system: fn() -> System| {
        let sent = ["one", "two"].map(message);
        let run = Chaos::on(system).send(sent).under(StoreUnavailable::for_every_read(0, 0)).unjudged().run();
        run.assert_at_rest();
        run.report().faults
    };
    let three = || System::of(Endpoint::new("three", async |message, ports, _| ask(message, ports, 3).await));
    let many = || System::of(Endpoint::new("many", async |message, ports, _| ask(message, ports, 99).await));
    assert_eq!(asks(three), 3, "three times in one delivery, and the next one is answered");
    assert_eq!(asks(many), 20, "who goes on asking is answered in the end");
}

/// Nobody judges such a run, and it says so; who looks for a verdict finds none.
#[test]
fn an_unjudged_run_is_no_verdict() {
    let run = Chaos::on(weak).send((0..200).map(|n| message(&n.to_string()))).unjudged().run();
    assert_eq!(run.report().verdict, Verdict::Inconclusive(Inconclusive::NotJudged));
    assert_eq!(run.story(), "");
    run.assert_at_rest();
    assert_eq!(run.snapshot().sizes()["the document seen"], "seen3".len());
}

/// Places in a queue are counted in bytes. Who sends more is told so.
#[test]
fn more_messages_than_there_is_room_for_are_refused() {
    let run = Chaos::on(weak).send((0..300).map(|n| message(&n.to_string()))).unjudged().run();
    let Verdict::Inconclusive(Inconclusive::BadBounds(sentence)) = &run.report().verdict else {
        panic!("{}", run.report());
    };
    assert_eq!(sentence, "300 messages are sent, and there is room for 200 at once. Send fewer");
}

/// What does not come to rest is told, judged or not.
#[test]
#[should_panic = "Settles"]
fn an_unjudged_run_that_never_ends_is_told() {
    Chaos::on(weak).send([message("Loud")]).unjudged().run().assert_at_rest();
}

/// A moment that need not come is no reason to know nothing.
#[test]
fn a_monkey_that_may_miss_its_moment() {
    let second_write = || Crash::before(Point::Write(1), 0);
    let run = |monkey| Chaos::on(weak).send([message("one")]).under(monkey).unjudged().run();
    run(second_write().if_it_gets_the_chance()).assert_at_rest();
    let missed = std::panic::catch_unwind(|| run(second_write()).assert_at_rest());
    let missed = missed.expect_err("the handler has no second write");
    let words = missed.downcast_ref::<String>().expect("words");
    assert!(words.contains("never found its moment"), "{words}");
    let struck = run(Crash::before(Point::Write(0), 0).if_it_gets_the_chance());
    assert_eq!(struck.report().visited.iter().collect::<Vec<_>>(), [Fault::CrashBeforeWrite]);
}

/// In a script a handler goes on where it stands: it does not begin once more for each
/// reply. It does for what is asked where it ends, whether it does the same again, and
/// with other ids.
#[test]
fn a_delivery_begins_few_times_however_many_calls_it_makes() {
    let begun = |calls: usize| {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let writer = Endpoint::new("writer", async move |_: &Message, ports: &Ports, _: &Context| {
            counted.fetch_add(1, Ordering::Relaxed);
            for call in 0..calls {
                ports.documents.put(&format!("{call}"), Vec::new(), Precondition::None).await?;
            }
            Ok(())
        });
        Chaos::on(move || System::of(writer)).send([message("one")]).unjudged().run().assert_at_rest();
        count.load(Ordering::Relaxed)
    };
    assert_eq!(begun(3), begun(30));
}

/// What was handed over at any time is dispatched at the end.
#[test]
fn what_was_handed_over_before_the_last_call_is_published() {
    let handler = async |_: &Message, ports: &Ports, context: &Context| {
        context.publish(message("early"));
        ports.documents.put("state", Vec::new(), Precondition::None).await?;
        ports.documents.put("more", Vec::new(), Precondition::None).await?;
        Ok(())
    };
    let run = Chaos::on(move || System::of(Endpoint::new("early", handler))).send([message("one")]);
    let run = run.unjudged().run();
    let published: Vec<&str> = run.published_messages().iter().map(Message::name).collect();
    assert_eq!(published, ["early"]);
}
