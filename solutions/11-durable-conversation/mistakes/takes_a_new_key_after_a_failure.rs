//! The mistake: when the log says that an attempt has failed, the next one asks
//! under a new key.
//!
//! Why it is tempting: a key that has failed looks used up, and the new one is the
//! same for every attempt after that failure. But "no answer" is no failure of the
//! service. It may have done what it was asked, and is now asked for something
//! else.

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Conversation, Decision};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports};

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
        let failure = conversation.history().of(id).and_then(|progress| progress.error.as_deref());
        let key = id.derive(&format!("step {step}, {}", failure.unwrap_or("at first")));
        match ports.service(service).call(key, &request.to_json()).await {
            Ok(reference) => {
                let output = reference.to_string().into_bytes();
                let completed = Record::StepCompleted { message: id, step, output };
                let is_last = step as usize + 1 == STEPS.len();
                let end = is_last.then_some(Record::Finished { message: id });
                conversation.record([completed].into_iter().chain(end)).await?;
            }
            Err(error) => {
                let failed = Record::Failed { message: id, error: error.to_string() };
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
