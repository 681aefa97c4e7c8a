//! The rules of a document store.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::rules::{
    ABOVE_LIMIT_IS_REFUSED, ABSENT_IS_NONE, BODY_COMES_BACK, CONFLICTS_ARE_TRUE, DELETE_OBEYS_PRECONDITION,
    DELETE_OF_NOTHING_SUCCEEDS, DELETE_REMOVES, ETAG_IS_NEVER_REUSED, EVERY_WRITE_NEW_ETAG, EXPIRES,
    EXPIRES_NOT_BEFORE, EXPIRING_PUT_OBEYS_PRECONDITION, GET_RETURNS_ETAG_OF_PUT, IF_ABSENT_CONFLICTS,
    IF_ABSENT_CREATES, IF_ETAG_NEEDS_DOCUMENT, IF_ETAG_REPLACES, KEYS_ARE_INDEPENDENT,
    LAST_WRITE_DECIDES_EXPIRY, NO_ABA, NO_RESURRECTION, NO_UPDATE_IS_LOST, ONE_CHANGE_WINS, ONE_CREATOR_WINS,
    REFUSED_WRITE_CHANGES_NOTHING, STALE_ETAG_CONFLICTS, UNCONDITIONAL_PUT_SUCCEEDS, UP_TO_LIMIT_IS_TAKEN,
};
use super::{ATTEMPTS, Calls, Told, WRITERS, WRITES_EACH};
use crate::Precondition::{self, IfAbsent, IfEtag};
use crate::{Document, DocumentStore, Etag, StoreError};

/// Checks a document store: bodies, etags, preconditions, deletes, concurrency.
/// Whether documents expire is the subject of [`expiry`].
///
/// What `store` must be, and which keys the check uses: see the
/// [module](super).
///
/// # Panics
///
/// When a rule is broken.
pub async fn document_store(store: &dyn DocumentStore, prefix: &str) {
    let key = |name: &str| Key::new(store, format!("{prefix}-{name}"));
    bodies(key("bodies")).await;
    independence([key("a"), key("A"), key("a/1"), key("a/2")]).await;
    create_and_replace(key("create")).await;
    etags(key("etags")).await;
    deletes(key("delete")).await;
    aba(key("aba")).await;
    never_written(key("never"), key("written")).await;
    no_resurrection(key("resurrection")).await;
    created_again(key("again")).await;
    one_creator_wins(key("race")).await;
    no_update_is_lost(key("contention")).await;
    one_change_wins(key("change")).await;
}

async fn bodies(key: Key<'_>) {
    key.holds(ABSENT_IS_NONE, None).await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let bodies: [&[u8]; 6] = [b"text", &every_byte, b"", b"\xff\xfe\0\xc3(", b" \r\n", b"{\"a\": 1}"];
    for body in bodies {
        let reply = key.put(body, Precondition::None).await;
        let etag = key.calls.succeeds(UNCONDITIONAL_PUT_SUCCEEDS, reply);
        let read = key.get().await;
        key.calls.require(BODY_COMES_BACK, read.as_ref().is_some_and(|document| document.body == body));
        key.calls.require(GET_RETURNS_ETAG_OF_PUT, read.is_some_and(|document| document.etag == etag));
    }
}

async fn independence(keys: [Key<'_>; 4]) {
    let mut written = Vec::new();
    for key in &keys {
        key.holds(KEYS_ARE_INDEPENDENT, None).await;
        written.push(key.put_document(KEYS_ARE_INDEPENDENT, key.name.as_bytes(), IfAbsent).await);
    }
    for (key, document) in keys.iter().zip(&written) {
        key.holds(KEYS_ARE_INDEPENDENT, Some(document)).await;
    }
    let reply = keys[0].delete(Precondition::None).await;
    keys[0].calls.succeeds(DELETE_REMOVES, reply);
    for (key, document) in keys.iter().zip(&written).skip(1) {
        key.holds(KEYS_ARE_INDEPENDENT, Some(document)).await;
    }
}

async fn create_and_replace(key: Key<'_>) {
    let one = key.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
    let reply = key.put(b"two", IfAbsent).await;
    key.calls.conflicts(IF_ABSENT_CONFLICTS, &reply);
    key.holds(REFUSED_WRITE_CHANGES_NOTHING, Some(&one)).await;

    let two = key.put_document(IF_ETAG_REPLACES, b"two", one.unchanged()).await;
    key.holds(BODY_COMES_BACK, Some(&two)).await;
    let reply = key.put(b"three", one.unchanged()).await;
    key.calls.conflicts(STALE_ETAG_CONFLICTS, &reply);
    key.holds(REFUSED_WRITE_CHANGES_NOTHING, Some(&two)).await;
}

async fn etags(key: Key<'_>) {
    let mut etags = BTreeSet::new();
    let mut last = IfAbsent;
    for unconditional in [false, false, true, true, false] {
        let precondition = if unconditional { Precondition::None } else { last };
        let document = key.put_document(IF_ETAG_REPLACES, b"always the same", precondition).await;
        key.calls.require(EVERY_WRITE_NEW_ETAG, etags.insert(document.etag.clone()));
        for _ in 0..2 {
            key.holds(GET_RETURNS_ETAG_OF_PUT, Some(&document)).await;
        }
        last = document.unchanged();
    }
}

async fn aba(key: Key<'_>) {
    let first = key.put_document(IF_ABSENT_CREATES, b"A", IfAbsent).await;
    let second = key.put_document(IF_ETAG_REPLACES, b"B", first.unchanged()).await;
    let third = key.put_document(IF_ETAG_REPLACES, b"A", second.unchanged()).await;
    for old in [first, second] {
        let reply = key.put(b"C", old.unchanged()).await;
        key.calls.conflicts(NO_ABA, &reply);
        let reply = key.delete(old.unchanged()).await;
        key.calls.conflicts(NO_ABA, &reply);
    }
    key.holds(REFUSED_WRITE_CHANGES_NOTHING, Some(&third)).await;
}

async fn never_written(key: Key<'_>, other: Key<'_>) {
    // An etag of this store, since an adapter may not understand another.
    let other = other.put_document(IF_ABSENT_CREATES, b"other", IfAbsent).await;
    let reply = key.put(b"one", other.unchanged()).await;
    key.calls.conflicts(IF_ETAG_NEEDS_DOCUMENT, &reply);
    let reply = key.delete(other.unchanged()).await;
    key.calls.conflicts(IF_ETAG_NEEDS_DOCUMENT, &reply);
    for precondition in [Precondition::None, IfAbsent] {
        let reply = key.delete(precondition).await;
        key.calls.succeeds(DELETE_OF_NOTHING_SUCCEEDS, reply);
    }
    key.holds(REFUSED_WRITE_CHANGES_NOTHING, None).await;
}

async fn deletes(key: Key<'_>) {
    let one = key.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
    let two = key.put_document(IF_ETAG_REPLACES, b"two", one.unchanged()).await;
    for precondition in [one.unchanged(), IfAbsent] {
        let reply = key.delete(precondition).await;
        key.calls.conflicts(DELETE_OBEYS_PRECONDITION, &reply);
        key.holds(REFUSED_WRITE_CHANGES_NOTHING, Some(&two)).await;
    }
    let reply = key.delete(two.unchanged()).await;
    key.calls.succeeds(DELETE_REMOVES, reply);
    key.holds(DELETE_REMOVES, None).await;
    key.put_document(IF_ABSENT_CREATES, b"three", IfAbsent).await;
    let reply = key.delete(Precondition::None).await;
    key.calls.succeeds(DELETE_REMOVES, reply);
    key.holds(DELETE_REMOVES, None).await;
    let reply = key.delete(Precondition::None).await;
    key.calls.succeeds(DELETE_OF_NOTHING_SUCCEEDS, reply);
}

async fn no_resurrection(key: Key<'_>) {
    let first = key.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
    let last = key.put_document(IF_ETAG_REPLACES, b"two", first.unchanged()).await;
    let reply = key.delete(last.unchanged()).await;
    key.calls.succeeds(DELETE_REMOVES, reply);
    for stale in [last, first] {
        let reply = key.put(b"back from the dead", stale.unchanged()).await;
        key.calls.conflicts(NO_RESURRECTION, &reply);
        let reply = key.delete(stale.unchanged()).await;
        key.calls.conflicts(DELETE_OBEYS_PRECONDITION, &reply);
        key.holds(NO_RESURRECTION, None).await;
    }
}

async fn created_again(key: Key<'_>) {
    let mut etags = BTreeSet::new();
    for _ in 0..2 {
        let one = key.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
        let two = key.put_document(IF_ETAG_REPLACES, b"two", one.unchanged()).await;
        for old in &etags {
            let reply = key.put(b"stale", IfEtag(Etag::clone(old))).await;
            key.calls.conflicts(NO_ABA, &reply);
            let reply = key.delete(IfEtag(Etag::clone(old))).await;
            key.calls.conflicts(NO_ABA, &reply);
        }
        for etag in [one.etag, two.etag.clone()] {
            key.calls.require(ETAG_IS_NEVER_REUSED, etags.insert(etag));
        }
        let reply = key.delete(two.unchanged()).await;
        key.calls.succeeds(DELETE_REMOVES, reply);
    }
}

async fn one_creator_wins(key: Key<'_>) {
    let bodies: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];
    let replies: [_; 4] = tokio::join!(
        key.put(bodies[0], IfAbsent),
        key.put(bodies[1], IfAbsent),
        key.put(bodies[2], IfAbsent),
        key.put(bodies[3], IfAbsent),
    )
    .into();
    let winner = key.calls.one_winner(ONE_CREATOR_WINS, &replies);
    let document = replies[winner].clone().ok().map(|etag| Document { body: bodies[winner].to_vec(), etag });
    key.holds(REFUSED_WRITE_CHANGES_NOTHING, document.as_ref()).await;
}

async fn no_update_is_lost(key: Key<'_>) {
    let key = &key;
    let writer = async || {
        for _ in 0..WRITES_EACH {
            let mut written = false;
            for _ in 0..ATTEMPTS {
                let read = key.get().await;
                let next = read.as_ref().map_or(0, number) + 1;
                let unchanged = Precondition::unchanged_since(read.as_ref());
                let reply = key.put(next.to_string().as_bytes(), unchanged).await;
                if reply.is_ok() {
                    written = true;
                    break;
                }
                key.calls.conflicts(NO_UPDATE_IS_LOST, &reply);
            }
            key.calls.require(CONFLICTS_ARE_TRUE, written);
        }
    };
    tokio::join!(writer(), writer(), writer());
    let total = key.get().await.as_ref().map_or(0, number);
    key.calls.require(NO_UPDATE_IS_LOST, total == WRITERS * WRITES_EACH);
}

/// The number that a document consists of; zero when it is something else.
fn number(document: &Document) -> usize {
    String::from_utf8_lossy(&document.body).parse().unwrap_or(0)
}

async fn one_change_wins(key: Key<'_>) {
    let before = key.put_document(IF_ABSENT_CREATES, b"before", IfAbsent).await;
    let (delete, put, other_put) = tokio::join!(
        key.delete(before.unchanged()),
        key.put(b"a", before.unchanged()),
        key.put(b"b", before.unchanged()),
    );
    let replies = [delete.map(|()| None), put.map(Some), other_put.map(Some)];
    let winner = key.calls.one_winner(ONE_CHANGE_WINS, &replies);
    let body = [&b""[..], b"a", b"b"][winner];
    let etag = replies[winner].clone().ok().flatten();
    let document = etag.map(|etag| Document { body: body.to_vec(), etag });
    key.holds(REFUSED_WRITE_CHANGES_NOTHING, document.as_ref()).await;
}

/// Checks that a store takes documents up to `limit` bytes, key and body
/// counted, and refuses larger ones without any effect.
///
/// What `store` must be, and which keys the check uses: see the
/// [module](super).
///
/// # Panics
///
/// When a rule is broken; also when `limit` leaves no room for a key of the
/// check, which is `prefix` and 14 bytes more.
pub async fn size_limit(store: &dyn DocumentStore, prefix: &str, limit: usize) {
    let [short, long] = ["size", "size-of-longer"].map(|name| Key::new(store, format!("{prefix}-{name}")));
    assert!(long.name.len() <= limit, "a limit of {limit} bytes leaves no room for the key {:?}", long.name);
    let too_large = |key: &Key<'_>, size| StoreError::TooLarge { key: key.name.clone(), size, limit };
    let body = vec![b'x'; limit + 1];

    let size = limit - long.name.len();
    let largest = long.put_document(UP_TO_LIMIT_IS_TAKEN, &body[..size], IfAbsent).await;
    long.holds(BODY_COMES_BACK, Some(&largest)).await;

    // One byte more, where there is nothing yet, …
    let size = limit - short.name.len();
    for precondition in [Precondition::None, IfAbsent] {
        let reply = short.put(&body[..=size], precondition).await;
        short.calls.require(ABOVE_LIMIT_IS_REFUSED, reply == Err(too_large(&short, limit + 1)));
        short.holds(REFUSED_WRITE_CHANGES_NOTHING, None).await;
    }
    // … and what fits under the shorter key, where there is something.
    let too_large = Err(too_large(&long, long.name.len() + size));
    let reply = long.put(&body[..size], largest.unchanged()).await;
    long.calls.require(ABOVE_LIMIT_IS_REFUSED, reply == too_large);
    let reply = long.put_expiring(&body[..size], largest.unchanged(), Duration::from_secs(3600)).await;
    long.calls.require(ABOVE_LIMIT_IS_REFUSED, reply == too_large);
    long.holds(REFUSED_WRITE_CHANGES_NOTHING, Some(&largest)).await;
    short.put_document(UP_TO_LIMIT_IS_TAKEN, &body[..size], IfAbsent).await;
}

/// Checks that expiring documents expire, and no others.
///
/// `advance` makes this much time pass for the store: by setting a virtual
/// clock, or by waiting. It is called three times, for 2¼ times `time_to_live`
/// altogether, and the check never comes closer to a deadline than a quarter
/// of `time_to_live`; choose it so that the store's calls take less.
///
/// What `store` must be, and which keys the check uses: see the
/// [module](super).
///
/// # Panics
///
/// When a rule is broken.
pub async fn expiry(
    store: &dyn DocumentStore,
    prefix: &str,
    time_to_live: Duration,
    advance: impl AsyncFn(Duration),
) {
    let key = |name: &str| Key::new(store, format!("{prefix}-expiry-{name}"));
    let [expiring, renewed, kept, recreated, refused, turned, lasting] =
        ["plain", "renewed", "kept", "recreated", "refused", "turned", "lasting"].map(key);
    let rule = EXPIRING_PUT_OBEYS_PRECONDITION;

    // Time 0. One document each that just expires, …
    let first = expiring.put_expiring_document(rule, b"one", IfAbsent, time_to_live).await;
    // … that will be written again before that, expiring and not, …
    let renewed_at_0 = renewed.put_expiring_document(rule, b"one", IfAbsent, time_to_live).await;
    let kept_at_0 = kept.put_expiring_document(rule, b"one", IfAbsent, time_to_live).await;
    // … that is deleted and created again, to last, …
    let deleted = recreated.put_expiring_document(rule, b"one", Precondition::None, time_to_live).await;
    let reply = recreated.delete(deleted.unchanged()).await;
    recreated.calls.succeeds(DELETE_REMOVES, reply);
    let created_again = recreated.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
    // … that lasts, since whoever wants it to expire is refused, …
    let other = refused.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
    let last = refused.put_document(IF_ETAG_REPLACES, b"two", other.unchanged()).await;
    for precondition in [IfAbsent, other.unchanged()] {
        let reply = refused.put_expiring(b"three", precondition, time_to_live).await;
        refused.calls.conflicts(rule, &reply);
    }
    refused.holds(REFUSED_WRITE_CHANGES_NOTHING, Some(&last)).await;
    // … that lasted until it is made to expire, and that nobody touches.
    let before = turned.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
    let turned_at_0 = turned.put_expiring_document(rule, b"one", before.unchanged(), time_to_live).await;
    turned.calls.require(EVERY_WRITE_NEW_ETAG, turned_at_0.etag != before.etag);
    let untouched = lasting.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;

    advance(time_to_live / 2).await; // time ½
    expiring.holds(EXPIRES_NOT_BEFORE, Some(&first)).await;
    turned.holds(EXPIRES_NOT_BEFORE, Some(&turned_at_0)).await;
    let renewed_at_half =
        renewed.put_expiring_document(rule, b"two", renewed_at_0.unchanged(), time_to_live).await;
    let kept_at_half = kept.put_document(IF_ETAG_REPLACES, b"two", kept_at_0.unchanged()).await;

    advance(time_to_live / 4 * 3).await; // time 1¼
    expiring.holds(EXPIRES, None).await;
    turned.holds(EXPIRES, None).await;
    renewed.holds(LAST_WRITE_DECIDES_EXPIRY, Some(&renewed_at_half)).await;
    let reply = expiring.put(b"back from the dead", first.unchanged()).await;
    expiring.calls.conflicts(NO_RESURRECTION, &reply);
    let reply = expiring.put_expiring(b"back from the dead", first.unchanged(), time_to_live).await;
    expiring.calls.conflicts(NO_RESURRECTION, &reply);
    let successor = expiring.put_document(IF_ABSENT_CREATES, b"one", IfAbsent).await;
    expiring.calls.require(ETAG_IS_NEVER_REUSED, successor.etag != first.etag);

    advance(time_to_live).await; // time 2¼
    renewed.holds(EXPIRES, None).await;
    for (key, document) in [
        (kept, kept_at_half),
        (recreated, created_again),
        (refused, last),
        (expiring, successor),
        (lasting, untouched),
    ] {
        key.holds(LAST_WRITE_DECIDES_EXPIRY, Some(&document)).await;
    }
}

/// One key, and what the store was asked about it so far.
struct Key<'a> {
    store: &'a dyn DocumentStore,
    name: String,
    calls: Calls,
}

impl<'a> Key<'a> {
    fn new(store: &'a dyn DocumentStore, name: String) -> Self {
        Self { store, name, calls: Calls::default() }
    }

    async fn get(&self) -> Option<Document> {
        let reply = self.store.get(&self.name).await;
        let told = reply.as_ref().map(|read| {
            read.as_ref().map(|document| Told(format!("{}, {:?}", Body(&document.body), document.etag)))
        });
        self.calls.note(format_args!("get({:?})", self.name), &told);
        self.calls.succeeds(BODY_COMES_BACK, reply)
    }

    async fn put(&self, body: &[u8], precondition: Precondition) -> Result<Etag, StoreError> {
        let call = format!("put({:?}, {}, {precondition:?})", self.name, Body(body));
        let reply = self.store.put(&self.name, body.to_vec(), precondition).await;
        self.calls.note(call, &reply);
        reply
    }

    async fn put_expiring(
        &self,
        body: &[u8],
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        let call =
            format!("put_expiring({:?}, {}, {precondition:?}, {time_to_live:?})", self.name, Body(body));
        let reply = self.store.put_expiring(&self.name, body.to_vec(), precondition, time_to_live).await;
        self.calls.note(call, &reply);
        reply
    }

    async fn delete(&self, precondition: Precondition) -> Result<(), StoreError> {
        let call = format!("delete({:?}, {precondition:?})", self.name);
        let reply = self.store.delete(&self.name, precondition).await;
        self.calls.note(call, &reply);
        reply
    }

    /// The rule says that this put succeeds. Returns what is there now.
    async fn put_document(&self, rule: &str, body: &[u8], precondition: Precondition) -> Document {
        let reply = self.put(body, precondition).await;
        Document { body: body.to_vec(), etag: self.calls.succeeds(rule, reply) }
    }

    /// The rule says that this put succeeds. Returns what is there now.
    async fn put_expiring_document(
        &self,
        rule: &str,
        body: &[u8],
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Document {
        let reply = self.put_expiring(body, precondition, time_to_live).await;
        Document { body: body.to_vec(), etag: self.calls.succeeds(rule, reply) }
    }

    /// The rule says that just this is there, body and etag.
    async fn holds(&self, rule: &str, expected: Option<&Document>) {
        let read = self.get().await;
        self.calls.require(rule, read.as_ref() == expected);
    }
}

impl Document {
    /// The precondition that the document is still as it was written.
    fn unchanged(&self) -> Precondition {
        Precondition::unchanged_since(Some(self))
    }
}

/// A body in a panic: its length, if it is long, and how it starts.
struct Body<'a>(&'a [u8]);

impl fmt::Display for Body<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 32;
        let start = &self.0[..self.0.len().min(SHOWN)];
        write!(formatter, "\"{}\"", start.escape_ascii())?;
        if self.0.len() > SHOWN { write!(formatter, "… ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}
