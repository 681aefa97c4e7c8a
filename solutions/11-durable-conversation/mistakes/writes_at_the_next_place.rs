//! The mistake: when its place in the log is taken, it looks where the log
//! ends now, and appends there.
//!
//! Why it is tempting: the record is true, whoever has written in between,
//! and a log has room for all. But the record follows from what was read. If
//! the other worker has done the same message, everything is in the log
//! twice, and nobody knows which of it counts.

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Decision, History};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports, RecordLog, StoreError};

struct Conversation<'a> {
    log: &'a dyn RecordLog,
    name: &'a str,
    history: History,
    next: u64,
}

impl<'a> Conversation<'a> {
    async fn recover(log: &'a dyn RecordLog, name: &'a str) -> anyhow::Result<Self> {
        let mut recovered = Self { log, name, history: History::default(), next: 0 };
        for stored in log.read(name, 0, 1_024).await? {
            recovered.history.apply(&Record::decode(&stored)?);
            recovered.next += 1;
        }
        Ok(recovered)
    }

    fn output(&self, message: MessageId, step: u32) -> Option<&[u8]> {
        self.history.of(message)?.outputs.get(&step).map(Vec::as_slice)
    }

    async fn receive(&mut self, message: MessageId, at: u64) -> anyhow::Result<Decision> {
        let decision = self.history.decide(message)?;
        if decision == Decision::Start {
            self.record([Record::Received { message, at }, Record::Started { message }]).await?;
        }
        Ok(decision)
    }

    async fn record(&mut self, records: impl IntoIterator<Item = Record>) -> anyhow::Result<()> {
        let records: Vec<Record> = records.into_iter().collect();
        let encoded: Vec<Vec<u8>> = records.iter().map(Record::encode).collect();
        self.next = loop {
            match self.log.append(self.name, self.next, encoded.clone()).await {
                Err(StoreError::Conflict { .. }) => {
                    self.next = self.log.read(self.name, 0, 1_024).await?.len() as u64;
                }
                appended => break appended?,
            }
        };
        records.iter().for_each(|record| self.history.apply(record));
        Ok(())
    }
}

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, at, .. } = &command;
    let mut conversation = Conversation::recover(&*ports.log, customer_id).await?;
    let from = match conversation.receive(message.id, *at).await? {
        Decision::Skip => return Ok(()),
        Decision::Start => 0,
        Decision::Resume(step) => step,
    };
    for step in from..STEPS.len() as u32 {
        let request = request(step, &command, &conversation, message.id)?;
        let key = message.id.derive(&format!("step {step}"));
        let reference = ports.service(STEPS[step as usize]).call(key, &request.to_json()).await?;
        let output = reference.to_string().into_bytes();
        let completed = Record::StepCompleted { message: message.id, step, output };
        let last = (step == 2).then_some(Record::Finished { message: message.id });
        conversation.record([completed].into_iter().chain(last)).await?;
    }
    Ok(())
}

fn request(
    step: u32,
    command: &Command,
    conversation: &Conversation<'_>,
    message: MessageId,
) -> anyhow::Result<Request> {
    let Command::CheckOut { customer_id, item, cents, .. } = command.clone();
    let output = |step| -> anyhow::Result<MessageId> {
        let output = conversation.output(message, step).context("a step before this one is not done")?;
        Ok(std::str::from_utf8(output)?.parse()?)
    };
    Ok(match step {
        0 => Request::Reserve { customer_id, item },
        1 => Request::Charge { customer_id, cents, reservation: output(0)? },
        _ => Request::Receipt { customer_id, item, cents, reservation: output(0)?, charge: output(1)? },
    })
}

pub fn endpoint() -> Endpoint {
    STEPS.into_iter().fold(Endpoint::new("checkout", process).view(Purchases::of), Endpoint::with_service)
}
