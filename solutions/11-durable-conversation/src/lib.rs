//! Solution of exercise 11: a checkout that resumes where it stopped.

pub mod conversation;

use anyhow::Context as _;
use conversation::{Conversation, Decision};
use shared::checkout::{CARD, Command, MAIL, Purchases, Request, STOCK};
use shared::conversation::Record;
use shared::{Context, Endpoint, Message, MessageId, Ports};

/// The services, in the order of the steps.
pub const STEPS: [&str; 3] = [STOCK, CARD, MAIL];

/// Processes one copy of one checkout.
///
/// # Errors
///
/// When the log or a service does not answer, and when another worker has
/// written to the conversation. The message is delivered again, and resumed.
pub async fn process(message: &Message, ports: &Ports, _context: &Context) -> anyhow::Result<()> {
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
        // The same key for every attempt at this step, and for nothing else: if
        // an earlier attempt got through and died before it could write that
        // down, the service tells us what came of it.
        let key = id.derive(&format!("step {step}"));
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

/// What a step asks its service: made of the command and of what the log says
/// came of the steps before. Nothing is computed anew, so every attempt asks
/// the same.
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

/// The endpoint that takes care of checkouts.
#[must_use]
pub fn endpoint() -> Endpoint {
    STEPS.into_iter().fold(Endpoint::new("checkout", process).view(Purchases::of), Endpoint::with_service)
}
