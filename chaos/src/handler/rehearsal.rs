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

pub(crate) mod last;
mod live;
mod together;

use std::sync::Arc;

use ports::words::Speaker;
use ports::{Endpoint, Message};
use rustc_hash::FxHashMap;

use self::live::Live;
use super::call::{Call, RawCall, Reply};
use super::fault::HandlerFault;
use super::panics::install_panic_hook;
use super::stage::Stage;
use super::text::{Assignment, Id, Text, Texts};
use super::watchdog::Pulse;
use crate::limits;
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

pub(super) struct History {
    pub(super) parent: Option<HistoryId>,
    pub(super) endpoint: u8,
    pub(super) message: Text,
    /// Which of the parent's calls was answered, and how.
    pub(super) reply: Option<(u8, Reply)>,
    depth: usize,
    /// The number of the first id that the handler itself draws after this
    /// reply.
    pub(super) first_new_id: Id,
    pub(super) pending: Arc<Pending>,
    /// Whether anything was done otherwise with ids in another order.
    pub(super) compares_ids: bool,
}

/// All handlers of one search, and everything known about what they do.
pub(crate) struct Rehearsal {
    pub(super) endpoints: Vec<Endpoint>,
    stores: Arc<StoreMap>,
    pub(crate) texts: Texts,
    pub(super) histories: Vec<History>,
    roots: FxHashMap<(u8, Text, Id), HistoryId>,
    children: FxHashMap<(HistoryId, u8, Reply, Id), HistoryId>,
    pub(super) pulse: Arc<Pulse>,
    max_calls: usize,
    pub(super) speaker: Speaker,
    /// Whether ids are those of the world, and not numbered within the delivery:
    /// see [`with_lasting_ids`](Self::with_lasting_ids).
    pub(super) lasting: bool,
    /// How much was looked at with other ids.
    turn: usize,
    /// Whether any delivery or view has done anything otherwise with ids in another
    /// order.
    pub(crate) compares_ids: bool,
    /// What it is called where the last run is kept, if that is let go on.
    goes_on: Option<last::Number>,
    /// The deliveries in progress, where each handler runs only once: see
    /// [`go_live`](Self::go_live).
    live: Option<Live>,
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
            lasting: false,
            turn: 0,
            compares_ids: false,
            goes_on: None,
            live: None,
        }
    }

    /// The same handlers, in a world whose ids are these from their birth on, so
    /// that two ids are in one order whoever reads them.
    pub(crate) fn with_lasting_ids(&self, ids: Assignment) -> Self {
        let other = Self::new(
            self.endpoints.clone(),
            Arc::clone(&self.stores),
            self.texts.with(ids),
            Arc::clone(&self.pulse),
            self.max_calls,
            self.speaker.clone(),
        );
        Self { lasting: true, ..other }
    }

    /// From now on the last run goes on where it stands, if it is asked what comes next. For
    /// whoever plays one schedule and no other: there that is nearly every run. A search
    /// would gain little, and see later that a handler remembers something.
    pub(crate) fn let_the_last_go_on(&mut self) {
        self.goes_on = Some(last::Number::new());
    }

    /// Counts what is looked at with other ids, so that each time they are others.
    pub(crate) fn next_turn(&mut self) -> usize {
        self.turn += 1;
        self.turn - 1
    }

    /// Whether the handler, which has ended here, has done anything otherwise with
    /// ids in another order.
    pub(crate) fn compares_ids_in(&self, history: HistoryId) -> bool {
        self.histories[history as usize].compares_ids
    }

    /// Whether ids are those of the world.
    pub(crate) fn has_lasting_ids(&self) -> bool {
        self.lasting
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

    /// A delivery of this message (its ids numbered from 0) at its very start. It
    /// knows `known` ids at least.
    pub(crate) fn start(
        &mut self,
        endpoint: u8,
        message: Text,
        known: Id,
    ) -> Result<HistoryId, HandlerFault> {
        let key = (endpoint, message, known);
        if let (None, Some(&history)) = (&self.live, self.roots.get(&key)) {
            return Ok(history);
        }
        let message = key.1.clone();
        let first_new_id = message.ids.iter().map(|id| id + 1).max().unwrap_or(0).max(known);
        let history = self.add(History {
            parent: None,
            endpoint,
            message,
            reply: None,
            depth: 0,
            first_new_id,
            compares_ids: false,
            pending: Arc::new(Pending {
                calls: Vec::new(),
                raw_calls: Vec::new(),
                dropped: Vec::new(),
                ending: None,
                notes: Vec::new(),
                known_ids: first_new_id,
            }),
        })?;
        self.roots.insert(key, history);
        Ok(history)
    }

    /// The delivery after one more reply (its new ids numbered on from the
    /// known ones). It knows `known` ids at least.
    pub(crate) fn follow(
        &mut self,
        history: HistoryId,
        call: u8,
        reply: Reply,
        known: Id,
    ) -> Result<HistoryId, HandlerFault> {
        let key = (history, call, reply, known);
        if let (None, Some(&child)) = (&self.live, self.children.get(&key)) {
            return Ok(child);
        }
        let parent = &self.histories[history as usize];
        let mut first_new_id = parent.pending.known_ids.max(known);
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
            compares_ids: false,
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
        if self.live.is_some() {
            let (pending, stage) = self.go_on_live(&history)?;
            history.pending = Arc::new(pending);
            let pending = Arc::clone(&history.pending);
            let id = self.push(history);
            self.keep_live(id, &pending, stage);
            return Ok(id);
        }
        let (found, stage) = self.run(&history)?;
        if found.ending.is_some() && !self.lasting {
            // Nothing will replay an ending, so it is checked here; and once
            // more with other ids, for ids must be nothing but names.
            drop(stage);
            let (again, _) = self.replay_and_go_on(&history)?;
            if again.ending != found.ending {
                let [first, second] = where_they_differ(
                    &found.describe(&self.texts, &self.speaker),
                    &again.describe(&self.texts, &self.speaker),
                );
                return Err(HandlerFault::Nondeterministic { first, second });
            }
            self.try_other_ids(&mut history, &found)?;
            history.pending = Arc::new(found);
            return Ok(self.push(history));
        }
        history.pending = Arc::new(found);
        let id = self.push(history);
        if let Some(number) = self.goes_on {
            last::keep(number, id, stage);
        }
        Ok(id)
    }

    fn push(&mut self, history: History) -> HistoryId {
        let id = HistoryId::try_from(self.histories.len()).expect("fewer than 2^32 deliveries in progress");
        self.histories.push(history);
        id
    }

    /// Sees what the handler wants at the end of a history: lets the last run go on, if
    /// that waits for just this reply, and else begins another one.
    fn run(&mut self, history: &History) -> Result<(Pending, Stage), HandlerFault> {
        let waits = || {
            let (number, parent) = (self.goes_on?, history.parent?);
            Some((parent, last::take(number, parent)?))
        };
        let Some((parent, mut stage)) = waits() else { return self.replay_and_go_on(history) };
        let waiting = self.recognise(&stage, parent)?;
        self.answer(&stage, history, &waiting);
        let found = self.next(history, &mut stage)?;
        Ok((found, stage))
    }

    /// Runs the handler from its start, feeds it the replies of a history one per
    /// poll, and sees what it wants then.
    fn replay_and_go_on(&mut self, history: &History) -> Result<(Pending, Stage), HandlerFault> {
        let mut stage = self.replay(history)?;
        let found = self.next(history, &mut stage)?;
        Ok((found, stage))
    }

    /// Gives a run the last reply of a history.
    fn answer(&self, stage: &Stage, history: &History, waiting: &[(RawCall, usize)]) {
        let (call, reply) = history.reply.as_ref().expect("only a root has no reply");
        let (raw, line) = &waiting[usize::from(*call)];
        stage.switchboard.answer(*line, reply.answer(raw, &self.texts));
    }

    /// Lets a run go on to whatever it waits for next, and sees what that is.
    fn next(&mut self, history: &History, stage: &mut Stage) -> Result<Pending, HandlerFault> {
        stage.switchboard.take_dropped();
        stage.poll(history.first_new_id)?;
        let notes = stage.context.take_notes();
        // Whoever goes on from here still has them.
        let outputs = if stage.ended.is_some() { stage.context.take_outputs() } else { Vec::new() };
        let known_ids = stage.known_ids();
        let mut raw_calls: Vec<RawCall> =
            stage.switchboard.waiting().into_iter().map(|(call, _)| call).collect();
        let ended = stage.ended.take();
        let dropped = stage.switchboard.take_dropped();

        let mut dropped = dropped
            .iter()
            .map(|call| self.intern_call(history.endpoint, known_ids, call))
            .collect::<Result<Vec<Call>, _>>()?;
        if ended.is_some() {
            // Whatever it still waits for, nobody will ever hear the answer.
            for call in raw_calls.drain(..) {
                dropped.push(self.intern_call(history.endpoint, known_ids, &call)?);
            }
        }
        let calls = raw_calls.iter().map(|call| self.intern_call(history.endpoint, known_ids, call));
        let calls: Vec<Call> = calls.collect::<Result<_, _>>()?;
        if calls.len() > limits::AT_ONCE || outputs.len() > limits::AT_ONCE {
            let what = match calls.len() {
                0 => format!("the handler hands over {} outputs", outputs.len()),
                calls => format!("the handler waits for {calls} port calls"),
            };
            return Err(HandlerFault::TooMuchAtOnce { what, limit: limits::AT_ONCE });
        }
        let ending = match ended {
            None => None,
            Some(Ok(())) => Some(Ending::Done(self.intern_outputs(known_ids, &outputs)?)),
            Some(Err(error)) => Some(Ending::Failed(error)),
        };
        Ok(Pending { calls, raw_calls, dropped, ending, notes, known_ids })
    }

    /// Interns the call of a handler that knows so many ids.
    pub(super) fn intern_call(
        &mut self,
        endpoint: u8,
        known_ids: Id,
        call: &RawCall,
    ) -> Result<Call, HandlerFault> {
        let stores = &self.stores;
        self.texts
            .of_a_handler(known_ids, |texts| Call::intern(call, endpoint, stores, texts))
            .map_err(HandlerFault::strange_id)
    }

    /// Interns the outputs of a handler that knows so many ids.
    pub(super) fn intern_outputs(
        &mut self,
        known_ids: Id,
        outputs: &[Message],
    ) -> Result<Vec<Text>, HandlerFault> {
        let output = |texts: &mut Texts, output: &Message| {
            texts.intern(&serde_json::to_vec(output).expect("a message is an id and a JSON value"))
        };
        self.texts
            .of_a_handler(known_ids, |texts| outputs.iter().map(|message| output(texts, message)).collect())
            .map_err(HandlerFault::strange_id)
    }

    /// A run of the handler for the message of a history, at its very start.
    pub(super) fn stage(&self, history: &History) -> Result<Stage, HandlerFault> {
        let message = self.texts.message(&history.message);
        let message = message.map_err(|error| HandlerFault::UnreadableMessage(error.to_string()))?;
        let endpoint = &self.endpoints[usize::from(history.endpoint)];
        Ok(Stage::new(endpoint, message, &self.texts, Arc::clone(&self.pulse)))
    }

    /// The histories from the root on to this one.
    fn way_to(&self, last: Option<HistoryId>) -> Vec<HistoryId> {
        let parent = |id: &HistoryId| self.histories[*id as usize].parent;
        let mut way: Vec<HistoryId> = std::iter::successors(last, parent).collect();
        way.reverse();
        way
    }

    /// A run of the handler that has got the last reply of a history, and has not
    /// gone on from there.
    fn replay(&mut self, history: &History) -> Result<Stage, HandlerFault> {
        let ancestors = self.way_to(history.parent);
        let mut stage = self.stage(history)?;
        for (step, &id) in ancestors.iter().enumerate() {
            stage.poll(self.histories[id as usize].first_new_id)?;
            let waiting = self.recognise(&stage, id)?;
            let follower = ancestors.get(step + 1).map_or(history, |&id| &self.histories[id as usize]);
            stage.context.take_notes();
            self.answer(&stage, follower, &waiting);
        }
        Ok(stage)
    }

    /// The calls that a run waits for, which must be those that it waited for
    /// when it was first at this history.
    fn recognise(&self, stage: &Stage, id: HistoryId) -> Result<Vec<(RawCall, usize)>, HandlerFault> {
        let history = &self.histories[id as usize];
        let known = Arc::clone(&history.pending);
        let waiting = stage.switchboard.waiting();
        let same = stage.ended.is_none() && waiting.iter().map(|(call, _)| call).eq(&known.raw_calls);
        if same { Ok(waiting) } else { Err(self.nondeterministic(stage, &known, &waiting)) }
    }

    fn nondeterministic(&self, stage: &Stage, known: &Pending, waiting: &[(RawCall, usize)]) -> HandlerFault {
        let second = match &stage.ended {
            Some(Ok(())) => "returned Ok".to_owned(),
            Some(Err(error)) => format!("returned the error {error:?}"),
            None => describe_calls(waiting.iter().map(|(call, _)| call), &self.speaker),
        };
        let [first, second] = where_they_differ(&describe_calls(&known.raw_calls, &self.speaker), &second);
        HandlerFault::Nondeterministic { first, second }
    }
}

impl Pending {
    pub(super) fn describe(&self, texts: &Texts, speaker: &Speaker) -> String {
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

pub(super) fn describe_calls<'a>(calls: impl IntoIterator<Item = &'a RawCall>, speaker: &Speaker) -> String {
    let calls: Vec<_> = calls.into_iter().map(|call| call.in_words(speaker)).collect();
    if calls.is_empty() { "made no call".to_owned() } else { format!("called {}", calls.join(" and ")) }
}

/// Two long texts without what they share but for a little before and behind it, so
/// that one sees the difference at once.
fn where_they_differ(one: &str, other: &str) -> [String; 2] {
    const LONG: usize = 60;
    /// How much is told at the beginning, before the difference, and behind it.
    const HEAD: usize = 24;
    const BEFORE: usize = 20;
    const BEHIND: usize = 10;
    const MOST: usize = 80;
    let texts = [one, other].map(|text| text.chars().collect::<Vec<char>>());
    let [a, b] = &texts;
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let room = a.len().min(b.len()) - same;
    let same_behind = a.iter().rev().zip(b.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    texts.map(|text| {
        if text.len() <= LONG {
            return text.iter().collect();
        }
        let from = if same > HEAD + BEFORE { same - BEFORE } else { 0 };
        let until = (text.len() - same_behind.saturating_sub(BEHIND)).max(from);
        let head: String = text[..HEAD.min(from)].iter().collect();
        let middle: String = text[from..until].iter().take(MOST).collect();
        let (dots, rest) = (if from > 0 { " … " } else { "" }, until - from > MOST || until < text.len());
        format!("{head}{dots}{middle}{}", if rest { "…" } else { "" })
    })
}

#[cfg(test)]
mod tests {
    use super::where_they_differ;

    #[test]
    fn of_two_long_texts_the_difference_is_told() {
        let text = |middle: &str| {
            format!("called puts order-1 if absent: {} at {middle} {}", "x".repeat(90), "y".repeat(90))
        };
        assert_eq!(
            where_they_differ(&text("12:00"), &text("12:01")),
            ["0", "1"].map(|last| format!(
                "called puts order-1 if a … {} at 12:0{last} yyyyyyyyy…",
                "x".repeat(12)
            ))
        );
        assert_eq!(where_they_differ("made no call", "returned Ok"), ["made no call", "returned Ok"]);
        let [one, other] = where_they_differ(&"a".repeat(100), &"a".repeat(90));
        assert!(one.chars().count() < 100 && other.chars().count() <= 90, "{one} {other}");
    }
}
