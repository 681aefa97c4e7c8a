//! Running a handler as a function of the replies it has received.
//!
//! The future of an `async fn` cannot be cloned, but it need not be: a handler
//! that is deterministic is a function from *(message, replies so far)* to
//! *(calls it waits for, or how it ended)*. So a delivery in progress is
//! represented by a [`HistoryId`]: a node in a tree of reply lists. To learn what
//! a node's handler wants next, the handler is run once, from the start, fed
//! the replies one per poll, and the answer is kept. However often a search
//! comes back to the node, the handler does not run again. (Argument 1 in
//! [`how_it_works`](crate::how_it_works).)
//!
//! The ids in a history are numbered by first appearance within the delivery, so
//! that deliveries which differ only in fresh ids share a history.

mod together;

use std::sync::Arc;

use ports::words::Speaker;
use ports::{Endpoint, Message};
use rustc_hash::FxHashMap;

use super::call::{Call, RawCall, Reply};
use super::fault::HandlerFault;
use super::panics::install_panic_hook;
use super::stage::Stage;
use super::text::{Id, Text, Texts};
use super::watchdog::Pulse;
use crate::system::store_map::StoreMap;

/// A delivery in progress, up to the names of its fresh ids.
pub(crate) type HistoryId = u32;

/// What a handler wants next.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
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

/// A delivery may wait for so many calls, and hand over so many outputs; a
/// queue may be so long. (Steps number them in a byte.)
pub(crate) const MOST_AT_ONCE: usize = 200;

struct History {
    parent: Option<HistoryId>,
    endpoint: u8,
    message: Text,
    /// Which of the parent's calls was answered, and how.
    reply: Option<(u8, Reply)>,
    depth: usize,
    /// The number of the first id that the handler itself draws after this
    /// reply.
    first_new_id: Id,
    pending: Arc<Pending>,
}

/// All handlers of one search, and everything known about what they do.
pub(crate) struct Rehearsal {
    endpoints: Vec<Endpoint>,
    stores: Arc<StoreMap>,
    pub(crate) texts: Texts,
    histories: Vec<History>,
    roots: FxHashMap<(u8, Text), HistoryId>,
    children: FxHashMap<(HistoryId, u8, Reply), HistoryId>,
    pulse: Arc<Pulse>,
    max_calls: usize,
    speaker: Speaker,
}

impl Rehearsal {
    pub(crate) fn new(
        endpoints: Vec<Endpoint>,
        stores: Arc<StoreMap>,
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
            histories: Vec::new(),
            roots: FxHashMap::default(),
            children: FxHashMap::default(),
            pulse,
            max_calls,
            speaker,
        }
    }

    pub(crate) fn pending(&self, history: HistoryId) -> &Arc<Pending> {
        &self.histories[history as usize].pending
    }

    /// How many replies a delivery has had.
    pub(crate) fn replies(&self, history: HistoryId) -> usize {
        self.histories[history as usize].depth
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
    pub(crate) fn history_count(&self) -> usize {
        self.histories.len()
    }

    /// A delivery of this message (its ids numbered from 0) at its very start.
    pub(crate) fn start(&mut self, endpoint: u8, message: Text) -> Result<HistoryId, HandlerFault> {
        if let Some(&history) = self.roots.get(&(endpoint, message.clone())) {
            return Ok(history);
        }
        let first_new_id = message.ids.iter().map(|id| id + 1).max().unwrap_or(0);
        let history = self.add(History {
            parent: None,
            endpoint,
            message: message.clone(),
            reply: None,
            depth: 0,
            first_new_id,
            pending: Arc::new(Pending {
                calls: Vec::new(),
                raw_calls: Vec::new(),
                dropped: Vec::new(),
                ending: None,
                notes: Vec::new(),
                known_ids: first_new_id,
            }),
        })?;
        self.roots.insert((endpoint, message), history);
        Ok(history)
    }

    /// The delivery after one more reply (its new ids numbered on from the
    /// known ones).
    pub(crate) fn follow(
        &mut self,
        history: HistoryId,
        call: u8,
        reply: Reply,
    ) -> Result<HistoryId, HandlerFault> {
        let key = (history, call, reply);
        if let Some(&child) = self.children.get(&key) {
            return Ok(child);
        }
        let parent = &self.histories[history as usize];
        let mut first_new_id = parent.pending.known_ids;
        _ = key.2.map(|id| {
            first_new_id = first_new_id.max(id + 1);
            id
        });
        let child = History {
            parent: Some(history),
            endpoint: parent.endpoint,
            message: parent.message.clone(),
            reply: Some((call, key.2.clone())),
            depth: parent.depth + 1,
            first_new_id,
            pending: Arc::clone(&parent.pending),
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

    /// Runs the handler to find out what a new history wants.
    fn add(&mut self, mut history: History) -> Result<HistoryId, HandlerFault> {
        let found = self.run(&history)?;
        if found.ending.is_some() {
            // Nothing will replay an ending, so it is checked here; and once
            // more with other ids, for ids must be nothing but names.
            let again = self.run(&history)?;
            if again.ending != found.ending {
                return Err(HandlerFault::Nondeterministic {
                    first: found.describe(&self.texts, &self.speaker),
                    second: again.describe(&self.texts, &self.speaker),
                });
            }
            if found.known_ids > 0 {
                self.texts.rename_all(true);
                let renamed = self.run(&history);
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
        history.pending = Arc::new(found);
        let id = HistoryId::try_from(self.histories.len()).expect("fewer than 2^32 deliveries in progress");
        self.histories.push(history);
        Ok(id)
    }

    /// Runs the handler from its start, feeds it the replies of a history one per
    /// poll, and sees what it wants then.
    fn run(&mut self, history: &History) -> Result<Pending, HandlerFault> {
        let mut stage = self.replay(history)?;
        stage.switchboard.take_dropped();
        stage.poll(history.first_new_id)?;
        let notes = stage.context.take_notes();
        let outputs = stage.context.take_outputs();
        let known_ids = stage.known_ids();
        let mut raw_calls: Vec<RawCall> =
            stage.switchboard.waiting().into_iter().map(|(call, _)| call).collect();
        let ended = stage.ended.take();
        let dropped = stage.switchboard.take_dropped();
        drop(stage);

        let mut dropped: Vec<Call> = dropped.iter().map(|call| self.intern(history, call)).collect();
        if ended.is_some() {
            // Whatever it still waits for, nobody will ever hear the answer.
            dropped.extend(raw_calls.drain(..).map(|call| self.intern(history, &call)));
        }
        let calls: Vec<Call> = raw_calls.iter().map(|call| self.intern(history, call)).collect();
        if calls.len() > MOST_AT_ONCE || outputs.len() > MOST_AT_ONCE {
            let what = match calls.len() {
                0 => format!("the handler hands over {} outputs", outputs.len()),
                calls => format!("the handler waits for {calls} port calls"),
            };
            return Err(HandlerFault::TooMuchAtOnce { what, limit: MOST_AT_ONCE });
        }
        let mut output = |output: &Message| {
            let bytes = serde_json::to_vec(output).expect("a message is an id and a JSON value");
            self.texts.intern(&bytes)
        };
        let ending = ended.map(|result| match result {
            Ok(()) => Ending::Done(outputs.iter().map(&mut output).collect()),
            Err(error) => Ending::Failed(error),
        });
        Ok(Pending { calls, raw_calls, dropped, ending, notes, known_ids })
    }

    fn intern(&mut self, history: &History, call: &RawCall) -> Call {
        Call::intern(call, history.endpoint, &self.stores, &mut self.texts)
    }

    /// A run of the handler that has got the last reply of a history, and has not
    /// gone on from there.
    fn replay(&mut self, history: &History) -> Result<Stage, HandlerFault> {
        let mut ancestors = Vec::with_capacity(history.depth);
        let mut next = history.parent;
        while let Some(id) = next {
            ancestors.push(id);
            next = self.histories[id as usize].parent;
        }
        ancestors.reverse();

        let endpoint = &self.endpoints[usize::from(history.endpoint)];
        let bytes = self.texts.bytes(&history.message);
        let message: Message = serde_json::from_slice(&bytes)
            .map_err(|error| HandlerFault::UnreadableMessage(error.to_string()))?;
        let mut stage = Stage::new(endpoint, message, &self.texts, Arc::clone(&self.pulse));
        for (step, &id) in ancestors.iter().enumerate() {
            stage.poll(self.histories[id as usize].first_new_id)?;
            let waiting = self.recognise(&stage, id)?;
            let follower = ancestors.get(step + 1).map_or(history, |&id| &self.histories[id as usize]);
            let (call, reply) = follower.reply.as_ref().expect("only a root has no reply");
            let (raw, line) = &waiting[usize::from(*call)];
            stage.context.take_notes();
            stage.switchboard.answer(*line, reply.answer(raw, &self.texts));
        }
        Ok(stage)
    }

    /// The calls that a run waits for, which must be those that it waited for
    /// when it was first at this history.
    fn recognise(&mut self, stage: &Stage, id: HistoryId) -> Result<Vec<(RawCall, usize)>, HandlerFault> {
        let history = &self.histories[id as usize];
        let (endpoint, known) = (history.endpoint, Arc::clone(&history.pending));
        let mut waiting = stage.switchboard.waiting();
        let renamed = self.texts.naming().1 != 0;
        if !renamed || stage.ended.is_some() {
            let same = stage.ended.is_none() && waiting.iter().map(|(call, _)| call).eq(&known.raw_calls);
            return if same { Ok(waiting) } else { Err(self.nondeterministic(stage, &known, &waiting)) };
        }
        // The calls are sorted by what they say, ids included, so with other ids
        // they may be the same in another order.
        let mut there: Vec<(Call, (RawCall, usize))> = waiting
            .drain(..)
            .map(|raw| (Call::intern(&raw.0, endpoint, &self.stores, &mut self.texts), raw))
            .collect();
        for call in &known.calls {
            let found = there.iter().position(|(other, _)| other == call);
            waiting.extend(found.map(|found| there.swap_remove(found).1));
        }
        let same = there.is_empty() && waiting.len() == known.calls.len();
        waiting.extend(there.into_iter().map(|(_, raw)| raw));
        if same {
            return Ok(waiting);
        }
        Err(HandlerFault::LooksInsideIds {
            first: describe_calls(&known.raw_calls, &self.speaker),
            second: describe_calls(waiting.iter().map(|(call, _)| call), &self.speaker),
        })
    }

    fn nondeterministic(&self, stage: &Stage, known: &Pending, waiting: &[(RawCall, usize)]) -> HandlerFault {
        let second = match &stage.ended {
            Some(Ok(())) => "returned Ok".to_owned(),
            Some(Err(error)) => format!("returned the error {error:?}"),
            None => describe_calls(waiting.iter().map(|(call, _)| call), &self.speaker),
        };
        HandlerFault::Nondeterministic { first: describe_calls(&known.raw_calls, &self.speaker), second }
    }
}

impl Pending {
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
