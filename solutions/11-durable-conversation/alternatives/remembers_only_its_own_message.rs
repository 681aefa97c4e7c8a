//! Right, and small: of the log it keeps the progress of its own message, and
//! the number of records; of its own message it keeps the outputs. What other
//! messages are about it reads and lets go. A long conversation takes as long to
//! recover, and no more memory than a short one. The price: what is known is
//! known for one message, so a worker with several of them reads several times.

use std::collections::BTreeMap;

use ex11_durable_conversation::STEPS;
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports, RecordLog};

const BATCH: usize = 1_024;

#[derive(Default)]
pub struct Mine {
    known: bool,
    finished: bool,
    outputs: BTreeMap<u32, MessageId>,
    next: u64,
}

impl Mine {
    pub fn knows_it(&self) -> bool {
        self.known
    }
}

pub async fn recover(log: &dyn RecordLog, name: &str, message: MessageId) -> anyhow::Result<Mine> {
    let mut mine = Mine::default();
    loop {
        let batch = log.read(name, mine.next, BATCH).await?;
        for stored in &batch {
            let record = Record::decode(stored)?;
            mine.next += 1;
            if record.message() != message {
                continue;
            }
            mine.known = true;
            match record {
                Record::StepCompleted { step, output, .. } => {
                    mine.outputs.insert(step, String::from_utf8(output)?.parse()?);
                }
                Record::Finished { .. } => mine.finished = true,
                Record::Received { .. } | Record::Started { .. } | Record::Failed { .. } => {}
            }
        }
        if batch.is_empty() {
            return Ok(mine);
        }
    }
}

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, item, cents, at } = command.clone();
    let id = message.id;
    let mut mine = recover(&*ports.log, &customer_id, id).await?;
    if mine.finished {
        return Ok(());
    }
    let append = async |mine: &mut Mine, records: &[Record]| -> anyhow::Result<()> {
        let records = records.iter().map(Record::encode).collect();
        mine.next = ports.log.append(&customer_id, mine.next, records).await?;
        Ok(())
    };
    if !mine.known {
        append(&mut mine, &[Record::Received { message: id, at }, Record::Started { message: id }]).await?;
    }
    for (step, service) in (0..).zip(STEPS) {
        if mine.outputs.contains_key(&step) {
            continue;
        }
        let (customer_id, item) = (customer_id.clone(), item.clone());
        let request = match step {
            0 => Request::Reserve { customer_id, item },
            1 => Request::Charge { customer_id, cents, reservation: mine.outputs[&0] },
            _ => Request::Receipt {
                customer_id,
                item,
                cents,
                reservation: mine.outputs[&0],
                charge: mine.outputs[&1],
            },
        };
        let reference = match ports.service(service).call(id.derive(service), &request.to_json()).await {
            Ok(reference) => reference,
            Err(error) => {
                append(&mut mine, &[Record::Failed { message: id, error: error.to_string() }]).await?;
                return Err(error.into());
            }
        };
        mine.outputs.insert(step, reference);
        let output = reference.to_string().into_bytes();
        append(&mut mine, &[Record::StepCompleted { message: id, step, output }]).await?;
    }
    append(&mut mine, &[Record::Finished { message: id }]).await
}

pub fn endpoint() -> Endpoint {
    STEPS.into_iter().fold(Endpoint::new("checkout", process).view(Purchases::of), Endpoint::with_service)
}
