//! Workflows, sagas and jobs: what outlives the process that runs it.

use std::collections::{BTreeMap, BTreeSet};

use chaos::{Explore, Fault, Property, Specification, System, explore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot, StoreError};

use crate::{
    about, assert_found, assert_repaired, json_of, law, lists, load, named, output, publishes, save, shown,
};

// ---- what is collected, and in which order ----------------------------------

/// The engine's own store: whether there is a workflow, and what was answered to whoever
/// wanted to start one.
#[derive(Default, Serialize, Deserialize)]
struct Workflow {
    started_by: Option<String>,
    ran: BTreeMap<String, bool>,
    /// Whose workflow was collected, once one was.
    collected: Option<String>,
}

/// The application's store: which steps are recorded, and what they did.
#[derive(Default, Serialize, Deserialize)]
struct Steps {
    recorded: Option<String>,
    done: Vec<String>,
}

async fn start(message: &Message, ports: &Ports) -> anyhow::Result<()> {
    let me = about(message).to_owned();
    let (read, mut workflow) = load::<Workflow>(&*ports.documents, "workflow").await?;
    let ran = match workflow.ran.get(&me) {
        Some(&ran) => ran,
        None => {
            let ran = workflow.started_by.is_none();
            if ran {
                workflow.started_by = Some(me.clone());
            }
            workflow.ran.insert(me.clone(), ran);
            save(&*ports.documents, "workflow", read.as_ref(), &workflow).await?;
            ran
        }
    };
    if ran {
        let (read, mut steps) = load::<Steps>(ports.store("application"), "steps").await?;
        // A step that is recorded was done before.
        if steps.recorded.is_none() && !steps.done.contains(&me) {
            steps.recorded = Some(me.clone());
            steps.done.push(me.clone());
            save(ports.store("application"), "steps", read.as_ref(), &steps).await?;
        }
    }
    let answer = if ran { json!({ "Ran": me }) } else { json!({ "Known": me }) };
    ports.publisher.publish(output(message, answer)).await?;
    Ok(())
}

async fn forget_steps(ports: &Ports, of: &str) -> anyhow::Result<()> {
    let (read, mut steps) = load::<Steps>(ports.store("application"), "steps").await?;
    if steps.recorded.as_deref() == Some(of) {
        steps.recorded = None;
        save(ports.store("application"), "steps", read.as_ref(), &steps).await?;
    }
    Ok(())
}

async fn collect(ports: &Ports, steps_first: bool) -> anyhow::Result<()> {
    let (read, mut workflow) = load::<Workflow>(&*ports.documents, "workflow").await?;
    if let Some(of) = &workflow.collected {
        return forget_steps(ports, of).await;
    }
    let Some(of) = workflow.started_by.take() else { anyhow::bail!("there is nothing to collect yet") };
    let (_, steps) = load::<Steps>(ports.store("application"), "steps").await?;
    anyhow::ensure!(steps.done.contains(&of), "it still runs");
    if steps_first {
        forget_steps(ports, &of).await?;
    }
    workflow.collected = Some(of.clone());
    save(&*ports.documents, "workflow", read.as_ref(), &workflow).await?;
    if steps_first { Ok(()) } else { forget_steps(ports, &of).await }
}

fn collected(steps_first: bool) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, _: &Context| match message.name() {
        "Start" => start(message, ports).await,
        _ => collect(ports, steps_first).await,
    };
    let view = |snapshot: &Snapshot, _: &str| {
        let steps = snapshot.document_in("application", "steps");
        let steps: Steps = steps.map_or(Ok(Steps::default()), serde_json::from_slice)?;
        let there = shown::<Workflow>(snapshot, "workflow")?.started_by.is_some();
        Ok(json!({ "there": there, "done": steps.done }))
    };
    let law = law(json!({ "there": false, "done": [] }), |state: &Value, message: &Message| {
        let (mut next, mut outputs) = (state.clone(), Vec::new());
        let there = state["there"] == json!(true);
        match (message.name(), there) {
            ("Start", true) => outputs.push(json!({ "Known": about(message) })),
            ("Start", false) => {
                next["done"].as_array_mut().expect("a list").push(json!(about(message)));
                outputs.push(json!({ "Ran": about(message) }));
            }
            // It is collected when it is there.
            (_, false) => return Vec::new(),
            (_, true) => {}
        }
        next["there"] = json!(message.name() == "Start");
        vec![(next, outputs)]
    });
    let engine = Endpoint::new("engine", handler).with_store("application").view(view);
    let start = |name: &str| Message::new(MessageId::named(name), &json!({ "Start": name }));
    explore(|| System::of(engine).judged_by(law)).send([start("first"), start("second"), named("Collect")])
}

/// dbos-inc/dbos-transact-py#769. The collector deletes a workflow from one store and its
/// steps from another, and dies in between; the next workflow of the same id finds the steps
/// and believes that it has done them. The repair: the steps are deleted first.
#[test]
fn a_collector_that_dies_between_two_stores_leaves_steps_to_the_next_workflow() {
    // Alone, it must die; beside another worker it only has to be slow.
    let alone = |steps_first| collected(steps_first).workers(1);
    assert_found(|| alone(false), Property::NoLostMessages, &[Fault::WriteReplyLost]);
    assert_found(
        || alone(false).only([Fault::CrashAfterWrite]),
        Property::NoLostMessages,
        &[Fault::CrashAfterWrite],
    );
    assert_found(|| collected(false), Property::NoLostMessages, &[]);
    assert_repaired(|| alone(true), 1, &[Fault::WriteReplyLost, Fault::CrashAfterWrite]);
    assert_repaired(|| collected(true), 1, &[Fault::WriteReplyLost, Fault::CrashAfterWrite]);
}

// ---- a request that is merged -------------------------------------------------

/// One job for a key, however many ask for it: it indexes whatever was edited.
fn merged_requests(merging_counts: bool) -> Explore {
    let edit = async move |message: &Message, ports: &Ports, _: &Context| {
        let shared = ports.store("shared");
        let (read, mut edits) = load::<BTreeSet<String>>(shared, "edits").await?;
        if edits.insert(about(message).to_owned()) {
            save(shared, "edits", read.as_ref(), &edits).await?;
        }
        match shared.put("job", b"index".to_vec(), Precondition::IfAbsent).await {
            // It is asked for already.
            Err(StoreError::Conflict { .. }) if merging_counts => {
                shared.put("job", b"index".to_vec(), Precondition::None).await?;
            }
            Err(StoreError::Conflict { .. }) => {}
            other => _ = other?,
        }
        ports.publisher.publish(output(message, json!({ "Edited": about(message) }))).await?;
        Ok(())
    };
    let work = async move |_: &Message, ports: &Ports, _: &Context| {
        let shared = ports.store("shared");
        let Some(job) = shared.get("job").await? else { return Ok(()) };
        let (_, edits) = load::<BTreeSet<String>>(shared, "edits").await?;
        let (read, mut index) = load::<BTreeSet<String>>(&*ports.documents, "index").await?;
        index.extend(edits);
        save(&*ports.documents, "index", read.as_ref(), &index).await?;
        let which = if merging_counts { Precondition::IfEtag(job.etag) } else { Precondition::None };
        shared.delete("job", which).await?;
        Ok(())
    };
    let editor = Endpoint::new("editor", edit).with_shared_store("shared");
    let worker = Endpoint::new("worker", work).with_shared_store("shared").subscribes_to("Edited");
    let worker = worker.view(|snapshot, _| shown::<BTreeSet<String>>(snapshot, "index"));
    let system = || {
        System::of(editor)
            .judged_by(publishes(|edit| json!({ "Edited": edit })))
            .and(worker)
            .judged_by(lists())
    };
    explore(system).send([named("intro"), named("notes")])
}

/// graphile/worker#303 (`unsafe_dedupe`). A request is merged into the job of its key, which
/// is already running and does not see it; then the job is deleted, and the request with it.
/// The repair: a job that was asked for again is not deleted, but runs again.
#[test]
fn a_request_that_is_merged_into_a_running_job_is_deleted_with_it() {
    assert_found(|| merged_requests(false), Property::NoLostMessages, &[]);
    assert_repaired(|| merged_requests(true), 0, &[]);
    assert_repaired(|| merged_requests(true), 1, &[Fault::CrashAfterWrite, Fault::WriteReplyLost]);
}

// ---- a new generation ----------------------------------------------------------

/// Events that have come for one generation of an orchestration.
#[derive(Default, Serialize, Deserialize)]
struct Mailbox {
    closed: bool,
    events: BTreeSet<String>,
}

/// An orchestration, which begins anew so that its history does not grow.
#[derive(Default, Serialize, Deserialize)]
struct Orchestration {
    generation: usize,
    handled: BTreeSet<String>,
}

fn mailbox(generation: usize) -> String {
    format!("mailbox {generation}")
}

fn generations(closes_the_mailbox: bool) -> Explore {
    let raise = async |message: &Message, ports: &Ports, _: &Context| {
        let shared = ports.store("shared");
        let event = about(message);
        let (_, orchestration) = load::<Orchestration>(shared, "orchestration").await?;
        let mut known = false;
        for earlier in 0..orchestration.generation {
            known |= load::<Mailbox>(shared, &mailbox(earlier)).await?.1.events.contains(event);
        }
        let key = mailbox(orchestration.generation);
        let (read, mut mailbox) = load::<Mailbox>(shared, &key).await?;
        if !known && !mailbox.events.contains(event) {
            anyhow::ensure!(!mailbox.closed, "the next generation is about to begin");
            mailbox.events.insert(event.to_owned());
            save(shared, &key, read.as_ref(), &mailbox).await?;
        }
        ports.publisher.publish(output(message, json!({ "Raised": event }))).await?;
        Ok(())
    };
    let run = async move |_: &Message, ports: &Ports, _: &Context| {
        let shared = ports.store("shared");
        let (instance, mut orchestration) = load::<Orchestration>(shared, "orchestration").await?;
        let key = mailbox(orchestration.generation);
        let (read, mut mailbox) = load::<Mailbox>(shared, &key).await?;
        if mailbox.events.is_empty() {
            return Ok(());
        }
        if closes_the_mailbox && !mailbox.closed {
            mailbox.closed = true;
            save(shared, &key, read.as_ref(), &mailbox).await?;
        }
        orchestration.handled.extend(mailbox.events);
        orchestration.generation += 1;
        save(shared, "orchestration", instance.as_ref(), &orchestration).await?;
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| {
        let body = snapshot.document_in("shared", "orchestration");
        Ok(body.map_or(Ok(Orchestration::default()), serde_json::from_slice)?.handled)
    };
    let client = Endpoint::new("client", raise).with_shared_store("shared");
    let engine = Endpoint::new("engine", run).with_shared_store("shared").subscribes_to("Raised").view(view);
    let system = || {
        System::of(client)
            .judged_by(publishes(|event| json!({ "Raised": event })))
            .and(engine)
            .judged_by(lists())
    };
    explore(system).send([named("paid"), named("sent")])
}

/// Azure/azure-functions-durable-extension#67 (#676), microsoft/durabletask-dotnet#387. An
/// orchestration begins a new generation, and events that came for the old one after it had
/// looked for the last time are lost. The repair: the mailbox is closed first, and whoever
/// finds it closed comes again.
#[test]
fn an_event_for_the_generation_that_just_ended_is_lost() {
    assert_found(|| generations(false), Property::NoLostMessages, &[]);
    assert_repaired(|| generations(true), 0, &[]);
    assert_repaired(|| generations(true), 1, &[Fault::CrashAfterWrite, Fault::WriteReplyLost]);
}

// ---- a timeout that comes late ---------------------------------------------------

#[derive(Clone, Copy, PartialEq)]
enum Saga {
    BeginsWithAnything,
    BeginsWithItsStart,
    LeavesATombstone,
}

/// What a tombstone says.
#[derive(Default, Serialize, Deserialize)]
struct Grave {
    open: bool,
    outputs: BTreeMap<MessageId, Option<String>>,
}

/// What a message leads to: whether the saga is open, and what it says.
fn next(open: bool, message: &str) -> (bool, Option<&'static str>) {
    match message {
        "Order" => (true, Some("Timeout")),
        "Pay" if open => (false, Some("Completed")),
        "Timeout" if open => (false, Some("Cancelled")),
        _ => (open, None),
    }
}

fn sales_law() -> impl Specification {
    law(json!(false), |state: &Value, message: &Message| {
        let (open, says) = next(state == &json!(true), message.name());
        vec![(json!(open), says.into_iter().map(|says| json!(says)).collect())]
    })
}

async fn deleted_when_over(message: &Message, ports: &Ports, kind: Saga) -> anyhow::Result<Option<String>> {
    let found = ports.documents.get("saga").await?;
    let begins = kind == Saga::BeginsWithAnything && message.name() == "Timeout";
    let (open, says) = next(found.is_some() || begins, message.name());
    let unchanged = Precondition::unchanged_since(found.as_ref());
    if open {
        ports.documents.put("saga", b"open".to_vec(), unchanged).await?;
    } else if found.is_some() {
        ports.documents.delete("saga", unchanged).await?;
    }
    Ok(says.map(str::to_owned))
}

async fn with_a_tombstone(message: &Message, ports: &Ports) -> anyhow::Result<Option<String>> {
    let (read, mut grave) = load::<Grave>(&*ports.documents, "saga").await?;
    if let Some(said) = grave.outputs.get(&message.id) {
        return Ok(said.clone());
    }
    let (open, says) = next(grave.open, message.name());
    grave.open = open;
    grave.outputs.insert(message.id, says.map(str::to_owned));
    save(&*ports.documents, "saga", read.as_ref(), &grave).await?;
    Ok(says.map(str::to_owned))
}

fn saga(kind: Saga) -> Explore {
    let handler = async move |message: &Message, ports: &Ports, context: &Context| {
        let says = match kind {
            Saga::LeavesATombstone => with_a_tombstone(message, ports).await?,
            _ => deleted_when_over(message, ports, kind).await?,
        };
        if let Some(says) = says {
            context.publish(output(message, json!(says)));
        }
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| {
        Ok(match snapshot.document("saga") {
            Some(b"open") => true,
            Some(grave) => serde_json::from_slice::<Grave>(grave)?.open,
            None => false,
        })
    };
    let sales = Endpoint::new("sales", handler).subscribes_to("Timeout").view(view);
    explore(|| System::of(sales).judged_by(sales_law())).send([named("Order"), named("Pay")])
}

/// Particular/NServiceBus#2446, JasperFx/wolverine#1095, MassTransit/MassTransit#525. A
/// timeout comes when its saga is over and deleted; it starts a new one, and an order that
/// was paid is cancelled. The repair of the reports: a timeout starts nothing. What is left
/// then: a saga that is deleted with its last message unsent. The repair of both: it stays
/// as a tombstone.
#[test]
fn a_late_timeout_starts_a_finished_saga_anew() {
    assert_found(|| saga(Saga::BeginsWithAnything), Property::NoGhostMessages, &[]);
    assert_repaired(|| saga(Saga::BeginsWithItsStart), 0, &[]);
    let only_its_start = || saga(Saga::BeginsWithItsStart).only([Fault::CrashBeforePublish]);
    assert_found(only_its_start, Property::NoLostMessages, &[Fault::CrashBeforePublish]);
    let visited = [Fault::CrashBeforePublish, Fault::PublishFails];
    assert_repaired(|| saga(Saga::LeavesATombstone), 1, &visited);
    assert_repaired(|| saga(Saga::LeavesATombstone), 2, &visited);
}

/// What a message to oneself leads to is never published, and nothing else is wrong. It
/// must not be held against an order in which a message is processed before its own
/// cause: Timeout before Order would have published just that, and left the saga open.
#[test]
fn a_lost_output_of_a_message_to_oneself_is_told_as_lost() {
    let handler = async |message: &Message, ports: &Ports, context: &Context| {
        if message.name() == "Order" {
            ports.documents.put("saga", b"open".to_vec(), Precondition::None).await?;
            context.publish(output(message, json!("Timeout")));
        } else {
            ports.documents.delete("saga", Precondition::None).await?;
        }
        Ok(())
    };
    let view = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("saga").is_some());
    let sales = Endpoint::new("sales", handler).subscribes_to("Timeout").view(view);
    let search =
        || explore(|| System::of(sales.clone()).judged_by(sales_law())).send([named("Order")]).workers(1);
    assert_found(search, Property::NoLostMessages, &[]);
}

// ---- two recoveries ---------------------------------------------------------------

/// The mailbox of a workflow, and what it has noted of its waiting.
#[derive(Default, Serialize, Deserialize)]
struct Waiting {
    came: bool,
    letter: bool,
    noted: Option<String>,
}

async fn receive(ports: &Ports, takes_the_note: bool) -> anyhow::Result<String> {
    let (_, first) = load::<Waiting>(&*ports.documents, "workflow").await?;
    if let Some(noted) = first.noted {
        return Ok(noted);
    }
    // It waits; then it looks once more, and notes what it found.
    let (read, mut waiting) = load::<Waiting>(&*ports.documents, "workflow").await?;
    let found = if waiting.letter { "a letter" } else { "nothing" };
    match waiting.noted {
        Some(noted) if takes_the_note => return Ok(noted),
        Some(_) => return Ok(found.to_owned()),
        None => {}
    }
    waiting.letter = false;
    waiting.noted = Some(found.to_owned());
    save(&*ports.documents, "workflow", read.as_ref(), &waiting).await?;
    Ok(found.to_owned())
}

/// dbos-inc/dbos-transact-ts#1205 (#1206, #1207), dbos-inc/dbos-transact-py#818. A workflow
/// is recovered twice, and waits for a letter in both; one takes it and notes it, the other
/// finds the mailbox empty and goes on as if nothing had come. The repair: whoever finds a
/// note goes on with that.
#[test]
fn of_two_recoveries_the_late_one_goes_on_with_nothing() {
    let search = |takes_the_note: bool| {
        let handler = async move |message: &Message, ports: &Ports, context: &Context| {
            if message.name() == "Run" {
                let got = receive(ports, takes_the_note).await?;
                context.publish(Message::new(message.id.derive("Got"), &json!({ "Got": got })));
                return Ok(());
            }
            let (read, waiting) = load::<Waiting>(&*ports.documents, "workflow").await?;
            if !waiting.came {
                let came = Waiting { came: true, letter: true, ..waiting };
                save(&*ports.documents, "workflow", read.as_ref(), &came).await?;
            }
            Ok(())
        };
        let view = |snapshot: &Snapshot, _: &str| {
            let waiting: Waiting = shown(snapshot, "workflow")?;
            Ok(json!({ "letter": waiting.letter, "noted": waiting.noted }))
        };
        let law = law(json!({ "letter": false, "noted": null }), |state: &Value, message: &Message| {
            if message.name() != "Run" {
                return vec![(json!({ "letter": true, "noted": state["noted"] }), Vec::new())];
            }
            let got = if state["letter"] == json!(true) { "a letter" } else { "nothing" };
            vec![(json!({ "letter": false, "noted": got }), vec![json!({ "Got": got })])]
        });
        let engine = Endpoint::new("engine", handler).view(view);
        explore(|| System::of(engine).judged_by(law)).send([named("Run"), named("Letter")])
    };
    assert_found(|| search(false), Property::ConsistentOutputs, &[Fault::LockExpires]);
    assert_repaired(|| search(true), 1, &[Fault::LockExpires, Fault::Duplicate]);
    assert_repaired(|| search(true), 2, &[Fault::LockExpires, Fault::Duplicate, Fault::CrashAfterWrite]);
}

// ---- a request that is known to a run -----------------------------------------------

/// The runs of one workflow id.
#[derive(Default, Serialize, Deserialize)]
struct Runs {
    open: bool,
    runs: u64,
    requests: BTreeSet<MessageId>,
}

/// temporalio/temporal#11968 (#2356). The id of a request that starts or joins a workflow is
/// known to its run, and only while that is open; a copy that comes when it is over starts
/// another. The repair: the ids outlive the run.
#[test]
fn a_request_is_known_only_while_its_run_is_open() {
    let search = |ids_outlive_the_run: bool| {
        let handler = async move |message: &Message, ports: &Ports, _: &Context| {
            let (read, mut runs) = load::<Runs>(&*ports.documents, "workflow").await?;
            if message.name() == "Close" {
                runs.open = false;
                if !ids_outlive_the_run {
                    runs.requests.clear();
                }
            } else {
                if !runs.requests.insert(message.id) {
                    return Ok(());
                }
                runs.runs += u64::from(!runs.open);
                runs.open = true;
            }
            let condition = Precondition::unchanged_since(read.as_ref());
            ports.documents.put("workflow", json_of(&runs), condition).await?;
            Ok(())
        };
        let view = |snapshot: &Snapshot, _: &str| {
            let Runs { open, runs, .. } = shown(snapshot, "workflow")?;
            Ok(json!({ "open": open, "runs": runs }))
        };
        let law = law(json!({ "open": false, "runs": 0 }), |state: &Value, message: &Message| {
            let open = message.name() != "Close";
            let begins = u64::from(open && state["open"] == json!(false));
            let runs = state["runs"].as_u64().expect("a number") + begins;
            vec![(json!({ "open": open, "runs": runs }), Vec::new())]
        });
        let engine = Endpoint::new("engine", handler).view(view);
        explore(|| System::of(engine).judged_by(law)).send([named("Request"), named("Close")])
    };
    assert_found(|| search(false), Property::NoDuplicatedProcessing, &[Fault::Duplicate]);
    assert_repaired(|| search(true), 1, &[Fault::Duplicate, Fault::AckFails]);
    assert_repaired(|| search(true), 2, &[Fault::Duplicate, Fault::AckFails]);
}
