//! Exercise 11: the durable conversation.
//!
//! A checkout in three steps, each at somebody else's service: put the item
//! aside, charge the card, send the receipt. The function below does that, and
//! on a quiet day nothing is wrong with it. Then a worker dies after the second
//! step, and the next one begins with the first.
//!
//! Your work is in two files. `conversation.rs` remembers what has been done,
//! in a log (steps 1 to 4). This file makes use of it (steps 5 to 7). The page,
//! README.md, explains the steps; hints.md has hints in three depths.
//! `cargo test -p ex11-durable-conversation` tells how far you are.

pub mod conversation;

use shared::checkout::{CARD, Command, MAIL, Purchases, Request, STOCK};
use shared::{Context, Endpoint, Message, MessageId, Ports};

/// The services, in the order of the steps.
pub const STEPS: [&str; 3] = [STOCK, CARD, MAIL];

/// Processes one copy of one checkout.
///
/// # Errors
///
/// When the log or a service does not answer, and when another worker has
/// written to the conversation. The message is delivered again.
pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let command: Command = message.read()?;

    // Step 6. Recover the conversation: it is the log of the customer's name,
    // in `ports.log`. Then receive the message, and do what the decision says.
    // Where does a message go on that was begun before? And where are, in the
    // life of this worker, the outputs of the steps that another one did?
    let mut outputs: Vec<MessageId> = Vec::new();

    for service in STEPS {
        let request = request(&command, &outputs);
        // Step 5. A service that has seen this key does nothing, and answers
        // as it did the first time. Which key does this attempt use, and which
        // did the last one?
        let key = context.new_id();
        // Step 7. When the service does not answer, whoever reads the log
        // tomorrow wants to know why nothing happened.
        let reference = ports.service(service).call(key, &request.to_json()).await?;
        // Step 6. Done, and this worker may die right here. Who knows?
        outputs.push(reference);
    }
    Ok(())
}

/// What the next step asks its service: made of the command, and of what came
/// of the steps before.
fn request(command: &Command, outputs: &[MessageId]) -> Request {
    let Command::CheckOut { customer_id, item, cents, .. } = command.clone();
    match *outputs {
        [] => Request::Reserve { customer_id, item },
        [reservation] => Request::Charge { customer_id, cents, reservation },
        [reservation, charge, ..] => Request::Receipt { customer_id, item, cents, reservation, charge },
    }
}

/// The endpoint that takes care of checkouts.
#[must_use]
pub fn endpoint() -> Endpoint {
    STEPS.into_iter().fold(Endpoint::new("checkout", process).view(Purchases::of), Endpoint::with_service)
}
