//! The searches of the exercise, for any answer to it.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Explore, System, explore, specifications};
use ex11_durable_conversation::STEPS;
use shared::checkout::{Command, MAIL, Request, check_out};
use shared::conversation::Record;
use shared::{Endpoint, Message, MessageId, Snapshot};

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

pub fn tea() -> Message {
    check_out("ann", "tea", 300)
}

pub fn cake() -> Message {
    check_out("ann", "cake", 400)
}

/// The checkout, and what it should do.
pub fn checkouts(endpoint: Make) -> System {
    System::of(endpoint()).judged_by(specifications::checkouts())
}

/// The same with services that forget, as in the exercise: when nobody is at
/// work on the message, and the step is in the log, or should be.
pub fn forgetful(endpoint: Make) -> System {
    (0..).zip(STEPS).fold(checkouts(endpoint), |system, (step, service)| {
        system.forgetful(service, move |snapshot, message| {
            let done = |record: &Record| {
                matches!(record, Record::StepCompleted { message: of, step: it, .. }
                    if (*of, *it) == (message.id, step))
            };
            log_of(snapshot).iter().any(done) || (service != MAIL && receipt_is_out(snapshot, message))
        })
    })
}

fn receipt_is_out(snapshot: &Snapshot, message: &Message) -> bool {
    let Ok(Command::CheckOut { item: bought, .. }) = message.read() else { return false };
    snapshot.effects(MAIL).iter().any(|effect| {
        let request = serde_json::from_value(effect.request.clone());
        matches!(request, Ok(Request::Receipt { item, .. }) if item == bought)
    })
}

/// The same with a log in which at rest each message is finished, and nothing
/// is said twice.
pub fn orderly(system: System, messages: &[Message]) -> System {
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
    system
        .stores_at_most("the number of messages that are not finished in the log", 0, move |snapshot| {
            let log = log_of(snapshot);
            ids.iter().filter(|&&message| !log.contains(&Record::Finished { message })).count()
        })
        .stores_at_most("the number of records that say again what was said", 0, |snapshot| {
            let log = log_of(snapshot);
            let again = |(place, record): &(usize, &Record)| log[..*place].contains(record);
            let told = log.iter().enumerate().filter(|(_, it)| !matches!(it, Record::Failed { .. }));
            told.filter(again).count()
        })
}

fn log_of(snapshot: &Snapshot) -> Vec<Record> {
    snapshot.log("ann").iter().map(|stored| Record::decode(stored).expect("a record")).collect()
}

/// The searches of the exercise: of one checkout (`t14`, `t20`, `t21`), and of
/// two (`t15`, `t22`).
pub fn searches(endpoint: Make) -> Vec<Explore> {
    let any = |system| explore(|| system).workers(2).limit_states(600_000);
    let (one, both) = ([tea()], [tea(), cake()]);
    vec![
        any(checkouts(endpoint)).send(one.clone()).faults(3),
        any(forgetful(endpoint)).send(one.clone()).faults(2),
        any(orderly(checkouts(endpoint), &one)).send(one.clone()).faults(3),
        any(checkouts(endpoint)).send(both.clone()).faults(1),
        any(orderly(checkouts(endpoint), &both)).send(both.clone()).faults(1),
    ]
}
