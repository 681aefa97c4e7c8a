//! The mistake: when its place in the log is taken, it leaves the record out
//! and goes on.
//!
//! Why it is tempting: somebody else is at the same message, has done the
//! same step and was quicker to write it down: then it is written down. But a
//! conversation has other messages, and the record at this place may be about
//! one of them.

use anyhow::Context as _;
use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Conversation, ConversationError, Decision};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports, StoreError};

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, at, .. } = &command;
    let mut conversation = Conversation::recover(&*ports.log, customer_id).await?;
    let from = match conversation.receive(message.id, *at).await? {
        Decision::Skip => return Ok(()),
        Decision::Start => 0,
        Decision::Resume(step) => step,
    };
    let mut outputs: Vec<MessageId> = Vec::new();
    for step in 0..from {
        let output = conversation.output(message.id, step).context("a step before this one is not done")?;
        outputs.push(std::str::from_utf8(output)?.parse()?);
    }
    for step in from..STEPS.len() as u32 {
        let request = request(&command, &outputs);
        let key = message.id.derive(&format!("step {step}"));
        let reference = ports.service(STEPS[step as usize]).call(key, &request.to_json()).await?;
        outputs.push(reference);
        let output = reference.to_string().into_bytes();
        let completed = Record::StepCompleted { message: message.id, step, output };
        let last = (step == 2).then_some(Record::Finished { message: message.id });
        match conversation.record([completed].into_iter().chain(last)).await {
            Err(ConversationError::Store(StoreError::Conflict { .. })) => {}
            recorded => recorded?,
        }
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
