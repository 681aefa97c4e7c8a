//! The mistake: when a message is finished, the recovered history drops it.
//!
//! Why it is tempting: a long conversation has thousands of finished
//! messages, each with its outputs, and all of them are in memory. What
//! nobody will go on with can go. But "finished" itself has to stay: without
//! it, a copy is a new message.

use std::collections::BTreeMap;

use ex11_durable_conversation::STEPS;
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports, RecordLog};

type History = BTreeMap<MessageId, Vec<MessageId>>;

async fn recover(log: &dyn RecordLog, name: &str) -> anyhow::Result<(History, u64)> {
    let (mut history, mut next) = (History::new(), 0);
    loop {
        let batch = log.read(name, next, 1_024).await?;
        if batch.is_empty() {
            return Ok((history, next));
        }
        for stored in &batch {
            let record = Record::decode(stored)?;
            let outputs = history.entry(record.message()).or_default();
            match record {
                Record::StepCompleted { output, .. } => outputs.push(String::from_utf8(output)?.parse()?),
                Record::Finished { message } => _ = history.remove(&message),
                _ => {}
            }
            next += 1;
        }
    }
}

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, at, .. } = &command;
    let id = message.id;
    let (mut history, mut next) = recover(&*ports.log, customer_id).await?;
    let append = async |next: u64, records: &[Record]| {
        ports.log.append(customer_id, next, records.iter().map(Record::encode).collect()).await
    };
    if !history.contains_key(&id) {
        let new = [Record::Received { message: id, at: *at }, Record::Started { message: id }];
        next = append(next, &new).await?;
    }
    let outputs = history.entry(id).or_default();
    for (step, service) in STEPS.into_iter().enumerate().skip(outputs.len()) {
        let key = id.derive(&format!("step {step}"));
        let reference = ports.service(service).call(key, &request(&command, outputs).to_json()).await?;
        outputs.push(reference);
        let output = reference.to_string().into_bytes();
        let completed = Record::StepCompleted { message: id, step: step as u32, output };
        let records = [completed, Record::Finished { message: id }];
        next = append(next, if step == 2 { &records } else { &records[..1] }).await?;
    }
    Ok(())
}

fn request(command: &Command, outputs: &[MessageId]) -> Request {
    let Command::CheckOut { customer_id, item, cents, .. } = command.clone();
    match *outputs {
        [] => Request::Reserve { customer_id, item },
        [reservation] => Request::Charge { customer_id, cents, reservation },
        [reservation, charge, ..] => Request::Receipt { customer_id, item, cents, reservation, charge },
    }
}

pub fn endpoint() -> Endpoint {
    STEPS.into_iter().fold(Endpoint::new("checkout", process).view(Purchases::of), Endpoint::with_service)
}
