//! The suite passes what is right, and catches what is broken.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::yield_now;

use super::{rules, *};
use crate::memory::{
    DYNAMODB_LIMIT, MemoryDocumentStore, MemoryEventStore, MemoryPorts, MemoryPublisher, Runner,
};
use crate::{
    Document, DocumentStore, Endpoint, Etag, EventStore, Message, MessageId, NewEvent, Precondition,
    PublishError, Publisher, RecordedEvent,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn the_memory_adapters_conform_again_and_again() {
    let events = MemoryEventStore::new();
    let documents = MemoryDocumentStore::size_limited(DYNAMODB_LIMIT);
    let messages = MemoryPublisher::new();
    block_on(async {
        for prefix in ["run-1", "run-2"] {
            event_store(&events, prefix).await;
            document_store(&documents, prefix).await;
            size_limit(&documents, prefix, DYNAMODB_LIMIT).await;
            expiry(&documents, prefix, DAY, async |by| documents.advance(by)).await;
            publisher(&messages, prefix, async || messages.published()).await;
        }
    });
}

#[test]
fn the_suite_runs_as_a_handler() {
    let endpoint = Endpoint::new("conformance", async |message, ports, _| {
        event_store(&*ports.events, message.name()).await;
        document_store(ports.store("further"), message.name()).await;
        Ok(())
    })
    .with_store("further");
    let runner = Runner::new(endpoint.clone(), MemoryPorts::of(&endpoint).ports());
    let run = |prefix| Message::new(MessageId::named(prefix), &prefix);
    block_on(runner.run(["run-1", "run-2"].map(run))).unwrap();
}

#[test]
fn no_interleaving_of_calls_breaks_a_correct_store() {
    for seed in 0..200 {
        block_on(async {
            event_store(&Events { pauses: Pauses::seeded(seed), ..Events::default() }, "p").await;
            let documents = Documents { pauses: Pauses::seeded(seed), ..Documents::default() };
            document_store(&documents, "p").await;
            expiry(&documents, "p", DAY, async |by| documents.inner.advance(by)).await;
        });
    }
}

#[test]
fn a_broken_event_store_is_caught_by_the_rule_it_breaks() {
    use EventFault as Fault;
    for (fault, rule) in [
        (Fault::IgnoresVersion, rules::FUTURE_APPEND_CONFLICTS),
        (Fault::AcceptsOldVersions, rules::STALE_APPEND_CONFLICTS),
        (Fault::AcceptsFutureVersions, rules::FUTURE_APPEND_CONFLICTS),
        (Fault::RecordsAndRefuses, rules::REFUSED_APPEND_RECORDS_NOTHING),
        (Fault::AppendsOneByOne, rules::ALL_OR_NOTHING),
        (Fault::ForgetsTheCause, rules::READ_IN_ORDER),
        (Fault::NewestFirst, rules::READ_IN_ORDER),
        (Fault::CountsFromZero, rules::READ_IN_ORDER),
        (Fault::ReturnsOldVersion, rules::APPEND_RETURNS_VERSION),
        (Fault::RecordsMarkerForNothing, rules::NOTHING_APPENDED_IS_NOTHING_RECORDED),
        (Fault::AlwaysAcceptsNothing, rules::NOTHING_APPENDED_IS_CHECKED_TOO),
        (Fault::Deduplicates, rules::EQUAL_EVENTS_ARE_KEPT),
        (Fault::IgnoresCase, rules::STREAMS_ARE_INDEPENDENT),
        (Fault::ChecksThenWrites, rules::ONE_APPEND_WINS),
        (Fault::InventsConflicts, rules::CONFLICTS_ARE_TRUE),
    ] {
        let store = Events { fault: Some(fault), ..Events::default() };
        assert_breaks(event_store(&store, "p"), rule, fault);
    }
}

#[test]
fn a_broken_document_store_is_caught_by_the_rule_it_breaks() {
    use DocumentFault as Fault;
    for (fault, rule) in [
        (Fault::LossyText, rules::BODY_COMES_BACK),
        (Fault::TrimsBodies, rules::BODY_COMES_BACK),
        (Fault::EmptyIsAbsent, rules::BODY_COMES_BACK),
        (Fault::ReadsLag, rules::BODY_COMES_BACK),
        (Fault::IgnoresCase, rules::KEYS_ARE_INDEPENDENT),
        (Fault::PutIgnoresPrecondition, rules::IF_ABSENT_CONFLICTS),
        (Fault::PutIgnoresEtag, rules::STALE_ETAG_CONFLICTS),
        (Fault::WritesAndRefuses, rules::REFUSED_WRITE_CHANGES_NOTHING),
        (Fault::EtagIsContent, rules::EVERY_WRITE_NEW_ETAG),
        (Fault::EtagCountsRepetitions, rules::NO_ABA),
        (Fault::EtagOfGetDiffers, rules::GET_RETURNS_ETAG_OF_PUT),
        (Fault::EtagOfNothingCreates, rules::IF_ETAG_NEEDS_DOCUMENT),
        (Fault::DeleteIgnoresPrecondition, rules::DELETE_OBEYS_PRECONDITION),
        (Fault::DeleteOfNothingConflicts, rules::DELETE_OF_NOTHING_SUCCEEDS),
        (Fault::DeletesNothing, rules::DELETE_REMOVES),
        (Fault::DeletedEtagStaysValid, rules::NO_RESURRECTION),
        (Fault::VersionsStartAgain, rules::NO_ABA),
        (Fault::CreationsLookAlike, rules::ETAG_IS_NEVER_REUSED),
        (Fault::ChecksAbsenceThenWrites, rules::ONE_CREATOR_WINS),
        (Fault::ChecksEtagThenWrites, rules::NO_UPDATE_IS_LOST),
        (Fault::ChecksEtagThenDeletes, rules::ONE_CHANGE_WINS),
        (Fault::InventsConflicts, rules::CONFLICTS_ARE_TRUE),
    ] {
        let store = Documents { fault: Some(fault), ..Documents::default() };
        assert_breaks(document_store(&store, "p"), rule, fault);
    }
}

#[test]
fn a_wrong_limit_is_caught_by_the_rule_it_breaks() {
    let limited =
        |limit| Documents { inner: MemoryDocumentStore::size_limited(limit), ..Documents::default() };
    let check = |store: Documents, rule, what: &str| {
        assert_breaks(async move { size_limit(&store, "p", 100).await }, rule, what);
    };
    check(limited(99), rules::UP_TO_LIMIT_IS_TAKEN, "too strict");
    check(limited(101), rules::ABOVE_LIMIT_IS_REFUSED, "too lax");
    check(limited(usize::MAX), rules::ABOVE_LIMIT_IS_REFUSED, "none at all");
    let counts_bodies =
        Documents { fault: Some(DocumentFault::CountsOnlyBodies(100)), ..Documents::default() };
    check(counts_bodies, rules::ABOVE_LIMIT_IS_REFUSED, "keys not counted");
}

#[test]
fn a_broken_expiry_is_caught_by_the_rule_it_breaks() {
    use DocumentFault as Fault;
    for (fault, rule) in [
        (Fault::NeverExpires, rules::EXPIRES),
        (Fault::ExpiresEarly, rules::EXPIRES_NOT_BEFORE),
        (Fault::ExpiryIgnoresPrecondition, rules::EXPIRING_PUT_OBEYS_PRECONDITION),
        (Fault::FirstDeadlineStays, rules::LAST_WRITE_DECIDES_EXPIRY),
        (Fault::DeletedEtagStaysValid, rules::NO_RESURRECTION),
        (Fault::VersionsStartAgain, rules::ETAG_IS_NEVER_REUSED),
    ] {
        let store = Documents { fault: Some(fault), ..Documents::default() };
        assert_breaks(expiry(&store, "p", DAY, async |by| store.advance(by).await), rule, fault);
    }
}

#[test]
fn a_broken_publisher_is_caught_by_the_rule_it_breaks() {
    struct Refuses;
    #[async_trait]
    impl Publisher for Refuses {
        async fn publish(&self, _: Message) -> Result<(), PublishError> {
            Err(PublishError)
        }
    }
    assert_breaks(publisher(&Refuses, "p", async || Vec::new()), rules::PUBLISH_SUCCEEDS, "refuses");

    let messages = MemoryPublisher::new();
    let loses = publisher(&messages, "p", async || Vec::new());
    assert_breaks(loses, rules::PUBLISHED_IS_SEEN, "loses messages");
    let changes = publisher(&messages, "p", async || {
        messages.published().into_iter().map(|message| Message::new(message.id, &"other")).collect()
    });
    assert_breaks(changes, rules::PUBLISHED_IS_SEEN, "changes messages");
}

#[test]
fn a_broken_rule_is_told_with_the_calls_that_led_there() {
    let store = Documents { fault: Some(DocumentFault::ReadsLag), ..Documents::default() };
    let expected = "broken rule: a get returns the body of the latest write, byte for byte
the calls, the last reply last:
  get(\"p-bodies\") -> Ok(None)
  put(\"p-bodies\", \"text\", None) -> Ok(Etag(\"e1\"))
  get(\"p-bodies\") -> Ok(None)";
    assert_eq!(panic_of(document_store(&store, "p")).as_deref(), Some(expected));
}

/// What `check` says when it panics.
fn panic_of(check: impl Future<Output = ()>) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| block_on(check))).err()?;
    Some(*panic.downcast().expect("a check panics with text"))
}

#[track_caller]
pub(super) fn assert_breaks(check: impl Future<Output = ()>, rule: &str, what: impl fmt::Debug) {
    let said = panic_of(check).unwrap_or_else(|| panic!("nothing catches {what:?}"));
    assert!(
        said.starts_with(&format!("broken rule: {rule}\n")),
        "{what:?} should break the rule\n  {rule}\nbut the suite says\n{said}"
    );
}

/// Where a store lets others go first: a reproducible choice for every call.
#[derive(Default)]
pub(super) struct Pauses(Option<Mutex<u64>>);

impl Pauses {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Some(Mutex::new(seed)))
    }

    pub(super) async fn pause(&self) {
        let pauses = self.0.as_ref().map_or(0, |state| {
            let mut state = state.lock().unwrap();
            // Knuth's linear congruential generator, of which the high bits are good.
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *state >> 62
        });
        for _ in 0..pauses {
            yield_now().await;
        }
    }
}

/// An event store in memory with a fault.
#[derive(Default)]
struct Events {
    inner: MemoryEventStore,
    fault: Option<EventFault>,
    pauses: Pauses,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum EventFault {
    IgnoresVersion,
    AcceptsOldVersions,
    AcceptsFutureVersions,
    RecordsAndRefuses,
    AppendsOneByOne,
    ForgetsTheCause,
    NewestFirst,
    CountsFromZero,
    ReturnsOldVersion,
    RecordsMarkerForNothing,
    AlwaysAcceptsNothing,
    Deduplicates,
    IgnoresCase,
    ChecksThenWrites,
    InventsConflicts,
}

impl Events {
    fn name(&self, stream: &str) -> String {
        if self.fault == Some(EventFault::IgnoresCase) { stream.to_lowercase() } else { stream.to_owned() }
    }
}

#[async_trait]
impl EventStore for Events {
    async fn read(&self, stream: &str) -> Result<Vec<RecordedEvent>, StoreError> {
        self.pauses.pause().await;
        let mut events = self.inner.read(&self.name(stream)).await?;
        self.pauses.pause().await;
        match self.fault {
            Some(EventFault::NewestFirst) => events.reverse(),
            Some(EventFault::CountsFromZero) => events.iter_mut().for_each(|event| event.version -= 1),
            _ => {}
        }
        Ok(events)
    }

    async fn append(
        &self,
        stream: &str,
        expected_version: u64,
        mut events: Vec<NewEvent>,
    ) -> Result<u64, StoreError> {
        use EventFault as Fault;
        self.pauses.pause().await;
        let stream = &self.name(stream);
        let recorded = self.inner.read(stream).await?;
        let version = recorded.len() as u64;
        let conflict = Err(StoreError::Conflict { key: stream.clone() });
        let mut expected = expected_version;
        match self.fault {
            Some(Fault::IgnoresVersion) => expected = version,
            Some(Fault::AcceptsOldVersions) => expected = expected.max(version),
            Some(Fault::AcceptsFutureVersions) => expected = expected.min(version),
            Some(Fault::RecordsAndRefuses) if expected != version => {
                self.inner.append(stream, version, events).await?;
                return conflict;
            }
            Some(Fault::AppendsOneByOne) if !events.is_empty() => {
                for event in events {
                    expected = self.inner.append(stream, expected, vec![event]).await?;
                    yield_now().await;
                }
                return Ok(expected);
            }
            Some(Fault::ForgetsTheCause) => {
                events.iter_mut().for_each(|event| event.caused_by = MessageId::named("unknown"));
            }
            Some(Fault::ReturnsOldVersion) => {
                return self.inner.append(stream, expected, events).await.map(|_| expected);
            }
            Some(Fault::RecordsMarkerForNothing) if events.is_empty() => {
                let caused_by = MessageId::named("marker");
                events.push(NewEvent { caused_by, body: "Marker".into() });
                return self.inner.append(stream, expected, events).await.map(|_| expected);
            }
            Some(Fault::AlwaysAcceptsNothing) if events.is_empty() => return Ok(version),
            Some(Fault::Deduplicates) => {
                events.retain(|event| recorded.iter().all(|old| old.body != event.body));
            }
            Some(Fault::ChecksThenWrites) => {
                if expected != version {
                    return conflict;
                }
                yield_now().await;
                expected = self.inner.read(stream).await?.len() as u64;
            }
            // Only under contention: a store that always did would not get far.
            Some(Fault::InventsConflicts) if stream.ends_with("contention") => return conflict,
            _ => {}
        }
        let reply = self.inner.append(stream, expected, events).await;
        self.pauses.pause().await;
        reply
    }
}

/// A document store in memory with a fault.
#[derive(Default)]
struct Documents {
    inner: MemoryDocumentStore,
    fault: Option<DocumentFault>,
    pauses: Pauses,
    memory: Mutex<FaultMemory>,
}

/// What some of the faults must remember, by key.
#[derive(Default)]
struct FaultMemory {
    /// The document that the latest put replaced, until it is read once.
    replaced: BTreeMap<String, Option<Document>>,
    /// The etag that the latest put should have returned.
    etags: BTreeMap<String, Etag>,
    /// The etag that it did return.
    aliases: BTreeMap<String, String>,
    now: Duration,
    deadlines: BTreeMap<String, Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum DocumentFault {
    LossyText,
    TrimsBodies,
    EmptyIsAbsent,
    ReadsLag,
    IgnoresCase,
    PutIgnoresPrecondition,
    PutIgnoresEtag,
    WritesAndRefuses,
    EtagIsContent,
    EtagCountsRepetitions,
    EtagOfGetDiffers,
    EtagOfNothingCreates,
    DeleteIgnoresPrecondition,
    DeleteOfNothingConflicts,
    DeletesNothing,
    DeletedEtagStaysValid,
    VersionsStartAgain,
    CreationsLookAlike,
    ChecksAbsenceThenWrites,
    ChecksEtagThenWrites,
    ChecksEtagThenDeletes,
    InventsConflicts,
    CountsOnlyBodies(usize),
    NeverExpires,
    ExpiresEarly,
    ExpiryIgnoresPrecondition,
    FirstDeadlineStays,
}

impl Documents {
    fn name(&self, key: &str) -> String {
        if self.fault == Some(DocumentFault::IgnoresCase) { key.to_lowercase() } else { key.to_owned() }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, FaultMemory> {
        self.memory.lock().unwrap()
    }

    async fn advance(&self, by: Duration) {
        self.inner.advance(by);
        self.memory().now += by;
        let now = self.memory().now;
        let deadlines = std::mem::take(&mut self.memory().deadlines);
        for (key, deadline) in deadlines {
            if deadline <= now {
                self.inner.delete(&key, Precondition::None).await.unwrap();
            } else {
                self.memory().deadlines.insert(key, deadline);
            }
        }
    }

    /// The etag to return for a put, where the fault is in the etags.
    fn alias(&self, key: &str, before: Option<&Document>, body: &[u8]) -> Option<String> {
        use DocumentFault as Fault;
        let content = body.escape_ascii().to_string();
        let after_old = || format!("{}'", self.memory().aliases[key]);
        match (self.fault?, before) {
            (Fault::EtagIsContent, _) => Some(content),
            (Fault::EtagCountsRepetitions, Some(before)) if before.body == body => Some(after_old()),
            (Fault::EtagCountsRepetitions, _) => Some(content),
            (Fault::VersionsStartAgain, None) => Some("v".to_owned()),
            (Fault::VersionsStartAgain, Some(_)) => Some(after_old()),
            (Fault::CreationsLookAlike, None) => Some("created".to_owned()),
            _ => None,
        }
    }

    /// The precondition in terms of the store below.
    fn without_alias(
        &self,
        key: &str,
        current: Option<&Document>,
        precondition: Precondition,
    ) -> Precondition {
        match (self.memory().aliases.get(key), current, precondition) {
            (Some(alias), Some(current), Precondition::IfEtag(etag)) if *alias == etag.0 => {
                Precondition::IfEtag(current.etag.clone())
            }
            (_, _, precondition) => precondition,
        }
    }

    async fn write(
        &self,
        key: &str,
        mut body: Vec<u8>,
        precondition: Precondition,
        mut time_to_live: Option<Duration>,
    ) -> Result<Etag, StoreError> {
        use DocumentFault as Fault;
        let conflict = Err(StoreError::Conflict { key: key.to_owned() });
        let key = &self.name(key);
        let current = self.inner.get(key).await?;
        let etag = current.as_ref().map(|document| &document.etag);
        let alias = self.alias(key, current.as_ref(), &body);
        let mut precondition = self.without_alias(key, current.as_ref(), precondition);
        match (self.fault, &precondition) {
            (Some(Fault::LossyText), _) => body = String::from_utf8_lossy(&body).into_owned().into_bytes(),
            (Some(Fault::TrimsBodies), _) => body = body.trim_ascii().to_vec(),
            (Some(Fault::CountsOnlyBodies(limit)), _) if body.len() > limit => {
                return Err(StoreError::TooLarge { key: key.clone(), size: body.len(), limit });
            }
            (Some(Fault::InventsConflicts), _) if key.ends_with("contention") => return conflict,
            (Some(Fault::PutIgnoresPrecondition), _)
            | (Some(Fault::PutIgnoresEtag), Precondition::IfEtag(_)) => precondition = Precondition::None,
            (Some(Fault::EtagOfNothingCreates), Precondition::IfEtag(_)) if etag.is_none() => {
                precondition = Precondition::IfAbsent;
            }
            (Some(Fault::DeletedEtagStaysValid), Precondition::IfEtag(stale))
                if etag.is_none() && self.memory().etags.get(key) == Some(stale) =>
            {
                precondition = Precondition::IfAbsent;
            }
            (Some(Fault::ChecksAbsenceThenWrites), Precondition::IfAbsent) if etag.is_none() => {
                yield_now().await;
                precondition = Precondition::None;
            }
            (Some(Fault::ChecksEtagThenWrites), Precondition::IfEtag(expected)) if etag == Some(expected) => {
                yield_now().await;
                precondition = Precondition::None;
            }
            (Some(Fault::ExpiryIgnoresPrecondition), _) if time_to_live.is_some() => {
                precondition = Precondition::None;
            }
            (Some(Fault::NeverExpires), _) => time_to_live = None,
            (Some(Fault::ExpiresEarly), _) => time_to_live = time_to_live.map(|time| time / 4),
            (Some(Fault::FirstDeadlineStays), _) => {
                let mut memory = self.memory();
                if let Some(time_to_live) = time_to_live.take() {
                    let deadline = memory.now + time_to_live;
                    memory.deadlines.entry(key.clone()).or_insert(deadline);
                }
            }
            _ => {}
        }
        let reply = match time_to_live {
            None => self.inner.put(key, body.clone(), precondition).await,
            Some(time_to_live) => {
                self.inner.put_expiring(key, body.clone(), precondition, time_to_live).await
            }
        };
        if reply.is_err() && self.fault == Some(Fault::WritesAndRefuses) {
            self.inner.put(key, body, Precondition::None).await?;
        }
        let etag = reply?;
        let mut memory = self.memory();
        memory.replaced.insert(key.clone(), current);
        memory.etags.insert(key.clone(), etag.clone());
        memory.aliases.insert(key.clone(), alias.clone().unwrap_or_else(|| etag.0.clone()));
        Ok(alias.map_or(etag, Etag))
    }
}

#[async_trait]
impl DocumentStore for Documents {
    async fn get(&self, key: &str) -> Result<Option<Document>, StoreError> {
        use DocumentFault as Fault;
        self.pauses.pause().await;
        let key = &self.name(key);
        let mut read = self.inner.get(key).await?;
        match (self.fault, &mut read) {
            (Some(Fault::ReadsLag), _) => {
                let replaced = self.memory().replaced.remove(key);
                read = replaced.unwrap_or(read);
            }
            (Some(Fault::EmptyIsAbsent), Some(document)) if document.body.is_empty() => read = None,
            (Some(Fault::EtagOfGetDiffers), Some(document)) => document.etag.0.push('\''),
            (_, Some(document)) => document.etag.0.clone_from(&self.memory().aliases[key]),
            _ => {}
        }
        self.pauses.pause().await;
        Ok(read)
    }

    async fn put(&self, key: &str, body: Vec<u8>, precondition: Precondition) -> Result<Etag, StoreError> {
        self.pauses.pause().await;
        let reply = self.write(key, body, precondition, None).await;
        self.pauses.pause().await;
        reply
    }

    async fn put_expiring(
        &self,
        key: &str,
        body: Vec<u8>,
        precondition: Precondition,
        time_to_live: Duration,
    ) -> Result<Etag, StoreError> {
        self.pauses.pause().await;
        let reply = self.write(key, body, precondition, Some(time_to_live)).await;
        self.pauses.pause().await;
        reply
    }

    async fn delete(&self, key: &str, precondition: Precondition) -> Result<(), StoreError> {
        use DocumentFault as Fault;
        self.pauses.pause().await;
        let key = &self.name(key);
        let current = self.inner.get(key).await?;
        let mut precondition = self.without_alias(key, current.as_ref(), precondition);
        let etag = current.map(|document| document.etag);
        match (self.fault, &precondition) {
            (Some(Fault::DeletesNothing), Precondition::None) => return Ok(()),
            (Some(Fault::DeleteIgnoresPrecondition), _) => precondition = Precondition::None,
            (Some(Fault::DeleteOfNothingConflicts), _) if etag.is_none() => {
                return Err(StoreError::Conflict { key: key.clone() });
            }
            (Some(Fault::ChecksEtagThenDeletes), Precondition::IfEtag(expected))
                if etag.as_ref() == Some(expected) =>
            {
                yield_now().await;
                precondition = Precondition::None;
            }
            _ => {}
        }
        let reply = self.inner.delete(key, precondition).await;
        self.pauses.pause().await;
        reply
    }
}
