//! The rules of an event store.

use serde_json::{Value, json};

use super::rules::{
    ALL_OR_NOTHING, APPEND_RETURNS_VERSION, CONFLICTS_ARE_TRUE, EQUAL_EVENTS_ARE_KEPT,
    FUTURE_APPEND_CONFLICTS, NEW_STREAM_IS_EMPTY, NO_APPEND_IS_LOST, NOTHING_APPENDED_IS_CHECKED_TOO,
    NOTHING_APPENDED_IS_NOTHING_RECORDED, ONE_APPEND_WINS, READ_IN_ORDER, REFUSED_APPEND_RECORDS_NOTHING,
    STALE_APPEND_CONFLICTS, STREAMS_ARE_INDEPENDENT,
};
use super::{ATTEMPTS, Calls, Told, WRITERS, WRITES_EACH};
use crate::{EventStore, MessageId, NewEvent, RecordedEvent, StoreError};

/// Checks an event store: versions, metadata, conflicts, concurrency.
///
/// What `store` must be, and which streams the check uses: see the
/// [module](super).
///
/// # Panics
///
/// When a rule is broken.
pub async fn event_store(store: &dyn EventStore, prefix: &str) {
    let stream = |name: &str| Stream::new(store, format!("{prefix}-{name}"));
    versions_and_order(stream("order")).await;
    conflicts(stream("conflicts")).await;
    nothing(stream("nothing")).await;
    equal_events(stream("equal")).await;
    independence(&stream("a"), &stream("A"), &stream("a/1")).await;
    one_append_wins(stream("race")).await;
    no_append_is_lost(stream("contention")).await;
}

async fn versions_and_order(stream: Stream<'_>) {
    stream.holds(NEW_STREAM_IS_EMPTY, &[]).await;
    let bodies = [
        json!({ "ItemAdded": { "order_id": "order-1", "item": "crème brûlée \"\\\n🍵" } }),
        json!([null, true, -1, u64::MAX, i64::MIN, 0.5, "", {}, []]),
        json!("Marker"),
        json!({ "a": { "b": [{ "c": null }] } }),
        Value::Null,
    ];
    let events: Vec<_> = bodies.into_iter().enumerate().map(|(n, body)| event(n, body)).collect();
    stream.takes(APPEND_RETURNS_VERSION, 0, &events[..1]).await;
    stream.holds(READ_IN_ORDER, &events[..1]).await;
    stream.takes(APPEND_RETURNS_VERSION, 1, &events[1..4]).await;
    stream.takes(APPEND_RETURNS_VERSION, 4, &events[4..]).await;
    stream.holds(READ_IN_ORDER, &events).await;
}

async fn conflicts(stream: Stream<'_>) {
    let [one, two, three] = [1, 2, 3].map(numbered);
    stream.refuses(FUTURE_APPEND_CONFLICTS, 1, std::slice::from_ref(&one)).await;
    stream.holds(REFUSED_APPEND_RECORDS_NOTHING, &[]).await;
    let recorded = [one, two];
    stream.takes(APPEND_RETURNS_VERSION, 0, &recorded).await;
    for version in [0, 1] {
        // Two events: a refusal must not let even the first one in.
        stream.refuses(STALE_APPEND_CONFLICTS, version, &[three.clone(), numbered(4)]).await;
        stream.holds(REFUSED_APPEND_RECORDS_NOTHING, &recorded).await;
    }
    stream.refuses(FUTURE_APPEND_CONFLICTS, 3, std::slice::from_ref(&three)).await;
    stream.holds(REFUSED_APPEND_RECORDS_NOTHING, &recorded).await;
    stream.takes(APPEND_RETURNS_VERSION, 2, &[three]).await;
}

async fn nothing(stream: Stream<'_>) {
    stream.takes(NOTHING_APPENDED_IS_NOTHING_RECORDED, 0, &[]).await;
    stream.holds(NOTHING_APPENDED_IS_NOTHING_RECORDED, &[]).await;
    stream.refuses(NOTHING_APPENDED_IS_CHECKED_TOO, 1, &[]).await;
    let recorded = [numbered(1), numbered(2)];
    stream.takes(APPEND_RETURNS_VERSION, 0, &recorded).await;
    stream.takes(NOTHING_APPENDED_IS_NOTHING_RECORDED, 2, &[]).await;
    for version in [0, 1, 3] {
        stream.refuses(NOTHING_APPENDED_IS_CHECKED_TOO, version, &[]).await;
    }
    stream.holds(NOTHING_APPENDED_IS_NOTHING_RECORDED, &recorded).await;
}

async fn equal_events(stream: Stream<'_>) {
    let twins = [numbered(1), numbered(1)];
    stream.takes(EQUAL_EVENTS_ARE_KEPT, 0, &twins).await;
    stream.takes(EQUAL_EVENTS_ARE_KEPT, 2, &twins).await;
    stream.holds(EQUAL_EVENTS_ARE_KEPT, &[twins.clone(), twins].concat()).await;
}

async fn independence(first: &Stream<'_>, second: &Stream<'_>, third: &Stream<'_>) {
    let streams = [first, second, third];
    for (n, stream) in streams.into_iter().enumerate() {
        stream.takes(STREAMS_ARE_INDEPENDENT, 0, &[numbered(n)]).await;
    }
    for (n, stream) in streams.into_iter().enumerate() {
        stream.holds(STREAMS_ARE_INDEPENDENT, &[numbered(n)]).await;
    }
}

async fn one_append_wins(stream: Stream<'_>) {
    // At the version of an empty stream, then at a later one.
    let mut recorded = Vec::new();
    for version in [0, 2] {
        let pairs = [1, 2, 3].map(|n| [numbered(10 * n), numbered(10 * n + 1)]);
        let replies = tokio::join!(
            stream.append(version, &pairs[0]),
            stream.append(version, &pairs[1]),
            stream.append(version, &pairs[2]),
        );
        let winner = stream.calls.one_winner(ONE_APPEND_WINS, &replies.into());
        recorded.extend_from_slice(&pairs[winner]);
        stream.holds(REFUSED_APPEND_RECORDS_NOTHING, &recorded).await;
    }
}

async fn no_append_is_lost(stream: Stream<'_>) {
    let stream = &stream;
    let pair = |writer, write| [0, 1].map(|half| numbered(100 * writer + 10 * write + half));
    let writer = async |writer: usize| {
        for write in 0..WRITES_EACH {
            let mut written = false;
            for _ in 0..ATTEMPTS {
                let recorded = stream.read().await;
                stream.calls.require(ALL_OR_NOTHING, recorded.len() % 2 == 0);
                let reply = stream.append(recorded.len() as u64, &pair(writer, write)).await;
                if reply.is_ok() {
                    written = true;
                    break;
                }
                stream.calls.conflicts(NO_APPEND_IS_LOST, &reply);
            }
            stream.calls.require(CONFLICTS_ARE_TRUE, written);
        }
    };
    tokio::join!(writer(0), writer(1), writer(2));

    let recorded = stream.read().await;
    stream.calls.require(NO_APPEND_IS_LOST, recorded.len() == 2 * WRITERS * WRITES_EACH);
    for writer in 0..WRITERS {
        let written: Vec<_> = (0..WRITES_EACH).flat_map(|write| pair(writer, write)).collect();
        let own = recorded.iter().filter(|event| written.iter().any(|other| other.body == event.body));
        stream.calls.require(
            NO_APPEND_IS_LOST,
            own.map(|event| &event.body).eq(written.iter().map(|event| &event.body)),
        );
    }
}

fn event(number: usize, body: Value) -> NewEvent {
    NewEvent { caused_by: MessageId::named(&format!("conformance {number}")), body }
}

fn numbered(number: usize) -> NewEvent {
    event(number, json!({ "Event": { "number": number } }))
}

/// One stream, and what it was asked so far.
struct Stream<'a> {
    store: &'a dyn EventStore,
    name: String,
    calls: Calls,
}

impl<'a> Stream<'a> {
    fn new(store: &'a dyn EventStore, name: String) -> Self {
        Self { store, name, calls: Calls::default() }
    }

    async fn append(&self, version: u64, events: &[NewEvent]) -> Result<u64, StoreError> {
        let reply = self.store.append(&self.name, version, events.to_vec()).await;
        let told = told(events.iter().map(|event| (event.caused_by, &event.body)));
        self.calls.note(format_args!("append({:?}, {version}, {told})", self.name), &reply);
        reply
    }

    async fn read(&self) -> Vec<RecordedEvent> {
        let reply = self.store.read(&self.name).await;
        let told = reply.as_ref().map(|events| {
            let versions: Vec<_> = events.iter().map(|event| event.version).collect();
            let events = told(events.iter().map(|event| (event.caused_by, &event.body)));
            Told(format!("{events} at versions {versions:?}"))
        });
        self.calls.note(format_args!("read({:?})", self.name), &told);
        self.calls.succeeds(READ_IN_ORDER, reply)
    }

    /// The rule says that this append succeeds.
    async fn takes(&self, rule: &str, version: u64, events: &[NewEvent]) {
        let reply = self.append(version, events).await;
        self.calls.require(rule, reply == Ok(version + events.len() as u64));
    }

    /// The rule says that this append is a conflict.
    async fn refuses(&self, rule: &str, version: u64, events: &[NewEvent]) {
        let reply = self.append(version, events).await;
        self.calls.conflicts(rule, &reply);
    }

    /// The rule says that the stream holds just these events.
    async fn holds(&self, rule: &str, events: &[NewEvent]) {
        let recorded = self.read().await;
        let expected = events.iter().cloned().zip(1..);
        let expected = expected.map(|(NewEvent { caused_by, body }, version)| RecordedEvent {
            version,
            caused_by,
            body,
        });
        self.calls.require(rule, expected.eq(recorded));
    }
}

/// Events in a panic: what they say, and the start of their cause's id.
fn told<'a>(events: impl Iterator<Item = (MessageId, &'a Value)>) -> String {
    let events: Vec<_> =
        events.map(|(cause, body)| format!("{body} by {}", &cause.to_string()[..8])).collect();
    format!("[{}]", events.join(", "))
}
