//! The mistake: that a message was received is written down together with what came
//! of its first step.
//!
//! Why it is tempting: it saves an append, and a log in which a message is received
//! but nothing was done says nothing useful. It says that somebody is at work on
//! it. While the log does not know the message, nobody can say how long the key of
//! its first step has to be remembered.

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
    let decision = conversation.history().decide(id)?;
    let mut received = vec![];
    if decision == Decision::Start {
        received = vec![Record::Received { message: id, at: *at }, Record::Started { message: id }];
    }
    let from = match decision {
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
                conversation.record(received.drain(..).chain([completed]).chain(end)).await?;
            }
            Err(error) => {
                let failed = Record::Failed { message: id, error: error.to_string() };
                conversation.record(received.drain(..).chain([failed])).await?;
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
