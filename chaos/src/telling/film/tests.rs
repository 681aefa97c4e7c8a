//! What a film shows is what there was: at each step of thousands of random ones, it
//! is held against the engine's own snapshots and worlds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ports::{Context, Endpoint, Message, MessageId, NewEvent, Ports, Precondition};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::*;
use crate::scenario::Scenario;
use crate::system::under_test::{StoreKind, System};
use crate::world::fault::Faults;
use crate::world::snapshot::snapshot;
use crate::world::step::{CallOutcome, Step};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// A bit of everything: a document of its own, an inbox that forgets after a week, a
/// stream, what is published by the handler and by its endpoint.
async fn orders(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let inbox = &ports.stores["inbox"];
    let file = format!("seen {}", message.body["Add"]["item"]);
    if inbox.get(&file).await?.is_some() {
        context.note("seen before");
        return Ok(());
    }
    let (order, there) = tokio::join!(ports.documents.get("order-1"), ports.events.read("diary"));
    let (order, there) = (order?, there?);
    let mut body: Vec<u8> = order.as_ref().map_or_else(Vec::new, |order| order.body.clone());
    body.extend_from_slice(format!("{} under {}\n", message.body, context.new_id()).as_bytes());
    let event = NewEvent { caused_by: message.id, body: message.body.clone() };
    ports.events.append("diary", there.len() as u64, vec![event]).await?;
    let as_read = Precondition::unchanged_since(order.as_ref());
    ports.documents.put("order-1", body, as_read).await?;
    let said = json!({ "Added": { "item": message.body["Add"]["item"] } });
    ports.publisher.publish(Message::new(message.id.derive("added"), &said)).await?;
    let week = Duration::from_secs(7 * 86_400);
    inbox.put_expiring(&file, b"[]".to_vec(), Precondition::None, week).await?;
    if message.body["Add"]["item"] == "cake" {
        ports.documents.delete("order-1", Precondition::None).await?;
    }
    context.publish(Message::new(message.id.derive("done"), &json!({ "Done": {} })));
    Ok(())
}

async fn loyalty(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let points = ports.documents.get("points").await?;
    let body = serde_json::to_vec(&message.id)?;
    let written = ports.log.read("journal", 0, 100).await?.len() as u64;
    ports.log.append("journal", written, vec![body.clone()]).await?;
    ports.documents.put("points", body, Precondition::unchanged_since(points.as_ref())).await?;
    Ok(())
}

fn transitions() -> TransitionSystem {
    let orders = Endpoint::new("orders", orders).with_store("inbox");
    let loyalty = Endpoint::new("loyalty", loyalty).subscribes_to("Added");
    let weak = StoreKind { weak: true, ..StoreKind::default() };
    let system = System::of(orders).and(loyalty).store("loyalty", weak);
    let mut scenario = Scenario::unbounded(system, Faults::all());
    let add =
        |name: &str, item: &str| Message::new(MessageId::named(name), &json!({ "Add": { "item": item } }));
    scenario.send([add("1", "tea"), add("2", "cake"), add("3", "tea")]);
    scenario.transitions(Arc::default())
}

/// A run of random steps, of which at most every sixth is a fault.
fn random_run(transitions: &mut TransitionSystem, seed: u64) -> Trace {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut trace = Trace::at(transitions.initial());
    let mut steps = Vec::new();
    for _ in 0..80 {
        transitions.enabled(trace.end(), &mut steps);
        if dice.random_range(0..6) > 0 {
            steps.retain(|&step| transitions.fault(trace.end(), step).is_none());
        }
        if steps.is_empty() {
            continue;
        }
        let step = steps[dice.random_range(0..steps.len())];
        assert!(trace.take(transitions, step), "the handler survives everything");
    }
    trace
}

/// Everything that the engine's snapshots show of documents and streams, by name.
fn stored(transitions: &TransitionSystem, world: &World) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    for (number, endpoint) in transitions.endpoints().iter().enumerate() {
        let snapshot = snapshot(transitions, world, number as u8);
        for (key, body) in snapshot.documents() {
            all.insert((endpoint.name().to_owned(), key.to_owned(), text(body)));
        }
        for (key, body) in snapshot.documents_in("inbox") {
            all.insert(("inbox".to_owned(), key.to_owned(), text(body)));
        }
        let records: Vec<String> = snapshot.log("journal").iter().map(|record| text(record)).collect();
        if !records.is_empty() {
            all.insert(("loyalty".to_owned(), "journal".to_owned(), format!("[{}]", records.join(","))));
        }
        let events = snapshot
            .stream("diary")
            .iter()
            .map(|event| NewEvent { caused_by: event.caused_by, body: event.body.clone() });
        let events: Vec<NewEvent> = events.collect();
        if !events.is_empty() {
            all.insert(("orders".to_owned(), "diary".to_owned(), serde_json::to_string(&events).unwrap()));
        }
    }
    all
}

fn check(transitions: &TransitionSystem, film: &Film, state: &State, world: &World) {
    let shown = film.places.iter().zip(&state.contents).filter_map(|(place, content)| {
        let text = film.texts[content.as_ref()?.text].clone();
        Some((place.store.clone(), place.name.clone(), text))
    });
    assert_eq!(shown.collect::<BTreeSet<_>>(), stored(transitions, world));
    let id = |text: &Text| transitions.texts().message(text).unwrap().id.to_string();
    let shown = |message: usize| film.messages[message].id.clone();
    for (endpoint, queue) in state.queues.iter().enumerate() {
        let waiting = world.queue.iter().filter(|copy| usize::from(copy.endpoint) == endpoint);
        let waiting: Vec<String> = waiting.map(|copy| id(&copy.message)).collect();
        assert_eq!(queue.iter().map(|copy| shown(copy.message)).collect::<Vec<_>>(), waiting);
    }
    for (busy, worker) in state.workers.iter().zip(&world.workers) {
        let busy = busy.as_ref().map(|busy| (shown(busy.copy.message), busy.locked));
        assert_eq!(busy, worker.busy.as_ref().map(|busy| (id(&busy.message), busy.holds_lock)));
    }
    let published: Vec<String> = world.published.iter().map(|copy| id(&copy.message)).collect();
    assert_eq!(state.published.iter().map(|it| shown(it.message)).collect::<Vec<_>>(), published);
    assert_eq!(state.under_way.len(), world.in_flight.len());
    assert_eq!(state.deadlines.len(), world.timers.len());
    // No copy is in two places, and none is at nobody's.
    let endpoint = |worker: usize| usize::from(world.workers[worker].endpoint);
    let waiting =
        state.queues.iter().enumerate().flat_map(|(at, queue)| queue.iter().map(move |it| (at, *it)));
    let busy = state.workers.iter().enumerate();
    let busy = busy.filter_map(|(worker, busy)| Some((endpoint(worker), busy.as_ref()?.copy)));
    let mut seen = BTreeSet::new();
    for (at, CopyOf { message, copy }) in waiting.chain(busy) {
        assert!(copy > 0 && seen.insert((at, film.messages[message].logical, copy)), "{at} {message} {copy}");
    }
}

#[test]
fn a_film_shows_what_there_is_after_every_step() {
    let mut kinds = BTreeSet::new();
    for seed in 0..100 {
        let mut transitions = transitions();
        let trace = random_run(&mut transitions, seed);
        let film = Teller::new(&mut transitions, &trace, None, None).film(Closing::default());
        let states = film.states();
        assert_eq!((film.steps.len(), states.len()), (trace.len(), trace.len() + 1));
        check(&transitions, &film, &states[0], &trace.taken()[0].before);
        for (step, taken) in trace.taken().iter().enumerate() {
            check(&transitions, &film, &states[step + 1], trace.after(step));
            assert!(states[step].now <= states[step + 1].now, "time does not run backwards");
            let scene = &film.steps[step];
            assert!(!scene.lines.is_empty(), "each step is told: {:?}", taken.step);
            assert_eq!(scene.fault, taken.fault.map(|fault| fault.to_string()));
            kinds
                .insert(taken.step.to_string().replace(|c: char| c.is_ascii_digit() || ".>".contains(c), ""));
        }
    }
    // Everything that there is.
    let expected = [
        "ack",
        "ack!before",
        "ack!fails",
        "again",
        "c",
        "c!after",
        "c!away",
        "c!before",
        "c!during",
        "c!fails",
        "c!late",
        "c!lost",
        "c!old",
        "d",
        "expire",
        "land",
        "out",
        "out!after",
        "out!before",
        "out!fails",
        "unlock",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// A worker knows what it was told, and the latest of each thing.
#[test]
fn what_a_worker_knows_is_what_it_was_told() {
    let mut transitions = transitions();
    let mut trace = Trace::at(transitions.initial());
    let call = |call| Step::Call { worker: 0, call, outcome: CallOutcome::Ok };
    for step in [Step::Deliver { copy: 0, worker: 0 }, call(0), call(0), call(0), call(0), call(0)] {
        assert!(trace.take(&mut transitions, step));
    }
    let film = Teller::new(&mut transitions, &trace, None, None).film(Closing::default());
    let states = film.states();
    let knows = |state: &State| {
        let busy = state.workers[0].as_ref().unwrap();
        let told = busy.knows.iter().map(|known| {
            let text = known.content.as_ref().map(|content| film.texts[content.text].len() > 2);
            (known.about.clone(), text, known.words.clone())
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(knows(&states[1]), []);
    let seen = || ("inbox seen \"tea\"".to_owned(), None, "not there".to_owned());
    assert_eq!(knows(&states[2]), [seen()]);
    let last = knows(&states[6]);
    assert_eq!(last[0], seen());
    // It has written both, and knows what is there.
    for (about, text, words) in &last[1..] {
        assert_eq!((*text, words.as_str()), (Some(true), ""), "{about}");
    }
    assert_eq!(last.len(), 3, "{last:?}");
    assert_eq!(states[6].workers[0].as_ref().unwrap().phase, "next: publishes Added(tea)");
}

/// A lock takes 30 seconds to expire, and what is remembered for a week is so from the
/// moment on at which it was stored.
#[test]
fn locks_and_deadlines_take_time() {
    let mut transitions = transitions();
    let mut trace = Trace::at(transitions.initial());
    let mut steps = Vec::new();
    let mut take = |trace: &mut Trace, wanted: &str| {
        transitions.enabled(trace.end(), &mut steps);
        let step = steps.iter().copied().find(|step| step.to_string() == wanted);
        let step = step.unwrap_or_else(|| panic!("{wanted} is not among {steps:?}"));
        assert!(trace.take(&mut transitions, step));
    };
    let mut several = |steps: &[&str]| steps.iter().for_each(|step| take(&mut trace, step));
    several(&["d0>0", "unlock0>1", "c1.0"]);
    // What the first one stores half a minute later is stored again after another half.
    several(&["c0.0"; 7]);
    several(&["out0", "ack0", "unlock1>0", "c0.0", "ack0"]);
    several(&["c1.0"; 6]);
    several(&["out1", "ack1", "expire0"]);
    let film = Teller::new(&mut transitions, &trace, None, None).film(Closing::default());
    let mut times: Vec<u64> = film.states().iter().map(|state| state.now).collect();
    times.dedup();
    assert_eq!(times, [0, 30, 60, 60 + 7 * 86_400]);
}

/// A film ends where the handler does: what there was before is what there is.
#[test]
fn a_handler_that_fails_ends_the_film() {
    let panics = async |_: &Message, ports: &Ports, _: &Context| -> anyhow::Result<()> {
        let found = ports.documents.get("order-1").await?;
        assert!(found.is_some(), "there is no order");
        Ok(())
    };
    let mut scenario = Scenario::unbounded(System::of(Endpoint::new("orders", panics)), Faults::NONE);
    scenario.send([Message::new(MessageId::named("1"), &json!({ "Add": {} }))]);
    let mut transitions = scenario.transitions(Arc::default());
    let mut trace = Trace::at(transitions.initial());
    let call = Step::Call { worker: 0, call: 0, outcome: CallOutcome::Ok };
    assert!(trace.take(&mut transitions, Step::Deliver { copy: 0, worker: 0 }));
    assert!(!trace.take(&mut transitions, call), "it panics");
    let film = Teller::new(&mut transitions, &trace, None, None).film(Closing::default());
    let states = film.states();
    assert_eq!((states.len(), &states[1]), (3, &states[2]));
    let words: Vec<&str> = film.steps[1].lines.iter().map(|line| line.words.as_str()).collect();
    assert_eq!(words.last(), Some(&"here the handler fails"));
}
