//! What each recipe must do on any stream, embedded or real.
//!
//! Each check gets a stream that is empty, the length of its window, and a way
//! to let time pass.

use std::time::Duration;

use chaos::should_be;
use ex10_jetstream::{Outcome, click, pay_return, refund, validate, withdraw};
use shared::payments::Fact;
use shared::{MessageId, Publication, SubjectStream};

/// What a recipe answers, compared. An error is no answer: the message comes again.
macro_rules! answers {
    ($what:expr, $answer:expr, $expected:expr) => {
        match $answer {
            Ok(outcome) => should_be!($what, outcome, $expected),
            Err(error) => panic!(
                "{} should be {:?}, and there is none: it fails with \"{error}\", which brings the message back",
                $what, $expected
            ),
        }
    };
}

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
    answers!(
        "the answer of withdraw(order-1, 300) (nobody has paid order-1 yet)",
        withdraw(stream, "order-1", 300).await,
        Outcome::Done
    );
    answers!(
        "the answer of withdraw(order-1, 300) (once more)",
        withdraw(stream, "order-1", 300).await,
        Outcome::AlreadyDone
    );
    answers!("the answer of withdraw(order-2, 500)", withdraw(stream, "order-2", 500).await, Outcome::Done);
    pass_time(window + window / 10).await;
    answers!(
        "the answer of withdraw(order-1, 300) (a day later)",
        withdraw(stream, "order-1", 300).await,
        Outcome::AlreadyDone
    );
    should_be!(
        "the facts under payment.order-1",
        facts(stream, "payment.order-1").await,
        [Fact::Withdrawn { cents: 300 }]
    );
    should_be!(
        "the facts under payment.order-2",
        facts(stream, "payment.order-2").await,
        [Fact::Withdrawn { cents: 500 }]
    );
}

pub async fn the_impatient_clicker(
    stream: &dyn SubjectStream,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    noise(stream).await;
    answers!("the answer of click(order-1, page-1)", click(stream, "order-1", "page-1").await, Outcome::Done);
    answers!(
        "the answer of click(order-1, page-1) (once more)",
        click(stream, "order-1", "page-1").await,
        Outcome::AlreadyDone
    );
    answers!(
        "the answer of click(order-1, page-2) (another page)",
        click(stream, "order-1", "page-2").await,
        Outcome::Done
    );
    answers!(
        "the answer of click(order-2, page-1) (another order's page)",
        click(stream, "order-2", "page-1").await,
        Outcome::Done
    );
    should_be!("the number of facts under click.order-1", facts(stream, "click.order-1").await.len(), 2);
    should_be!("the number of facts under click.order-2", facts(stream, "click.order-2").await.len(), 1);
    // Page 2 of order 11 is not page 12 of order 1, nor is page 1 of order 21.
    for (order, page) in [("1", "12"), ("11", "2"), ("21", "1")] {
        answers!(
            format!("the answer of click({order}, {page}) (the first of its kind)"),
            click(stream, order, page).await,
            Outcome::Done
        );
    }
    pass_time(window + window / 10).await;
    answers!(
        "the answer of click(order-1, page-1) (the window is over)",
        click(stream, "order-1", "page-1").await,
        Outcome::Done
    );
    should_be!(
        "the number of facts under click.order-1 (the window is over)",
        facts(stream, "click.order-1").await.len(),
        3
    );
}

pub async fn the_business_rule(
    stream: &dyn SubjectStream,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    let id = MessageId::named;
    noise(stream).await;
    answers!(
        "the answer of refund(order-1, 1, early) (nothing was paid)",
        refund(stream, "order-1", 1, id("early")).await,
        Outcome::Refused
    );
    answers!("the answer of withdraw(order-1, 300)", withdraw(stream, "order-1", 300).await, Outcome::Done);
    noise(stream).await;
    answers!(
        "the answer of refund(order-1, 200, one)",
        refund(stream, "order-1", 200, id("one")).await,
        Outcome::Done
    );
    noise(stream).await;
    answers!(
        "the answer of refund(order-1, 101, two) (200 + 101 > 300)",
        refund(stream, "order-1", 101, id("two")).await,
        Outcome::Refused
    );
    answers!(
        "the answer of refund(order-1, 100, three) (200 + 100 = 300)",
        refund(stream, "order-1", 100, id("three")).await,
        Outcome::Done
    );
    answers!(
        "the answer of refund(order-1, 200, one) (a copy)",
        refund(stream, "order-1", 200, id("one")).await,
        Outcome::AlreadyDone
    );
    pass_time(window + window / 10).await;
    answers!(
        "the answer of refund(order-1, 200, one) (a late copy)",
        refund(stream, "order-1", 200, id("one")).await,
        Outcome::AlreadyDone
    );
    let refunded = facts(stream, "refund.order-1").await;
    let cents: Vec<u64> = refunded
        .iter()
        .map(|fact| match fact {
            Fact::Refunded { cents, .. } => *cents,
            other => panic!("{other:?} is no refund"),
        })
        .collect();
    should_be!("what was refunded", cents, [200, 100]);
}

pub async fn order_maintenance(
    stream: &dyn SubjectStream,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    noise(stream).await;
    answers!(
        "the answer of pay_return(order-1) (nobody has agreed)",
        pay_return(stream, "order-1").await,
        Outcome::Refused
    );
    answers!("the answer of validate(order-1, Ann)", validate(stream, "order-1", "Ann").await, Outcome::Done);
    answers!(
        "the answer of validate(order-1, Ann) (once more)",
        validate(stream, "order-1", "Ann").await,
        Outcome::AlreadyDone
    );
    noise(stream).await;
    answers!(
        "the answer of pay_return(order-1) (one human is not two)",
        pay_return(stream, "order-1").await,
        Outcome::Refused
    );
    answers!("the answer of validate(order-1, Bob)", validate(stream, "order-1", "Bob").await, Outcome::Done);
    answers!(
        "the answer of validate(order-1, Ann) (Ann has agreed, and so has Bob by now)",
        validate(stream, "order-1", "Ann").await,
        Outcome::AlreadyDone
    );
    noise(stream).await;
    answers!(
        "the answer of validate(order-1, Cy) (third place is taken)",
        validate(stream, "order-1", "Cy").await,
        Outcome::Refused
    );
    answers!("the answer of pay_return(order-1)", pay_return(stream, "order-1").await, Outcome::Done);
    answers!(
        "the answer of pay_return(order-1) (once more)",
        pay_return(stream, "order-1").await,
        Outcome::AlreadyDone
    );
    pass_time(window + window / 10).await;
    answers!(
        "the answer of pay_return(order-1) (a day later)",
        pay_return(stream, "order-1").await,
        Outcome::AlreadyDone
    );
    answers!(
        "the answer of validate(order-1, Ann) (Ann has agreed, a day ago)",
        validate(stream, "order-1", "Ann").await,
        Outcome::AlreadyDone
    );
    let human = |by: &str| Fact::Validated { by: by.to_owned() };
    should_be!(
        "the facts under return.order-1",
        facts(stream, "return.order-1").await,
        [human("Ann"), human("Bob"), Fact::ReturnPaid]
    );
}
