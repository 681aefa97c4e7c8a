//! Exercise 10: trust by expectation.
//!
//! A stream keeps messages under subjects, numbers them all, and stores a new
//! one *on a condition*, if the publisher names one. No store besides it, no
//! inbox, no outbox: the stream is the truth, and each recipe below is one
//! publication at most. The art is in saying what you expect.
//!
//! Two of the recipes are written already, in the way most would write them.
//! The page, README.md, has the steps; hints.md has hints in three depths.
//! `cargo test -p ex10-jetstream` tells how far you are.

use shared::payments::{Account, Command, Fact, PAYMENTS};
use shared::{Context, Endpoint, Message, MessageId, Ports, Publication, SubjectStream};

/// What became of a request. Each is an answer: the message is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The fact is in the stream now.
    Done,
    /// The fact has been in the stream before.
    AlreadyDone,
    /// The rules don't allow it, and nothing was stored.
    Refused,
}

/// **There can only be one.** Takes the money for an order, once, whoever asks
/// and however often: at once, or a day later.
///
/// # Errors
///
/// When nobody can say whether the fact was stored. Ask again.
pub async fn withdraw(stream: &dyn SubjectStream, order_id: &str, cents: u64) -> anyhow::Result<Outcome> {
    let subject = format!("payment.{order_id}");

    // Step 1. This looks first, and publishes if there is nothing yet. What may
    // happen between the two lines? Say to the stream what must be true at the
    // moment it stores.
    if !stream.read(&subject).await?.is_empty() {
        return Ok(Outcome::AlreadyDone);
    }
    stream.publish(Publication::new(subject, Fact::Withdrawn { cents }.to_bytes())).await?;
    Ok(Outcome::Done)
}

/// **The impatient clicker.** Stores a click, and recognises further clicks on
/// the same page for as long as the stream's window lasts.
///
/// # Errors
///
/// When nobody can say whether the fact was stored. Ask again.
pub async fn click(stream: &dyn SubjectStream, order_id: &str, page: &str) -> anyhow::Result<Outcome> {
    // Step 2. Here the stream is to recognise what it knows, by an id that you
    // give it. When do two clicks mean the same?
    _ = stream;
    todo!("step 2: store the click on {page} under click.{order_id}, with an id")
}

/// **The business rule.** Gives money back, never more in total than was paid.
/// `caused_by` is the message that asks for it: the same refund, asked for
/// again, is not another refund.
///
/// # Errors
///
/// When somebody else has published in between, and when nobody can say
/// whether the fact was stored. Ask again.
pub async fn refund(
    stream: &dyn SubjectStream,
    order_id: &str,
    cents: u64,
    caused_by: MessageId,
) -> anyhow::Result<Outcome> {
    // Everything about this order, whatever kind of subject it is under.
    let mut account = Account::default();
    for message in stream.read(&format!("*.{order_id}")).await? {
        // Step 3. What this request asks for may be among these facts already.
        account.add(Fact::read(&message.body)?);
    }
    if cents > account.left() {
        return Ok(Outcome::Refused);
    }

    // Step 4. The rule was checked against what was read, and others may have
    // read the same. What must still be true when the stream stores this, so that
    // the check is worth something?
    let fact = Fact::Refunded { cents, caused_by };
    stream.publish(Publication::new(format!("refund.{order_id}"), fact.to_bytes())).await?;
    Ok(Outcome::Done)
}

/// **Order maintenance**, the first two places: a human agrees to a return.
///
/// # Errors
///
/// As for [`refund`].
pub async fn validate(stream: &dyn SubjectStream, order_id: &str, by: &str) -> anyhow::Result<Outcome> {
    // Step 5. Under `return.ORDER` there are two places for humans, one each,
    // and a third one for the payment.
    _ = stream;
    todo!("step 5: {by} agrees to the return of {order_id}")
}

/// **Order maintenance**, the third place: the return is paid, after two humans
/// have agreed, and once.
///
/// # Errors
///
/// As for [`refund`].
pub async fn pay_return(stream: &dyn SubjectStream, order_id: &str) -> anyhow::Result<Outcome> {
    // Step 6. Exactly in third place, or not at all.
    _ = stream;
    todo!("step 6: pay the return of {order_id}, in third place")
}

/// Processes one copy of one message. Nothing is to be done here: an error
/// brings the message back, an [`Outcome`] ends it.
///
/// # Errors
///
/// Those of the recipes. The message is delivered again.
pub async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
    let stream = ports.stream(PAYMENTS);
    let outcome = match message.read()? {
        Command::Withdraw { order_id, cents } => withdraw(stream, &order_id, cents).await?,
        Command::Click { order_id, page } => click(stream, &order_id, &page).await?,
        Command::Refund { order_id, cents } => refund(stream, &order_id, cents, message.id).await?,
        Command::Validate { order_id, by } => validate(stream, &order_id, &by).await?,
        Command::PayReturn { order_id } => pay_return(stream, &order_id).await?,
    };
    context.note(format!("{outcome:?}"));
    Ok(())
}

/// The endpoint that takes care of payments.
#[must_use]
pub fn endpoint() -> Endpoint {
    Endpoint::new("payments", process).view(Account::of).with_stream(PAYMENTS)
}
