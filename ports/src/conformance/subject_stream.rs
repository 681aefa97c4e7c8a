//! The rules of a stream with publish expectations.

use std::time::Duration;

use super::rules::{
    ACTUAL_IS_TOLD, EXPECTATION_OUTLIVES_WINDOW, EXPECTATION_THAT_HOLDS_IS_STORED, ID_IS_FORGOTTEN,
    ID_IS_RECOGNISED, LAST_OF_FILTER_IS_EXPECTED, LAST_OF_STREAM_IS_EXPECTED, LAST_OF_SUBJECT_IS_EXPECTED,
    NEW_WINDOW_BEGINS, NO_PUBLISH_IS_LOST, NONSENSE_IS_REFUSED, NUMBERED_THROUGH_THE_STREAM,
    ONE_PUBLISH_WINS, READ_BY_FILTER, REFUSALS_ARE_TRUE, REFUSED_ID_STAYS_UNKNOWN,
    REFUSED_PUBLISH_STORES_NOTHING, RETRY_IS_DUPLICATE, RETRY_IS_REFUSED, WITHOUT_EXPECTATION_IS_STORED,
};
use super::{ATTEMPTS, Calls, Told, WRITERS, WRITES_EACH};
use crate::outside::{CheckFirst, subject_matches};
use crate::{Expected, Publication, PublishAck, StreamError, StreamMessage, SubjectStream};

/// Checks a stream: sequences, filters, ids, expectations, concurrency.
///
/// What `stream` must be: see the [module](super). It must take every subject
/// below `prefix` (`run-7.>`), and while the check runs, nobody else may
/// publish to it: sequences belong to the whole stream. What is in it already
/// does no harm.
///
/// Not in here, because servers differ: [`retry`], and the expectation of
/// [filters](last_of_filter).
///
/// # Panics
///
/// When a rule is broken.
pub async fn subject_stream(stream: &dyn SubjectStream, prefix: &str) {
    let checked = |name: &str| Checked::new(stream, format!("{prefix}.{name}"));
    sequences_and_filters(checked("filters")).await;
    equal_messages(checked("equal")).await;
    ids(checked("ids")).await;
    last_of_stream(checked("stream")).await;
    last_of_subject(checked("subject")).await;
    nonsense(checked("nonsense")).await;
    one_publish_wins(checked("race")).await;
    no_publish_is_lost(checked("contention")).await;
}

/// Checks the expectation of a filter. nats-server has it from 2.11.7 on.
///
/// What `stream` must be: see [`subject_stream`].
///
/// # Panics
///
/// When a rule is broken.
pub async fn last_of_filter(stream: &dyn SubjectStream, prefix: &str) {
    let rule = LAST_OF_FILTER_IS_EXPECTED;
    let on = Checked::new(stream, format!("{prefix}.filter"));
    let order = on.subject("*.order-1");
    let expecting = |filter: &str, sequence| Expected::LastSequenceOf { filter: filter.to_owned(), sequence };
    // Nothing matches yet, whatever there is under the subject published to.
    on.stores(WITHOUT_EXPECTATION_IS_STORED, on.message("paid.order-2", "a")).await;
    on.refuses(rule, on.message("refund.order-1", "b").expecting(expecting(&order, 1)), 0).await;
    let paid = on.stores(rule, on.message("paid.order-1", "c").expecting(expecting(&order, 0))).await;
    // What is published matches the filter …
    on.refuses(rule, on.message("refund.order-1", "d").expecting(expecting(&order, 0)), paid).await;
    on.refuses(rule, on.message("refund.order-1", "d").expecting(expecting(&order, paid + 1)), paid).await;
    let refund = on.stores(rule, on.message("refund.order-1", "e").expecting(expecting(&order, paid))).await;
    // … or not, and others publish in between.
    let other = on.stores(rule, on.message("refund.order-2", "f").expecting(expecting(&order, refund))).await;
    on.stores(rule, on.message("refund.order-2", "g").expecting(expecting(&order, refund))).await;
    on.refuses(rule, on.message("refund.order-2", "h").expecting(expecting(&order, other)), refund).await;
    // Without wildcards, and with `>`.
    let exact = on.subject("paid.order-1");
    on.refuses(rule, on.message("paid.order-3", "i").expecting(expecting(&exact, refund)), paid).await;
    let last = on.stores(rule, on.message("paid.order-3", "j").expecting(expecting(&exact, paid))).await;
    let all = on.subject(">");
    on.refuses(rule, on.message("paid.order-4", "k").expecting(expecting(&all, paid)), last).await;
    let last = on.stores(rule, on.message("paid.order-4", "l").expecting(expecting(&all, last))).await;
    on.stores(rule, on.message("paid.order-4", "m").expecting(expecting(&all, last))).await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
    // Of concurrent publishes of different subjects that expect the same, one.
    let race = on.subject("race.>");
    let message = |name: &str| on.message(&format!("race.{name}"), name).expecting(expecting(&race, 0));
    let replies =
        tokio::join!(on.publish(message("one")), on.publish(message("two")), on.publish(message("three")));
    on.one_winner(replies.into());
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
}

/// Checks what a retry with a known id and an expectation that no longer holds
/// sees. nats-server looks at the id first up to 2.11, and at the expectation
/// from 2.12 on.
///
/// What `stream` must be: see [`subject_stream`].
///
/// # Panics
///
/// When a rule is broken.
pub async fn retry(stream: &dyn SubjectStream, prefix: &str, check_first: CheckFirst) {
    let on = Checked::new(stream, format!("{prefix}.retry"));
    let (expecting_stream, expecting_subject) = (Expected::LastSequence, Expected::LastSubjectSequence);
    let message = on.message("order-1", "pay").with_id(on.id("pay"));
    let first = on.stores(LAST_OF_SUBJECT_IS_EXPECTED, message.clone().expecting(expecting_subject(0))).await;
    // At first it is the last message of all, later of its subject.
    for outdated in [expecting_subject(0), expecting_stream(first - 1), expecting_subject(first + 1)] {
        let retry = message.clone().expecting(outdated);
        match check_first {
            CheckFirst::MessageId => on.duplicate(RETRY_IS_DUPLICATE, retry, first).await,
            CheckFirst::Expectation => on.refuses(RETRY_IS_REFUSED, retry, first).await,
        }
    }
    on.duplicate(RETRY_IS_DUPLICATE, message.clone().expecting(expecting_stream(first)), first).await;
    let other = on.message("order-2", "pay");
    let second = on.stores(WITHOUT_EXPECTATION_IS_STORED, other).await;
    let retry = message.clone().expecting(expecting_stream(first));
    match check_first {
        CheckFirst::MessageId => on.duplicate(RETRY_IS_DUPLICATE, retry, first).await,
        CheckFirst::Expectation => on.refuses(RETRY_IS_REFUSED, retry, second).await,
    }
    // With the corrected expectation, and with none, every server agrees.
    on.duplicate(RETRY_IS_DUPLICATE, message.clone().expecting(expecting_subject(first)), first).await;
    on.duplicate(RETRY_IS_DUPLICATE, message, first).await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
}

/// Checks for how long ids are recognised. `pass_time` lets time pass, on a
/// virtual clock or by waiting; a quarter of `window` must be plenty for all
/// calls of this check together.
///
/// What `stream` must be: see [`subject_stream`].
///
/// # Panics
///
/// When a rule is broken.
pub async fn window(
    stream: &dyn SubjectStream,
    prefix: &str,
    window: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    let on = Checked::new(stream, format!("{prefix}.window"));
    let once = Expected::LastSubjectSequence(0);
    let message = on.message("clicks.a", "click").with_id(on.id("click"));
    let guarded = on.message("orders.a", "withdraw").with_id(on.id("withdraw"));

    // Time 0.
    let first = on.stores(WITHOUT_EXPECTATION_IS_STORED, message.clone()).await;
    let withdrawn = on.stores(LAST_OF_SUBJECT_IS_EXPECTED, guarded.clone().expecting(once.clone())).await;
    on.duplicate(ID_IS_RECOGNISED, message.clone(), first).await;

    pass_time(window / 2).await; // time ½
    on.duplicate(ID_IS_RECOGNISED, message.clone(), first).await;

    pass_time(window * 3 / 4).await; // time 1¼: that duplicate has changed nothing
    let again = on.stores(ID_IS_FORGOTTEN, message.clone()).await;
    on.duplicate(ID_IS_RECOGNISED, message.clone(), again).await;
    on.refuses(EXPECTATION_OUTLIVES_WINDOW, guarded.expecting(once), withdrawn).await;

    pass_time(window / 2).await; // time 1¾: half a window since it was stored again
    on.duplicate(NEW_WINDOW_BEGINS, message, again).await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
}

async fn sequences_and_filters(on: Checked<'_>) {
    on.holds(READ_BY_FILTER, ">").await;
    let bodies: [(&str, &[u8]); 6] = [
        ("paid.order-1", "crème brûlée \"\\\n🍵".as_bytes()),
        ("paid.order-2", b""),
        ("refund.order-1", &[0, 0xff, 0xfe, b'\r', b'\n']),
        ("paid.order-1", b"[1,2]"),
        ("refund.order-1.note", b" \t"),
        ("PAID.order-1", b"{}"),
    ];
    for (n, (subject, body)) in bodies.into_iter().enumerate() {
        let mut message = Publication::new(on.subject(subject), body);
        if n % 2 == 0 {
            message = message.with_id(on.id(&format!("n-{n} ñ:{{}}")));
        }
        on.stores(WITHOUT_EXPECTATION_IS_STORED, message).await;
        on.holds(READ_BY_FILTER, ">").await;
    }
    for filter in [
        "*.order-1",
        "paid.*",
        "*",
        "*.*",
        "*.*.*",
        "paid.order-1",
        "paid.order-3",
        "paid",
        "refund.>",
        "*.>",
        "*.*.>",
        "refund.*.note",
        "paid.order-1.>",
        "order-1",
    ] {
        on.holds(READ_BY_FILTER, filter).await;
    }
}

async fn equal_messages(on: Checked<'_>) {
    for _ in 0..2 {
        on.stores(WITHOUT_EXPECTATION_IS_STORED, on.message("a", "the same")).await;
    }
    on.holds(WITHOUT_EXPECTATION_IS_STORED, ">").await;
}

async fn ids(on: Checked<'_>) {
    let first = on.stores(WITHOUT_EXPECTATION_IS_STORED, on.message("a", "one").with_id(on.id("x"))).await;
    on.duplicate(ID_IS_RECOGNISED, on.message("a", "one").with_id(on.id("x")), first).await;
    // Case matters; subject, body and what else is published do not.
    on.stores(WITHOUT_EXPECTATION_IS_STORED, on.message("a", "two").with_id(on.id("X"))).await;
    on.duplicate(ID_IS_RECOGNISED, on.message("a", "other").with_id(on.id("x")), first).await;
    on.duplicate(ID_IS_RECOGNISED, on.message("b", "one").with_id(on.id("x")), first).await;
    let holds = Expected::LastSubjectSequence(0);
    let elsewhere = on.message("c", "one").with_id(on.id("x")).expecting(holds);
    on.duplicate(ID_IS_RECOGNISED, elsewhere, first).await;
    on.holds(ID_IS_RECOGNISED, ">").await;
    // A refusal leaves no trace of the id.
    let refused = on.message("d", "three").with_id(on.id("y"));
    on.refuses(LAST_OF_SUBJECT_IS_EXPECTED, refused.clone().expecting(Expected::LastSubjectSequence(1)), 0)
        .await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
    on.stores(REFUSED_ID_STAYS_UNKNOWN, refused.expecting(Expected::LastSubjectSequence(0))).await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
}

async fn last_of_stream(on: Checked<'_>) {
    let rule = LAST_OF_STREAM_IS_EXPECTED;
    let message = |name| on.message(name, name);
    let before = on.stores(WITHOUT_EXPECTATION_IS_STORED, message("a")).await;
    on.refuses(rule, message("b").expecting(Expected::LastSequence(0)), before).await;
    on.refuses(rule, message("b").expecting(Expected::LastSequence(before - 1)), before).await;
    on.refuses(rule, message("b").expecting(Expected::LastSequence(before + 1)), before).await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
    // Whatever the subject.
    let last = on.stores(rule, message("b").expecting(Expected::LastSequence(before))).await;
    on.refuses(rule, message("a").expecting(Expected::LastSequence(before)), last).await;
    on.stores(rule, message("a").expecting(Expected::LastSequence(last))).await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
}

async fn last_of_subject(on: Checked<'_>) {
    let rule = LAST_OF_SUBJECT_IS_EXPECTED;
    let message =
        |subject, body, last| on.message(subject, body).expecting(Expected::LastSubjectSequence(last));
    on.refuses(rule, message("order-1", "future", 1), 0).await;
    let one = on.stores(rule, message("order-1", "first", 0)).await;
    on.refuses(rule, message("order-1", "first again", 0), one).await;
    let two = on.stores(rule, message("order-2", "first of another", 0)).await;
    // The numbers are the stream's: not the place in the subject, and not the
    // last of all.
    on.refuses(rule, message("order-1", "by the stream's last", two), one).await;
    let three = on.stores(rule, message("order-1", "second", one)).await;
    on.refuses(rule, message("order-2", "by another subject's last", three), two).await;
    on.refuses(rule, message("order-1", "stale", one), three).await;
    // A subject is not a prefix of another.
    on.stores(rule, message("order-1.note", "deeper", 0)).await;
    on.stores(rule, message("order", "shorter", 0)).await;
    on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
    // The filter that is the subject itself is no news to any server.
    let filter = on.subject("order-1");
    let itself = |sequence| Expected::LastSequenceOf { filter: filter.clone(), sequence };
    on.refuses(LAST_OF_FILTER_IS_EXPECTED, on.message("order-1", "x").expecting(itself(one)), three).await;
    on.stores(LAST_OF_FILTER_IS_EXPECTED, on.message("order-1", "third").expecting(itself(three))).await;
    on.holds(EXPECTATION_THAT_HOLDS_IS_STORED, ">").await;
}

async fn nonsense(on: Checked<'_>) {
    for subject in ["*", "a.*", ">", "a.>", "a..b", "a.", "", "a b"] {
        on.nonsense(on.message(subject, "nonsense")).await;
    }
    for id in ["", " x", "x ", "x\r\ny"] {
        on.nonsense(on.message("a", "nonsense").with_id(id)).await;
    }
    for filter in [">.x", "a..b", "", "a b"] {
        let filter = if filter.is_empty() { String::new() } else { on.subject(filter) };
        let reply = on.stream.read(&filter).await;
        on.calls.note(format_args!("read({filter:?})"), &reply);
        on.calls.require(NONSENSE_IS_REFUSED, matches!(reply, Err(StreamError::Protocol(_))));
        on.nonsense(on.message("a", "nonsense").expecting(Expected::LastSequenceOf { filter, sequence: 0 }))
            .await;
    }
    on.holds(NONSENSE_IS_REFUSED, ">").await;
}

async fn one_publish_wins(on: Checked<'_>) {
    // The first of a subject, then a later one, then the stream's next.
    let mut last = 0;
    for round in ["first", "second", "third"] {
        let message = |name: &str| {
            let expected = match round {
                "third" => Expected::LastSequence(last),
                _ => Expected::LastSubjectSequence(last),
            };
            on.message("order", &format!("{round} by {name}")).expecting(expected)
        };
        let replies = tokio::join!(
            on.publish(message("one")),
            on.publish(message("two")),
            on.publish(message("three")),
        );
        last = on.one_winner(replies.into());
        on.holds(REFUSED_PUBLISH_STORES_NOTHING, ">").await;
    }
    // With the same id, too, there is one; what the others are told differs.
    let copy = || on.message("copies", "copy").with_id(on.id("copy"));
    let replies = tokio::join!(on.publish(copy()), on.publish(copy()), on.publish(copy()));
    let replies: [_; 3] = replies.into();
    let first = replies.iter().flatten().map(|ack| ack.sequence).next();
    let stored = replies.iter().flatten().filter(|ack| !ack.duplicate).count();
    let agree = replies.iter().all(|reply| reply.as_ref().ok().map(|ack| ack.sequence) == first);
    on.calls.require(ID_IS_RECOGNISED, stored == 1 && agree);
    on.holds(ID_IS_RECOGNISED, ">").await;
}

async fn no_publish_is_lost(on: Checked<'_>) {
    let on = &on;
    let subject = on.subject("order");
    let writer = async |writer: usize| {
        for write in 0..WRITES_EACH {
            let mut written = false;
            for _ in 0..ATTEMPTS {
                let last = on.read("order").await.last().map_or(0, |message| message.sequence);
                let message = Publication::new(&subject, format!("{writer}-{write}"));
                let reply = on.publish(message.expecting(Expected::LastSubjectSequence(last))).await;
                if reply.is_ok() {
                    written = true;
                    break;
                }
                let refused =
                    matches!(reply, Err(StreamError::WrongLastSequence { actual }) if actual > last);
                on.calls.require(ACTUAL_IS_TOLD, refused);
            }
            on.calls.require(REFUSALS_ARE_TRUE, written);
        }
    };
    tokio::join!(writer(0), writer(1), writer(2));

    let read = on.read("order").await;
    on.calls.require(NO_PUBLISH_IS_LOST, read.len() == WRITERS * WRITES_EACH);
    for writer in 0..WRITERS {
        let written: Vec<_> =
            (0..WRITES_EACH).map(|write| format!("{writer}-{write}").into_bytes()).collect();
        let own = read.iter().map(|message| &message.body).filter(|body| written.contains(body));
        on.calls.require(NO_PUBLISH_IS_LOST, own.eq(&written));
    }
    on.holds(NUMBERED_THROUGH_THE_STREAM, ">").await;
}

/// A stream below one subject, what it was asked so far, and what it must hold.
struct Checked<'a> {
    stream: &'a dyn SubjectStream,
    root: String,
    calls: Calls,
    /// What was acknowledged as stored.
    stored: std::sync::Mutex<Vec<StreamMessage>>,
}

impl<'a> Checked<'a> {
    fn new(stream: &'a dyn SubjectStream, root: String) -> Self {
        Self { stream, root, calls: Calls::default(), stored: std::sync::Mutex::default() }
    }

    /// Below our subject; nonsense stays nonsense.
    fn subject(&self, name: &str) -> String {
        format!("{}.{name}", self.root)
    }

    /// Of our own, in a stream that others have published to.
    fn id(&self, name: &str) -> String {
        format!("{}/{name}", self.root)
    }

    fn message(&self, subject: &str, body: &str) -> Publication {
        Publication::new(self.subject(subject), body)
    }

    async fn publish(&self, publication: Publication) -> Result<PublishAck, StreamError> {
        let reply = self.stream.publish(publication.clone()).await;
        let Publication { subject, body, message_id, expected } = publication;
        let id = message_id.as_ref().map_or(String::new(), |id| format!(", id {id:?}"));
        let expecting = expected.map_or(String::new(), |expected| format!(", expecting {expected:?}"));
        let told = body.escape_ascii();
        self.calls.note(format_args!("publish({subject:?}, \"{told}\"{id}{expecting})"), &reply);
        if let Ok(PublishAck { sequence, duplicate: false }) = reply {
            let mut stored = self.stored.lock().expect(super::LOCK);
            // Acknowledgements of concurrent publishes may come in any order.
            let place = stored.iter().position(|message| message.sequence > sequence).unwrap_or(stored.len());
            stored.insert(place, StreamMessage { sequence, subject, body, message_id });
        }
        reply
    }

    async fn read(&self, filter: &str) -> Vec<StreamMessage> {
        let filter = self.subject(filter);
        let reply = self.stream.read(&filter).await;
        let told = reply.as_ref().map(|messages| {
            let told = |message: &StreamMessage| {
                let StreamMessage { sequence, subject, body, message_id } = message;
                let id = message_id.as_ref().map_or(String::new(), |id| format!(" id {id:?}"));
                format!("{sequence}: {subject:?} \"{}\"{id}", body.escape_ascii())
            };
            Told(format!("[{}]", messages.iter().map(told).collect::<Vec<_>>().join(", ")))
        });
        self.calls.note(format_args!("read({filter:?})"), &told);
        self.calls.require(READ_BY_FILTER, reply.is_ok());
        reply.unwrap_or_default()
    }

    /// The rule says that this is stored, at the end of the stream. Says where.
    async fn stores(&self, rule: &str, publication: Publication) -> u64 {
        let last = self.stored.lock().expect(super::LOCK).last().map(|message| message.sequence);
        let reply = self.publish(publication).await;
        let Ok(PublishAck { sequence, duplicate: false }) = reply else {
            self.calls.require(rule, false);
            unreachable!("a broken rule panics");
        };
        // Where the stream stood before our first message, we do not know.
        self.calls
            .require(NUMBERED_THROUGH_THE_STREAM, last.map_or(sequence > 0, |last| sequence == last + 1));
        sequence
    }

    /// The rule says that this is acknowledged as a copy of what is there.
    async fn duplicate(&self, rule: &str, publication: Publication, sequence: u64) {
        let reply = self.publish(publication).await;
        self.calls.require(rule, reply == Ok(PublishAck { sequence, duplicate: true }));
    }

    /// The rule says that this is refused, with this actual sequence.
    async fn refuses(&self, rule: &str, publication: Publication, actual: u64) {
        let reply = self.publish(publication).await;
        self.calls.require(rule, matches!(reply, Err(StreamError::WrongLastSequence { .. })));
        self.calls.require(ACTUAL_IS_TOLD, reply == Err(StreamError::WrongLastSequence { actual }));
    }

    async fn nonsense(&self, publication: Publication) {
        let reply = self.publish(publication).await;
        self.calls.require(NONSENSE_IS_REFUSED, matches!(reply, Err(StreamError::Protocol(_))));
    }

    /// Of these concurrent publishes, one must have been stored, and the others
    /// refused for the sake of it. Says where.
    fn one_winner<const N: usize>(&self, replies: [Result<PublishAck, StreamError>; N]) -> u64 {
        let winners: Vec<_> = replies.iter().flatten().collect();
        let [PublishAck { sequence, duplicate: false }] = winners[..] else {
            self.calls.require(ONE_PUBLISH_WINS, false);
            unreachable!("a broken rule panics");
        };
        let refused = Err(StreamError::WrongLastSequence { actual: *sequence });
        let others = replies.iter().filter(|reply| **reply == refused).count();
        self.calls.require(ONE_PUBLISH_WINS, others == N - 1);
        *sequence
    }

    /// The rule says that a read by this filter returns just what was
    /// acknowledged as stored.
    async fn holds(&self, rule: &str, filter: &str) {
        let read = self.read(filter).await;
        let filter = self.subject(filter);
        let stored = self.stored.lock().expect(super::LOCK);
        let expected = stored.iter().filter(|message| subject_matches(&filter, &message.subject));
        self.calls.require(rule, expected.eq(&read));
    }
}
