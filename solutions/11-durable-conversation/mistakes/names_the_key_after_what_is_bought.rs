//! The mistake: the idempotency key is made of the customer, the item and the
//! step.
//!
//! Why it is tempting: such a key can be read, is the same at every attempt, and
//! another one for each step. When Ann buys tea once more, it is the same again,
//! and the service takes her for a copy.

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Conversation, Decision};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports};

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, item, at, .. } = &command;
    let mut conversation = Conversation::recover(&*ports.log, customer_id).await?;
    let from = match conversation.receive(message.id, *at).await? {
        Decision::Skip => return Ok(()),
        Decision::Start => 0,
        Decision::Resume(step) => step,
    };
    for step in from..STEPS.len() as u32 {
        let request = request(step, &command, &conversation, message.id)?;
        let key = MessageId::named(&format!("{customer_id}, {item}, step {step}"));
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
