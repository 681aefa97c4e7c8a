//! The rules of a log of records.

use super::rules::{
    CONFLICTS_ARE_TRUE, EQUAL_RECORDS_ARE_KEPT, FUTURE_PLACE_CONFLICTS, LOGS_ARE_INDEPENDENT,
    NEW_LOG_IS_EMPTY, NO_RECORD_IS_LOST, NO_RECORDS_ARE_CHECKED_TOO, NO_RECORDS_RECORD_NOTHING,
    ONE_PLACE_ONE_APPEND, PLACE_AFTER_IS_RETURNED, READ_FROM_PLACE, RECORDS_COME_BACK, RECORDS_TOGETHER,
    REFUSED_RECORDS_ARE_NOT_THERE, STALE_PLACE_CONFLICTS,
};
use super::{ATTEMPTS, Calls, Told, WRITERS, WRITES_EACH};
use crate::{RecordLog, StoreError};

/// Checks a log: places, limits, conflicts, concurrency.
///
/// What `log` must be, and which logs the check uses: see the
/// [module](super).
///
/// # Panics
///
/// When a rule is broken.
pub async fn record_log(log: &dyn RecordLog, prefix: &str) {
    let named = |name: &str| Log { log, name: format!("{prefix}-{name}"), calls: Calls::default() };
    places_and_order(named("order")).await;
    limits(named("limits")).await;
    conflicts(named("conflicts")).await;
    nothing(named("nothing")).await;
    equal_records(named("equal")).await;
    independence([&named("a"), &named("A"), &named("a/1")]).await;
    one_append_wins(named("race")).await;
    no_append_is_lost(named("contention")).await;
}

async fn places_and_order(on: Log<'_>) {
    on.holds(NEW_LOG_IS_EMPTY, &[]).await;
    let records = [
        "crème brûlée \"\\\n🍵".as_bytes().to_vec(),
        (0..=255).collect(),
        Vec::new(),
        b"\0\0\0\x02".to_vec(),
        b"{\"a\":[1,2]}".to_vec(),
    ];
    on.takes(PLACE_AFTER_IS_RETURNED, 0, &records[..1]).await;
    on.holds(RECORDS_COME_BACK, &records[..1]).await;
    on.takes(PLACE_AFTER_IS_RETURNED, 1, &records[1..4]).await;
    on.takes(PLACE_AFTER_IS_RETURNED, 4, &records[4..]).await;
    on.holds(RECORDS_COME_BACK, &records).await;
}

async fn limits(on: Log<'_>) {
    let records = [1, 2, 3, 4].map(numbered);
    on.takes(PLACE_AFTER_IS_RETURNED, 0, &records).await;
    for from in 0..=5 {
        for limit in [0, 1, 2, 4, usize::MAX] {
            let read = on.read(from, limit).await;
            let expected: Vec<_> = records.iter().skip(from as usize).take(limit).cloned().collect();
            on.calls.require(READ_FROM_PLACE, read == expected);
        }
    }
}

async fn conflicts(on: Log<'_>) {
    let [one, two, three] = [1, 2, 3].map(numbered);
    on.refuses(FUTURE_PLACE_CONFLICTS, 1, std::slice::from_ref(&one)).await;
    on.holds(REFUSED_RECORDS_ARE_NOT_THERE, &[]).await;
    let recorded = [one, two];
    on.takes(PLACE_AFTER_IS_RETURNED, 0, &recorded).await;
    for place in [0, 1] {
        // Two records: a refusal must not let even the first one in.
        on.refuses(STALE_PLACE_CONFLICTS, place, &[three.clone(), numbered(4)]).await;
        on.holds(REFUSED_RECORDS_ARE_NOT_THERE, &recorded).await;
    }
    on.refuses(FUTURE_PLACE_CONFLICTS, 3, std::slice::from_ref(&three)).await;
    on.holds(REFUSED_RECORDS_ARE_NOT_THERE, &recorded).await;
    on.takes(PLACE_AFTER_IS_RETURNED, 2, &[three]).await;
}

async fn nothing(on: Log<'_>) {
    on.takes(NO_RECORDS_RECORD_NOTHING, 0, &[]).await;
    on.holds(NO_RECORDS_RECORD_NOTHING, &[]).await;
    on.refuses(NO_RECORDS_ARE_CHECKED_TOO, 1, &[]).await;
    let recorded = [numbered(1), numbered(2)];
    on.takes(PLACE_AFTER_IS_RETURNED, 0, &recorded).await;
    on.takes(NO_RECORDS_RECORD_NOTHING, 2, &[]).await;
    for place in [0, 1, 3] {
        on.refuses(NO_RECORDS_ARE_CHECKED_TOO, place, &[]).await;
    }
    on.holds(NO_RECORDS_RECORD_NOTHING, &recorded).await;
}

async fn equal_records(on: Log<'_>) {
    let twins = [numbered(1), numbered(1)];
    on.takes(EQUAL_RECORDS_ARE_KEPT, 0, &twins).await;
    on.takes(EQUAL_RECORDS_ARE_KEPT, 2, &twins).await;
    on.holds(EQUAL_RECORDS_ARE_KEPT, &[twins.clone(), twins].concat()).await;
}

async fn independence(logs: [&Log<'_>; 3]) {
    for (n, log) in logs.into_iter().enumerate() {
        log.takes(LOGS_ARE_INDEPENDENT, 0, &[numbered(n)]).await;
    }
    for (n, log) in logs.into_iter().enumerate() {
        log.holds(LOGS_ARE_INDEPENDENT, &[numbered(n)]).await;
    }
}

async fn one_append_wins(on: Log<'_>) {
    // At the start of the log, then later.
    let mut recorded = Vec::new();
    for place in [0, 2] {
        let pairs = [1, 2, 3].map(|n| [numbered(10 * n), numbered(10 * n + 1)]);
        let replies = tokio::join!(
            on.append(place, &pairs[0]),
            on.append(place, &pairs[1]),
            on.append(place, &pairs[2]),
        );
        let winner = on.calls.one_winner(ONE_PLACE_ONE_APPEND, &replies.into());
        recorded.extend_from_slice(&pairs[winner]);
        on.holds(REFUSED_RECORDS_ARE_NOT_THERE, &recorded).await;
    }
}

async fn no_append_is_lost(on: Log<'_>) {
    let on = &on;
    let pair = |writer, write| [0, 1].map(|half| numbered(100 * writer + 10 * write + half));
    let writer = async |writer: usize| {
        for write in 0..WRITES_EACH {
            let mut written = false;
            for _ in 0..ATTEMPTS {
                let recorded = on.read(0, usize::MAX).await;
                on.calls.require(RECORDS_TOGETHER, recorded.len() % 2 == 0);
                let reply = on.append(recorded.len() as u64, &pair(writer, write)).await;
                if reply.is_ok() {
                    written = true;
                    break;
                }
                on.calls.conflicts(NO_RECORD_IS_LOST, &reply);
            }
            on.calls.require(CONFLICTS_ARE_TRUE, written);
        }
    };
    tokio::join!(writer(0), writer(1), writer(2));

    let recorded = on.read(0, usize::MAX).await;
    on.calls.require(NO_RECORD_IS_LOST, recorded.len() == 2 * WRITERS * WRITES_EACH);
    for writer in 0..WRITERS {
        let written: Vec<_> = (0..WRITES_EACH).flat_map(|write| pair(writer, write)).collect();
        let own = recorded.iter().filter(|record| written.contains(record));
        on.calls.require(NO_RECORD_IS_LOST, own.eq(&written));
    }
}

fn numbered(number: usize) -> Vec<u8> {
    format!("record {number}").into_bytes()
}

/// A log under test, and what was asked of it.
struct Log<'a> {
    log: &'a dyn RecordLog,
    name: String,
    calls: Calls,
}

impl Log<'_> {
    async fn append(&self, place: u64, records: &[Vec<u8>]) -> Result<u64, StoreError> {
        let reply = self.log.append(&self.name, place, records.to_vec()).await;
        self.calls.note(format_args!("append({:?}, {place}, {})", self.name, told(records)), &reply);
        reply
    }

    async fn read(&self, from: u64, limit: usize) -> Vec<Vec<u8>> {
        let reply = self.log.read(&self.name, from, limit).await;
        let told = reply.as_ref().map(|records| Told(told(records)));
        self.calls.note(format_args!("read({:?}, {from}, {limit})", self.name), &told);
        self.calls.succeeds(RECORDS_COME_BACK, reply)
    }

    /// The rule says that this append succeeds.
    async fn takes(&self, rule: &str, place: u64, records: &[Vec<u8>]) {
        let reply = self.append(place, records).await;
        self.calls.require(rule, reply == Ok(place + records.len() as u64));
    }

    /// The rule says that this append is a conflict.
    async fn refuses(&self, rule: &str, place: u64, records: &[Vec<u8>]) {
        let reply = self.append(place, records).await;
        self.calls.conflicts(rule, &reply);
    }

    /// The rule says that the log holds just these records.
    async fn holds(&self, rule: &str, records: &[Vec<u8>]) {
        let recorded = self.read(0, usize::MAX).await;
        self.calls.require(rule, recorded == records);
    }
}

/// Records in a panic, as text with what is no text escaped.
fn told(records: &[Vec<u8>]) -> String {
    let records: Vec<_> = records.iter().map(|record| format!("\"{}\"", record.escape_ascii())).collect();
    format!("[{}]", records.join(", "))
}
