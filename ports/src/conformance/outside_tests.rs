//! The suites for logs and services pass what is right, and catch what is
//! broken.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::task::yield_now;

use super::tests::{Pauses, assert_breaks, block_on};
use super::{effects, forgetting, record_log, rules, service};
use crate::memory::MemoryOutside;
use crate::outside::{LogClient, LogModel, ServiceClient, ServiceModel};
use crate::{MessageId, RecordLog, Service, ServiceError, StoreError};

const LIFETIME: Duration = ServiceModel::KEY_LIFETIME;

#[test]
fn what_is_in_memory_conforms_again_and_again() {
    let log = LogClient(MemoryOutside::new(LogModel));
    let outside = MemoryOutside::new(ServiceModel { name: "post".to_owned() });
    let post = ServiceClient(outside.clone());
    let done = async |key: MessageId| {
        let states = outside.states_by_key();
        states.get(&key.to_string()).map_or(0, |state| ServiceModel::effects(state).len())
    };
    block_on(async {
        for prefix in ["run-1", "run-2"] {
            record_log(&log, prefix).await;
            service(&post, prefix).await;
            effects(&post, prefix, done).await;
            forgetting(&post, prefix, LIFETIME, async |by| outside.advance(by)).await;
        }
    });
}

#[test]
fn no_interleaving_of_calls_breaks_a_correct_log_or_service() {
    for seed in 0..200 {
        block_on(async {
            record_log(&Logs { pauses: Pauses::seeded(seed), ..Logs::default() }, "p").await;
            let post = Post { pauses: Pauses::seeded(seed), ..Post::default() };
            service(&post, "p").await;
            effects(&post, "p", async |key| post.done(key)).await;
            forgetting(&post, "p", LIFETIME, async |by| post.advance(by)).await;
        });
    }
}

#[test]
fn a_broken_log_is_caught_by_the_rule_it_breaks() {
    use LogFault as Fault;
    for (fault, rule) in [
        (Fault::IgnoresPlace, rules::FUTURE_PLACE_CONFLICTS),
        (Fault::AcceptsOldPlaces, rules::STALE_PLACE_CONFLICTS),
        (Fault::AcceptsFuturePlaces, rules::FUTURE_PLACE_CONFLICTS),
        (Fault::RecordsAndRefuses, rules::REFUSED_RECORDS_ARE_NOT_THERE),
        (Fault::AppendsOneByOne, rules::RECORDS_TOGETHER),
        (Fault::NewestFirst, rules::RECORDS_COME_BACK),
        (Fault::LossyText, rules::RECORDS_COME_BACK),
        (Fault::DropsEmptyRecords, rules::PLACE_AFTER_IS_RETURNED),
        (Fault::IgnoresFrom, rules::READ_FROM_PLACE),
        (Fault::IgnoresLimit, rules::READ_FROM_PLACE),
        (Fault::NoLimitIsAll, rules::READ_FROM_PLACE),
        (Fault::ReturnsPlaceOfLast, rules::PLACE_AFTER_IS_RETURNED),
        (Fault::RecordsMarkerForNothing, rules::NO_RECORDS_RECORD_NOTHING),
        (Fault::AlwaysAcceptsNothing, rules::NO_RECORDS_ARE_CHECKED_TOO),
        (Fault::Deduplicates, rules::EQUAL_RECORDS_ARE_KEPT),
        (Fault::IgnoresCase, rules::LOGS_ARE_INDEPENDENT),
        (Fault::ChecksThenWrites, rules::ONE_PLACE_ONE_APPEND),
        (Fault::InventsConflicts, rules::CONFLICTS_ARE_TRUE),
    ] {
        let log = Logs { fault: Some(fault), ..Logs::default() };
        assert_breaks(record_log(&log, "p"), rule, fault);
    }
}

#[test]
fn a_broken_service_is_caught_by_the_rule_it_breaks() {
    use PostFault as Fault;
    let post = |fault| Post { fault: Some(fault), ..Post::default() };
    for (fault, rule) in [
        (Fault::IgnoresKeys, rules::REPEATED_CALL_SAME_REFERENCE),
        (Fault::ReferencePerCall, rules::REPEATED_CALL_SAME_REFERENCE),
        (Fault::IgnoresRequests, rules::KEY_IS_FOR_ONE_REQUEST),
        (Fault::ComparesText, rules::KEY_IS_FOR_ONE_REQUEST),
        (Fault::LastRequestHasTheKey, rules::REFUSED_CALL_CHANGES_NOTHING),
        (Fault::ReferenceIsRequest, rules::KEYS_ARE_APART),
        (Fault::RefusesWhileUnderWay, rules::TWINS_SHARE_A_REFERENCE),
        (Fault::LooksThenDoes, rules::TWINS_SHARE_A_REFERENCE),
    ] {
        let post = post(fault);
        assert_breaks(service(&post, "p"), rule, fault);
    }
    for (fault, rule) in [
        (Fault::DoesItAgainQuietly, rules::DONE_ONCE),
        (Fault::DoesAndRefuses, rules::REFUSED_CALL_CHANGES_NOTHING),
    ] {
        let post = post(fault);
        assert_breaks(effects(&post, "p", async |key| post.done(key)), rule, fault);
    }
    for (fault, rule) in [
        (Fault::NeverForgets, rules::KEY_IS_FORGOTTEN_AFTER),
        (Fault::ForgetsTooSoon, rules::KEY_IS_REMEMBERED),
        (Fault::AskingRenews, rules::KEY_IS_FORGOTTEN_AFTER),
        (Fault::SameReferenceAgain, rules::KEY_IS_FORGOTTEN_AFTER),
    ] {
        let post = post(fault);
        assert_breaks(forgetting(&post, "p", LIFETIME, async |by| post.advance(by)), rule, fault);
    }
}

/// Logs in memory with a fault.
#[derive(Default)]
struct Logs {
    inner: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    fault: Option<LogFault>,
    pauses: Pauses,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum LogFault {
    IgnoresPlace,
    AcceptsOldPlaces,
    AcceptsFuturePlaces,
    RecordsAndRefuses,
    AppendsOneByOne,
    NewestFirst,
    LossyText,
    DropsEmptyRecords,
    IgnoresFrom,
    IgnoresLimit,
    NoLimitIsAll,
    ReturnsPlaceOfLast,
    RecordsMarkerForNothing,
    AlwaysAcceptsNothing,
    Deduplicates,
    IgnoresCase,
    ChecksThenWrites,
    InventsConflicts,
}

impl Logs {
    fn name(&self, log: &str) -> String {
        if self.fault == Some(LogFault::IgnoresCase) { log.to_lowercase() } else { log.to_owned() }
    }

    fn recorded(&self, log: &str) -> Vec<Vec<u8>> {
        self.inner.lock().unwrap().get(log).cloned().unwrap_or_default()
    }

    fn append_now(&self, log: &str, place: u64, records: Vec<Vec<u8>>) -> Result<u64, StoreError> {
        let mut logs = self.inner.lock().unwrap();
        let recorded = logs.entry(log.to_owned()).or_default();
        if recorded.len() as u64 != place {
            return Err(StoreError::Conflict { key: log.to_owned() });
        }
        recorded.extend(records);
        Ok(recorded.len() as u64)
    }
}

#[async_trait]
impl RecordLog for Logs {
    async fn read(&self, log: &str, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        use LogFault as Fault;
        self.pauses.pause().await;
        let mut records = self.recorded(&self.name(log));
        self.pauses.pause().await;
        match self.fault {
            Some(Fault::NewestFirst) => records.reverse(),
            Some(Fault::LossyText) => {
                records.iter_mut().for_each(|record| {
                    *record = String::from_utf8_lossy(record).into_owned().into_bytes();
                });
            }
            _ => {}
        }
        let from = if self.fault == Some(Fault::IgnoresFrom) { 0 } else { from as usize };
        let limit = match self.fault {
            Some(Fault::IgnoresLimit) => usize::MAX,
            Some(Fault::NoLimitIsAll) if limit == 0 => usize::MAX,
            _ => limit,
        };
        Ok(records.into_iter().skip(from).take(limit).collect())
    }

    async fn append(&self, log: &str, expected: u64, mut records: Vec<Vec<u8>>) -> Result<u64, StoreError> {
        use LogFault as Fault;
        self.pauses.pause().await;
        let log = &self.name(log);
        let recorded = self.recorded(log);
        let end = recorded.len() as u64;
        let conflict = Err(StoreError::Conflict { key: log.clone() });
        let mut expected = expected;
        match self.fault {
            Some(Fault::IgnoresPlace) => expected = end,
            Some(Fault::AcceptsOldPlaces) => expected = expected.max(end),
            Some(Fault::AcceptsFuturePlaces) => expected = expected.min(end),
            Some(Fault::RecordsAndRefuses) if expected != end => {
                self.append_now(log, end, records)?;
                return conflict;
            }
            Some(Fault::AppendsOneByOne) if !records.is_empty() => {
                for record in records {
                    expected = self.append_now(log, expected, vec![record])?;
                    yield_now().await;
                }
                return Ok(expected);
            }
            Some(Fault::DropsEmptyRecords) => records.retain(|record| !record.is_empty()),
            Some(Fault::ReturnsPlaceOfLast) => {
                return self.append_now(log, expected, records).map(|place| place - 1);
            }
            Some(Fault::RecordsMarkerForNothing) if records.is_empty() => {
                return self.append_now(log, expected, vec![b"marker".to_vec()]).map(|_| expected);
            }
            Some(Fault::AlwaysAcceptsNothing) if records.is_empty() => return Ok(expected),
            Some(Fault::Deduplicates) => {
                let end = expected + records.len() as u64;
                records.retain(|record| !recorded.contains(record));
                return self.append_now(log, expected, records).map(|_| end);
            }
            Some(Fault::ChecksThenWrites) => {
                if expected != end {
                    return conflict;
                }
                yield_now().await;
                expected = self.recorded(log).len() as u64;
            }
            // Only under contention: a log that always did would not get far.
            Some(Fault::InventsConflicts) if log.ends_with("contention") => return conflict,
            _ => {}
        }
        let reply = self.append_now(log, expected, records);
        self.pauses.pause().await;
        reply
    }
}

/// A service in memory with a fault.
#[derive(Default)]
struct Post {
    inner: Mutex<Inner>,
    fault: Option<PostFault>,
    pauses: Pauses,
}

#[derive(Default)]
struct Inner {
    keys: BTreeMap<MessageId, Key>,
    under_way: Vec<MessageId>,
    calls: u64,
    now: Duration,
}

/// What is known of a key.
struct Key {
    done: usize,
    request: Value,
    reference: MessageId,
    until: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum PostFault {
    IgnoresKeys,
    ReferencePerCall,
    IgnoresRequests,
    ComparesText,
    LastRequestHasTheKey,
    ReferenceIsRequest,
    RefusesWhileUnderWay,
    LooksThenDoes,
    DoesItAgainQuietly,
    DoesAndRefuses,
    NeverForgets,
    ForgetsTooSoon,
    AskingRenews,
    SameReferenceAgain,
}

impl Post {
    fn done(&self, key: MessageId) -> usize {
        self.inner.lock().unwrap().keys.get(&key).map_or(0, |known| known.done)
    }

    fn advance(&self, by: Duration) {
        self.inner.lock().unwrap().now += by;
    }

    fn answer(&self, key: MessageId, request: &Value) -> Option<Result<MessageId, ServiceError>> {
        use PostFault as Fault;
        let mut inner = self.inner.lock().unwrap();
        inner.calls += 1;
        let (now, calls) = (inner.now, inner.calls);
        let known = inner.keys.get_mut(&key)?;
        let forgotten = match self.fault {
            Some(Fault::IgnoresKeys) => true,
            Some(Fault::NeverForgets) => false,
            Some(Fault::ForgetsTooSoon) => now >= known.until.saturating_sub(LIFETIME / 2),
            _ => now >= known.until,
        };
        if forgotten {
            return None;
        }
        if self.fault == Some(Fault::AskingRenews) {
            known.until = now + LIFETIME;
        }
        let same = match self.fault {
            Some(Fault::IgnoresRequests) => true,
            Some(Fault::ComparesText) => {
                let text = |request: &Value| request.to_string().replace('"', "").to_lowercase();
                text(&known.request) == text(request)
            }
            _ => known.request == *request,
        };
        if !same {
            match self.fault {
                Some(Fault::LastRequestHasTheKey) => known.request = request.clone(),
                Some(Fault::DoesAndRefuses) => known.done += 1,
                _ => {}
            }
            return Some(Err(ServiceError::KeyReused));
        }
        if self.fault == Some(Fault::DoesItAgainQuietly) {
            known.done += 1;
        }
        Some(Ok(match self.fault {
            Some(Fault::ReferencePerCall) => key.derive(&format!("call {calls}")),
            _ => known.reference,
        }))
    }

    fn act(&self, key: MessageId, request: &Value) -> MessageId {
        use PostFault as Fault;
        let mut inner = self.inner.lock().unwrap();
        let until = inner.now + LIFETIME;
        let done = 1 + inner.keys.get(&key).map_or(0, |known| known.done);
        let reference = match self.fault {
            Some(Fault::ReferenceIsRequest) => MessageId::named(&request.to_string()),
            Some(Fault::SameReferenceAgain) => key.derive("reference"),
            _ => key.derive(&format!("reference {done}")),
        };
        inner.keys.insert(key, Key { done, request: request.clone(), reference, until });
        reference
    }
}

#[async_trait]
impl Service for Post {
    async fn call(&self, key: MessageId, request: &Value) -> Result<MessageId, ServiceError> {
        use PostFault as Fault;
        self.pauses.pause().await;
        if self.fault == Some(Fault::RefusesWhileUnderWay) {
            if self.inner.lock().unwrap().under_way.contains(&key) {
                return Err(ServiceError::KeyReused);
            }
            self.inner.lock().unwrap().under_way.push(key);
            yield_now().await;
            self.inner.lock().unwrap().under_way.retain(|other| *other != key);
        }
        let reply = match self.answer(key, request) {
            Some(answer) => answer,
            None => {
                if self.fault == Some(Fault::LooksThenDoes) {
                    yield_now().await;
                }
                Ok(self.act(key, request))
            }
        };
        self.pauses.pause().await;
        reply
    }
}
