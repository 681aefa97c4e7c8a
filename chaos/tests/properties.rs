//! A planted bug for every property, found with the fewest faults; and right
//! handlers of many styles, never flagged.

mod support;

use chaos::{Explore, Fault, Property, Report, System, explore, specifications};
use serde_json::json;
use shared::order::{Command, Order, decide, first_item, nothing_changed};
use shared::{Context, Endpoint, Message, MessageId, NewEvent, Ports, Precondition, Snapshot};
use support::handlers::{
    Stored, events, naive_orders, outbox, outbox_orders, point_in_time, point_in_time_orders, stored_view,
    stream_view,
};
use support::{add_item, remove_item};

fn two() -> [Message; 2] {
    [add_item("order-1", "tea"), add_item("order-1", "cake")]
}

fn on_streams(endpoint: Endpoint) -> System {
    System::of(endpoint.view(stream_view)).judged_by(specifications::orders_with_welcome())
}

fn on_documents(endpoint: Endpoint) -> System {
    System::of(endpoint.view(stored_view)).judged_by(specifications::orders_with_welcome())
}

/// Violated with so many faults, and not with one less.
#[track_caller]
fn assert_found(search: impl Fn() -> Explore, property: Property, faults: u8) -> Report {
    let report = search().faults(faults).run();
    assert_eq!(report.violated(), Some(property), "{report}");
    assert_eq!(report.faults, usize::from(faults), "{report}");
    if faults > 0 {
        let below = search().faults(faults - 1).run();
        assert!(below.holds(), "{below}");
    }
    assert!(report.story.lines().count() <= 40, "a story for people: {report}");
    report
}

// ---- planted bugs -------------------------------------------------------

#[test]
fn a_welcome_that_is_derived_from_the_present_is_lost() {
    assert_found(|| explore(naive_orders).send(two()), Property::NoLostMessages, 1);
}

#[test]
fn a_publish_before_the_commit_is_a_ghost() {
    let early = async |message: &Message, ports: &Ports, context: &Context| {
        let command: Command = message.read()?;
        let order = stream_order(ports, &command).await?;
        for event in decide(&order, &command) {
            if let Some(first) = first_item(&order, &event) {
                ports.publisher.publish(Message::new(message.id.derive(first.name()), &first)).await?;
            }
        }
        point_in_time(message, ports, context).await
    };
    let search = || explore(|| on_streams(Endpoint::new("orders", early))).send(two());
    // Two workers suffice: the slower one has announced a first item that is
    // not first. Nothing need go wrong.
    let report = search().faults(0).run();
    assert_eq!(report.violated(), Some(Property::NoGhostMessages), "{report}");
}

async fn stream_order(ports: &Ports, command: &Command) -> anyhow::Result<Order> {
    Ok(Order::after(&events(&ports.events.read(command.order_id()).await?)?))
}

#[test]
fn no_deduplication_is_duplicated_processing() {
    // A shop in which one may have two teas, and a handler without memory.
    struct Tally;
    impl chaos::Specification for Tally {
        fn aggregate(&self, _: &Message) -> String {
            "till".to_owned()
        }
        fn initial(&self) -> serde_json::Value {
            json!(0)
        }
        fn process(
            &self,
            state: &serde_json::Value,
            _: &Message,
        ) -> Vec<(serde_json::Value, Vec<serde_json::Value>)> {
            vec![(json!(state.as_u64().unwrap() + 1), Vec::new())]
        }
        fn describe(&self, state: &serde_json::Value) -> String {
            format!("a till of {state}")
        }
        fn damage(&self, _: &str, symptom: &chaos::Symptom) -> String {
            format!("{symptom:?}")
        }
    }
    let counts = async |_: &Message, ports: &Ports, _: &Context| {
        let read = ports.documents.get("till").await?;
        let sum = read.as_ref().map_or(0, |document| document.body.len());
        let body = vec![b'x'; sum + 1];
        ports.documents.put("till", body, Precondition::unchanged_since(read.as_ref())).await?;
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("till").map_or(0, <[u8]>::len));
    let system = || System::of(Endpoint::new("till", counts).view(view)).judged_by(Tally);
    assert_found(|| explore(system).send([add_item("o", "tea")]), Property::NoDuplicatedProcessing, 1);
}

#[test]
fn a_refusal_that_leaves_no_trace_contradicts_itself_later() {
    let forgetful = async |message: &Message, ports: &Ports, context: &Context| {
        let command: Command = message.read()?;
        let order = stream_order(ports, &command).await?;
        let known = ports.events.read(command.order_id()).await?.iter().any(|e| e.caused_by == message.id);
        if !known && decide(&order, &command).is_empty() {
            let answer = nothing_changed(&command);
            context.publish(Message::new(message.id.derive(answer.name()), &answer));
            return Ok(());
        }
        point_in_time(message, ports, context).await
    };
    let mail = || [remove_item("order-1", "tea"), add_item("order-1", "tea")];
    let search = || explore(|| on_streams(Endpoint::new("orders", forgetful))).send(mail());
    let report = assert_found(search, Property::ConsistentOutputs, 1);
    assert!(report.to_string().replace('\n', " ").contains("exclude each other"), "{report}");
}

#[test]
fn one_id_with_two_contents_is_inconsistent() {
    let same_id = async |message: &Message, ports: &Ports, context: &Context| {
        let command: Command = message.read()?;
        let order = stream_order(ports, &command).await?;
        point_in_time(message, ports, context).await?;
        // Every output under the id of the message itself.
        for output in context.take_outputs() {
            context.publish(Message { id: message.id, body: output.body });
        }
        _ = order;
        Ok(())
    };
    let search = || explore(|| on_streams(Endpoint::new("orders", same_id))).send([add_item("o", "tea")]);
    assert_found(search, Property::ConsistentOutputs, 0);
}

#[test]
fn state_and_outputs_that_tell_two_orders_are_found() {
    // Sorts the items of the state, and announces them as they came.
    let view = |snapshot: &Snapshot, order: &str| {
        let mut order = stream_view(snapshot, order)?;
        order.items.sort();
        Ok(order)
    };
    let system = || {
        System::of(Endpoint::new("orders", point_in_time).view(view))
            .judged_by(specifications::orders_with_welcome())
    };
    assert_found(|| explore(system).send(two()), Property::StateMatchesOutputs, 0);
}

#[test]
fn a_handler_that_always_fails_does_not_settle() {
    let fails = async |_: &Message, _: &Ports, _: &Context| anyhow::bail!("not today");
    let report = assert_found(
        || explore(|| on_streams(Endpoint::new("orders", fails))).send(two()),
        Property::Settles,
        0,
    );
    assert!(report.to_string().contains("again and again"), "{report}");
}

#[test]
fn two_that_give_way_to_each_other_may_do_so_until_one_is_first() {
    // A claim that is dropped when somebody else's is seen.
    let polite = async |message: &Message, ports: &Ports, context: &Context| {
        let mine = format!("claim {}", message.id);
        ports.documents.put(&mine, vec![], Precondition::None).await?;
        for other in two() {
            let theirs = format!("claim {}", other.id);
            if other.id != message.id && ports.documents.get(&theirs).await?.is_some() {
                ports.documents.delete(&mine, Precondition::None).await?;
                anyhow::bail!("after you");
            }
        }
        outbox(message, ports, context).await?;
        ports.documents.delete(&mine, Precondition::None).await?;
        Ok(())
    };
    // They may meet again and again, and at any time one of them may be first:
    // that is no hang.
    let report = explore(|| on_documents(Endpoint::new("orders", polite))).send(two()).faults(0).run();
    assert!(report.holds(), "{report}");
}

#[test]
fn a_claim_that_outlives_its_owner_blocks_for_ever() {
    let claims = async |message: &Message, ports: &Ports, context: &Context| {
        ports.documents.put("claim", vec![], Precondition::IfAbsent).await?;
        outbox(message, ports, context).await?;
        ports.documents.delete("claim", Precondition::None).await?;
        Ok(())
    };
    let search =
        || explore(|| on_documents(Endpoint::new("orders", claims))).send([add_item("order-1", "tea")]);
    assert_found(search, Property::Settles, 1);
}

#[test]
fn storage_beyond_its_bound_and_garbage_are_found() {
    let bounded = || {
        outbox_orders().stores_at_most("the order's document", 100, |snapshot| {
            snapshot.document("order-1").map_or(0, <[u8]>::len)
        })
    };
    assert_found(|| explore(bounded).send(two()), Property::BoundedStorage, 0);

    // Cleans up after itself, if it lives to.
    let litters = async |message: &Message, ports: &Ports, context: &Context| {
        let key = format!("draft {}", context.new_id());
        ports.documents.put(&key, b"draft".to_vec(), Precondition::None).await?;
        outbox(message, ports, context).await?;
        ports.documents.delete(&key, Precondition::None).await?;
        Ok(())
    };
    let clean = || {
        on_documents(Endpoint::new("orders", litters)).leaves_no_garbage(|snapshot| {
            snapshot
                .documents()
                .map(|(key, _)| key.to_owned())
                .filter(|key| key.starts_with("draft"))
                .collect()
        })
    };
    assert_found(|| explore(clean).send([add_item("order-1", "tea")]), Property::NoGarbage, 1);
}

/// Where too much is stored is a remark, found by looking what there would be without
/// each document; whoever measures need not be ready for that.
#[test]
fn a_measure_that_cannot_do_without_a_document_is_no_trouble() {
    let bounded = |wants_it: bool| {
        outbox_orders().stores_at_most("the order's document", 100, move |snapshot| {
            let document = snapshot.document("order-1");
            if wants_it { document.expect("the order") } else { document.unwrap_or_default() }.len()
        })
    };
    for (wants_it, remark) in [(false, " (in order-1), and may"), (true, ", and may")] {
        let report = explore(|| bounded(wants_it)).send(two()).run();
        assert_eq!(report.violated(), Some(Property::BoundedStorage), "{report}");
        let said = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        let sum = said.split("the order's document is ").nth(1).expect("the sum");
        assert!(sum.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(remark), "{report}");
    }
}

// ---- right handlers -----------------------------------------------------

/// Two messages, two workers, two faults, late effects and all.
#[track_caller]
fn assert_right(system: impl Fn() -> System) {
    for mail in [two(), [remove_item("order-1", "tea"), add_item("order-1", "tea")]] {
        let report = explore(&system)
            .send(mail)
            .faults(2)
            .with_late_effects()
            .must_visit([Fault::CrashAfterWrite, Fault::LockExpires, Fault::WriteLandsLate])
            .run();
        assert!(report.holds(), "{report}");
    }
}

#[test]
fn the_reference_handlers_are_right() {
    assert_right(point_in_time_orders);
    assert_right(outbox_orders);
}

#[test]
fn other_names_and_another_layout_are_right() {
    // A list of lines, the outputs as text; nothing is ever cleaned up.
    let lines = async |message: &Message, ports: &Ports, _: &Context| {
        let command: Command = message.read()?;
        let key = format!("zz/{}", command.order_id());
        let read = ports.documents.get(&key).await?;
        let mut text = match &read {
            Some(document) => String::from_utf8(document.body.clone())?,
            None => String::new(),
        };
        if !text.contains(&message.id.to_string()) {
            let mut order = lines_order(&text)?;
            let mut new = decide(&order, &command);
            if new.is_empty() {
                new.push(nothing_changed(&command));
            }
            for event in new {
                for said in first_item(&order, &event).into_iter().chain([event.clone()]) {
                    let output = Message::new(message.id.derive(said.name()), &said);
                    text += &format!("{}\t{}\n", message.id, serde_json::to_string(&output)?);
                }
                order.apply(&event);
            }
            ports
                .documents
                .put(&key, text.clone().into_bytes(), Precondition::unchanged_since(read.as_ref()))
                .await?;
        }
        for line in text.lines().filter(|line| line.starts_with(&message.id.to_string())) {
            let (_, output) = line.split_once('\t').unwrap();
            ports.publisher.publish(serde_json::from_str(output)?).await?;
        }
        Ok(())
    };
    fn lines_order(text: &str) -> anyhow::Result<Order> {
        let mut order = Order::default();
        for line in text.lines() {
            let output: Message = serde_json::from_str(line.split_once('\t').unwrap().1)?;
            order.apply(&output.read()?);
        }
        Ok(order)
    }
    assert_right(|| {
        System::of(Endpoint::new("orders", lines).view(|snapshot, order| {
            lines_order(&String::from_utf8(
                snapshot.document(&format!("zz/{order}")).unwrap_or_default().to_vec(),
            )?)
        }))
        .judged_by(specifications::orders_with_welcome())
    });
}

#[test]
fn a_retry_loop_inside_the_handler_is_right() {
    let stubborn = async |message: &Message, ports: &Ports, context: &Context| {
        loop {
            match point_in_time(message, ports, context).await {
                Err(error)
                    if matches!(
                        error.downcast_ref::<shared::StoreError>(),
                        Some(shared::StoreError::Conflict { .. })
                    ) => {}
                other => return other,
            }
        }
    };
    assert_right(|| on_streams(Endpoint::new("orders", stubborn)));
}

#[test]
fn extra_reads_and_extra_writes_are_right() {
    let fussy = async |message: &Message, ports: &Ports, context: &Context| {
        ports.documents.get("config").await?;
        ports.documents.put("last seen", message.id.to_string().into_bytes(), Precondition::None).await?;
        outbox(message, ports, context).await?;
        ports.documents.get("config").await?;
        ports.documents.delete("nothing", Precondition::None).await?;
        Ok(())
    };
    assert_right(|| on_documents(Endpoint::new("orders", fussy)));
}

#[test]
fn concurrent_calls_are_right() {
    let joined = async |message: &Message, ports: &Ports, context: &Context| {
        let (one, two) =
            tokio::join!(ports.documents.get("a"), ports.documents.put("b", vec![1], Precondition::None));
        one?;
        two?;
        outbox(message, ports, context).await
    };
    assert_right(|| on_documents(Endpoint::new("orders", joined)));
}

#[test]
fn outputs_that_are_all_sent_at_once_are_right() {
    let parallel = async |message: &Message, ports: &Ports, context: &Context| {
        let command: Command = message.read()?;
        let recorded = ports.events.read(command.order_id()).await?;
        let history = events(&recorded)?;
        let then = recorded.iter().position(|event| event.caused_by == message.id);
        let before = Order::after(&history[..then.unwrap_or(history.len())]);
        let event = decide(&before, &command).pop().unwrap_or_else(|| nothing_changed(&command));
        if then.is_none() {
            let record = vec![NewEvent::caused_by(message, &event)];
            ports.events.append(command.order_id(), recorded.len() as u64, record).await?;
        }
        let said = Message::new(message.id.derive(event.name()), &event);
        match first_item(&before, &event) {
            Some(first) => {
                let welcome = Message::new(message.id.derive(first.name()), &first);
                let (one, two) =
                    tokio::join!(ports.publisher.publish(said), ports.publisher.publish(welcome));
                one?;
                two?;
            }
            None => ports.publisher.publish(said).await?,
        }
        _ = context;
        Ok(())
    };
    assert_right(|| on_streams(Endpoint::new("orders", parallel)));
}

#[test]
fn a_record_of_outputs_in_a_document_of_its_own_written_first_is_right() {
    // The outputs are fixed under the message's id before the state refers to
    // them; whoever comes second takes over what the first one fixed.
    let two_documents = async |message: &Message, ports: &Ports, context: &Context| {
        let command: Command = message.read()?;
        let read = ports.documents.get(command.order_id()).await?;
        let mut stored: Stored = match &read {
            Some(document) => serde_json::from_slice(&document.body)?,
            None => Stored::default(),
        };
        if !stored.outbox.contains_key(&message.id) {
            let event = decide(&stored.order, &command).pop().unwrap_or_else(|| nothing_changed(&command));
            let welcome = first_item(&stored.order, &event);
            stored.order.apply(&event);
            let name = context.new_id();
            let outputs: Vec<Message> = welcome
                .iter()
                .chain([&event])
                .map(|said| Message::new(message.id.derive(said.name()), said))
                .collect();
            ports
                .documents
                .put(&format!("out/{name}"), serde_json::to_vec(&outputs)?, Precondition::None)
                .await?;
            let pointer = Message { id: name, body: json!("pointer") };
            stored.outbox.insert(message.id, Some(vec![pointer]));
            let condition = Precondition::unchanged_since(read.as_ref());
            ports.documents.put(command.order_id(), serde_json::to_vec(&stored)?, condition).await?;
        }
        let name: MessageId = stored.outbox[&message.id].as_ref().unwrap()[0].id;
        let outputs = ports.documents.get(&format!("out/{name}")).await?.unwrap();
        for output in serde_json::from_slice::<Vec<Message>>(&outputs.body)? {
            ports.publisher.publish(output).await?;
        }
        Ok(())
    };
    assert_right(|| on_documents(Endpoint::new("orders", two_documents)));
}

#[test]
fn a_batch_that_does_more_than_it_must_is_right() {
    // Sends everything it finds unsent, not only what its own message led to.
    let helpful = async |message: &Message, ports: &Ports, context: &Context| {
        let command: Command = message.read()?;
        if let Some(document) = ports.documents.get(command.order_id()).await? {
            let stored: Stored = serde_json::from_slice(&document.body)?;
            for output in stored.outbox.into_values().flatten().flatten() {
                ports.publisher.publish(output).await?;
            }
        }
        outbox(message, ports, context).await
    };
    assert_right(|| on_documents(Endpoint::new("orders", helpful)));
}

/// Reads twice to be sure, and takes the newer of the two.
async fn reads_twice(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let documents = &ports.documents;
    let (one, other) = (documents.get("till").await?, documents.get("till").await?);
    let seen = |read: &Option<shared::Document>| read.as_ref().map_or(0, |document| document.body.len());
    let read = if seen(&other) > seen(&one) { other } else { one };
    let mark = format!("seen {}", message.id);
    // Only what both reads miss is put a second time.
    if documents.get(&mark).await?.is_none() && documents.get(&mark).await?.is_none() {
        let condition = Precondition::unchanged_since(read.as_ref());
        documents.put("till", vec![b'x'; seen(&read) + 1], condition).await?;
        documents.put(&mark, Vec::new(), Precondition::None).await?;
    }
    Ok(())
}

#[test]
fn reading_twice_beats_a_bound_on_reads_and_not_one_on_deliveries() {
    let view = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("till").map_or(0, <[u8]>::len));
    let weak = || {
        System::of(Endpoint::new("till", reads_twice).view(view))
            .judged_by(Till)
            .store("till", chaos::StoreKind { weak: true, limit: None })
    };
    let search =
        || explore(weak).send([message("one")]).workers(1).only([Fault::Duplicate, Fault::StaleRead]);
    let by_read = search().stale(1).run();
    assert!(by_read.holds(), "{by_read}");
    let by_delivery = search().stale_deliveries(1).run();
    assert_eq!(by_delivery.violated(), Some(Property::NoDuplicatedProcessing), "{by_delivery}");
    assert!(by_delivery.bounds.ends_with("every read of 1 delivery old"), "{}", by_delivery.bounds);
}

#[test]
fn a_budget_that_nothing_can_spend_is_refused() {
    let view = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("till").map_or(0, <[u8]>::len));
    let strong = || System::of(Endpoint::new("till", reads_twice).view(view)).judged_by(Till);
    let report = explore(strong).send([message("one")]).stale(1).run();
    assert!(matches!(report.verdict, chaos::Verdict::Inconclusive(_)), "{report}");
    assert!(report.to_string().contains("No store of this system is weak"), "{report}");
}

/// Each message adds one to the till.
struct Till;

impl chaos::Specification for Till {
    fn aggregate(&self, _: &Message) -> String {
        "till".to_owned()
    }
    fn initial(&self) -> serde_json::Value {
        0.into()
    }
    fn process(
        &self,
        state: &serde_json::Value,
        _: &Message,
    ) -> Vec<(serde_json::Value, Vec<serde_json::Value>)> {
        vec![((state.as_u64().unwrap_or(0) + 1).into(), Vec::new())]
    }
    fn describe(&self, state: &serde_json::Value) -> String {
        format!("a till of {state}")
    }
    fn damage(&self, _: &str, symptom: &chaos::Symptom) -> String {
        format!("{symptom:?}")
    }
}

fn message(name: &str) -> Message {
    Message::new(shared::MessageId::named(name), &name)
}

#[test]
fn what_a_reduction_leaves_out_as_dominated_counts_as_visited() {
    // A handler that calls nothing: its lock can expire only while it acknowledges.
    let idle = async |_: &Message, _: &Ports, _: &Context| Ok(());
    let view = |_: &Snapshot, _: &str| Ok(1);
    let system = || System::of(Endpoint::new("till", idle).view(view)).judged_by(Till);
    let search = |workers| explore(system).send([message("one")]).workers(workers);
    let report = search(2).must_visit([Fault::LockExpires]).run();
    assert!(report.holds(), "{report}");
    // With one worker nobody can take over, and it says so.
    let alone = search(1).must_visit([Fault::LockExpires]).run();
    assert!(matches!(alone.verdict, chaos::Verdict::Inconclusive(_)), "{alone}");
}
