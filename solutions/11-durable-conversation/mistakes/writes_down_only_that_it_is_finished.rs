//! The mistake: the log knows messages and not steps: received, started,
//! finished.
//!
//! Why it is tempting: that is an inbox, and it was right in exercise 06.
//! There, all that a message did was one write. Here it is three calls, and a
//! worker can die after each; the log would not know how far it got.

use ex11_durable_conversation::STEPS;
use ex11_durable_conversation::conversation::{Conversation, Decision};
use shared::checkout::{Command, Purchases, Request};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports};

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let Command::CheckOut { customer_id, at, .. } = &command;
    let mut conversation = Conversation::recover(&*ports.log, customer_id).await?;
    match conversation.receive(message.id, *at).await? {
        Decision::Skip => return Ok(()),
        Decision::Start | Decision::Resume(_) => {}
    }
    let mut outputs: Vec<MessageId> = Vec::new();
    for (step, service) in STEPS.into_iter().enumerate() {
        let request = request(&command, &outputs);
        let key = message.id.derive(&format!("step {step}"));
        outputs.push(ports.service(service).call(key, &request.to_json()).await?);
    }
    conversation.record([Record::Finished { message: message.id }]).await?;
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
