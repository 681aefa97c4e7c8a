//! The rules of somebody else's service.

use std::time::Duration;

use serde_json::{Value, json};

use super::rules::{
    DONE_ONCE, KEY_IS_FOR_ONE_REQUEST, KEY_IS_FORGOTTEN_AFTER, KEY_IS_REMEMBERED, KEYS_ARE_APART,
    NEW_KEY_IS_DONE, ONE_REQUEST_HAS_THE_KEY, REFUSED_CALL_CHANGES_NOTHING, REPEATED_CALL_SAME_REFERENCE,
    TWINS_SHARE_A_REFERENCE,
};
use super::{Calls, Told};
use crate::{MessageId, Service, ServiceError};

/// Checks a service: keys, requests, references, concurrency.
///
/// What `service` must be: see the [module](super). All keys come from names
/// that start with the prefix, and are remembered for the length of the check.
///
/// # Panics
///
/// When a rule is broken.
pub async fn service(service: &dyn Service, prefix: &str) {
    let asked = || Asked { service, prefix, calls: Calls::default() };
    repetitions(asked()).await;
    other_requests(asked()).await;
    keys(asked()).await;
    twins(asked()).await;
    rivals(asked()).await;
}

/// Checks that a service does only what it says it does. `done` tells how often
/// something was done under a key.
///
/// What `service` must be: see [`service`](service()).
///
/// # Panics
///
/// When a rule is broken.
pub async fn effects(service: &dyn Service, prefix: &str, done: impl AsyncFn(MessageId) -> usize) {
    let on = Asked { service, prefix, calls: Calls::default() };
    let times = async |rule, key: &str, times: usize| {
        let seen = done(on.key(key)).await;
        on.calls.note(format_args!("done({key:?})"), &seen);
        on.calls.require(rule, seen == times);
    };
    times(DONE_ONCE, "done", 0).await;
    let first = on.done(NEW_KEY_IS_DONE, "done", &json!("tea")).await;
    times(DONE_ONCE, "done", 1).await;
    on.again(REPEATED_CALL_SAME_REFERENCE, "done", &json!("tea"), first).await;
    times(DONE_ONCE, "done", 1).await;
    on.refuses(KEY_IS_FOR_ONE_REQUEST, "done", &json!("cake")).await;
    times(REFUSED_CALL_CHANGES_NOTHING, "done", 1).await;
    let tea = json!("tea");
    let call = || on.call("done at once", &tea);
    let replies: [_; 3] = tokio::join!(call(), call(), call()).into();
    on.calls.require(TWINS_SHARE_A_REFERENCE, replies.iter().all(|reply| reply.is_ok()));
    times(DONE_ONCE, "done at once", 1).await;
}

/// Checks that a service remembers a key for a time, and then no more.
/// `pass_time` lets time pass.
///
/// What `service` must be: see [`service`](service()).
///
/// # Panics
///
/// When a rule is broken.
pub async fn forgetting(
    service: &dyn Service,
    prefix: &str,
    lifetime: Duration,
    pass_time: impl AsyncFn(Duration),
) {
    let on = Asked { service, prefix, calls: Calls::default() };
    let wait = async |by: Duration| {
        pass_time(by).await;
        on.calls.note(format_args!("{by:?} pass"), &());
    };
    let (tea, cake) = (json!("tea"), json!("cake"));
    let first = on.done(NEW_KEY_IS_DONE, "forgotten", &tea).await;
    wait(lifetime * 3 / 4).await;
    // Asking again does not make it last longer.
    on.again(KEY_IS_REMEMBERED, "forgotten", &tea, first).await;
    on.refuses(KEY_IS_REMEMBERED, "forgotten", &cake).await;
    wait(lifetime / 2).await;
    let second = on.done(KEY_IS_FORGOTTEN_AFTER, "forgotten", &cake).await;
    on.calls.require(KEY_IS_FORGOTTEN_AFTER, second != first);
    wait(lifetime * 3 / 4).await;
    on.again(KEY_IS_REMEMBERED, "forgotten", &cake, second).await;
    on.refuses(KEY_IS_REMEMBERED, "forgotten", &tea).await;
    wait(lifetime / 2).await;
    let third = on.done(KEY_IS_FORGOTTEN_AFTER, "forgotten", &cake).await;
    on.calls.require(KEY_IS_FORGOTTEN_AFTER, third != first && third != second);
}

/// Requests that are easily taken for one another.
fn requests() -> [Value; 8] {
    [
        json!("tea"),
        json!("Tea"),
        json!(["tea"]),
        json!({ "Reserve": { "item": "tea", "cents": 300 } }),
        json!({ "Reserve": { "item": "tea", "cents": "300" } }),
        json!({ "Reserve": { "item": "tea" } }),
        json!({}),
        Value::Null,
    ]
}

async fn repetitions(on: Asked<'_>) {
    for (n, request) in requests().iter().enumerate() {
        let key = format!("repeated {n}");
        let reference = on.done(NEW_KEY_IS_DONE, &key, request).await;
        on.again(REPEATED_CALL_SAME_REFERENCE, &key, request, reference).await;
        on.again(REPEATED_CALL_SAME_REFERENCE, &key, request, reference).await;
    }
}

async fn other_requests(on: Asked<'_>) {
    for (n, request) in requests().iter().enumerate() {
        let key = format!("reused {n}");
        let reference = on.done(NEW_KEY_IS_DONE, &key, request).await;
        for other in requests().iter().filter(|other| *other != request) {
            on.refuses(KEY_IS_FOR_ONE_REQUEST, &key, other).await;
        }
        on.again(REFUSED_CALL_CHANGES_NOTHING, &key, request, reference).await;
    }
}

async fn keys(on: Asked<'_>) {
    let request = json!("tea");
    let mut references = Vec::new();
    for key in ["apart a", "apart A", "apart a/1"] {
        let reference = on.done(KEYS_ARE_APART, key, &request).await;
        on.calls.require(KEYS_ARE_APART, !references.contains(&reference));
        references.push(reference);
    }
    // Whatever happens to the others.
    on.refuses(KEY_IS_FOR_ONE_REQUEST, "apart a", &json!("cake")).await;
    for (key, reference) in ["apart a", "apart A", "apart a/1"].into_iter().zip(references) {
        on.again(KEYS_ARE_APART, key, &request, reference).await;
    }
}

async fn twins(on: Asked<'_>) {
    let request = json!("tea");
    let replies =
        tokio::join!(on.call("twins", &request), on.call("twins", &request), on.call("twins", &request));
    let replies: [_; 3] = replies.into();
    on.calls.require(TWINS_SHARE_A_REFERENCE, replies.iter().all(|reply| reply.is_ok()));
    on.calls.require(TWINS_SHARE_A_REFERENCE, replies.iter().all(|reply| *reply == replies[0]));
    on.call("twins", &request).await.map_or_else(
        |_| on.calls.require(TWINS_SHARE_A_REFERENCE, false),
        |later| on.calls.require(TWINS_SHARE_A_REFERENCE, replies[0] == Ok(later)),
    );
}

async fn rivals(on: Asked<'_>) {
    let requests = ["tea", "cake", "bread"].map(|item| json!(item));
    let replies = tokio::join!(
        on.call("rivals", &requests[0]),
        on.call("rivals", &requests[1]),
        on.call("rivals", &requests[2]),
    );
    let replies: [_; 3] = replies.into();
    let refused = replies.iter().filter(|reply| **reply == Err(ServiceError::KeyReused)).count();
    let winner = replies.iter().position(|reply| reply.is_ok());
    on.calls.require(ONE_REQUEST_HAS_THE_KEY, refused == 2 && winner.is_some());
    let (Some(winner), rule) = (winner, ONE_REQUEST_HAS_THE_KEY) else {
        unreachable!("a broken rule panics")
    };
    for (n, request) in requests.iter().enumerate() {
        let reply = on.call("rivals", request).await;
        on.calls.require(
            rule,
            reply == if n == winner { replies[n].clone() } else { Err(ServiceError::KeyReused) },
        );
    }
}

/// A service under test, and what was asked of it.
struct Asked<'a> {
    service: &'a dyn Service,
    prefix: &'a str,
    calls: Calls,
}

impl Asked<'_> {
    fn key(&self, name: &str) -> MessageId {
        MessageId::named(&format!("{} {name}", self.prefix))
    }

    async fn call(&self, key: &str, request: &Value) -> Result<MessageId, ServiceError> {
        let reply = self.service.call(self.key(key), request).await;
        let told = reply.as_ref().map(|reference| Told(reference.to_string()[..8].to_owned()));
        self.calls.note(format_args!("call({key:?}, {request})"), &told);
        reply
    }

    /// The rule says that this call succeeds.
    async fn done(&self, rule: &str, key: &str, request: &Value) -> MessageId {
        let reply = self.call(key, request).await;
        self.calls.require(rule, reply.is_ok());
        reply.unwrap_or_else(|_| unreachable!("a broken rule panics"))
    }

    /// The rule says that this call is answered with this reference.
    async fn again(&self, rule: &str, key: &str, request: &Value, reference: MessageId) {
        let reply = self.call(key, request).await;
        self.calls.require(rule, reply == Ok(reference));
    }

    /// The rule says that the key is refused to this request.
    async fn refuses(&self, rule: &str, key: &str, request: &Value) {
        let reply = self.call(key, request).await;
        self.calls.require(rule, reply == Err(ServiceError::KeyReused));
    }
}
