//! What README.md shows is what the harness prints.

use chaos::{Chaos, LostReply};
use ex10_jetstream::endpoint;
use shared::memory::MemoryOutside;
use shared::outside::{CheckFirst, StreamClient, StreamModel};
use shared::{Expected, Publication, StreamError, SubjectStream};

mod support;
use support::{KINDS, payments, searches, withdraw};

const PAGE: &str = include_str!("../../../exercises/10-jetstream/README.md");

/// Where a line is broken is up to the page.
#[track_caller]
fn page_shows(text: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(PAGE).contains(&flat(text)), "README.md should show this, and does not:\n\n{text}");
}

/// An acknowledgement that is lost, and what the retry sees.
#[test]
fn the_story_of_the_lost_acknowledgement() {
    for kind in KINDS {
        let run = Chaos::on(|| payments(endpoint, kind))
            .send([withdraw("first", "order-1", 300)])
            .under(LostReply::of_write(0, 0))
            .run();
        run.assert_exactly_once();
        page_shows(run.story());
    }
}

/// On both kinds of server, they come to the same.
#[test]
fn the_verdicts() {
    for search in KINDS.into_iter().flat_map(|kind| searches(endpoint, kind)) {
        page_shows(&search.run().headline());
    }
}

/// The rows of the table, on the embedded stream. That servers behave so is
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
        page_shows(&format!("| {what} | {} | {} |", cells[0], cells[1]));
    };
    let retry = || Publication::new("payment.order-1", "first");
    let (outdated, corrected) = (Expected::LastSubjectSequence(0), Expected::LastSubjectSequence(2));
    let id = "payment order-1";
    row("no id, expecting 0", retry().expecting(outdated.clone())).await;
    row("no id, expecting 2", retry().expecting(corrected.clone())).await;
    row("its id, expecting nothing", retry().with_id(id)).await;
    row("its id, expecting 0", retry().with_id(id).expecting(outdated.clone())).await;
    row("its id, expecting 2", retry().with_id(id).expecting(corrected.clone())).await;
    row("its id, expecting 0, after the window", retry().with_id(id).expecting(outdated)).await;
    row("its id, expecting 2, after the window", retry().with_id(id).expecting(corrected)).await;
}
