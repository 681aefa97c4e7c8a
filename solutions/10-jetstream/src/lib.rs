//! Solution of exercise 10: trust by expectation.
//!
//! Each recipe below asks a stream to store a fact *on a condition*, and reads
//! the answer. None of them asks for permission first and publishes later
//! without saying what it had seen: between the two, others publish.

use anyhow::bail;
use shared::payments::{Account, Command, Fact, PAYMENTS};
use shared::{
    Context, Endpoint, Expected, Message, MessageId, Ports, Publication, StreamError, StreamMessage,
    SubjectStream,
};

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
    // The subject holds this one fact and nothing else, so "nothing is there"
    // says it all. No window: the expectation holds or fails a year later, too.
    let none = Expected::LastSubjectSequence(0);
    let subject = format!("payment.{order_id}");
    let fact = Fact::Withdrawn { cents };
    let payment = Publication::new(subject, fact.to_bytes()).expecting(none);
    match stream.publish(payment).await {
        Ok(_) => Ok(Outcome::Done),
        // Somebody was faster. It may have been an earlier attempt of ours
        // whose acknowledgement was lost. It is all the same: there is one.
        Err(StreamError::WrongLastSequence { .. }) => Ok(Outcome::AlreadyDone),
        Err(error) => Err(error.into()),
    }
}

/// **The impatient clicker.** Stores a click, and recognises further clicks on
/// the same page for as long as the stream's window lasts.
///
/// # Errors
///
/// When nobody can say whether the fact was stored. Ask again.
pub async fn click(stream: &dyn SubjectStream, order_id: &str, page: &str) -> anyhow::Result<Outcome> {
    let fact = Fact::Clicked { page: page.to_owned() };
    // The id names what is meant, not the attempt: all clicks on one page have
    // the same. And the window is the whole stream's, not the subject's: without
    // the order in it, the page of another order would be taken for this one.
    let publication = Publication::new(format!("click.{order_id}"), fact.to_bytes())
        .with_id(format!("click {order_id} {page}"));
    let ack = stream.publish(publication).await?;
    Ok(if ack.duplicate { Outcome::AlreadyDone } else { Outcome::Done })
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
    let mut last_refund = 0;
    for message in stream.read(&format!("*.{order_id}")).await? {
        let fact = Fact::read(&message.body)?;
        if let Fact::Refunded { caused_by: cause, .. } = &fact {
            // A copy, or the retry of an attempt that did get through.
            if *cause == caused_by {
                return Ok(Outcome::AlreadyDone);
            }
            last_refund = message.sequence;
        }
        account.add(fact);
    }
    if cents > account.left() {
        return Ok(Outcome::Refused);
    }
    // What was read is true only as long as no other refund comes in between.
    // So that is what is expected: the last refund is still the last one.
    let as_read = Expected::LastSubjectSequence(last_refund);
    let subject = format!("refund.{order_id}");
    let fact = Fact::Refunded { cents, caused_by };
    let refund = Publication::new(subject, fact.to_bytes()).expecting(as_read);
    // If it is not, the decision may be another one now: everything from the
    // start, which is what the redelivery of the message will do.
    stream.publish(refund).await?;
    Ok(Outcome::Done)
}

/// **Order maintenance**, the first two places: a human agrees to a return.
///
/// # Errors
///
/// As for [`refund`].
pub async fn validate(stream: &dyn SubjectStream, order_id: &str, by: &str) -> anyhow::Result<Outcome> {
    let (facts, last) = returned(stream, order_id).await?;
    let fact = Fact::Validated { by: by.to_owned() };
    if facts.contains(&fact) {
        return Ok(Outcome::AlreadyDone);
    }
    // The third place is for the payment.
    if facts.len() >= 2 {
        return Ok(Outcome::Refused);
    }
    publish_next(stream, order_id, &fact, last).await
}

/// **Order maintenance**, the third place: the return is paid, after two humans
/// have agreed, and once.
///
/// # Errors
///
/// As for [`refund`].
pub async fn pay_return(stream: &dyn SubjectStream, order_id: &str) -> anyhow::Result<Outcome> {
    let (facts, last) = returned(stream, order_id).await?;
    match facts.as_slice() {
        [Fact::Validated { .. }, Fact::Validated { .. }] => {
            publish_next(stream, order_id, &Fact::ReturnPaid, last).await
        }
        [_, _, Fact::ReturnPaid] => Ok(Outcome::AlreadyDone),
        [] | [Fact::Validated { .. }] => Ok(Outcome::Refused),
        other => bail!("the return of {order_id} is in disorder: {other:?}"),
    }
}

/// The facts about a return, and the place of the last one **in the stream**.
async fn returned(stream: &dyn SubjectStream, order_id: &str) -> anyhow::Result<(Vec<Fact>, u64)> {
    let messages = stream.read(&format!("return.{order_id}")).await?;
    let last = messages.last().map_or(0, |message: &StreamMessage| message.sequence);
    let facts = messages.iter().map(|message| Fact::read(&message.body));
    Ok((facts.collect::<anyhow::Result<_>>()?, last))
}

/// Publishes the next fact about a return.
///
/// "In third place" cannot be said as a 2: sequences count through the whole
/// stream, and other orders are in it. It is said as the sequence of the second.
async fn publish_next(
    stream: &dyn SubjectStream,
    order_id: &str,
    fact: &Fact,
    last: u64,
) -> anyhow::Result<Outcome> {
    let publication = Publication::new(format!("return.{order_id}"), fact.to_bytes())
        .expecting(Expected::LastSubjectSequence(last));
    stream.publish(publication).await?;
    Ok(Outcome::Done)
}

/// Processes one copy of one message.
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
