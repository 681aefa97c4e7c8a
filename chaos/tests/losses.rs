//! A stream that acknowledges before it has synced, and what it forgets.

#![allow(missing_docs)]

#[path = "support/left_out.rs"]
mod left_out;

use chaos::transcript::Happening;
use chaos::{Explore, Fault, Inconclusive, Law, Property, Report, System, Verdict, explore, soak};
use shared::outside::{StreamModel, Syncs};
use shared::{Endpoint, Expected, Message, MessageId, Precondition, Publication, Snapshot, StreamError};

/// Rings once for each guest, on a stream that says when it syncs. Nothing is wrong with
/// it: that nobody has rung yet is what it expects of the stream.
fn bell(syncs: Syncs) -> System {
    let ring = async |message: &Message, ports: &shared::Ports, _: &shared::Context| {
        let guest = message.name().to_owned();
        // Its own, and of nobody's concern: there is something that can be done in any order.
        ports.documents.put(&guest, b"came".to_vec(), Precondition::None).await?;
        let none = Expected::LastSubjectSequence(0);
        let rings = Publication::new(format!("bell.{guest}"), guest).expecting(none);
        match ports.stream("bells").publish(rings).await {
            Ok(_) | Err(StreamError::WrongLastSequence { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    };
    let rings = |snapshot: &Snapshot, guest: &str| {
        let of_guest = |message: &&shared::StreamMessage| message.body == guest.as_bytes();
        Ok(snapshot.subject_stream("bells").iter().filter(of_guest).count())
    };
    let law = Law::of(
        |message| message.name().to_owned(),
        |rings: &mut usize, _| {
            *rings = 1;
            Vec::<()>::new()
        },
    );
    System::of(Endpoint::new("bell", ring).view(rings).with_stream("bells"))
        .judged_by(law)
        .stream("bells", StreamModel { syncs, ..StreamModel::default() })
}

fn guests() -> [Message; 2] {
    ["Ann", "Bob"].map(|name| Message::new(MessageId::named(name), &name))
}

fn search(syncs: Syncs) -> Explore {
    explore(|| bell(syncs)).send(guests()).workers(2)
}

#[test]
fn a_stream_that_syncs_later_forgets_and_any_other_does_not() {
    search(Syncs::Always).faults(2).assert_exactly_once();
    search(Syncs::Later).faults(2).without(Fault::StreamForgets).assert_exactly_once();
    search(Syncs::Later).faults(0).assert_exactly_once();
    let report = search(Syncs::Later).faults(2).run();
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    assert_eq!((report.faults, report.struck.as_slice()), (1, &[Fault::StreamForgets][..]), "{report}");
    let story = report.to_string();
    assert!(story.contains("power is lost, and the stream forgets what it has"), "{story}");
}

#[test]
fn it_is_found_with_and_without_each_reduction_and_with_as_few_faults() {
    for (_, reductions) in left_out::LEFT_OUT {
        let red = search(Syncs::Later).reductions(reductions).run();
        assert_eq!(red.violated(), Some(Property::NoLostMessages), "{reductions:?}\n{red}");
        assert_eq!((red.faults, red.steps), (1, 9), "{reductions:?}\n{red}");
        let green = search(Syncs::Later).without(Fault::StreamForgets).reductions(reductions).run();
        assert!(green.holds(), "{reductions:?}\n{green}");
    }
}

#[test]
fn at_random_it_is_found_as_well() {
    let soaked = |syncs| soak(move || bell(syncs)).send(guests()).runs(200).run();
    assert!(soaked(Syncs::Always).holds());
    let report = soaked(Syncs::Later);
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    assert!(report.struck.contains(&Fault::StreamForgets), "{report}");
}

/// What it takes to be told of it: the stream, and how many messages.
#[test]
fn it_stands_in_the_transcript() {
    let report = search(Syncs::Later).run();
    let transcript = report.transcript().expect("it is told");
    let lost = Happening::Lost { stream: "bells".to_owned(), messages: 1 };
    assert!(transcript.happenings.contains(&lost), "{transcript:?}");
}

/// The sentence with which a search is refused.
#[track_caller]
fn refused(report: &Report) -> &str {
    match &report.verdict {
        Verdict::Inconclusive(Inconclusive::BadBounds(sentence)) => sentence,
        _ => panic!("it is not refused: {report}"),
    }
}

#[test]
fn where_no_stream_can_forget_nobody_can_ask_for_it() {
    for search in [
        search(Syncs::Always).only([Fault::StreamForgets, Fault::AckFails]),
        search(Syncs::Always).must_visit([Fault::StreamForgets]),
    ] {
        let report = search.run();
        assert!(refused(&report).starts_with("no stream of this system acknowledges before"), "{report}");
    }
    let report = search(Syncs::Later).only([Fault::StreamForgets]).faults_per_message(1).run();
    assert!(refused(&report).contains("cannot be bounded by message"), "{report}");
    // Asked for, it is visited: while somebody is at work, too.
    let visited = search(Syncs::Later).only([Fault::StreamForgets]).must_visit([Fault::StreamForgets]).run();
    assert_eq!(visited.violated(), Some(Property::NoLostMessages), "{visited}");
}
