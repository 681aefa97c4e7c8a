//! The mistake: that a step is done is written down, and what came of it is
//! not. Whoever resumes asks the service once more, with the same key.
//!
//! Why it is tempting: the service knows its own answer, and a log without
//! other people's data is easier to keep. So the log says that the step must
//! not be repeated, and the code repeats it.

use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Conversation, Decision};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports};

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
    for step in 0..STEPS.len() as u32 {
        let request = request(&command, &outputs);
        let key = message.id.derive(&format!("step {step}"));
        outputs.push(ports.service(STEPS[step as usize]).call(key, &request.to_json()).await?);
        if step >= from {
            let completed = Record::StepCompleted { message: message.id, step, output: Vec::new() };
            let last = (step == 2).then_some(Record::Finished { message: message.id });
            conversation.record([completed].into_iter().chain(last)).await?;
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
