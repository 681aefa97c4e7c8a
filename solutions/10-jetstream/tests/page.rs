//! What the pages of the exercise show is what the harness prints: it is kept in
//! tests/snapshots/, and the pages name those files as their sources.

use chaos::{Chaos, Explore, Fault, LostReply, Property, Report, System, headlines};
use ex10_jetstream::endpoint;
use shared::memory::MemoryOutside;
use shared::outside::{CheckFirst, StreamClient, StreamModel};
use shared::{Expected, Publication, StreamError, SubjectStream};

mod support;
use support::searches::{self, withdraw};
use support::{KINDS, Make, agreed, paid, payments, synced_later};

/// An acknowledgement that is lost, and what the retry sees.
#[test]
fn the_story_of_the_lost_acknowledgement() {
    for kind in KINDS {
        let run = Chaos::on(|| payments(endpoint, kind))
            .send([withdraw("first", "order-1", 300)])
            .under(LostReply::of_write(0, 0))
            .run();
        run.assert_exactly_once();
        insta::assert_snapshot!("lost-acknowledgement", run.story());
    }
}

/// `t04`, `t06` and `t10`; the refunds; the returns. On both kinds of server, they
/// come to the same.
#[test]
fn the_verdicts() {
    for kind in KINDS {
        let reports: Vec<Report> = support::searches(endpoint, kind).into_iter().map(Explore::run).collect();
        let of = |places: std::ops::Range<usize>| headlines(reports[places].iter().cloned());
        insta::assert_snapshot!("verdicts", of(0..3));
        insta::assert_snapshot!("verdicts-on-refunds", of(3..5));
        insta::assert_snapshot!("verdicts-on-returns", of(5..8));
    }
}

/// What none of the recipes protects from: a stream that forgets what it has acknowledged.
/// Each recipe, by the search of the exercise that is about it, with one fault.
fn recipes(kind: CheckFirst) -> [(&'static str, Explore); 5] {
    let on = |system: fn(Make, CheckFirst) -> System| move || synced_later(system(endpoint, kind), kind);
    let (payments, paid, agreed) = (on(payments), on(paid), on(agreed));
    [
        ("withdraw", searches::withdrawals(payments)),
        ("click", searches::clicks_within_the_window(payments)),
        ("refund", searches::two_refunds(paid)),
        ("validate", searches::three_humans(payments)),
        ("pay_return", searches::a_payment(agreed)),
    ]
}

#[test]
fn no_recipe_survives_a_stream_that_forgets() {
    for kind in KINDS {
        for (recipe, search) in recipes(kind) {
            let report = search.run();
            assert_eq!(report.violated(), Some(Property::NoLostMessages), "{recipe}: {report}");
            assert_eq!(report.struck, [Fault::StreamForgets], "{recipe}: {report}");
            if recipe == "withdraw" {
                insta::assert_snapshot!("power-is-lost", report.diagnosis());
            }
        }
    }
}

/// It is nothing else that breaks them: on that server they hold as long as nobody switches
/// it off, whatever else goes wrong.
#[test]
fn each_recipe_holds_on_a_stream_that_syncs_later_and_does_not_forget() {
    for kind in KINDS {
        for (recipe, search) in recipes(kind) {
            let report = search.without(Fault::StreamForgets).run();
            assert!(report.holds(), "{recipe}: {report}");
        }
    }
}

/// The table, on the embedded stream. That servers behave so is
/// checked on them, in shared/tests/jetstream_server.rs.
#[tokio::test]
async fn what_a_retry_sees() {
    let row = async |what: &str, message: Publication| {
        let mut cells = Vec::new();
        for check_first in [CheckFirst::MessageId, CheckFirst::Expectation] {
            let outside = MemoryOutside::new(StreamModel { check_first, ..StreamModel::default() });
            let stream = StreamClient(outside.clone());
            stream.publish(Publication::new("click.order-2", "noise")).await.unwrap();
            let id = message.message_id.is_some();
            let first =
                Publication::new("payment.order-1", "first").expecting(Expected::LastSubjectSequence(0));
            let first = if id { first.with_id("payment order-1") } else { first };
            stream.publish(first).await.unwrap();
            if what.ends_with("after the window") {
                outside.advance(StreamModel::WINDOW);
            }
            cells.push(match stream.publish(message.clone()).await {
                Ok(ack) if ack.duplicate => format!("a duplicate of {}", ack.sequence),
                Ok(ack) => format!("stored as {}", ack.sequence),
                Err(StreamError::WrongLastSequence { actual }) => format!("refused: the last is {actual}"),
                Err(error) => panic!("{error}"),
            });
        }
        format!("| {what} | {} | {} |\n", cells[0], cells[1])
    };
    let retry = || Publication::new("payment.order-1", "first");
    let (outdated, corrected) = (Expected::LastSubjectSequence(0), Expected::LastSubjectSequence(2));
    let id = "payment order-1";
    let rows = [
        row("no id, expecting 0", retry().expecting(outdated.clone())).await,
        row("no id, expecting 2", retry().expecting(corrected.clone())).await,
        row("its id, expecting nothing", retry().with_id(id)).await,
        row("its id, expecting 0", retry().with_id(id).expecting(outdated.clone())).await,
        row("its id, expecting 2", retry().with_id(id).expecting(corrected.clone())).await,
        row("its id, expecting 0, after the window", retry().with_id(id).expecting(outdated)).await,
        row("its id, expecting 2, after the window", retry().with_id(id).expecting(corrected)).await,
    ];
    let head = "| the retry has | nats-server up to 2.11 | from 2.12 on |\n|---|---|---|\n";
    insta::assert_snapshot!("retry", head.to_owned() + &rows.concat());
}
