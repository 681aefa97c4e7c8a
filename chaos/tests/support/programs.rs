//! Handlers as pure functions, so that one and the same handler can run both
//! under the engine and in the [brute](super::brute) simulator.
//!
//! A [`Program`] is asked, with everything it was answered so far, which calls
//! should be open now. Fresh ids and etags are *names*, numbered by first
//! appearance in the delivery: first those of the message, then those in the
//! replies, body before etag. A program that mentions the next unknown number
//! draws a fresh id.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    Context, Deadline, Endpoint, Etag, Expected, Message, MessageId, NewEvent, Ports, Precondition,
    Publication, RecordedEvent, ServiceError, StoreError, StreamError,
};

pub type Name = u32;

/// A document's body or a message: a letter, and perhaps an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Note {
    pub text: char,
    pub id: Option<Name>,
}

/// Store 0 is the endpoint's own, store 1 is shared by all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub store: u8,
    pub text: char,
    pub id: Option<Name>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    None,
    IfAbsent,
    IfEtag(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    Read(char),
    Append {
        stream: char,
        expected: u64,
        event: char,
    },
    Get(Key),
    Put {
        key: Key,
        body: Note,
        guard: Guard,
    },
    Delete {
        key: Key,
        guard: Guard,
    },
    Publish(Note),
    /// A put that expires: after a week, or else within a second.
    PutExpiring {
        key: Key,
        body: Note,
        guard: Guard,
        week: bool,
    },
    /// Somebody else's service.
    Call {
        key: Note,
        request: Note,
    },
    ReadLog {
        log: char,
        from: u64,
        limit: usize,
    },
    AppendLog {
        log: char,
        expected: u64,
        records: [Option<Note>; 2],
    },
    /// The subject stream.
    Send {
        subject: &'static str,
        body: Note,
        name: Option<Note>,
        expected: Expect,
    },
    Receive(&'static str),
    /// A deadline of the clock: in a week, or else within a second.
    Deadline {
        week: bool,
    },
    /// Whether a deadline has passed; or what else has this name.
    HasPassed(Name),
}

/// What is expected of the subject stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expect {
    Nothing,
    Last(u64),
    LastOfSubject(u64),
    LastOf(&'static str, u64),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    Unavailable,
    NoReply,
    Conflict,
    Absent,
    Found(Note, Name),
    Stored(Name),
    Deleted,
    Events(Vec<char>),
    Appended(u64),
    Published,
    /// Done, as the n-th thing under this key.
    Done(u64),
    KeyReused,
    Records(Vec<Note>),
    Acked {
        sequence: u64,
        duplicate: bool,
    },
    WrongLast(u64),
    /// Sequence, subject, body and name.
    Messages(Vec<(u64, String, Note, Option<Note>)>),
    Deadline(Name),
    Passed(bool),
}

/// What a handler wants next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wish {
    /// These calls should be open; others that are still open are dropped.
    Ask(Vec<Ask>),
    /// These calls are begun, and dropped before anything can be answered; then
    /// it goes on.
    Begin(Vec<Ask>, Box<Wish>),
    /// Return `Ok`, with these messages to dispatch.
    Done(Vec<Note>),
    /// Return an error.
    Fail,
}

pub type Log = [(Ask, Answer)];

/// The handler of all endpoints: which endpoint, the message, the replies so
/// far, and how many names are known.
pub type Program = Arc<dyn Fn(u8, Note, &Log, Name) -> Wish + Send + Sync>;

impl Note {
    pub const fn plain(text: char) -> Self {
        Self { text, id: None }
    }

    pub fn map(self, f: &mut dyn FnMut(Name) -> Name) -> Self {
        Self { text: self.text, id: self.id.map(f) }
    }
}

impl Key {
    pub const fn own(text: char) -> Self {
        Self { store: 0, text, id: None }
    }
}

impl Ask {
    pub fn map(&self, f: &mut dyn FnMut(Name) -> Name) -> Self {
        let mut key = |key: &Key| Key { id: key.id.map(&mut *f), ..*key };
        match self {
            Self::Get(k) => Self::Get(key(k)),
            Self::Put { key: k, body, guard } => {
                Self::Put { key: key(k), body: body.map(f), guard: guard.map(f) }
            }
            Self::Delete { key: k, guard } => Self::Delete { key: key(k), guard: guard.map(f) },
            Self::Publish(note) => Self::Publish(note.map(f)),
            Self::PutExpiring { key: k, body, guard, week } => {
                Self::PutExpiring { key: key(k), body: body.map(f), guard: guard.map(f), week: *week }
            }
            Self::Call { key, request } => Self::Call { key: key.map(f), request: request.map(f) },
            Self::AppendLog { log, expected, records } => {
                let records = records.map(|record| record.map(|record| record.map(f)));
                Self::AppendLog { log: *log, expected: *expected, records }
            }
            Self::Send { subject, body, name, expected } => Self::Send {
                subject,
                body: body.map(f),
                name: name.map(|name| name.map(f)),
                expected: *expected,
            },
            Self::HasPassed(name) => Self::HasPassed(f(*name)),
            other => *other,
        }
    }
}

impl Guard {
    fn map(self, f: &mut dyn FnMut(Name) -> Name) -> Self {
        match self {
            Self::IfEtag(name) => Self::IfEtag(f(name)),
            other => other,
        }
    }
}

impl Answer {
    pub fn map(&self, f: &mut dyn FnMut(Name) -> Name) -> Self {
        match self {
            Self::Found(body, etag) => {
                let body = body.map(f);
                Self::Found(body, f(*etag))
            }
            Self::Stored(etag) => Self::Stored(f(*etag)),
            Self::Deadline(deadline) => Self::Deadline(f(*deadline)),
            Self::Records(records) => Self::Records(records.iter().map(|record| record.map(f)).collect()),
            Self::Messages(messages) => {
                let map = |(sequence, subject, body, name): &(u64, String, Note, Option<Note>)| {
                    let body = body.map(f);
                    (*sequence, subject.clone(), body, name.map(|name| name.map(f)))
                };
                Self::Messages(messages.iter().map(map).collect())
            }
            other => other.clone(),
        }
    }
}

/// The message that a test sends for this letter.
pub fn sent(text: char) -> Message {
    Message::new(MessageId::named(&text.to_string()), &json!({ text.to_string(): { "id": null } }))
}

/// The name of the messages that an endpoint publishes for this letter.
pub fn published_name(endpoint: u8, text: char) -> String {
    format!("{endpoint}{text}")
}

/// The endpoint that runs a program.
pub fn endpoint(number: u8, program: &Program) -> Endpoint {
    let program = Arc::clone(program);
    Endpoint::new(format!("e{number}"), async move |message, ports, context| {
        run(number, &program, message, ports, context).await
    })
    .with_shared_store("shared")
    .with_stream("stream")
    .with_service("service")
}

type Open<'a> = Pin<Box<dyn Future<Output = RawAnswer> + 'a>>;

enum RawAnswer {
    Known(Answer),
    Found(String, Etag),
    Stored(Etag),
    Deadline(Deadline),
    Records(Vec<String>),
    Messages(Vec<(u64, String, String, Option<String>)>),
}

async fn run(
    number: u8,
    program: &Program,
    message: &Message,
    ports: &Ports,
    context: &Context,
) -> anyhow::Result<()> {
    let mut names: Vec<String> = Vec::new();
    let (_, fields) = message.body.as_object().and_then(|body| body.iter().next()).expect("one of ours");
    let id = fields["id"].as_str().map(|id| learn(&mut names, id));
    let incoming = Note { text: message.name().chars().last().expect("a letter"), id };
    let mut log: Vec<(Ask, Answer)> = Vec::new();
    let mut open: Vec<(Ask, Open<'_>)> = Vec::new();
    loop {
        let known = names.len() as Name;
        let mut wish = program(number, incoming, &log, known);
        while let Wish::Begin(asks, then) = wish {
            for ask in asks {
                draw(&mut names, context, &mut |f| _ = ask.map(f));
                let mut begun = call(number, ask, &names, message, ports);
                let answered = poll_fn(|context| Poll::Ready(begun.as_mut().poll(context).is_ready())).await;
                assert!(!answered, "nothing is answered before anybody waits for it");
            }
            wish = *then;
        }
        match wish {
            Wish::Begin(..) => unreachable!("all are begun"),
            Wish::Fail => anyhow::bail!("failed"),
            Wish::Done(outputs) => {
                for output in outputs {
                    draw(&mut names, context, &mut |f| _ = output.map(f));
                    context.publish(outgoing(number, output, &names));
                }
                return Ok(());
            }
            Wish::Ask(asks) => {
                open.retain(|(ask, _)| asks.contains(ask));
                for ask in asks {
                    if open.iter().all(|(other, _)| *other != ask) {
                        draw(&mut names, context, &mut |f| _ = ask.map(f));
                        open.push((ask, call(number, ask, &names, message, ports)));
                    }
                }
                let (place, raw) = poll_fn(|context| {
                    for (place, (_, future)) in open.iter_mut().enumerate() {
                        if let Poll::Ready(answer) = future.as_mut().poll(context) {
                            return Poll::Ready((place, answer));
                        }
                    }
                    Poll::Pending
                })
                .await;
                let (ask, _) = open.remove(place);
                let answer = match raw {
                    RawAnswer::Known(answer) => answer,
                    RawAnswer::Found(body, etag) => {
                        let body = understood(&mut names, &body);
                        let etag = learn(&mut names, &etag.0);
                        Answer::Found(body, etag)
                    }
                    RawAnswer::Records(records) => {
                        Answer::Records(records.iter().map(|record| understood(&mut names, record)).collect())
                    }
                    RawAnswer::Messages(messages) => Answer::Messages(
                        messages
                            .into_iter()
                            .map(|(sequence, subject, body, name)| {
                                let body = understood(&mut names, &body);
                                (sequence, subject, body, name.map(|name| understood(&mut names, &name)))
                            })
                            .collect(),
                    ),
                    RawAnswer::Stored(etag) => Answer::Stored(learn(&mut names, &etag.0)),
                    RawAnswer::Deadline(deadline) => Answer::Deadline(learn(&mut names, &deadline.0)),
                };
                log.push((ask, answer));
            }
        }
    }
}

/// A note that was written as a letter and perhaps an id.
fn understood(names: &mut Vec<String>, note: &str) -> Note {
    let text = note.chars().next().expect("a letter");
    Note { text, id: note.get(1..).filter(|id| !id.is_empty()).map(|id| learn(names, id)) }
}

fn learn(names: &mut Vec<String>, name: &str) -> Name {
    let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    place as Name
}

/// Draws the ids that are mentioned and not yet known.
fn draw(names: &mut Vec<String>, context: &Context, mentions: &mut dyn FnMut(&mut dyn FnMut(Name) -> Name)) {
    mentions(&mut |name| {
        while names.len() <= name as usize {
            names.push(context.new_id().to_string());
        }
        name
    });
}

fn outgoing(endpoint: u8, note: Note, names: &[String]) -> Message {
    let name = published_name(endpoint, note.text);
    let id = note.id.map(|id| names[id as usize].as_str());
    let message_id = match id {
        Some(id) => id.parse::<MessageId>().expect("an id").derive(&name),
        None => MessageId::named(&name),
    };
    Message::new(message_id, &json!({ name: { "id": id.map_or(Value::Null, Value::from) } }))
}

fn call<'a>(number: u8, ask: Ask, names: &[String], message: &'a Message, ports: &'a Ports) -> Open<'a> {
    let key = |key: &Key| match key.id {
        Some(id) => format!("{}{}", key.text, names[id as usize]),
        None => key.text.to_string(),
    };
    let written = |note: &Note| match note.id {
        Some(id) => format!("{}{}", note.text, names[id as usize]),
        None => note.text.to_string(),
    };
    let body = |note: &Note| written(note).into_bytes();
    let guard = |guard: &Guard| match guard {
        Guard::None => Precondition::None,
        Guard::IfAbsent => Precondition::IfAbsent,
        Guard::IfEtag(name) => Precondition::IfEtag(Etag(names[*name as usize].clone())),
    };
    let store = |key: &Key| match key.store {
        0 => &*ports.documents,
        _ => ports.store("shared"),
    };
    fn failed(error: &StoreError) -> RawAnswer {
        RawAnswer::Known(match error {
            StoreError::Conflict { .. } => Answer::Conflict,
            StoreError::Unavailable => Answer::Unavailable,
            StoreError::NoReply => Answer::NoReply,
            other => panic!("not to be expected: {other}"),
        })
    }
    match ask {
        Ask::Read(stream) => Box::pin(async move {
            match ports.events.read(&stream.to_string()).await {
                Ok(events) => RawAnswer::Known(Answer::Events(events.iter().map(letter).collect())),
                Err(error) => failed(&error),
            }
        }),
        Ask::Append { stream, expected, event } => {
            let event = NewEvent::caused_by(message, &event);
            Box::pin(async move {
                match ports.events.append(&stream.to_string(), expected, vec![event]).await {
                    Ok(version) => RawAnswer::Known(Answer::Appended(version)),
                    Err(error) => failed(&error),
                }
            })
        }
        Ask::Get(k) => {
            let (store, key) = (store(&k), key(&k));
            Box::pin(async move {
                match store.get(&key).await {
                    Ok(Some(document)) => {
                        RawAnswer::Found(String::from_utf8(document.body).expect("text"), document.etag)
                    }
                    Ok(None) => RawAnswer::Known(Answer::Absent),
                    Err(error) => failed(&error),
                }
            })
        }
        Ask::Put { key: k, body: note, guard: g } => {
            let (store, key, body, guard) = (store(&k), key(&k), body(&note), guard(&g));
            Box::pin(async move {
                match store.put(&key, body, guard).await {
                    Ok(etag) => RawAnswer::Stored(etag),
                    Err(error) => failed(&error),
                }
            })
        }
        Ask::PutExpiring { key: k, body: note, guard: g, week } => {
            let (store, key, body, guard) = (store(&k), key(&k), body(&note), guard(&g));
            let time = time_of(week);
            Box::pin(async move {
                match store.put_expiring(&key, body, guard, time).await {
                    Ok(etag) => RawAnswer::Stored(etag),
                    Err(error) => failed(&error),
                }
            })
        }
        Ask::Call { key, request } => {
            let id = key.id.map(|id| names[id as usize].parse::<MessageId>().expect("an id"));
            let (key, request) = (service_key(key.text, id), json!(written(&request)));
            Box::pin(async move {
                RawAnswer::Known(match ports.service("service").call(key, &request).await {
                    Ok(reference) => Answer::Done(
                        (1..)
                            .find(|n| key.derive(&format!("service {n}")) == reference)
                            .expect("it counts what it does"),
                    ),
                    Err(ServiceError::KeyReused) => Answer::KeyReused,
                    Err(ServiceError::Unavailable) => Answer::Unavailable,
                    Err(ServiceError::NoReply) => Answer::NoReply,
                })
            })
        }
        Ask::ReadLog { log, from, limit } => Box::pin(async move {
            match ports.log.read(&log.to_string(), from, limit).await {
                Ok(records) => RawAnswer::Records(records.into_iter().map(text).collect()),
                Err(error) => failed(&error),
            }
        }),
        Ask::AppendLog { log, expected, records } => {
            let records = records.iter().flatten().map(body).collect();
            Box::pin(async move {
                match ports.log.append(&log.to_string(), expected, records).await {
                    Ok(place) => RawAnswer::Known(Answer::Appended(place)),
                    Err(error) => failed(&error),
                }
            })
        }
        Ask::Send { subject, body: note, name, expected } => {
            let mut publication = Publication::new(subject, body(&note));
            publication.message_id = name.as_ref().map(written);
            publication.expected = match expected {
                Expect::Nothing => None,
                Expect::Last(sequence) => Some(Expected::LastSequence(sequence)),
                Expect::LastOfSubject(sequence) => Some(Expected::LastSubjectSequence(sequence)),
                Expect::LastOf(filter, sequence) => {
                    Some(Expected::LastSequenceOf { filter: filter.to_owned(), sequence })
                }
            };
            Box::pin(async move {
                RawAnswer::Known(match ports.stream("stream").publish(publication).await {
                    Ok(ack) => Answer::Acked { sequence: ack.sequence, duplicate: ack.duplicate },
                    Err(StreamError::WrongLastSequence { actual }) => Answer::WrongLast(actual),
                    Err(error) => stream_failed(&error),
                })
            })
        }
        Ask::Receive(filter) => Box::pin(async move {
            match ports.stream("stream").read(filter).await {
                Ok(messages) => RawAnswer::Messages(
                    messages
                        .into_iter()
                        .map(|message| {
                            (message.sequence, message.subject, text(message.body), message.message_id)
                        })
                        .collect(),
                ),
                Err(error) => RawAnswer::Known(stream_failed(&error)),
            }
        }),
        Ask::Delete { key: k, guard: g } => {
            let (store, key, guard) = (store(&k), key(&k), guard(&g));
            Box::pin(async move {
                match store.delete(&key, guard).await {
                    Ok(()) => RawAnswer::Known(Answer::Deleted),
                    Err(error) => failed(&error),
                }
            })
        }
        Ask::Deadline { week } => Box::pin(async move {
            RawAnswer::Deadline(ports.clock.deadline_in(time_of(week)).await.expect("the clock is there"))
        }),
        Ask::HasPassed(name) => {
            let deadline = Deadline(names[name as usize].clone());
            Box::pin(async move {
                let passed = ports.clock.has_passed(&deadline).await;
                RawAnswer::Known(Answer::Passed(passed.expect("an id might be a deadline")))
            })
        }
        Ask::Publish(note) => {
            let message = outgoing(number, note, names);
            Box::pin(async move {
                match ports.publisher.publish(message).await {
                    Ok(()) => RawAnswer::Known(Answer::Published),
                    Err(_) => RawAnswer::Known(Answer::NoReply),
                }
            })
        }
    }
}

fn time_of(week: bool) -> Duration {
    Duration::from_secs(if week { 7 * 24 * 3_600 } else { 1 })
}

fn stream_failed(error: &StreamError) -> Answer {
    match error {
        StreamError::Unavailable => Answer::Unavailable,
        StreamError::NoReply => Answer::NoReply,
        other => panic!("not to be expected: {other}"),
    }
}

fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).expect("text")
}

/// The idempotency key for a letter, and perhaps an id.
pub fn service_key(text: char, id: Option<MessageId>) -> MessageId {
    match id {
        Some(id) => id.derive(&text.to_string()),
        None => MessageId::named(&format!("key {text}")),
    }
}

/// What an event of ours says.
pub fn letter(event: &RecordedEvent) -> char {
    event.read().expect("a letter")
}
