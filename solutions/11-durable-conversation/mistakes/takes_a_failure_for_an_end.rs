//! The mistake: a message that has failed is not tried again.
//!
//! Why it is tempting: the error is in the log, somebody will look into it,
//! and a queue that repeats a failing message for ever is a nuisance. But
//! "failed" is said of an attempt. The message was acknowledged, and nothing
//! will ever look at it again by itself.

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Conversation, Decision};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports};

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, at, .. } = &command;
    let mut conversation = Conversation::recover(&*ports.log, customer_id).await?;
    if conversation.history().of(message.id).is_some_and(|progress| progress.error.is_some()) {
        return Ok(());
    }
    let from = match conversation.receive(message.id, *at).await? {
        Decision::Skip => return Ok(()),
        Decision::Start => 0,
        Decision::Resume(step) => step,
    };
    for step in from..STEPS.len() as u32 {
        let request = request(step, &command, &conversation, message.id)?;
        let key = message.id.derive(&format!("step {step}"));
        let called = ports.service(STEPS[step as usize]).call(key, &request.to_json()).await;
        if let Err(error) = &called {
            let failed = Record::Failed { message: message.id, error: error.to_string() };
            conversation.record([failed]).await?;
        }
        let reference = called?;
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
