//! The states that are drawn: they are those of the search, the way of the story is in
//! them, and from where on it is too late is what the story says of it.

#![allow(missing_docs)]

use chaos::{Law, NoReturn, Property, Reductions, Report, System, explore};
use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use records::Space;
use records::space::{Kind, MOST};

/// All of it: nothing is left out but what was seen already.
const STEP_BY_STEP: Reductions = Reductions { cache: true, ..Reductions::NONE };

/// A stroke for every guest who rings, for some of them more than one.
async fn rings(_: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("bell").await?;
    let strokes = read.as_ref().map_or(0, |document| document.body.len());
    ports
        .documents
        .put("bell", vec![b'|'; strokes + 1], Precondition::unchanged_since(read.as_ref()))
        .await?;
    Ok(())
}

/// A stroke for every guest who has not rung yet.
async fn rings_once(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("bell").await?;
    let guests =
        read.as_ref().map_or_else(String::new, |document| String::from_utf8_lossy(&document.body).into());
    if !guests.contains(&message.id.to_string()) {
        let guests = format!("{guests}{}|", message.id);
        ports.documents.put("bell", guests.into(), Precondition::unchanged_since(read.as_ref())).await?;
    }
    Ok(())
}

/// Looks, writes, whatever is there, and looks again.
async fn forgets(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    ports.documents.get("bell").await?;
    let guests = format!("{}|", message.id);
    ports.documents.put("bell", guests.into(), Precondition::None).await?;
    ports.documents.get("bell").await?;
    Ok(())
}

/// Once the bell has been rung, nobody is let in any more.
async fn locks_up(_: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("bell").await?;
    anyhow::ensure!(read.is_none(), "the door is locked");
    ports.documents.put("bell", b"|".to_vec(), Precondition::IfAbsent).await?;
    Ok(())
}

/// A bell with this handler, on which each guest is a stroke.
macro_rules! bell {
    ($handler:path) => {
        || {
            let strokes = |snapshot: &Snapshot, _: &str| {
                let body = snapshot.document("bell").unwrap_or_default();
                Ok(body.iter().filter(|sign| **sign == b'|').count())
            };
            let law = Law::of(
                |_| "the bell".to_owned(),
                |strokes: &mut usize, _| {
                    *strokes += 1;
                    Vec::<()>::new()
                },
            );
            System::of(Endpoint::new("bell", $handler).view(strokes)).judged_by(law)
        }
    };
}

fn guests(number: usize) -> Vec<Message> {
    ["ann", "bob", "cat"][..number].iter().map(|name| Message::new(MessageId::named(name), name)).collect()
}

/// What is true of every space with a story in it.
fn is_told_by(space: &Space, report: &Report) {
    space.check().unwrap();
    assert_eq!(space.way[0], 0);
    assert_eq!(space.way.len(), report.steps + 1, "{report}");
    let fault = |pair: &[usize]| {
        let steps: Vec<_> =
            space.steps.iter().filter(|step| (step.from, step.to) == (pair[0], pair[1])).collect();
        assert!(!steps.is_empty(), "no step leads from {} to {}", pair[0], pair[1]);
        steps.iter().all(|step| step.fault.is_some())
    };
    assert_eq!(space.way.windows(2).filter(|pair| fault(pair)).count(), report.faults, "{report}");
    // The same question, asked with all steps of all states and without the graph.
    let lost: Vec<bool> = space.way.iter().map(|state| space.states[*state].lost).collect();
    let since = lost.iter().rposition(|lost| !lost).map_or(0, |last| last + 1);
    let expected = match report.no_return {
        Some(NoReturn::After(step)) => step + 1,
        Some(NoReturn::FromTheStart) => 0,
        other => panic!("{other:?}\n{report}"),
    };
    assert_eq!(since, expected, "{lost:?}\n{report}");
}

#[test]
fn a_space_in_which_all_is_well_has_the_states_of_the_search() {
    for number in [1, 2] {
        let report = explore(bell!(rings_once)).send(guests(number)).with_space().run();
        assert!(report.holds(), "{report}");
        let space = report.space().expect("it was asked for");
        space.check().unwrap();
        assert_eq!((space.found, space.whole), (report.counts.states, true));
        let kinds = |kind: Kind| space.states.iter().filter(|state| state.kind == kind).count();
        assert_eq!((kinds(Kind::Right), kinds(Kind::Wrong)), (report.counts.at_rest, 0));
        assert!(space.way.is_empty() && space.states.iter().all(|state| !state.lost));
        let everything =
            explore(bell!(rings_once)).send(guests(number)).reductions(STEP_BY_STEP).with_space().run();
        assert!(everything.space().unwrap().found > space.found);
    }
    assert!(explore(bell!(rings_once)).send(guests(1)).run().space().is_none(), "nobody has asked");
}

#[test]
fn the_way_of_a_story_is_in_it_and_is_lost_where_the_story_says() {
    for reductions in [Reductions::ALL, STEP_BY_STEP] {
        let search = |number| explore(bell!(rings)).send(guests(number)).reductions(reductions).with_space();
        for number in [1, 2] {
            let report = search(number).run();
            assert_eq!(report.violated(), Some(Property::NoDuplicatedProcessing), "{report}");
            is_told_by(report.space().unwrap(), &report);
        }
        let report =
            explore(bell!(forgets)).send(guests(2)).faults(0).reductions(reductions).with_space().run();
        assert!(report.violated().is_some(), "{report}");
        let space = report.space().unwrap();
        is_told_by(space, &report);
        assert_eq!(space.states[*space.way.last().unwrap()].kind, Kind::Wrong);
        assert!(space.states.iter().all(|state| state.faults == 0));
    }
}

#[test]
fn what_never_ends_comes_back_to_a_state() {
    let report = explore(bell!(locks_up)).send(guests(1)).with_space().run();
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    let space = report.space().unwrap();
    space.check().unwrap();
    let last = *space.way.last().unwrap();
    assert!(space.way[..space.way.len() - 1].contains(&last), "{:?}", space.way);
    assert!(space.states[last].lost);
    assert_eq!(space.way.len(), report.steps + 1, "{report}");
}

#[test]
fn of_many_states_the_first_are_kept() {
    let report =
        explore(bell!(rings_once)).send(guests(3)).faults(2).reductions(STEP_BY_STEP).with_space().run();
    assert!(report.holds(), "{report}");
    let space = report.space().unwrap();
    space.check().unwrap();
    assert_eq!(space.states.len(), MOST);
    assert!(space.found > MOST);
}
