//! Running a handler as a function of the replies it has received.
//!
//! The future of an `async fn` cannot be cloned, but it need not be: a handler
//! that is deterministic is a function from *(message, replies so far)* to
//! *(calls it waits for, or how it ended)*. So a delivery in progress is
//! represented by a [`ShapeId`]: a node in a tree of reply lists. To learn what
//! a node's handler wants next, the handler is run once, from the start, fed
//! the replies one per poll, and the answer is kept. However often a search
//! comes back to the node, the handler does not run again.
//!
//! The ids in a shape are numbered by first appearance within the delivery, so
//! that deliveries which differ only in fresh ids share a shape.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Once};
use std::task::{Poll, Wake, Waker};

use ports::endpoint::HandlerFuture;
use ports::words::Speaker;
use ports::{Context, Endpoint, Message};
use rustc_hash::FxHashMap;

use crate::call::{Call, RawCall, Reply};
use crate::switchboard::Switchboard;
use crate::text::{Id, Text, Texts};
use crate::watchdog::Pulse;

/// A delivery in progress, up to the names of its fresh ids.
pub(crate) type ShapeId = u32;

/// What a handler wants next.
#[derive(Clone, Debug)]
pub(crate) struct Expansion {
    /// The calls it waits for, ordered by content.
    pub(crate) calls: Vec<Call>,
    /// The same calls, as the handler made them.
    pub(crate) raw_calls: Vec<RawCall>,
    /// Calls it has just given up waiting for.
    pub(crate) dropped: Vec<Call>,
    /// How it ended, if it has.
    pub(crate) ending: Option<Ending>,
    /// What it has said since the last reply.
    pub(crate) notes: Vec<String>,
    /// How many fresh ids this delivery knows by now.
    pub(crate) known_ids: Id,
}

/// How a handler ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It returned `Ok`, with these messages to dispatch.
    Done(Vec<Text>),
    /// It returned an error.
    Failed(String),
}

/// Why a handler cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerFault {
    /// It ran into a `todo!`.
    #[error("not done yet: {what}{at}")]
    NotDone {
        /// What the `todo!` says.
        what: String,
        /// Where it is, as ` (file:line)`.
        at: String,
    },
    /// It panicked.
    #[error(
        "the handler panicked: {message}{at}. A handler reports trouble by returning an error; the message is then delivered again"
    )]
    Panicked {
        /// What the panic says.
        message: String,
        /// Where it happened, as ` (file:line)`.
        at: String,
    },
    /// Fed the same replies, it did something else.
    #[error(
        "the handler is nondeterministic: given the same message and the same replies, it first {first}, then {second}. Likely causes: Uuid::new_v4, rand, the clock, the order of a HashMap, or a static that remembers. Take ids from MessageId::derive or context.new_id()"
    )]
    Nondeterministic {
        /// What it did the first time.
        first: String,
        /// What it did the second time.
        second: String,
    },
    /// Given other fresh ids, it did something else.
    #[error(
        "the handler looks inside a fresh id: with one it {first}, with another it {second}. Ids are names: compare them for equality, pass them on whole, and make new ones from them with MessageId::derive"
    )]
    LooksInsideIds {
        /// What it did with one id.
        first: String,
        /// What it did with another.
        second: String,
    },
    /// It waits for something that is not a port call.
    #[error(
        "the handler waits for something that will never come: none of its port calls is open. Either it waits for itself (a lock it already holds, a channel nobody sends on), or for something outside the ports, which the harness cannot see"
    )]
    Stuck,
    /// It needs a tokio runtime.
    #[error(
        "the handler uses a real timer, socket or tokio::spawn (tokio says: {message}). Within a handler, wait only for the ports, and run things at the same time with tokio::join!"
    )]
    NeedsRuntime {
        /// What tokio said.
        message: String,
    },
    /// It yields over and over without making a call.
    #[error(
        "the handler yielded {polls} times without making a port call: it seems to wait in a loop for something that will never come"
    )]
    Spins {
        /// How often it was polled.
        polls: u32,
    },
    /// One delivery made very many calls.
    #[error(
        "one delivery of {message} made {calls} port calls and was still not done: it seems to poll in a loop. Return an error instead, and the message will be delivered again"
    )]
    TooManyCalls {
        /// Which message was processed.
        message: String,
        /// How many calls it made.
        calls: usize,
    },
    /// It does more at once than the engine can tell apart.
    #[error("{what}: more than {limit} at once cannot be explored. Is there a loop that does not end?")]
    TooMuchAtOnce {
        /// What there is too much of.
        what: String,
        /// How many there may be.
        limit: usize,
    },
    /// Its view cannot read what it has stored.
    #[error("the view of {aggregate} cannot read what the handler has stored: {reason}")]
    UnreadableState {
        /// Which aggregate.
        aggregate: String,
        /// What the view says.
        reason: String,
    },
    /// The engine handed it a message it had itself published, and it cannot
    /// be read back.
    #[error("a message on a queue is not a message: {0}")]
    UnreadableMessage(String),
}

/// A delivery may wait for so many calls, and hand over so many outputs; a
/// queue may be so long. (Steps number them in a byte.)
pub(crate) const MOST_AT_ONCE: usize = 200;

struct Shape {
    parent: Option<ShapeId>,
    endpoint: u8,
    message: Text,
    /// Which of the parent's calls was answered, and how.
    reply: Option<(u8, Reply)>,
    depth: usize,
    /// The number of the first id that the handler itself draws after this
    /// reply.
    first_new_id: Id,
    expansion: Arc<Expansion>,
}

/// All handlers of one search, and everything known about what they do.
pub(crate) struct Rehearsal {
    endpoints: Vec<Endpoint>,
    stores: Vec<EndpointStores>,
    pub(crate) texts: Texts,
    shapes: Vec<Shape>,
    roots: FxHashMap<(u8, Text), ShapeId>,
    children: FxHashMap<(ShapeId, u8, Reply), ShapeId>,
    pulse: Arc<Pulse>,
    max_calls: usize,
    speaker: Speaker,
}

/// Where an endpoint's stores are in the world.
#[derive(Clone, Debug)]
pub(crate) struct EndpointStores {
    pub(crate) main: u8,
    pub(crate) further: Vec<u8>,
}

impl Rehearsal {
    pub(crate) fn new(
        endpoints: Vec<Endpoint>,
        stores: Vec<EndpointStores>,
        texts: Texts,
        pulse: Arc<Pulse>,
        max_calls: usize,
        speaker: Speaker,
    ) -> Self {
        install_panic_hook();
        Self {
            endpoints,
            stores,
            texts,
            shapes: Vec::new(),
            roots: FxHashMap::default(),
            children: FxHashMap::default(),
            pulse,
            max_calls,
            speaker,
        }
    }

    pub(crate) fn expansion(&self, shape: ShapeId) -> &Arc<Expansion> {
        &self.shapes[shape as usize].expansion
    }

    /// Names messages.
    pub(crate) fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// What the watchdog watches.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// How many different deliveries in progress there were so far.
    pub(crate) fn shape_count(&self) -> usize {
        self.shapes.len()
    }

    /// A delivery of this message (its ids numbered from 0) at its very start.
    pub(crate) fn start(&mut self, endpoint: u8, message: Text) -> Result<ShapeId, HandlerFault> {
        if let Some(&shape) = self.roots.get(&(endpoint, message.clone())) {
            return Ok(shape);
        }
        let first_new_id = message.ids.iter().map(|id| id + 1).max().unwrap_or(0);
        let shape = self.add(Shape {
            parent: None,
            endpoint,
            message: message.clone(),
            reply: None,
            depth: 0,
            first_new_id,
            expansion: Arc::new(Expansion {
                calls: Vec::new(),
                raw_calls: Vec::new(),
                dropped: Vec::new(),
                ending: None,
                notes: Vec::new(),
                known_ids: first_new_id,
            }),
        })?;
        self.roots.insert((endpoint, message), shape);
        Ok(shape)
    }

    /// The delivery after one more reply (its new ids numbered on from the
    /// known ones).
    pub(crate) fn follow(&mut self, shape: ShapeId, call: u8, reply: Reply) -> Result<ShapeId, HandlerFault> {
        let key = (shape, call, reply);
        if let Some(&child) = self.children.get(&key) {
            return Ok(child);
        }
        let parent = &self.shapes[shape as usize];
        let mut first_new_id = parent.expansion.known_ids;
        _ = key.2.map(|id| {
            first_new_id = first_new_id.max(id + 1);
            id
        });
        let child = Shape {
            parent: Some(shape),
            endpoint: parent.endpoint,
            message: parent.message.clone(),
            reply: Some((call, key.2.clone())),
            depth: parent.depth + 1,
            first_new_id,
            expansion: Arc::clone(&parent.expansion),
        };
        if child.depth > self.max_calls {
            return Err(HandlerFault::TooManyCalls {
                message: self.speaker.message(&self.texts.bytes(&child.message)),
                calls: child.depth,
            });
        }
        let child = self.add(child)?;
        self.children.insert(key, child);
        Ok(child)
    }

    /// Runs the handler to find out what a new shape wants.
    fn add(&mut self, mut shape: Shape) -> Result<ShapeId, HandlerFault> {
        let found = self.run(&shape)?;
        if found.ending.is_some() {
            // Nothing will replay an ending, so it is checked here; and once
            // more with other ids, for ids must be nothing but names.
            let again = self.run(&shape)?;
            if again.ending != found.ending {
                return Err(HandlerFault::Nondeterministic {
                    first: found.describe(&self.texts, &self.speaker),
                    second: again.describe(&self.texts, &self.speaker),
                });
            }
            if found.known_ids > 0 {
                self.texts.rename_all(true);
                let renamed = self.run(&shape);
                self.texts.rename_all(false);
                let renamed = renamed?;
                let failed = |ending: &Option<Ending>| matches!(ending, Some(Ending::Failed(_)));
                // What an error says is not part of the world.
                let same =
                    renamed.ending == found.ending || (failed(&renamed.ending) && failed(&found.ending));
                if !same {
                    return Err(HandlerFault::LooksInsideIds {
                        first: found.describe(&self.texts, &self.speaker),
                        second: renamed.describe(&self.texts, &self.speaker),
                    });
                }
            }
        }
        shape.expansion = Arc::new(found);
        let id = ShapeId::try_from(self.shapes.len()).expect("fewer than 2^32 deliveries in progress");
        self.shapes.push(shape);
        Ok(id)
    }

    fn run(&mut self, shape: &Shape) -> Result<Expansion, HandlerFault> {
        let mut ancestors = Vec::with_capacity(shape.depth);
        let mut next = shape.parent;
        while let Some(id) = next {
            ancestors.push(id);
            next = self.shapes[id as usize].parent;
        }
        ancestors.reverse();

        let endpoint = &self.endpoints[usize::from(shape.endpoint)];
        let bytes = self.texts.bytes(&shape.message);
        let message: Message = serde_json::from_slice(&bytes)
            .map_err(|error| HandlerFault::UnreadableMessage(error.to_string()))?;
        let mut stage = Stage::new(endpoint, message, &self.texts, Arc::clone(&self.pulse));
        for (step, &id) in ancestors.iter().enumerate() {
            let ancestor = &self.shapes[id as usize];
            stage.poll(ancestor.first_new_id)?;
            let mut waiting = stage.switchboard.waiting();
            let known = &ancestor.expansion.raw_calls;
            let renamed = self.texts.naming().1 != 0;
            if renamed && stage.ended.is_none() {
                let stores = &self.stores[usize::from(shape.endpoint)];
                let mut there: Vec<(Call, (RawCall, usize))> = waiting
                    .drain(..)
                    .map(|raw| (Call::intern(&raw.0, stores.main, &stores.further, &mut self.texts), raw))
                    .collect();
                // The calls are sorted by what they say, ids included, so with
                // other ids they may be the same in another order.
                for call in &self.shapes[id as usize].expansion.calls {
                    let found = there.iter().position(|(other, _)| other == call);
                    waiting.extend(found.map(|found| there.swap_remove(found).1));
                }
                let same =
                    there.is_empty() && waiting.len() == self.shapes[id as usize].expansion.calls.len();
                waiting.extend(there.into_iter().map(|(_, raw)| raw));
                if !same {
                    return Err(HandlerFault::LooksInsideIds {
                        first: describe_calls(&self.shapes[id as usize].expansion.raw_calls, &self.speaker),
                        second: describe_calls(waiting.iter().map(|(call, _)| call), &self.speaker),
                    });
                }
            } else if stage.ended.is_some() || !waiting.iter().map(|(call, _)| call).eq(known) {
                let second = match &stage.ended {
                    Some(Ok(())) => "returned Ok".to_owned(),
                    Some(Err(error)) => format!("returned the error {error:?}"),
                    None => describe_calls(waiting.iter().map(|(call, _)| call), &self.speaker),
                };
                return Err(HandlerFault::Nondeterministic {
                    first: describe_calls(known, &self.speaker),
                    second,
                });
            }
            let follower = ancestors.get(step + 1).map_or(shape, |&id| &self.shapes[id as usize]);
            let (call, reply) = follower.reply.as_ref().expect("only a root has no reply");
            let (raw, line) = &waiting[usize::from(*call)];
            stage.context.take_notes();
            stage.switchboard.answer(*line, reply.answer(raw, &self.texts));
        }
        let before: Vec<RawCall> = stage.switchboard.waiting().into_iter().map(|(call, _)| call).collect();
        stage.poll(shape.first_new_id)?;
        let notes = stage.context.take_notes();
        let outputs = stage.context.take_outputs();
        let known_ids = stage.next_id.load(Ordering::Relaxed);
        let mut waiting: Vec<RawCall> =
            stage.switchboard.waiting().into_iter().map(|(call, _)| call).collect();
        let ended = stage.ended.take();
        drop(stage);

        let stores = self.stores[usize::from(shape.endpoint)].clone();
        let mut intern = |raw: &RawCall| Call::intern(raw, stores.main, &stores.further, &mut self.texts);
        let mut still = waiting.clone();
        let mut dropped = Vec::new();
        for call in &before {
            match still.iter().position(|other| other == call) {
                Some(found) if ended.is_none() => _ = still.swap_remove(found),
                _ => dropped.push(intern(call)),
            }
        }
        if ended.is_some() {
            waiting.clear();
        }
        let calls: Vec<Call> = waiting.iter().map(intern).collect();
        if calls.len() > MOST_AT_ONCE || outputs.len() > MOST_AT_ONCE {
            let what = match calls.len() {
                0 => format!("the handler hands over {} outputs", outputs.len()),
                calls => format!("the handler waits for {calls} port calls"),
            };
            return Err(HandlerFault::TooMuchAtOnce { what, limit: MOST_AT_ONCE });
        }
        let ending = ended.map(|result| match result {
            Ok(()) => Ending::Done(
                outputs
                    .iter()
                    .map(|output| {
                        let bytes = serde_json::to_vec(output).expect("a message is an id and a JSON value");
                        self.texts.intern(&bytes)
                    })
                    .collect(),
            ),
            Err(error) => Ending::Failed(error),
        });
        Ok(Expansion { calls, raw_calls: waiting, dropped, ending, notes, known_ids })
    }
}

impl Expansion {
    fn describe(&self, texts: &Texts, speaker: &Speaker) -> String {
        match &self.ending {
            None => describe_calls(&self.raw_calls, speaker),
            Some(Ending::Failed(error)) => format!("returned the error {error:?}"),
            Some(Ending::Done(outputs)) if outputs.is_empty() => "returned Ok".to_owned(),
            Some(Ending::Done(outputs)) => {
                let outputs: Vec<_> = outputs.iter().map(|text| texts.string(text)).collect();
                format!("returned Ok and handed over {}", outputs.join(", "))
            }
        }
    }
}

fn describe_calls<'a>(calls: impl IntoIterator<Item = &'a RawCall>, speaker: &Speaker) -> String {
    let calls: Vec<_> = calls.into_iter().map(|call| call.in_words(speaker)).collect();
    if calls.is_empty() { "made no call".to_owned() } else { format!("called {}", calls.join(" and ")) }
}

/// One run of a handler.
struct Stage {
    future: Option<HandlerFuture>,
    context: Arc<Context>,
    switchboard: Switchboard,
    next_id: Arc<AtomicU32>,
    ended: Option<Result<(), String>>,
    woken: Arc<Woken>,
    pulse: Arc<Pulse>,
}

impl Drop for Stage {
    /// That a run breaks off here is the engine's doing, not the world's, so
    /// nothing that the handler's destructors say is of interest.
    fn drop(&mut self) {
        let future = self.future.take();
        _ = quietly(|| drop(future));
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stage {
    fn new(endpoint: &Endpoint, message: Message, texts: &Texts, pulse: Arc<Pulse>) -> Self {
        let switchboard = Switchboard::default();
        let next_id = Arc::new(AtomicU32::new(0));
        let (ids, naming) = (Arc::clone(&next_id), texts.naming());
        let (naming, offset) = naming;
        let context = Arc::new(Context::new(move || naming.id(ids.fetch_add(1, Ordering::Relaxed), offset)));
        let ports = switchboard.ports(endpoint);
        let future = endpoint.handle(Arc::new(message), ports, Arc::clone(&context));
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        Self { future: Some(future), context, switchboard, next_id, ended: None, woken, pulse }
    }

    /// Polls the handler until it waits for a port or has ended.
    fn poll(&mut self, first_new_id: Id) -> Result<(), HandlerFault> {
        const MOST_YIELDS: u32 = 10_000;
        self.next_id.store(first_new_id, Ordering::Relaxed);
        let Some(future) = &mut self.future else { return Ok(()) };
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = std::task::Context::from_waker(&waker);
        for _ in 0..MOST_YIELDS {
            self.woken.0.store(false, Ordering::Relaxed);
            let beat = self.pulse.begin();
            let polled = quietly(|| future.as_mut().poll(&mut context));
            drop(beat);
            match polled {
                Err(panic) => {
                    return Err(panic.into_fault());
                }
                Ok(Poll::Ready(result)) => {
                    self.future = None;
                    self.ended = Some(result.map_err(|error| format!("{error:#}")));
                    return Ok(());
                }
                Ok(Poll::Pending) if self.woken.0.load(Ordering::Relaxed) => {}
                Ok(Poll::Pending) if self.switchboard.waiting().is_empty() => {
                    return Err(HandlerFault::Stuck);
                }
                Ok(Poll::Pending) => return Ok(()),
            }
        }
        Err(HandlerFault::Spins { polls: MOST_YIELDS })
    }
}

/// A panic that was caught.
#[derive(Clone, Debug)]
pub(crate) struct Caught {
    message: String,
    at: String,
}

impl Caught {
    pub(crate) fn into_fault(self) -> HandlerFault {
        let Self { message, at } = self;
        if let Some(what) = message.strip_prefix("not yet implemented") {
            let what = what.strip_prefix(": ").unwrap_or("the handler ends in a todo!()").to_owned();
            HandlerFault::NotDone { what, at }
        } else if message.contains("no reactor running") || message.contains("Tokio 1.x") {
            HandlerFault::NeedsRuntime { message }
        } else {
            HandlerFault::Panicked { message, at }
        }
    }
}

thread_local! {
    /// The location of the last panic on a thread that keeps quiet about it.
    static QUIET: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// Runs somebody else's code; a panic is returned, not printed.
pub(crate) fn quietly<T>(code: impl FnOnce() -> T) -> Result<T, Caught> {
    QUIET.set(Some(None));
    let result = catch_unwind(AssertUnwindSafe(code));
    let location = QUIET.take().flatten();
    result.map_err(|payload| Caught {
        message: panic_message(&*payload),
        at: location.map_or(String::new(), |location| format!(" ({location})")),
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .unwrap_or_else(|| "(a panic without a message)".to_owned())
}

pub(crate) fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let quiet = QUIET.with_borrow_mut(|quiet| match quiet {
                Some(location) => {
                    *location =
                        info.location().map(|at| format!("{}:{}", at.file().replace('\\', "/"), at.line()));
                    true
                }
                None => false,
            });
            if !quiet {
                usual(info);
            }
        }));
    });
}
