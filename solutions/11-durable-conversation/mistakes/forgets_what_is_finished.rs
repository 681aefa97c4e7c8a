use std::collections::BTreeMap;

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{BATCH, ConversationError, Decision, Progress};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports, RecordLog};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct History {
    messages: BTreeMap<MessageId, Progress>,
}

impl History {
    fn apply(&mut self, record: &Record) {
        let progress = self.messages.entry(record.message()).or_default();
        match record {
            Record::Received { at, .. } => progress.received_at = Some(*at),
            Record::Started { .. } => progress.started = true,
            Record::StepCompleted { step, output, .. } => {
                progress.outputs.insert(*step, output.clone());
            }
            Record::Finished { message } => _ = self.messages.remove(message),
            Record::Failed { error, .. } => progress.error = Some(error.clone()),
        }
    }

    fn of(&self, message: MessageId) -> Option<&Progress> {
        self.messages.get(&message)
    }

    fn decide(&self, message: MessageId) -> Result<Decision, ConversationError> {
        match self.of(message) {
            Some(progress) if progress.finished => Ok(Decision::Skip),
            Some(progress) => match progress.outputs.last_key_value() {
                None => Ok(Decision::Resume(0)),
                Some((&step, _)) => match step.checked_add(1) {
                    Some(next) => Ok(Decision::Resume(next)),
                    None => Err(ConversationError::NoNextStep { message, step }),
                },
            },
            None => Ok(Decision::Start),
        }
    }
}

struct Conversation<'a> {
    log: &'a dyn RecordLog,
    name: String,
    history: History,
    next: u64,
}

impl<'a> Conversation<'a> {
    async fn recover(log: &'a dyn RecordLog, name: &str) -> Result<Self, ConversationError> {
        let mut history = History::default();
        let mut next = 0;
        loop {
            let batch = log.read(name, next, BATCH).await?;
            for stored in &batch {
                let record = Record::decode(stored).map_err(|reason| ConversationError::Undecodable {
                    log: name.to_owned(),
                    place: next,
                    reason,
                })?;
                history.apply(&record);
                next += 1;
            }
            if batch.is_empty() {
                return Ok(Self { log, name: name.to_owned(), history, next });
            }
        }
    }

    fn output(&self, message: MessageId, step: u32) -> Option<&[u8]> {
        self.history.of(message)?.outputs.get(&step).map(Vec::as_slice)
    }

    async fn receive(&mut self, message: MessageId, at: u64) -> Result<Decision, ConversationError> {
        let decision = self.history.decide(message)?;
        if decision == Decision::Start {
            self.record([Record::Received { message, at }, Record::Started { message }]).await?;
        }
        Ok(decision)
    }

    async fn record(&mut self, records: impl IntoIterator<Item = Record>) -> Result<(), ConversationError> {
        let records: Vec<Record> = records.into_iter().collect();
        let encoded = records.iter().map(Record::encode).collect();
        self.next = self.log.append(&self.name, self.next, encoded).await?;
        records.iter().for_each(|record| self.history.apply(record));
        Ok(())
    }
}

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { at, .. } = &command;
    let id = message.id;
    let mut conversation = Conversation::recover(&*ports.log, command.customer_id()).await?;
    let from = match conversation.receive(id, *at).await? {
        Decision::Skip => return Ok(()),
        Decision::Start => 0,
        Decision::Resume(step) => step,
    };
    for step in from..STEPS.len() as u32 {
        let service = STEPS[step as usize];
        let request = request(step, &command, &conversation, id)?;
        let key = id.derive(&format!("step {step}"));
        match ports.service(service).call(key, &request.to_json()).await {
            Ok(reference) => {
                let output = reference.to_string().into_bytes();
                let completed = Record::StepCompleted { message: id, step, output };
                let is_last = step as usize + 1 == STEPS.len();
                let end = is_last.then_some(Record::Finished { message: id });
                conversation.record([completed].into_iter().chain(end)).await?;
            }
            Err(error) => return Err(error.into()),
        }
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
    let output = |step: u32| -> anyhow::Result<MessageId> {
        let output =
            conversation.output(message, step).with_context(|| format!("step {step} is not done"))?;
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
