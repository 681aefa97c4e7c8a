//! How a run is told: what changes, what is folded, who knows the message, and from
//! where on nothing ends right any more. All expected lines are written down by hand.

#![allow(missing_docs)]

use std::time::Duration;

use chaos::{Crash, Explore, Fault, NoReturn, Point, Report, System, explore};
use chaos::{Property, specifications};
use ports::{Context, Document, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::order::{Command, Order, OrderEvent, add_item, decide, first_item, nothing_changed, remove_item};

/// The order and the ids that it has seen, in one document.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    order: Order,
    seen: Vec<String>,
}

fn read(document: Option<&Document>) -> Stored {
    document.map_or_else(Default::default, |document| {
        serde_json::from_slice(&document.body).expect("only this handler writes it")
    })
}

fn view(snapshot: &Snapshot, key: &str) -> anyhow::Result<Order> {
    Ok(match snapshot.document(key) {
        Some(body) => serde_json::from_slice::<Stored>(body)?.order,
        None => Order::default(),
    })
}

/// Stores, and then announces. A copy finds its id, and says no more.
async fn announces_last(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let found = ports.documents.get(command.order_id()).await?;
    let Some((stored, said)) = decided(message, &command, found.as_ref()) else { return Ok(()) };
    store(ports, &command, found.as_ref(), &stored).await?;
    announce(ports, message, &said).await
}

/// Announces, under ids that are the same each time, and then stores.
async fn announces_first(message: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let found = ports.documents.get(command.order_id()).await?;
    let Some((stored, said)) = decided(message, &command, found.as_ref()) else { return Ok(()) };
    announce(ports, message, &said).await?;
    store(ports, &command, found.as_ref(), &stored).await
}

/// What a message comes to, if it is not known.
fn decided(
    message: &Message,
    command: &Command,
    found: Option<&Document>,
) -> Option<(Stored, Vec<OrderEvent>)> {
    let Stored { mut order, mut seen } = read(found);
    if seen.contains(&message.id.to_string()) {
        return None;
    }
    let mut said = Vec::new();
    for event in decide(&order, command) {
        said.extend(first_item(&order, &event));
        order.apply(&event);
        said.push(event);
    }
    if said.is_empty() {
        said.push(nothing_changed(command));
    }
    seen.push(message.id.to_string());
    Some((Stored { order, seen }, said))
}

async fn store(
    ports: &Ports,
    command: &Command,
    found: Option<&Document>,
    stored: &Stored,
) -> anyhow::Result<()> {
    let as_read = Precondition::unchanged_since(found);
    ports.documents.put(command.order_id(), serde_json::to_vec(stored)?, as_read).await?;
    Ok(())
}

async fn announce(ports: &Ports, message: &Message, said: &[OrderEvent]) -> anyhow::Result<()> {
    for event in said {
        ports.publisher.publish(Message::new(message.id.derive(event.name()), event)).await?;
    }
    Ok(())
}

fn orders() -> System {
    System::of(Endpoint::new("orders", announces_last).view(view))
        .judged_by(specifications::orders_with_welcome())
}

fn lost() -> Explore {
    explore(orders).send([add_item("order-1", "tea")])
}

/// The line of the story that has this in it.
#[track_caller]
fn line<'a>(report: &'a Report, text: &str) -> &'a str {
    let found = report.story.lines().find(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("no line says {text:?}:\n{report}"))
}

#[test]
fn the_point_of_no_return_is_the_fault_where_that_decides() {
    let report = lost().only([Fault::CrashAfterWrite]).run();
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    // A delivery, a read; then it stores, and dies: whoever comes next says no more.
    assert_eq!(report.no_return, Some(NoReturn::After(2)), "{report}");
    assert!(line(&report, "puts order-1").starts_with("✗◆"), "{report}");
    assert_eq!(report.story.matches('◆').count(), 2, "the sign and what it means: {report}");
}

/// Two workers have read that there is no order, and neither will ask again: whoever
/// writes last loses what the other has written. So it is the second read that decides.
#[test]
fn the_point_of_no_return_can_be_a_read() {
    let careless = async |message: &Message, ports: &Ports, context: &Context| -> anyhow::Result<()> {
        let command: Command = message.read()?;
        let found = ports.documents.get(command.order_id()).await?;
        let Stored { mut order, mut seen } = read(found.as_ref());
        if !seen.contains(&message.id.to_string()) {
            for event in decide(&order, &command) {
                order.apply(&event);
            }
            seen.push(message.id.to_string());
        }
        let body = serde_json::to_vec(&Stored { order, seen })?;
        ports.documents.put(command.order_id(), body, Precondition::None).await?;
        // Whatever happened to the order, it says the same.
        let said = json!({ "ItemAdded": { "order_id": command.order_id(), "item": item(message) } });
        context.publish(Message::new(message.id.derive("said"), &said));
        Ok(())
    };
    let system =
        || System::of(Endpoint::new("orders", careless).view(view)).judged_by(specifications::orders());
    let report =
        explore(system).send([add_item("order-1", "tea"), add_item("order-1", "cake")]).faults(0).run();
    assert_eq!(report.violated(), Some(Property::NoLostMessages), "{report}");
    let turn = report.story.lines().find(|line| line.chars().nth(1) == Some('◆')).expect("a turn");
    assert!(turn.contains("gets order-1: not there"), "{report}");
    assert_eq!(report.story.matches("gets order-1: not there").count(), 2, "{report}");
    assert!(report.story.split('◆').next().is_some_and(|before| before.contains("gets")), "{report}");
}

fn item(message: &Message) -> Value {
    message.body["AddItem"]["item"].clone()
}

#[test]
fn what_never_ends_right_has_no_point_of_no_return() {
    let silent = async |_: &Message, _: &Ports, _: &Context| Ok(());
    let system = || {
        System::of(Endpoint::new("orders", silent).view(view))
            .judged_by(specifications::orders_with_welcome())
    };
    let report = explore(system).send([add_item("order-1", "tea")]).run();
    assert_eq!(report.no_return, Some(NoReturn::FromTheStart), "{report}");
    assert_eq!(report.story.matches('◆').count(), 1, "{report}");
    assert!(report.story.contains("no ◆: too late from the start"), "{report}");
    // What is right has none, either, and nothing is said of it.
    let right = lost().faults(0).run();
    assert!(right.no_return.is_none() && !right.story.contains('◆'), "{right}");
}

/// It is right for a moment, and never at rest: what counts is the end.
#[test]
fn what_is_right_on_the_way_is_no_right_end() {
    let says_too_much = async |message: &Message, ports: &Ports, context: &Context| {
        announces_last(message, ports, context).await?;
        let said = json!({ "NothingChanged": { "order_id": "order-1", "item": "tea" } });
        let ghost = Message::new(message.id.derive("ghost"), &said);
        Ok(ports.publisher.publish(ghost).await?)
    };
    let system = || {
        System::of(Endpoint::new("orders", says_too_much).view(view))
            .judged_by(specifications::orders_with_welcome())
    };
    let report = explore(system).send([add_item("order-1", "tea")]).faults(0).run();
    assert!(report.violated().is_some(), "{report}");
    assert_eq!(report.no_return, Some(NoReturn::FromTheStart), "{report}");
}

/// Every delivery makes a new version, and so a new etag: it is one state all the same.
#[test]
fn what_goes_round_for_ever_is_seen_to_be_too_late() {
    let refuses = async |message: &Message, ports: &Ports, _: &Context| {
        ports.documents.put("tried", message.name().into(), Precondition::None).await?;
        anyhow::bail!("not today")
    };
    let system = || {
        System::of(Endpoint::new("orders", refuses).view(view))
            .judged_by(specifications::orders_with_welcome())
    };
    let report = explore(system).send([add_item("order-1", "tea")]).faults(0).run();
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    assert_eq!(report.no_return, Some(NoReturn::FromTheStart), "{report}");
}

/// The receipt waits for the payment, and is right to. What is wrong is that the payment is
/// refused once there is an order: with the receipt alone, nothing would come to rest, either.
#[test]
fn what_never_comes_to_rest_is_not_told_by_a_message_that_is_missing() {
    let till = async |message: &Message, ports: &Ports, _: &Context| {
        let is_there = async |name| anyhow::Ok(ports.documents.get(name).await?.is_some());
        match message.name() {
            "Receipt" => anyhow::ensure!(is_there("Payment").await?, "not paid yet"),
            "Payment" => anyhow::ensure!(!is_there("Order").await?, "there is an order"),
            _ => {}
        }
        ports.documents.put(message.name(), Vec::new(), Precondition::None).await?;
        Ok(())
    };
    let sent = ["Order", "Payment", "Receipt"].map(|name| Message::new(MessageId::named(name), &name));
    let system = || System::of(Endpoint::new("till", till)).leaves_no_garbage(|_| Vec::new());
    let report = explore(system).send(sent).workers(1).faults(0).run();
    assert_eq!(report.violated(), Some(Property::Settles), "{report}");
    assert!(report.story.contains("there is an order"), "{report}");
    assert!(report.bounds.contains("3 messages"), "{report}");
}

/// A search with a rule for what is stored at rest: what it complains of.
fn ruled(endpoint: Endpoint, rule: fn(&Snapshot) -> bool) -> Explore {
    let complaint = move |snapshot: &Snapshot| match rule(snapshot) {
        true => Vec::new(),
        false => vec!["what breaks the rule".to_owned()],
    };
    explore(move || System::of(endpoint.clone()).leaves_no_garbage(complaint))
}

#[track_caller]
fn assert_turns(report: &Report, no_return: Option<NoReturn>) {
    assert_eq!(report.violated(), Some(Property::NoGarbage), "{report}");
    assert_eq!(report.no_return, no_return, "{report}");
}

#[test]
fn the_point_of_no_return_is_found_wherever_in_the_run_it_is() {
    let mail = || [add_item("order-1", "tea"), add_item("order-1", "cake")];
    // Whoever comes first stays: here, that is the cake.
    let first = Endpoint::new("first", async |message, ports, _| {
        _ = ports.documents.put("first", item(message).to_string().into(), Precondition::IfAbsent).await;
        Ok(())
    });
    let tea = |snapshot: &Snapshot| snapshot.document("first") == Some(b"\"tea\"".as_slice());
    assert_turns(&ruled(first, tea).send(mail()).workers(1).faults(0).run(), Some(NoReturn::After(0)));

    // The mark is there, and says that all is done.
    let marked = Endpoint::new("marked", async |_, ports, _| {
        if ports.documents.put("mark", b"!".to_vec(), Precondition::IfAbsent).await.is_ok() {
            ports.documents.put("done", b"!".to_vec(), Precondition::None).await?;
        }
        Ok(())
    });
    let done = |snapshot: &Snapshot| snapshot.document("done").is_some();
    let [tea, _] = mail();
    let crash = ruled(marked, done).send([tea.clone()]).only([Fault::CrashAfterWrite]);
    assert_turns(&crash.run(), Some(NoReturn::After(1)));

    // A delivery, a write, an acknowledgement; and then time takes it away.
    let note = || {
        Endpoint::new("note", async |_, ports, _| {
            let second = Duration::from_secs(1);
            ports.documents.put_expiring("note", b"!".to_vec(), Precondition::None, second).await?;
            Ok(())
        })
    };
    let there = |snapshot: &Snapshot| snapshot.document("note").is_some();
    let report = ruled(note(), there).send([tea.clone()]).faults(0).run();
    assert_turns(&report, Some(NoReturn::After(3)));

    // It is wrong at rest, and time alone makes it right.
    let gone = |snapshot: &Snapshot| snapshot.document("note").is_none();
    assert_turns(&ruled(note(), gone).send([tea]).faults(0).run(), None);
}

/// Until the tea has come, each time that the cake is delivered is another one.
#[test]
fn where_there_is_no_end_to_it_the_point_of_no_return_is_not_known() {
    let counts = Endpoint::new("counts", async |message, ports, _| {
        if item(message) == "tea" {
            ports.documents.put("tea", b"!".to_vec(), Precondition::None).await?;
        } else if ports.documents.get("tea").await?.is_none() {
            let found = ports.documents.get("tries").await?;
            let tries: u32 = found.map_or(Ok(0), |found| serde_json::from_slice(&found.body))?;
            let body = (tries + 1).to_string().into_bytes();
            ports.documents.put("tries", body, Precondition::None).await?;
            anyhow::bail!("no tea yet")
        }
        Ok(())
    });
    let mail = [add_item("order-1", "tea"), add_item("order-1", "cake")];
    let report = ruled(counts, |_| false).send(mail).workers(1).faults(0).run();
    assert_eq!(report.violated(), Some(Property::NoGarbage), "{report}");
    let Some(NoReturn::Unknown { states }) = report.no_return else { panic!("{report}") };
    // Some states for each delivery, and not as many as there can be.
    assert!((1_500..15_000).contains(&states), "{states}");
}

#[test]
fn who_knows_the_message_is_marked_on_the_lanes() {
    let report = lost().only([Fault::CrashAfterWrite]).run();
    // Only the broker has it at first; in the end, only the order.
    let marks = |text: &str| line(&report, text).chars().filter(|&sign| sign == '┃').count();
    assert_eq!(marks("gets order-1: not there"), 1, "{report}");
    let acknowledged = line(&report, "acknowledges");
    assert!(!acknowledged.starts_with("     ┃") && acknowledged.contains('┃'), "{report}");
    assert!(report.story.contains("┃ AddItem(tea) is known here"), "{report}");
}

#[test]
fn a_write_is_told_by_what_it_changes() {
    let run = chaos::Chaos::on(orders)
        .send([add_item("order-1", "tea"), add_item("order-1", "cake"), remove_item("order-1", "tea")])
        .under(Crash::before(Point::Ack, 2))
        .run();
    let story = run.story();
    let flat = story.replace(['│', '┃'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "puts order-1 if absent: {order: {items: [tea]}, seen: [‹AddItem(tea)›]} (v1)",
        "puts order-1 if still v1: order.items +cake, seen +‹AddItem(cake)› (v2)",
        "puts order-1 if still v2: order.items −tea, seen +‹RemoveItem(tea)› (v3)",
    ] {
        assert!(flat.contains(told), "{told}\n{story}");
    }
}

#[test]
fn deliveries_that_go_as_usual_are_one_line() {
    let report = explore(orders)
        .send([add_item("order-1", "tea"), add_item("order-2", "cake")])
        .only([Fault::CrashAfterWrite])
        .run();
    // Nothing is folded where nothing is wrong.
    let usual =
        chaos::Chaos::on(orders).send([add_item("order-1", "tea"), add_item("order-2", "cake")]).run();
    assert!(
        !usual.story().contains("delivered and done") && !usual.story().contains('┃'),
        "{}",
        usual.story()
    );
    let folded = report.story.lines().filter(|line| line.contains("delivered and done")).count();
    assert!(folded <= 1 && report.story.lines().count() < 20, "{report}");
}

/// What is read in a story stands in it in words, every time, where it is short.
#[test]
fn a_short_document_is_told_whenever_it_is_read() {
    let notes = async |message: &Message, ports: &Ports, _: &Context| -> anyhow::Result<()> {
        let found = ports.documents.get("order-1").await?;
        if found.is_none() {
            ports.documents.put("order-1", b"\"Claimed\"".to_vec(), Precondition::None).await?;
        }
        ports.documents.get("order-1").await?;
        let said = json!({ "Seen": { "item": item(message) } });
        ports.publisher.publish(Message::new(message.id.derive("seen"), &said)).await?;
        ports.documents.put("order-1", b"\"Claimed\"".to_vec(), Precondition::None).await?;
        Ok(())
    };
    let system = || System::of(Endpoint::new("orders", notes).view(|_, _| Ok(0)));
    let sent = [add_item("order-1", "tea"), add_item("order-1", "cake")];
    let story = chaos::Chaos::on(system).send(sent).run().story().to_owned();
    assert!(story.contains("gets order-1: Claimed (v1)"), "{story}");
    assert!(story.contains("puts order-1: Claimed, as before (v2)"), "{story}");
    assert!(story.contains("gets order-1: Claimed (v2)"), "{story}");
}

/// Two messages whose outputs have one id: the second is taken for a copy of the first.
#[test]
fn an_output_that_takes_the_id_of_another_is_told_as_such() {
    let by_content = async |message: &Message, _: &Ports, context: &Context| -> anyhow::Result<()> {
        let body = json!({ "ItemAdded": { "order_id": "order-1", "item": item(message) } });
        context.publish(Message::new(ports::MessageId::named("tea").derive("ItemAdded"), &body));
        Ok(())
    };
    let system = || System::of(Endpoint::new("orders", by_content).view(|_, _| Ok(0)));
    let tea = add_item("order-1", "tea");
    let again = Message::new(tea.id.derive("again"), &tea.body);
    let sent = [tea, again];
    let run = chaos::Chaos::on(system).send(sent).under(Crash::before(Point::Ack, 0)).run();
    let story = run.story();
    assert_eq!(story.matches("under the id of an earlier one").count(), 2, "{}", run.report());
    assert!(story.contains("AddItem(tea) is delivered again"), "{story}");
    assert!(!story.contains("under another id"), "{story}");
}

/// The error that the line above has told is not told again; a handler's own is.
#[test]
fn an_error_is_told_once() {
    let own_words = async |message: &Message, ports: &Ports, _: &Context| -> anyhow::Result<()> {
        let put = ports.documents.put("order-1", b"1".to_vec(), Precondition::None).await;
        match put {
            Err(_) if item(message) == "cake" => anyhow::bail!("no luck"),
            // Its own words are not lost because they begin as a port's do.
            Err(error) if item(message) == "milk" => anyhow::bail!("{error}, and I have no patience"),
            other => Ok(_ = other?),
        }
    };
    let told = |thing: &str| {
        let system = || System::of(Endpoint::new("orders", own_words).view(|_, _| Ok(0)));
        let run = chaos::Chaos::on(system).send([add_item("order-1", thing)]);
        run.under(chaos::LostReply::of_write(0, 0)).run().story().to_owned()
    };
    let (tea, cake, milk) = (told("tea"), told("cake"), told("milk"));
    assert!(milk.replace('\n', " ").contains("no patience"), "{milk}");
    assert!(tea.contains("the reply is lost") && tea.contains("gives up; the message goes back"), "{tea}");
    assert!(!tea.contains("may or may not"), "{tea}");
    assert!(cake.contains("returns the error “no luck”"), "{cake}");
}

/// An answer that stands beside a mistake as the right one is held to it, under the script
/// of the story: one that is wrong itself is found out.
#[test]
fn the_answer_beside_a_mistake_must_hold_under_its_script() {
    let beside = |answer: Endpoint| {
        let mistake = Endpoint::new("orders", announces_last).view(view);
        let system = System::of(mistake).judged_by(specifications::orders_with_welcome()).beside([answer]);
        explore(move || system).send([add_item("order-1", "tea")]).faults(1).run()
    };
    let right = beside(Endpoint::new("orders", announces_first).view(view));
    assert!(!right.holds(), "the story is the mistake's");
    right.assert_the_answer_holds();
    let wrong = beside(Endpoint::new("orders", announces_last).view(view));
    let told = std::panic::catch_unwind(|| wrong.assert_the_answer_holds()).expect_err("it is wrong, too");
    let told = told.downcast_ref::<String>().expect("words");
    assert!(
        told.starts_with("under the same script, the right answer does not hold either: VIOLATED"),
        "{told}"
    );
}
