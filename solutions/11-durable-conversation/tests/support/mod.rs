//! The searches of the exercise, for any answer to it.

// Each test program uses a part of this.
#![allow(dead_code)]

use chaos::{Chaos, Explore, LateDuplicate, Report, System, specifications};
use ex11_durable_conversation::STEPS;
use shared::conversation::Record;
use shared::{Endpoint, Message, MessageId, Snapshot};

#[path = "../../../../exercises/11-durable-conversation/tests/searches/mod.rs"]
pub mod searches;
use searches::tea;

/// How to make an endpoint.
pub type Make = fn() -> Endpoint;

/// The checkout, and what it should do.
pub fn checkouts(endpoint: Make) -> System {
    System::of(endpoint())
        .judged_by(specifications::checkouts())
        .beside([ex11_durable_conversation::endpoint()])
}

/// The same with services that forget, as in the exercise: when nobody is at
/// work on the message, and the step is in the log, or nothing at all is.
pub fn forgetful(endpoint: Make) -> System {
    (0..).zip(STEPS).fold(checkouts(endpoint), |system, (step, service)| {
        system.forgetful(service, move |snapshot, message| {
            let log = log_of(snapshot);
            let done = |record: &Record| {
                matches!(record, Record::StepCompleted { message: of, step: it, .. }
                    if (*of, *it) == (message.id, step))
            };
            log.iter().any(done) || log.iter().all(|record| record.message() != message.id)
        })
    })
}

/// The same with a log in which at rest each message is finished with all its
/// steps, and nothing is said twice.
pub fn orderly(system: System, messages: &[Message]) -> System {
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
    system
        .stores_at_most("the number of steps and ends that are missing in the log", 0, move |snapshot| {
            let log = log_of(snapshot);
            let told = |message: MessageId| {
                log.iter().filter(|it| it.message() == message).filter(|it| is_step_or_end(it)).count()
            };
            ids.iter().map(|&message| (STEPS.len() + 1).saturating_sub(told(message))).sum()
        })
        .which_means("whoever reads the log tomorrow takes the checkout for one that is not done")
        .stores_at_most("the number of records that say again what was said", 0, |snapshot| {
            let log = log_of(snapshot);
            let again = |(place, record): &(usize, &Record)| log[..*place].contains(record);
            let told = log.iter().enumerate().filter(|(_, it)| !matches!(it, Record::Failed { .. }));
            told.filter(again).count()
        })
        .which_means("whoever reads the log tomorrow sees things done twice that were done once")
}

fn is_step_or_end(record: &Record) -> bool {
    matches!(record, Record::StepCompleted { .. } | Record::Finished { .. })
}

fn log_of(snapshot: &Snapshot) -> Vec<Record> {
    snapshot.log(searches::ANN).iter().map(|stored| Record::decode(stored).expect("a record")).collect()
}

/// The searches of the exercise, those of one checkout first.
pub fn searches(endpoint: Make) -> Vec<Explore> {
    searches::all(|| checkouts(endpoint), || forgetful(endpoint), |sent| orderly(checkouts(endpoint), sent))
}

/// `t17`: a copy comes when every service has forgotten every key.
pub fn late_copy(endpoint: Make) -> Report {
    let run = Chaos::on(|| forgetful(endpoint)).send([tea()]).under(LateDuplicate::of_message(0)).run();
    run.report().clone()
}
