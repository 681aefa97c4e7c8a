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

use serde_json::{Value, json};
use shared::{
    Context, Endpoint, Etag, Message, MessageId, NewEvent, Ports, Precondition, RecordedEvent, StoreError,
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
    Append { stream: char, expected: u64, event: char },
    Get(Key),
    Put { key: Key, body: Note, guard: Guard },
    Delete { key: Key, guard: Guard },
    Publish(Note),
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
}

/// What a handler wants next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wish {
    /// These calls should be open; others that are still open are dropped.
    Ask(Vec<Ask>),
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
}

type Open<'a> = Pin<Box<dyn Future<Output = RawAnswer> + 'a>>;

enum RawAnswer {
    Known(Answer),
    Found(String, Etag),
    Stored(Etag),
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
        match program(number, incoming, &log, known) {
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
                        let text = body.chars().next().expect("a letter");
                        let id = body.get(1..).filter(|id| !id.is_empty()).map(|id| learn(&mut names, id));
                        let etag = learn(&mut names, &etag.0);
                        Answer::Found(Note { text, id }, etag)
                    }
                    RawAnswer::Stored(etag) => Answer::Stored(learn(&mut names, &etag.0)),
                };
                log.push((ask, answer));
            }
        }
    }
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
    let body = |note: &Note| match note.id {
        Some(id) => format!("{}{}", note.text, names[id as usize]).into_bytes(),
        None => note.text.to_string().into_bytes(),
    };
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
        Ask::Delete { key: k, guard: g } => {
            let (store, key, guard) = (store(&k), key(&k), guard(&g));
            Box::pin(async move {
                match store.delete(&key, guard).await {
                    Ok(()) => RawAnswer::Known(Answer::Deleted),
                    Err(error) => failed(&error),
                }
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

/// What an event of ours says.
pub fn letter(event: &RecordedEvent) -> char {
    event.read().expect("a letter")
}
