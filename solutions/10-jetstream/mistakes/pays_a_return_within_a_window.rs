//! The mistake: the payment of a return is recognised by its id, and expects nothing.
//!
//! Why it is tempting: that two humans have agreed stays true once it has been read,
//! and nobody but the payment can come in third place. So all that is left to fear is a
//! second payment, and the stream knows its id. For two minutes; whoever has read
//! before may be slower.

use anyhow::bail;
use shared::payments::{Account, Command, Fact, PAYMENTS};
use shared::{
    Context, Endpoint, Expected, Message, MessageId, Ports, Publication, StreamError, StreamMessage,
    SubjectStream,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    AlreadyDone,
    Refused,
}

async fn withdraw(stream: &dyn SubjectStream, order_id: &str, cents: u64) -> anyhow::Result<Outcome> {
    let none = Expected::LastSubjectSequence(0);
    let subject = format!("payment.{order_id}");
    let fact = Fact::Withdrawn { cents };
    let payment = Publication::new(subject, fact.to_bytes()).expecting(none);
    match stream.publish(payment).await {
        Ok(_) => Ok(Outcome::Done),
        Err(StreamError::WrongLastSequence { .. }) => Ok(Outcome::AlreadyDone),
        Err(error) => Err(error.into()),
    }
}

async fn click(stream: &dyn SubjectStream, order_id: &str, page: &str) -> anyhow::Result<Outcome> {
    let fact = Fact::Clicked { page: page.to_owned() };
    let publication = Publication::new(format!("click.{order_id}"), fact.to_bytes())
        .with_id(format!("click {order_id} {page}"));
    let ack = stream.publish(publication).await?;
    Ok(if ack.duplicate { Outcome::AlreadyDone } else { Outcome::Done })
}

async fn refund(
    stream: &dyn SubjectStream,
    order_id: &str,
    cents: u64,
    caused_by: MessageId,
) -> anyhow::Result<Outcome> {
    let mut account = Account::default();
    let mut last_refund = 0;
    for message in stream.read(&format!("*.{order_id}")).await? {
        let fact = Fact::read(&message.body)?;
        if let Fact::Refunded { caused_by: cause, .. } = &fact {
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
    let as_read = Expected::LastSubjectSequence(last_refund);
    let subject = format!("refund.{order_id}");
    let fact = Fact::Refunded { cents, caused_by };
    let refund = Publication::new(subject, fact.to_bytes()).expecting(as_read);
    stream.publish(refund).await?;
    Ok(Outcome::Done)
}

async fn validate(stream: &dyn SubjectStream, order_id: &str, by: &str) -> anyhow::Result<Outcome> {
    let (facts, last) = returned(stream, order_id).await?;
    let fact = Fact::Validated { by: by.to_owned() };
    if facts.contains(&fact) {
        return Ok(Outcome::AlreadyDone);
    }
    if facts.len() >= 2 {
        return Ok(Outcome::Refused);
    }
    publish_next(stream, order_id, &fact, last).await
}

async fn pay_return(stream: &dyn SubjectStream, order_id: &str) -> anyhow::Result<Outcome> {
    let (facts, _) = returned(stream, order_id).await?;
    match facts.as_slice() {
        [Fact::Validated { .. }, Fact::Validated { .. }] => {
            let publication = Publication::new(format!("return.{order_id}"), Fact::ReturnPaid.to_bytes())
                .with_id(format!("return {order_id}"));
            let ack = stream.publish(publication).await?;
            Ok(if ack.duplicate { Outcome::AlreadyDone } else { Outcome::Done })
        }
        [_, _, Fact::ReturnPaid] => Ok(Outcome::AlreadyDone),
        [] | [Fact::Validated { .. }] => Ok(Outcome::Refused),
        other => bail!("the return of {order_id} is in disorder: {other:?}"),
    }
}

async fn returned(stream: &dyn SubjectStream, order_id: &str) -> anyhow::Result<(Vec<Fact>, u64)> {
    let messages = stream.read(&format!("return.{order_id}")).await?;
    let last = messages.last().map_or(0, |message: &StreamMessage| message.sequence);
    let facts = messages.iter().map(|message| Fact::read(&message.body));
    Ok((facts.collect::<anyhow::Result<_>>()?, last))
}

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

async fn process(message: &Message, ports: &Ports, context: &Context) -> anyhow::Result<()> {
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

pub fn endpoint() -> Endpoint {
    Endpoint::new("payments", process).view(Account::of).with_stream(PAYMENTS)
}
