//! What each recipe must do on any stream, embedded or real.
//!
//! Each check gets a stream that is empty, the length of its window, and a way
//! to let time pass.

use std::time::Duration;

use ex10_jetstream::{Outcome, click, pay_return, refund, validate, withdraw};
use shared::payments::Fact;
use shared::{MessageId, Publication, SubjectStream};

/// The facts under a filter, oldest first.
async fn facts(stream: &dyn SubjectStream, filter: &str) -> Vec<Fact> {
    let messages = stream.read(filter).await.expect("the stream can be read");
    messages.iter().map(|message| Fact::read(&message.body).expect("a fact")).collect()
}

/// Something else in the stream, so that no sequence is what one might think.
async fn noise(stream: &dyn SubjectStream) {
    somebody_looks_at(stream, "order-9").await;
}

async fn somebody_looks_at(stream: &dyn SubjectStream, order_id: &str) {
    let fact = Fact::Clicked { page: "noise".to_owned() };
    let click = Publication::new(format!("click.{order_id}"), fact.to_bytes());
    stream.publish(click).await.expect("the stream takes it");
}

pub async fn there_can_only_be_one(
    stream: &dyn SubjectStream,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    noise(stream).await;
    // That somebody has looked at an order does not mean that it is paid.
    somebody_looks_at(stream, "order-1").await;
    assert_eq!(withdraw(stream, "order-1", 300).await.unwrap(), Outcome::Done, "nobody has paid order-1 yet");
    assert_eq!(withdraw(stream, "order-1", 300).await.unwrap(), Outcome::AlreadyDone);
    assert_eq!(withdraw(stream, "order-2", 500).await.unwrap(), Outcome::Done);
    pass_time(window + window / 10).await;
    assert_eq!(withdraw(stream, "order-1", 300).await.unwrap(), Outcome::AlreadyDone, "a day later");
    assert_eq!(facts(stream, "payment.order-1").await, [Fact::Withdrawn { cents: 300 }]);
    assert_eq!(facts(stream, "payment.order-2").await, [Fact::Withdrawn { cents: 500 }]);
}

pub async fn the_impatient_clicker(
    stream: &dyn SubjectStream,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    noise(stream).await;
    assert_eq!(click(stream, "order-1", "page-1").await.unwrap(), Outcome::Done);
    assert_eq!(click(stream, "order-1", "page-1").await.unwrap(), Outcome::AlreadyDone);
    assert_eq!(click(stream, "order-1", "page-2").await.unwrap(), Outcome::Done, "another page");
    assert_eq!(click(stream, "order-2", "page-1").await.unwrap(), Outcome::Done, "another order's page");
    assert_eq!(facts(stream, "click.order-1").await.len(), 2);
    assert_eq!(facts(stream, "click.order-2").await.len(), 1);
    // Page 2 of order 11 is not page 12 of order 1, nor is page 1 of order 21.
    for (order, page) in [("1", "12"), ("11", "2"), ("21", "1")] {
        let outcome = click(stream, order, page).await.unwrap();
        assert_eq!(outcome, Outcome::Done, "page {page} of order {order}, for the first time");
    }
    pass_time(window + window / 10).await;
    assert_eq!(click(stream, "order-1", "page-1").await.unwrap(), Outcome::Done, "the window is over");
    assert_eq!(facts(stream, "click.order-1").await.len(), 3, "the window is over");
}

pub async fn the_business_rule(
    stream: &dyn SubjectStream,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    let id = MessageId::named;
    noise(stream).await;
    assert_eq!(
        refund(stream, "order-1", 1, id("early")).await.unwrap(),
        Outcome::Refused,
        "nothing was paid"
    );
    withdraw(stream, "order-1", 300).await.unwrap();
    noise(stream).await;
    assert_eq!(refund(stream, "order-1", 200, id("one")).await.unwrap(), Outcome::Done);
    noise(stream).await;
    assert_eq!(refund(stream, "order-1", 101, id("two")).await.unwrap(), Outcome::Refused, "200 + 101 > 300");
    assert_eq!(refund(stream, "order-1", 100, id("three")).await.unwrap(), Outcome::Done, "200 + 100 = 300");
    assert_eq!(refund(stream, "order-1", 200, id("one")).await.unwrap(), Outcome::AlreadyDone, "a copy");
    pass_time(window + window / 10).await;
    assert_eq!(refund(stream, "order-1", 200, id("one")).await.unwrap(), Outcome::AlreadyDone, "a late copy");
    let refunded = facts(stream, "refund.order-1").await;
    let cents: Vec<u64> = refunded
        .iter()
        .map(|fact| match fact {
            Fact::Refunded { cents, .. } => *cents,
            other => panic!("{other:?} is no refund"),
        })
        .collect();
    assert_eq!(cents, [200, 100]);
}

pub async fn order_maintenance(
    stream: &dyn SubjectStream,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    noise(stream).await;
    assert_eq!(pay_return(stream, "order-1").await.unwrap(), Outcome::Refused, "nobody has agreed");
    assert_eq!(validate(stream, "order-1", "Ann").await.unwrap(), Outcome::Done);
    assert_eq!(validate(stream, "order-1", "Ann").await.unwrap(), Outcome::AlreadyDone);
    noise(stream).await;
    assert_eq!(pay_return(stream, "order-1").await.unwrap(), Outcome::Refused, "one human is not two");
    assert_eq!(validate(stream, "order-1", "Bob").await.unwrap(), Outcome::Done);
    let again = validate(stream, "order-1", "Ann").await.unwrap();
    assert_eq!(again, Outcome::AlreadyDone, "Ann has agreed, and so has Bob by now");
    noise(stream).await;
    assert_eq!(validate(stream, "order-1", "Cy").await.unwrap(), Outcome::Refused, "third place is taken");
    assert_eq!(pay_return(stream, "order-1").await.unwrap(), Outcome::Done);
    assert_eq!(pay_return(stream, "order-1").await.unwrap(), Outcome::AlreadyDone);
    pass_time(window + window / 10).await;
    assert_eq!(pay_return(stream, "order-1").await.unwrap(), Outcome::AlreadyDone, "a day later");
    let again = validate(stream, "order-1", "Ann").await.unwrap();
    assert_eq!(again, Outcome::AlreadyDone, "Ann has agreed, a day ago");
    let human = |by: &str| Fact::Validated { by: by.to_owned() };
    assert_eq!(facts(stream, "return.order-1").await, [human("Ann"), human("Bob"), Fact::ReturnPaid]);
}
