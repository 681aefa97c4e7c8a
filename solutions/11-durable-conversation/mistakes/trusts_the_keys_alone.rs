//! The mistake: there is no log. Every copy goes through all the steps, with
//! the same keys as the one before it, and the services recognise what they
//! have done.
//!
//! Why it is tempting: it is right as long as they do, and it is less code
//! than anything else here. But a service keeps a key for as long as it
//! likes, and a copy can be older.

use ex11_durable_conversation::STEPS;
use shared::checkout::{Command, Purchases, Request};
use shared::{Context, Endpoint, Message, MessageId, Ports};

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let mut outputs: Vec<MessageId> = Vec::new();
    for (step, service) in STEPS.into_iter().enumerate() {
        let request = request(&command, &outputs);
        let key = message.id.derive(&format!("step {step}"));
        outputs.push(ports.service(service).call(key, &request.to_json()).await?);
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
