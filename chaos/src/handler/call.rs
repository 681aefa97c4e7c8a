//! What a handler asks of its ports, and what they answer.
//!
//! A call comes in as the handler made it ([`RawCall`]), and is kept with its
//! texts interned ([`Call`]); a reply is made interned ([`Reply`]) and handed
//! to the handler as the ports' own types ([`Answer`]).

use std::time::Duration;

use ports::outside::NoAnswer;
use ports::words::{Speaker, abbreviate_id, duration, list};
use ports::{
    ClockError, Deadline, Document, Etag, Message, NewEvent, Precondition, PublishError, RecordedEvent,
    StoreError,
};

use smallvec::SmallVec;

use super::text::{Id, Text, Texts};
use crate::system::store_map::{Store, StoreMap};

/// A call as the handler made it. Ordered by content: the order in which
/// concurrent calls are made within one poll must not matter, since
/// `tokio::select!` draws it at random.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RawCall {
    ReadStream {
        stream: String,
    },
    Append {
        stream: String,
        expected: u64,
        events: Vec<Vec<u8>>,
    },
    Get {
        store: u8,
        key: String,
    },
    Put {
        store: u8,
        key: String,
        body: Vec<u8>,
        condition: Precondition,
        time_to_live: Option<Duration>,
    },
    Delete {
        store: u8,
        key: String,
        condition: Precondition,
    },
    Publish {
        message: Vec<u8>,
    },
    /// Something outside: place 0 is the endpoint's logs, n its n-th further
    /// store, stream or service.
    Ask {
        place: u8,
        key: String,
        request: Vec<u8>,
        writes: bool,
    },
    SetDeadline {
        time: Duration,
    },
    HasPassed {
        deadline: String,
    },
}

/// What a call is about: a document, a stream, or a key of something outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectKey {
    pub(crate) store: Store,
    pub(crate) key: Text,
}

/// A call with its texts interned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    ReadStream { object: ObjectKey },
    Append { object: ObjectKey, expected: u64, events: Vec<Text> },
    Get { object: ObjectKey },
    Put { object: ObjectKey, body: Text, condition: Condition, time_to_live: Option<Duration> },
    Delete { object: ObjectKey, condition: Condition },
    Publish { message: Text },
    Ask { object: ObjectKey, request: Text, writes: bool },
    SetDeadline { time: Duration },
    HasPassed { deadline: Text },
}

/// A precondition with its etag interned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Condition {
    None,
    IfAbsent,
    IfEtag(Text),
}

/// What kind of call it is: what can go wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    Read,
    Write,
    Publish,
    /// The clock is always there.
    Clock,
}

impl Call {
    /// The call of an endpoint's handler, with its texts interned and its stores
    /// numbered as in the world.
    pub(crate) fn intern(raw: &RawCall, endpoint: u8, stores: &StoreMap, texts: &mut Texts) -> Self {
        let document = |place: u8, key: &str, texts: &mut Texts| ObjectKey {
            store: stores.document_store(endpoint, place),
            key: texts.intern(key.as_bytes()),
        };
        let stream = |name: &str, texts: &mut Texts| ObjectKey {
            store: stores.events(endpoint),
            key: texts.intern(name.as_bytes()),
        };
        match raw {
            RawCall::ReadStream { stream: name } => Self::ReadStream { object: stream(name, texts) },
            RawCall::Append { stream: name, expected, events } => Self::Append {
                object: stream(name, texts),
                expected: *expected,
                events: events.iter().map(|event| texts.intern(event)).collect(),
            },
            RawCall::Get { store, key } => Self::Get { object: document(*store, key, texts) },
            RawCall::Put { store, key, body, condition, time_to_live } => Self::Put {
                object: document(*store, key, texts),
                body: texts.intern(body),
                condition: Condition::intern(condition, texts),
                time_to_live: *time_to_live,
            },
            RawCall::Delete { store, key, condition } => Self::Delete {
                object: document(*store, key, texts),
                condition: Condition::intern(condition, texts),
            },
            RawCall::Publish { message } => Self::Publish { message: texts.intern(message) },
            RawCall::Ask { place, key, request, writes } => {
                let store = stores.outside_at(endpoint, *place);
                let object = ObjectKey { store, key: texts.intern(key.as_bytes()) };
                Self::Ask { object, request: texts.intern(request), writes: *writes }
            }
            RawCall::SetDeadline { time } => Self::SetDeadline { time: *time },
            RawCall::HasPassed { deadline } => {
                Self::HasPassed { deadline: texts.intern(deadline.as_bytes()) }
            }
        }
    }

    pub(crate) fn map(&self, renumber: &mut impl FnMut(Id) -> Id) -> Self {
        let mut key =
            |object: &ObjectKey| ObjectKey { store: object.store, key: object.key.map(&mut *renumber) };
        match self {
            Self::ReadStream { object } => Self::ReadStream { object: key(object) },
            Self::Get { object } => Self::Get { object: key(object) },
            Self::Append { object, expected, events } => Self::Append {
                object: key(object),
                expected: *expected,
                events: events.iter().map(|event| event.map(&mut *renumber)).collect(),
            },
            Self::Put { object, body, condition, time_to_live } => Self::Put {
                object: key(object),
                body: body.map(&mut *renumber),
                condition: condition.map(renumber),
                time_to_live: *time_to_live,
            },
            Self::Delete { object, condition } => {
                Self::Delete { object: key(object), condition: condition.map(renumber) }
            }
            Self::Publish { message } => Self::Publish { message: message.map(renumber) },
            Self::Ask { object, request, writes } => {
                Self::Ask { object: key(object), request: request.map(renumber), writes: *writes }
            }
            Self::SetDeadline { time } => Self::SetDeadline { time: *time },
            Self::HasPassed { deadline } => Self::HasPassed { deadline: deadline.map(renumber) },
        }
    }

    pub(crate) fn kind(&self) -> CallKind {
        match self {
            Self::ReadStream { .. } | Self::Get { .. } | Self::Ask { writes: false, .. } => CallKind::Read,
            Self::Ask { .. } | Self::Append { .. } | Self::Put { .. } | Self::Delete { .. } => {
                CallKind::Write
            }
            Self::Publish { .. } => CallKind::Publish,
            Self::SetDeadline { .. } | Self::HasPassed { .. } => CallKind::Clock,
        }
    }

    /// All texts that it says something in.
    pub(crate) fn texts(&self) -> SmallVec<[&Text; 4]> {
        let mut texts = SmallVec::new();
        texts.extend(self.object().map(|object| &object.key));
        match self {
            Self::Append { events, .. } => texts.extend(events),
            Self::Put { body, condition, .. } => texts.extend([body].into_iter().chain(condition.etag())),
            Self::Delete { condition, .. } => texts.extend(condition.etag()),
            Self::Publish { message } => texts.push(message),
            Self::Ask { request, .. } => texts.push(request),
            Self::HasPassed { deadline } => texts.push(deadline),
            Self::ReadStream { .. } | Self::Get { .. } | Self::SetDeadline { .. } => {}
        }
        texts
    }

    /// Everything but its texts.
    pub(crate) fn shape(&self) -> impl Eq + use<> {
        let store = self.object().map(|object| object.store);
        let numbers = match self {
            Self::Append { expected, events, .. } => Some((*expected, events.len(), None)),
            Self::Put { time_to_live, condition: Condition::IfAbsent, .. } => Some((1, 0, *time_to_live)),
            Self::Put { time_to_live, .. } => Some((0, 0, *time_to_live)),
            Self::Ask { writes, .. } => Some((u64::from(*writes), 0, None)),
            Self::SetDeadline { time } => Some((0, 0, Some(*time))),
            _ => None,
        };
        (std::mem::discriminant(self), store, numbers)
    }

    /// The document, stream or thing outside that it touches.
    pub(crate) fn object(&self) -> Option<&ObjectKey> {
        match self {
            Self::ReadStream { object }
            | Self::Append { object, .. }
            | Self::Get { object }
            | Self::Put { object, .. }
            | Self::Delete { object, .. }
            | Self::Ask { object, .. } => Some(object),
            Self::Publish { .. } | Self::SetDeadline { .. } | Self::HasPassed { .. } => None,
        }
    }
}

impl Condition {
    fn intern(raw: &Precondition, texts: &mut Texts) -> Self {
        match raw {
            Precondition::None => Self::None,
            Precondition::IfAbsent => Self::IfAbsent,
            Precondition::IfEtag(etag) => Self::IfEtag(texts.intern(etag.0.as_bytes())),
        }
    }

    fn etag(&self) -> Option<&Text> {
        match self {
            Self::IfEtag(etag) => Some(etag),
            Self::None | Self::IfAbsent => None,
        }
    }

    pub(crate) fn map(&self, renumber: &mut impl FnMut(Id) -> Id) -> Self {
        match self {
            Self::IfEtag(etag) => Self::IfEtag(etag.map(renumber)),
            other => other.clone(),
        }
    }
}

/// What a port answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reply {
    Unavailable,
    /// None: the caller cannot know whether the call took effect.
    Silence,
    Conflict,
    TooLarge {
        size: usize,
        limit: usize,
    },
    Absent,
    Found {
        body: Text,
        etag: Id,
    },
    Stored {
        etag: Id,
    },
    Deleted,
    Events(Vec<Text>),
    Appended(u64),
    Published,
    /// Something outside has answered.
    Answered {
        reply: Text,
        /// Whether that is a refusal.
        refused: bool,
    },
    /// The clock calls a deadline so.
    Deadline(Id),
    Passed(bool),
    /// The clock has never made such a deadline.
    NotADeadline,
}

impl Reply {
    pub(crate) fn map(&self, mut renumber: impl FnMut(Id) -> Id) -> Self {
        match self {
            // The order here is the order of first appearance.
            Self::Found { body, etag } => {
                let body = body.map(&mut renumber);
                Self::Found { body, etag: renumber(*etag) }
            }
            Self::Stored { etag } => Self::Stored { etag: renumber(*etag) },
            Self::Events(events) => {
                Self::Events(events.iter().map(|event| event.map(&mut renumber)).collect())
            }
            Self::Answered { reply, refused } => {
                Self::Answered { reply: reply.map(&mut renumber), refused: *refused }
            }
            Self::Deadline(id) => Self::Deadline(renumber(*id)),
            other => other.clone(),
        }
    }

    /// The reply as the port's own type.
    pub(crate) fn answer(&self, raw: &RawCall, texts: &Texts) -> Answer {
        let error = |error: StoreError| match raw {
            RawCall::ReadStream { .. } => Answer::Events(Err(error)),
            RawCall::Append { .. } => Answer::Appended(Err(error)),
            RawCall::Get { .. } => Answer::Document(Err(error)),
            RawCall::Put { .. } => Answer::Stored(Err(error)),
            RawCall::Delete { .. } => Answer::Deleted(Err(error)),
            RawCall::Publish { .. } => Answer::Published(Err(PublishError)),
            RawCall::Ask { .. } => Answer::Answered(Err(match error {
                StoreError::Unavailable => NoAnswer::Unavailable,
                _ => NoAnswer::NoReply,
            })),
            RawCall::SetDeadline { .. } | RawCall::HasPassed { .. } => {
                unreachable!("the clock is no store: {error}")
            }
        };
        match self {
            Self::Unavailable => error(StoreError::Unavailable),
            Self::Silence => error(StoreError::NoReply),
            Self::Conflict => error(StoreError::Conflict { key: raw.key().to_owned() }),
            Self::TooLarge { size, limit } => {
                error(StoreError::TooLarge { key: raw.key().to_owned(), size: *size, limit: *limit })
            }
            Self::Absent => Answer::Document(Ok(None)),
            Self::Found { body, etag } => Answer::Document(Ok(Some(Document {
                body: texts.bytes(body),
                etag: Etag(texts.string(&Text::etag(*etag))),
            }))),
            Self::Stored { etag } => Answer::Stored(Ok(Etag(texts.string(&Text::etag(*etag))))),
            Self::Deleted => Answer::Deleted(Ok(())),
            Self::Events(events) => Answer::Events(Ok(recorded_events(events, texts))),
            Self::Appended(version) => Answer::Appended(Ok(*version)),
            Self::Published => Answer::Published(Ok(())),
            Self::Answered { reply, .. } => Answer::Answered(Ok(texts.bytes(reply))),
            Self::Deadline(id) => Answer::Deadline(Ok(Deadline(texts.string(&Text::etag(*id))))),
            Self::Passed(passed) => Answer::Passed(Ok(*passed)),
            Self::NotADeadline => Answer::Passed(Err(ClockError::NotADeadline(raw.key().to_owned()))),
        }
    }
}

/// A stream's events as the port returns them.
pub(crate) fn recorded_events(events: &[Text], texts: &Texts) -> Vec<RecordedEvent> {
    (1..)
        .zip(events)
        .map(|(version, event)| {
            let event: NewEvent = serde_json::from_slice(&texts.bytes(event))
                .expect("it was written by the simulated event store");
            RecordedEvent { version, caused_by: event.caused_by, body: event.body }
        })
        .collect()
}

impl RawCall {
    /// The call in words.
    pub(crate) fn in_words(&self, speaker: &Speaker) -> String {
        let condition = |condition: &Precondition| match condition {
            Precondition::None => String::new(),
            Precondition::IfAbsent => ", if absent".to_owned(),
            Precondition::IfEtag(etag) => format!(", if etag {}", abbreviate_id(&etag.0)),
        };
        match self {
            Self::ReadStream { stream } => format!("read({stream})"),
            Self::Append { stream, expected, events } => {
                format!(
                    "append({stream}, {expected}, {})",
                    list(events.iter().map(|event| event_in_words(event, speaker)))
                )
            }
            Self::Get { key, .. } => format!("get({key})"),
            Self::Put { key, body, condition: raw, .. } => {
                format!("put({key}, {}{})", bytes_in_words(body), condition(raw))
            }
            Self::Delete { key, condition: raw, .. } => format!("delete({key}{})", condition(raw)),
            Self::Publish { message } => {
                let id = serde_json::from_slice::<Message>(message).map(|message| message.id.to_string());
                format!(
                    "publish({}, id {})",
                    speaker.message(message),
                    abbreviate_id(&id.unwrap_or_default())
                )
            }
            Self::Ask { key, request, .. } => format!("ask({key}, {})", bytes_in_words(request)),
            Self::SetDeadline { time } => format!("deadline_in({})", duration(*time)),
            Self::HasPassed { deadline } => format!("has_passed({})", abbreviate_id(deadline)),
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::ReadStream { stream } | Self::Append { stream, .. } => stream,
            Self::Get { key, .. } | Self::Put { key, .. } | Self::Delete { key, .. } => key,
            Self::Publish { .. } => "the broker",
            Self::Ask { key, .. } => key,
            Self::SetDeadline { .. } => "the clock",
            Self::HasPassed { deadline } => deadline,
        }
    }
}

/// A new event, stored as its cause and its body.
pub(crate) fn event_in_words(event: &[u8], speaker: &Speaker) -> String {
    serde_json::from_slice::<NewEvent>(event)
        .map_or_else(|_| "(unreadable event)".to_owned(), |event| speaker.body(&event.body))
}

/// Bytes as text, if they are.
pub(crate) fn bytes_in_words(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}

/// A reply as the port's own type.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Events(Result<Vec<RecordedEvent>, StoreError>),
    Appended(Result<u64, StoreError>),
    Document(Result<Option<Document>, StoreError>),
    Stored(Result<Etag, StoreError>),
    Deleted(Result<(), StoreError>),
    Published(Result<(), PublishError>),
    Answered(Result<Vec<u8>, NoAnswer>),
    Deadline(Result<Deadline, ClockError>),
    Passed(Result<bool, ClockError>),
}
