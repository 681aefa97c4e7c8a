//! Somebody else's service, one state for each idempotency key.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Model, NoAnswer, Turn, Wire, decode, encode};
use crate::{MessageId, Service, ServiceError, Snapshot};

/// A service that does whatever it is asked, once for each idempotency key it
/// remembers. See [`Service`].
///
/// What it has done under a forgotten key stays done: asked again, it does it
/// again, under another reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceModel {
    /// What it is called.
    pub name: String,
}

impl ServiceModel {
    /// For how long a key is remembered at least. Stripe, for one, keeps keys
    /// for at least 24 hours (its API reference, "Idempotent requests").
    pub const KEY_LIFETIME: Duration = Duration::from_secs(24 * 3_600);
}

/// Something that a service has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Under which idempotency key it was asked to.
    pub key: MessageId,
    /// What it was asked.
    pub request: Value,
    /// Under which reference it did it.
    pub reference: MessageId,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    effects: Vec<Effect>,
    remembered: bool,
}

#[derive(Serialize, Deserialize)]
struct Request {
    key: MessageId,
    request: Value,
}

type Called = Result<MessageId, ServiceError>;

impl State {
    fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::default() } else { decode(bytes) }
    }
}

impl ServiceModel {
    /// What was done under one key, oldest first.
    #[must_use]
    pub fn effects(state: &[u8]) -> Vec<Effect> {
        State::of(state).effects
    }
}

impl Model for ServiceModel {
    fn repeats(&self) -> bool {
        true
    }

    fn is_elsewhere(&self) -> bool {
        true
    }

    fn forgets_by_clock(&self) -> bool {
        false
    }

    fn answer(&self, state: &[u8], request: &[u8]) -> Turn {
        let mut state = State::of(state);
        let Request { key, request } = decode(request);
        let answered = |called: Called| Turn {
            refused: called.is_err(),
            reply: encode(&called),
            state: None,
            remembers: None,
        };
        match state.effects.last() {
            Some(known) if state.remembered && known.request == request => {
                return answered(Ok(known.reference));
            }
            Some(_) if state.remembered => return answered(Err(ServiceError::KeyReused)),
            _ => {}
        }
        let reference = key.derive(&format!("{} {}", self.name, state.effects.len() + 1));
        state.effects.push(Effect { key, request, reference });
        state.remembered = true;
        Turn {
            state: Some(encode(&state)),
            remembers: Some((key.to_string(), Self::KEY_LIFETIME)),
            ..answered(Ok(reference))
        }
    }

    fn forget(&self, state: &[u8], _what: &str) -> Vec<u8> {
        encode(&State { remembered: false, ..State::of(state) })
    }

    fn say_forgotten(&self, _what: &str) -> String {
        format!("{} forgets the idempotency key", self.name)
    }

    fn show(&self, snapshot: &mut Snapshot, name: &str, _key: &str, state: &[u8]) {
        snapshot.insert_effects(name, Self::effects(state));
    }

    fn say_request(&self, request: &[u8]) -> String {
        let Request { request, .. } = decode(request);
        format!("asks {} for {}", self.name, plain(&request))
    }

    fn say_reply(&self, reply: &[u8]) -> String {
        match decode::<Called>(reply) {
            Ok(_) => String::new(),
            Err(error) => format!("refused, {error}"),
        }
    }
}

/// `Charge(300)`: a request without punctuation and ids.
fn plain(request: &Value) -> String {
    match request {
        Value::Object(fields) if fields.len() == 1 => {
            let (name, fields) = fields.iter().next().expect("there is one");
            let inner = fields.as_object().into_iter().flatten();
            let values = inner
                .filter(|(_, value)| value.as_str().is_none_or(|text| text.parse::<MessageId>().is_err()));
            let values: Vec<String> = values
                .filter(|(name, _)| !name.ends_with("_id"))
                .map(|(_, value)| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect();
            format!("{name}({})", values.join(", "))
        }
        other => other.to_string(),
    }
}

/// The port over a [`Wire`] to a [`ServiceModel`].
pub struct ServiceClient<W>(pub W);

#[async_trait]
impl<W: Wire> Service for ServiceClient<W> {
    async fn call(&self, key: MessageId, request: &Value) -> Called {
        let message = encode(&Request { key, request: request.clone() });
        let reply = self.0.ask(&key.to_string(), message, true).await.map_err(|error| match error {
            NoAnswer::Unavailable => ServiceError::Unavailable,
            NoAnswer::NoReply => ServiceError::NoReply,
        });
        decode::<Called>(&reply?)
    }
}
