//! Right, and more patient: after a conflict it does not hand the message back,
//! it reads the log again and decides anew, in the same delivery. That is not
//! the same as appending at the next place: what it writes follows from what it
//! has read. It spares a redelivery, and keeps the message from the other worker
//! a little longer.

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Conversation, ConversationError, Decision};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports, StoreError};

async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    loop {
        match attempt(message, ports).await {
            Err(error) if is_conflict(&error) => context.note("looks again"),
            outcome => return outcome,
        }
    }
}

fn is_conflict(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<ConversationError>();
    matches!(error, Some(ConversationError::Store(StoreError::Conflict { .. })))
}

async fn attempt(message: &Message, ports: &Ports) -> anyhow::Result<()> {
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
        let service = STEPS[step as usize];
        let key = message.id.derive(&format!("step {step}"));
        match ports.service(service).call(key, &request.to_json()).await {
            Ok(reference) => {
                let output = reference.to_string().into_bytes();
                let completed = Record::StepCompleted { message: message.id, step, output };
                let last = (step == 2).then_some(Record::Finished { message: message.id });
                conversation.record([completed].into_iter().chain(last)).await?;
            }
            Err(error) => {
                let failed = Record::Failed { message: message.id, error: error.to_string() };
                conversation.record([failed]).await?;
                return Err(error.into());
            }
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
