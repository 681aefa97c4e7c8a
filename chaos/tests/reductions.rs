//! Reductions must change how long a search takes, and nothing else: the same
//! verdict, the same end states, with each of them on and off, and under
//! another assignment of ids.

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chaos::{Counts, Fault, Naming, Property, Reductions, System, Verdict, explore, specifications};
use ports::outside::{Model, StreamModel, Syncs, Turn};
use serde_json::json;
use shared::order::Command;
use shared::{
    Context, Endpoint, Expected, Message, MessageId, Ports, Precondition, Publication, Snapshot, StreamError,
};
use support::handlers::{naive, outbox, point_in_time, stored_view, stream_view};
use support::left_out::LEFT_OUT;
use support::{add_item, remove_item};

/// What can be seen at rest: the state, and what was published (fresh ids
/// numbered by first appearance).
type Seen = BTreeSet<String>;

/// Replaces fresh ids by the order of their first appearance.
fn without_names(text: &str) -> String {
    const MARK: &str = "f5e54f1d-";
    let mut names: Vec<&str> = Vec::new();
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        let id = &rest[at..at + 36];
        result.push_str(&rest[..at]);
        let number = names.iter().position(|name| *name == id).unwrap_or_else(|| {
            names.push(id);
            names.len() - 1
        });
        result.push_str(&format!("#{number}"));
        rest = &rest[at + 36..];
    }
    result + rest
}

/// A snapshot as text, what has fresh ids in its name last.
fn described(snapshot: &Snapshot) -> String {
    let fresh = |key: &str| key.contains("f5e54f1d-");
    let document = |(key, body): (&str, &[u8])| format!("{key}: {}\n", String::from_utf8_lossy(body));
    let plain = snapshot.documents().filter(|(key, _)| !fresh(key)).map(document);
    let named = snapshot.documents().filter(|(key, _)| fresh(key)).map(document);
    let streams = ["order-1", "order-2"].map(|name| format!("{:?}\n", snapshot.stream(name)));
    let logs = ["order-1", "order-2"].map(|name| {
        let records = snapshot.log(name).iter().map(|record| String::from_utf8_lossy(record).into_owned());
        format!("{name}: {:?}\n", records.collect::<Vec<_>>())
    });
    let effects = snapshot.effects("service").into_iter().map(|effect| format!("{effect:?}\n"));
    let messages = snapshot.subject_stream("subjects").iter().map(|message| {
        let (sequence, subject, id) = (message.sequence, &message.subject, &message.message_id);
        format!("{sequence} {subject} {}, named {id:?}\n", String::from_utf8_lossy(&message.body))
    });
    let outside = logs.into_iter().chain(effects).chain(messages);
    streams.into_iter().chain(outside).chain(plain).chain(named).collect()
}

/// A handler, and everything its stores hold as the state to be compared.
fn recorded(endpoint: Endpoint) -> (System, Arc<Mutex<Seen>>) {
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let into = Arc::clone(&seen);
    let system = System::of(endpoint)
        // The rule is asked at every end state; that is all it is for.
        .leaves_no_garbage(move |snapshot: &Snapshot| {
            into.lock().unwrap().insert(without_names(&described(snapshot)));
            Vec::new()
        });
    (system, seen)
}

struct Case {
    name: &'static str,
    endpoint: fn() -> Endpoint,
    mail: Vec<Message>,
    faults: u8,
    only: Option<&'static [Fault]>,
    /// Small enough to be enumerated without remembering states.
    tiny: bool,
}

/// Joins three calls on two documents.
async fn joined(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let key = message.read::<Command>()?.item().to_owned();
    let (one, two) = tokio::join!(
        async {
            let read = ports.documents.get("shared").await?;
            ports
                .documents
                .put("shared", key.clone().into_bytes(), Precondition::unchanged_since(read.as_ref()))
                .await
        },
        ports.documents.put(&key, b"mine".to_vec(), Precondition::None),
    );
    one?;
    two?;
    Ok(())
}

/// Takes whichever call is answered first.
async fn selected(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let key = message.read::<Command>()?.item().to_owned();
    tokio::select! {
        one = ports.documents.put("a", key.clone().into_bytes(), Precondition::None) => { one?; }
        two = ports.documents.put("b", key.clone().into_bytes(), Precondition::None) => { two?; }
    }
    ports.documents.put(&key, b"done".to_vec(), Precondition::None).await?;
    Ok(())
}

/// Writes documents under fresh keys and points to them.
async fn pointing(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let key = message.read::<Command>()?.order_id().to_owned();
    let name = context.new_id();
    ports.documents.put(&format!("draft/{name}"), b"draft".to_vec(), Precondition::None).await?;
    let read = ports.documents.get(&key).await?;
    let body =
        format!("{}{} ", String::from_utf8(read.clone().map_or(vec![], |d| d.body))?, name.derive("x"));
    if body.len() > 120 {
        return Ok(());
    }
    ports.documents.put(&key, body.into_bytes(), Precondition::unchanged_since(read.as_ref())).await?;
    Ok(())
}

/// Announces the item on a stream of many subjects, under its order, after what
/// is there; what it says is named by a fresh id.
async fn announcing(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command = message.read::<Command>()?;
    let (stream, subject) = (ports.stream("subjects"), format!("item.{}", command.order_id()));
    let known = stream.read(&subject).await?;
    if known.iter().any(|known| known.body.starts_with(command.item().as_bytes())) {
        return Ok(());
    }
    let last = known.last().map_or(0, |last| last.sequence);
    let publication = Publication::new(subject, format!("{} {}", command.item(), context.new_id()))
        .with_id(message.id)
        .expecting(Expected::LastSubjectSequence(last));
    match stream.publish(publication).await {
        // Whoever was faster tells how far it is.
        Err(StreamError::WrongLastSequence { actual }) => {
            ports.documents.put(command.item(), vec![b'0' + actual as u8], Precondition::None).await?;
            anyhow::bail!("somebody was faster")
        }
        other => other.map(|_| ()).map_err(Into::into),
    }
}

/// Counts the item in on a stream without a memory for ids, and writes down for itself
/// what it has seen there afterwards.
async fn counting(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let command = message.read::<Command>()?;
    let (stream, subject) = (ports.stream("subjects"), format!("item.{}", command.order_id()));
    let last = stream.read(&subject).await?.last().map_or(0, |last| last.sequence);
    let publication = Publication::new(&subject, command.item().as_bytes());
    stream.publish(publication.expecting(Expected::LastSubjectSequence(last))).await?;
    let seen = stream.read(&subject).await?.len();
    ports.documents.put(command.item(), vec![b'0' + seen as u8], Precondition::None).await?;
    Ok(())
}

/// Logs the item twice, once before and once after it is done.
async fn logging(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let command = message.read::<Command>()?;
    let (log, item) = (command.order_id(), command.item().as_bytes().to_vec());
    for times in [1, 2] {
        let records = ports.log.read(log, 0, 10).await?;
        if records.iter().filter(|record| **record == item).count() < times {
            ports.log.append(log, records.len() as u64, vec![item.clone()]).await?;
        }
    }
    Ok(())
}

/// Has the item delivered, under a key of `key`, and notes under which
/// reference, or that it was refused.
async fn delivering(
    message: &Message,
    ports: &Ports,
    key: impl Fn(&Command) -> String,
) -> anyhow::Result<()> {
    let command = message.read::<Command>()?;
    let key = MessageId::named(&key(&command));
    let note = match ports.service("service").call(key, &json!(command.item())).await {
        Ok(reference) => reference.to_string(),
        Err(shared::ServiceError::KeyReused) => "refused".to_owned(),
        Err(other) => return Err(other.into()),
    };
    ports.documents.put(command.item(), note.into(), Precondition::None).await?;
    Ok(())
}

/// A key for every item.
async fn repeating(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    delivering(message, ports, |command| command.item().to_owned()).await
}

/// A key for every order, whatever the item.
async fn contested(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    delivering(message, ports, |command| command.order_id().to_owned()).await
}

/// A room that belongs to whoever books it first: a request that was answered is
/// answered like that for ever.
struct Room;

impl Model for Room {
    fn answer(&self, state: &[u8], request: &[u8]) -> Turn {
        let free = state.is_empty() && !request.is_empty();
        let guest = if free { request } else { state };
        Turn { reply: guest.to_vec(), state: free.then(|| guest.to_vec()), refused: false, remembers: None }
    }

    fn repeats(&self) -> bool {
        true
    }

    fn show(&self, snapshot: &mut Snapshot, name: &str, key: &str, state: &[u8]) {
        snapshot.insert_outside(name, key, state.to_vec());
    }

    fn say_request(&self, request: &[u8]) -> String {
        format!("books for {}", String::from_utf8_lossy(request))
    }

    fn say_reply(&self, reply: &[u8]) -> String {
        String::from_utf8_lossy(reply).into_owned()
    }
}

/// Books a room for one and then for another, and says so before; or looks whether
/// that was said, and who has the room.
async fn booking(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let room = ports.outside("room");
    if message.read::<Command>()?.item() == "tea" {
        ports.documents.put("booking", b"soon".to_vec(), Precondition::None).await?;
        for guest in ["one", "another"] {
            room.ask("1", guest.into(), true).await?;
        }
    } else {
        let said = ports.documents.get("booking").await?.is_some();
        let guest = String::from_utf8(room.ask("1", Vec::new(), false).await?)?;
        let seen = format!("{said} {guest}");
        ports.documents.put("seen", seen.into_bytes(), Precondition::None).await?;
    }
    Ok(())
}

fn cases() -> Vec<Case> {
    let one = || vec![add_item("order-1", "tea")];
    let two = || vec![add_item("order-1", "tea"), remove_item("order-1", "tea")];
    let apart = || vec![add_item("order-1", "tea"), add_item("order-2", "cake")];
    let orders = || Endpoint::new("orders", point_in_time).view(stream_view);
    let naive = || Endpoint::new("orders", naive).view(stream_view);
    let outbox = || Endpoint::new("orders", outbox).view(stored_view);
    let joined = || Endpoint::new("joined", joined);
    let selected = || Endpoint::new("selected", selected);
    let pointing = || Endpoint::new("pointing", pointing);
    let announcing = || Endpoint::new("announcing", announcing).with_stream("subjects");
    let counting = || Endpoint::new("counting", counting).with_stream("subjects");
    let logging = || Endpoint::new("logging", logging);
    let repeating = || Endpoint::new("repeating", repeating).with_service("service");
    let contested = || Endpoint::new("contested", contested).with_service("service");
    let booking = || Endpoint::new("booking", booking).with_outside("room", Room);
    let same = || vec![add_item("order-1", "tea"), add_item("order-1", "cake")];
    let fading: &[Fault] = &[Fault::TimeToLiveExpires, Fault::WriteReplyLost, Fault::Duplicate];
    let losing: &[Fault] = &[Fault::StreamForgets, Fault::WriteReplyLost];
    let crashes: &[Fault] = &[Fault::CrashAfterWrite, Fault::WriteReplyLost, Fault::AckFails];
    let case = |name, endpoint, mail, faults, only, tiny| Case { name, endpoint, mail, faults, only, tiny };
    vec![
        case("events, one", orders, one(), 1, None, true),
        case("events, two", orders, two(), 1, None, false),
        case("events, two, dull", orders, two(), 0, None, true),
        case("events, apart", orders, apart(), 1, None, false),
        case("naive, two", naive, two(), 2, Some(crashes), false),
        case("outbox, one", outbox, one(), 2, None, false),
        case("outbox, two", outbox, two(), 1, Some(crashes), false),
        case("outbox, apart", outbox, apart(), 1, Some(crashes), false),
        case("joined, apart", joined, apart(), 1, Some(crashes), false),
        case(
            "selected, apart",
            selected,
            apart(),
            1,
            Some(&[Fault::WriteReplyLost, Fault::WriteLandsLate]),
            false,
        ),
        case("pointing, one", pointing, one(), 1, Some(crashes), false),
        case("announcing, one", announcing, one(), 2, Some(fading), false),
        case("announcing, same", announcing, same(), 1, Some(fading), false),
        case("announcing, apart", announcing, apart(), 1, Some(crashes), false),
        case("losing, one", counting, one(), 2, Some(losing), false),
        case("losing, same", counting, same(), 1, Some(losing), false),
        case("losing, apart", counting, apart(), 2, Some(losing), false),
        case("losing, announced", announcing, same(), 1, Some(losing), false),
        case("logging, same", logging, same(), 1, Some(crashes), false),
        case("logging, apart", logging, apart(), 1, None, false),
        case("repeating, two", repeating, two(), 2, Some(crashes), false),
        case("repeating, apart", repeating, apart(), 1, None, false),
        case("contested, same", contested, same(), 1, None, false),
        case("contested, apart", contested, apart(), 1, Some(crashes), false),
        case("booking, same", booking, same(), 0, None, false),
        case("forgetting, repeating", repeating, two(), 2, Some(fading), false),
        case("forgetting, contested", contested, same(), 1, Some(fading), false),
    ]
}

fn search(case: &Case, reductions: Reductions, naming: Naming) -> (Verdict, Seen, usize, Counts) {
    let (mut system, seen) = recorded((case.endpoint)());
    if case.name.starts_with("forgetting") {
        let done = |snapshot: &Snapshot, message: &Message| {
            message.read::<Command>().is_ok_and(|command| snapshot.document(command.item()).is_some())
        };
        system = system.forgetful("service", done);
    }
    if case.name.starts_with("losing") {
        system = system.stream("subjects", StreamModel { syncs: Syncs::Later, ..StreamModel::default() });
    }
    let mut search = explore(|| system)
        .send(case.mail.clone())
        .faults(case.faults)
        .reductions(reductions)
        .naming(naming)
        .limit_states(4_000_000);
    if let Some(only) = case.only {
        search = search.only(only.iter().copied());
    }
    let (report, ends) = search.end_states();
    let seen = seen.lock().unwrap().clone();
    (report.verdict, seen, ends.len(), report.counts)
}

#[test]
fn each_reduction_keeps_verdict_and_end_states() {
    for case in cases() {
        let (verdict, seen, _, counts) = search(&case, Reductions::ALL, Naming::Ascending);
        assert_eq!(verdict, Verdict::Holds, "{}", case.name);
        let mut others = LEFT_OUT[1..].to_vec();
        if case.tiny {
            others.push(("everything", Reductions::NONE));
        }
        for (name, reductions) in others {
            let (other_verdict, other_seen, _, other) = search(&case, reductions, Naming::Ascending);
            assert_eq!(other_verdict, verdict, "{} without {name}", case.name);
            assert_eq!(other_seen, seen, "{} without {name}", case.name);
            assert!(other.states >= counts.states, "{} without {name}: {other:?} {counts:?}", case.name);
        }
    }
}

#[test]
fn another_assignment_of_ids_gives_the_same_counts() {
    for case in cases() {
        let (verdict, seen, ends, counts) = search(&case, Reductions::ALL, Naming::Ascending);
        for naming in [Naming::Descending, Naming::Scrambled] {
            let (other_verdict, other_seen, other_ends, other) = search(&case, Reductions::ALL, naming);
            assert_eq!(
                (other_verdict, other, other_ends),
                (verdict.clone(), counts, ends),
                "{} {naming:?}",
                case.name
            );
            assert_eq!(other_seen.len(), seen.len(), "{} {naming:?}", case.name);
        }
    }
}

#[test]
fn every_violation_is_found_with_and_without() {
    let naive_orders = || {
        System::of(Endpoint::new("orders", naive).view(stream_view))
            .judged_by(specifications::orders_with_welcome())
    };
    for (_, reductions) in LEFT_OUT {
        let mail = [add_item("order-1", "tea"), add_item("order-1", "cake")];
        let report = explore(naive_orders).send(mail).reductions(reductions).run();
        assert_eq!(report.violated(), Some(Property::NoLostMessages));
        assert_eq!((report.faults, report.steps), (1, 12), "the shortest story is as short: {report}");
    }
}

/// The assumption behind renaming is that ids are mere names. Where a handler
/// compares them, what it comes to in another order is looked at as well, whichever
/// order a search has. (Here, both are right.)
#[test]
fn what_a_handler_that_orders_by_fresh_ids_comes_to_is_seen_in_either_order() {
    let sorts = async |message: &Message, ports: &Ports, context: &Context| {
        let (one, two): (MessageId, MessageId) = (context.new_id(), context.new_id());
        let body = if one < two { "rising" } else { "falling" };
        ports.documents.put(message.read::<Command>()?.item(), body.into(), Precondition::None).await?;
        Ok(())
    };
    let run = |naming| {
        let (system, seen) = recorded(Endpoint::new("sorts", sorts));
        let report = explore(|| system).send([add_item("o", "tea")]).naming(naming).run();
        assert!(report.holds());
        let seen = seen.lock().unwrap();
        seen.clone()
    };
    for naming in [Naming::Ascending, Naming::Descending, Naming::Scrambled] {
        let seen = run(naming);
        for word in ["rising", "falling"] {
            assert!(seen.iter().any(|end| end.contains(word)), "{naming:?}: {word} is not in {seen:?}");
        }
    }
}

/// The footprints are learned, not declared: a handler that touches a document
/// only after something went wrong makes the search start afresh.
#[test]
fn a_document_that_is_touched_only_after_a_fault_is_learned() {
    let sneaky = async |message: &Message, ports: &Ports, _: &Context| {
        let item = message.read::<Command>()?.item().to_owned();
        // Documents of its own, until the store falls silent.
        match ports.documents.put(&item, b"first".to_vec(), Precondition::None).await {
            Ok(_) => {}
            Err(_) => {
                let read = ports.documents.get("log").await?;
                let log = String::from_utf8(read.clone().map_or(vec![], |d| d.body))? + &item;
                if log.len() < 20 {
                    let condition = Precondition::unchanged_since(read.as_ref());
                    ports.documents.put("log", log.into_bytes(), condition).await?;
                }
            }
        }
        Ok(())
    };
    let run = |reductions| {
        let (system, seen) = recorded(Endpoint::new("sneaky", sneaky));
        let report = explore(|| system)
            .send([add_item("o", "tea"), add_item("o", "cake")])
            .faults(2)
            .only([Fault::WriteFails, Fault::WriteReplyLost])
            .reductions(reductions)
            .run();
        assert!(report.holds(), "{report}");
        let seen = seen.lock().unwrap().clone();
        (seen, report.counts.restarts)
    };
    let (seen, restarts) = run(Reductions::ALL);
    assert!(restarts > 0, "the search must have noticed");
    let (all, none) = run(Reductions { independence: false, ..Reductions::ALL });
    assert_eq!((seen, none), (all, 0));
}

/// Two endpoints, the second fed by what the first publishes.
#[test]
fn a_pipeline_keeps_its_end_states_too() {
    let welcome = async |message: &Message, ports: &Ports, _: &Context| {
        let read = ports.documents.get("welcomed").await?;
        let known = String::from_utf8(read.clone().map_or(vec![], |d| d.body))?;
        let line = format!("{};", message.id);
        if !known.contains(&line) {
            let body = (known + &line).into_bytes();
            ports.documents.put("welcomed", body, Precondition::unchanged_since(read.as_ref())).await?;
        }
        Ok(())
    };
    let run = |reductions| {
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let into = Arc::clone(&seen);
        let system = System::of(Endpoint::new("orders", point_in_time).view(stream_view))
            .judged_by(specifications::orders_with_welcome())
            .and(Endpoint::new("welcome", welcome).subscribes_to("FirstItemAdded"))
            .leaves_no_garbage(move |snapshot: &Snapshot| {
                into.lock().unwrap().insert(format!("{snapshot:?}"));
                Vec::new()
            });
        let report = explore(|| system)
            .send([add_item("order-1", "tea"), add_item("order-1", "cake")])
            .workers(1)
            .reductions(reductions)
            .run();
        assert!(report.holds(), "{report}");
        let seen = seen.lock().unwrap();
        seen.clone()
    };
    let all = run(Reductions::ALL);
    assert_eq!(all.len(), 2, "either item may be the first, and nobody is welcomed twice: {all:?}");
    assert_eq!(run(Reductions { independence: false, ..Reductions::ALL }), all);
    assert_eq!(run(Reductions { cache: true, ..Reductions::NONE }), all);
}

/// What has nothing to do with each other is searched one after the other: two
/// orders cost the sum of what each costs, and not the product. (A reduction that
/// leaves nothing out is right, too; so only its price can tell.)
#[test]
fn two_orders_cost_the_sum_and_not_the_product() {
    let states = |mail: Vec<Message>, faults: u8, only: &[Fault]| {
        let orders = || System::of(Endpoint::new("orders", outbox).view(stored_view));
        let search = explore(orders).send(mail).workers(2).faults(faults).only(only.iter().copied());
        search.end_states().0.counts.states
    };
    let (tea, cake) = (add_item("order-1", "tea"), add_item("order-2", "cake"));
    let alone = states(vec![tea.clone()], 0, &[]);
    let both = states(vec![tea.clone(), cake.clone()], 0, &[]);
    assert!(both < 2 * alone, "{alone} states each, and {both} together");
    // At rest after the first there is one state for each way to have spent the fault.
    let alone = states(vec![tea.clone()], 1, &[Fault::Duplicate]);
    let both = states(vec![tea, cake], 1, &[Fault::Duplicate]);
    assert!(both < 3 * alone, "{alone} states each, and {both} together, with a copy");
}

/// At most 64 kinds of messages are told apart: where there are more, nothing is left
/// out, and nothing is confused.
#[test]
fn with_more_kinds_of_messages_than_can_be_told_apart_nothing_is_left_out() {
    const LAST: usize = 65;
    let next = |id, chain: &str, number: usize| Message::new(id, &json!({ "next": [chain, number] }));
    let system = || {
        let passes_on = async move |message: &Message, _: &Ports, context: &Context| {
            let (chain, number): (String, usize) = serde_json::from_value(message.body["next"].clone())?;
            if number < LAST {
                context.publish(next(message.id.derive("next"), &chain, number + 1));
            }
            Ok(())
        };
        System::of(Endpoint::new("chains", passes_on).subscribes_to("next"))
    };
    let run = |reductions| {
        let mail = [("a", 1), ("b", LAST)].map(|(chain, from)| next(MessageId::named(chain), chain, from));
        explore(system).send(mail).faults(0).reductions(reductions).run().counts
    };
    let (with, without) = (run(Reductions::ALL), run(Reductions { independence: false, ..Reductions::ALL }));
    // Each of the one is queued, passed on or acknowledged, and so is the other.
    assert!(with.states > 3 * LAST * 2, "{with:?}");
    assert_eq!(Counts { restarts: 0, ..with }, without);
}

/// `Write` leaves a pointer, and only then what it points to; `Look` follows the pointer,
/// and complains if nothing is there.
async fn pointing_first(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let read = ports.documents.get("pointer").await?;
    if message.body == "Write" {
        if read.is_some() {
            return Ok(());
        }
        let name = context.new_id().to_string();
        ports.documents.put("pointer", name.clone().into_bytes(), Precondition::IfAbsent).await?;
        ports.documents.put(&name, b"there".to_vec(), Precondition::None).await?;
    } else if let Some(pointer) = read {
        let name = String::from_utf8(pointer.body)?;
        if ports.documents.get(&name).await?.is_none() {
            ports.documents.put("complaint", b"nothing there".to_vec(), Precondition::None).await?;
        }
    }
    Ok(())
}

/// A document with a fresh name is nobody else's only as long as nobody else may read the
/// name: whichever of the messages that is, and if there is one only.
#[test]
fn whoever_may_read_a_name_may_come_before_what_it_names() {
    let complaints = |snapshot: &Snapshot| {
        let complaint = snapshot.document("complaint").map(|_| "a complaint".to_owned());
        complaint.into_iter().collect::<Vec<_>>()
    };
    for order in [["Look", "Write"], ["Write", "Look"]] {
        let system = || System::of(Endpoint::new("e", pointing_first)).leaves_no_garbage(complaints);
        let mail = order.map(|name| Message::new(MessageId::named(name), &name));
        let report = explore(system).send(mail).workers(2).faults(0).run();
        assert_eq!(report.violated(), Some(Property::NoGarbage), "{order:?}: {report}");
    }
}
