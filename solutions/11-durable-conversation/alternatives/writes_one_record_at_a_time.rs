//! Right, with an append for each record: Received, then Started, and Finished
//! after the last step. More places to die at, and each leaves a log that the
//! next worker understands: what has no Started is begun at step 0, what has all
//! its steps is finished without calling anybody. The price is two round trips
//! more. Its key is the message's own id: that the three services are three is
//! enough to tell the steps apart, until two steps go to the same one.

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::Conversation;
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports};

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, at, .. } = &command;
    let id = message.id;
    let mut conversation = Conversation::recover(&*ports.log, customer_id).await?;
    let known = conversation.history().of(id).cloned().unwrap_or_default();
    if known.finished {
        return Ok(());
    }
    if known.received_at.is_none() {
        conversation.record([Record::Received { message: id, at: *at }]).await?;
    }
    if !known.started {
        conversation.record([Record::Started { message: id }]).await?;
    }
    for (step, service) in (known.outputs.len() as u32..).zip(&STEPS[known.outputs.len()..]) {
        let request = request(step, &command, &conversation, id)?;
        match ports.service(service).call(id, &request.to_json()).await {
            Ok(reference) => {
                let output = reference.to_string().into_bytes();
                conversation.record([Record::StepCompleted { message: id, step, output }]).await?;
            }
            Err(error) => {
                conversation.record([Record::Failed { message: id, error: error.to_string() }]).await?;
                return Err(error.into());
            }
        }
    }
    conversation.record([Record::Finished { message: id }]).await?;
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
