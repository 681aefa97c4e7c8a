//! The mistake: what is done is kept in a static, not in a log.
//!
//! Why it is tempting: it survives a failed attempt, needs no round trip, and
//! passes every test in which the process lives. The other worker has a
//! static of its own, and after a restart there is none.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ex11_durable_conversation::STEPS;
use shared::checkout::{Command, Purchases, Request};
use shared::{Context, Endpoint, Message, MessageId, Ports};

static DONE: Mutex<BTreeMap<MessageId, Vec<MessageId>>> = Mutex::new(BTreeMap::new());

async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;
    let done = || DONE.lock().expect("nobody panics with the lock");
    let mut outputs = done().get(&message.id).cloned().unwrap_or_default();
    for (step, service) in STEPS.into_iter().enumerate().skip(outputs.len()) {
        let key = message.id.derive(&format!("step {step}"));
        let request = request(&command, &outputs);
        outputs.push(ports.service(service).call(key, &request.to_json()).await?);
        done().insert(message.id, outputs.clone());
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
