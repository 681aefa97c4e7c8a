//! A run, told in words: lanes for the broker, the workers and the documents,
//! a line for each step.

use std::ops::Range;

use ports::words::{self, Speaker};
use ports::{Message, MessageId, PublishError, ServiceError, StoreError, StreamError};

use super::folding;
use super::knowledge::Followed;
use super::picture::{Line, draw, width, wrap};
use super::steps::{busy_in, call_in, message_at, most_concerned, put_out};
use crate::handler::call::{CallKind, ObjectKey, Reply};
use crate::handler::fault::HandlerFault;
use crate::handler::rehearsal::{Ending, HistoryId};
use crate::handler::text::{Id, Text};
use crate::search::no_return::NoReturn;
use crate::world::state::{Busy, Content, Due, Object, Phase, World};
use crate::world::step::{CallOutcome, Step};
use crate::world::trace::{TakenStep, Trace};
use crate::world::transition_system::TransitionSystem;

/// At most so many documents or stores get a lane of their own.
const MOST_OBJECTS: usize = 4;

/// Tells a run.
pub(crate) struct Teller<'a> {
    pub(super) transitions: &'a mut TransitionSystem,
    pub(super) trace: &'a Trace,
    /// The step that is being told.
    pub(super) at: usize,
    pub(super) lanes: Vec<String>,
    /// What has a lane of its own: a document of the only endpoint's main
    /// store, or a whole store.
    pub(super) objects: Vec<(u8, Option<Text>)>,
    /// After which step each is told.
    lines: Vec<(usize, Line)>,
    /// Etags are told as v1, v2, … of their document.
    pub(super) etags: Vec<(ObjectKey, Id)>,
    /// What is in these versions, as far as it is known.
    pub(super) bodies: Vec<(ObjectKey, Id, Text)>,
    /// The versions whose contents have been told.
    pub(super) told: Vec<(ObjectKey, Id)>,
    /// Whether the last call of each worker went wrong, which was told.
    in_trouble: Vec<bool>,
    pub(super) speaker: Speaker,
    pub(super) several_endpoints: bool,
    pub(super) followed: Option<Followed>,
    pub(super) no_return: Option<NoReturn>,
}

/// The broker's lane; those of the workers follow.
pub(super) const BROKER: usize = 0;

fn lane(worker: u8) -> usize {
    1 + usize::from(worker)
}

impl<'a> Teller<'a> {
    /// `about` is the message whose way is followed; where it is not known, the one
    /// that the first fault strikes.
    pub(crate) fn new(
        transitions: &'a mut TransitionSystem,
        trace: &'a Trace,
        about: Option<MessageId>,
        no_return: Option<NoReturn>,
    ) -> Self {
        let several_endpoints = transitions.endpoints().len() > 1;
        let said: Vec<Message> = transitions
            .sent
            .iter()
            .chain(&trace.end().published)
            .filter_map(|copy| transitions.texts().message(&copy.message).ok())
            .collect();
        let speaker = transitions.speaker().knowing(&said);
        let anything = no_return.is_some() || trace.faults().next().is_some();
        let about = about.or_else(|| most_concerned(transitions, trace).filter(|_| anything));
        let followed = about.and_then(|id| {
            let message = said.iter().find(|message| message.id == id)?;
            Some(Followed::new(id, speaker.said(message)))
        });
        let mut teller = Self {
            transitions,
            trace,
            at: 0,
            lanes: vec!["broker".to_owned()],
            objects: Vec::new(),
            lines: Vec::new(),
            etags: Vec::new(),
            bodies: Vec::new(),
            told: Vec::new(),
            in_trouble: vec![false; trace.end().workers.len()],
            speaker,
            several_endpoints,
            followed,
            no_return,
        };
        let workers = (0..trace.end().workers.len()).map(|worker| teller.short_worker(worker));
        let workers: Vec<String> = workers.collect();
        teller.lanes.extend(workers);
        teller
    }

    fn short_worker(&self, worker: usize) -> String {
        let endpoint = self.world().workers[worker].endpoint;
        let initial =
            |endpoint: u8| self.transitions.endpoints()[usize::from(endpoint)].name().chars().next();
        let number =
            1 + self.world().workers[..worker].iter().filter(|other| other.endpoint == endpoint).count();
        if self.several_endpoints {
            let unique = (0..self.transitions.endpoints().len() as u8)
                .all(|other| other == endpoint || initial(other) != initial(endpoint));
            match initial(endpoint) {
                Some(letter) if unique => format!("{letter}{number}"),
                _ => format!("{}{number}", self.transitions.endpoints()[usize::from(endpoint)].name()),
            }
        } else {
            format!("w{number}")
        }
    }

    /// What has changed in documents since then, where it can be said in a few words;
    /// and which are there now, or no more, but for those named after `message`.
    fn stored_meanwhile(&self, before: &World, message: Option<MessageId>) -> Vec<String> {
        const FEW: usize = 40;
        let bytes = |object: &Object| match &object.content {
            Content::Document(Some(version)) => Some(self.transitions.texts().bytes(&version.body)),
            _ => None,
        };
        let changed = self.world().objects.iter().filter_map(|object| {
            let old = before.object(&object.key).and_then(bytes);
            let own = message.is_some_and(|id| self.text(&object.key.key).starts_with(&id.to_string()));
            let (old, new) = match (old, bytes(object)) {
                (Some(old), Some(new)) => (old, new),
                (None, Some(_)) if !own => return Some(format!("creates {}", self.object_name(&object.key))),
                (Some(_), None) if !own => return Some(format!("deletes {}", self.object_name(&object.key))),
                _ => return None,
            };
            let change = self.change(&old, &new, FEW).filter(|_| old != new)?;
            Some(format!("{}: {change}", self.object_name(&object.key)))
        });
        changed.collect()
    }

    /// Tells the run, step by step.
    pub(crate) fn tell(mut self) -> String {
        let trace = self.trace;
        // Where nothing is wrong, there is nothing else to be seen.
        let folds = |_: &NoReturn| {
            folding::usual_deliveries(self.transitions, trace, self.followed.as_ref(), self.no_return)
        };
        let usual = self.no_return.as_ref().map(folds).unwrap_or_default();
        let lines = self.lines(usual);
        let know = |after: usize| self.who_knows(trace.after(after));
        let lines: Vec<Line> =
            lines.into_iter().map(|(after, line)| Line { know: know(after), ..line }).collect();
        let mut story = draw(&self.lanes, &lines);
        story.push_str(&self.legend(&lines));
        story
    }

    /// Every line, and after which step it is told. These deliveries get one each.
    pub(super) fn lines(&mut self, usual: Vec<Range<usize>>) -> Vec<(usize, Line)> {
        let trace = self.trace;
        let mut usual = usual.into_iter().peekable();
        for (number, taken) in trace.taken().iter().enumerate() {
            self.at = number;
            if let Some(steps) = usual.peek().cloned()
                && steps.contains(&number)
            {
                self.note_versions(taken);
                if number + 1 == steps.end {
                    self.in_one_line(&trace.taken()[steps]);
                    usual.next();
                }
                continue;
            }
            if trace.loop_start() == Some(number) {
                self.say(None, "from here on, again and again:".into());
            }
            self.step(taken);
            if let Some(delivery) = taken.applied.delivery {
                self.delivery(taken, delivery);
            }
        }
        if let Some(fault) = trace.handler_fault() {
            let text = match fault {
                HandlerFault::NotDone { .. } => "here the handler is not done yet",
                _ => "here the handler fails",
            };
            self.say(None, text.to_owned());
        }
        std::mem::take(&mut self.lines)
    }

    /// The lanes that know the message that is followed, in a world.
    pub(super) fn who_knows(&self, world: &World) -> Vec<usize> {
        let Some(followed) = &self.followed else { return Vec::new() };
        let first = 1 + world.workers.len();
        let lane_knows = |(store, key): &(u8, Option<Text>)| {
            let in_lane = |object: &&Object| {
                object.key.store == *store && key.as_ref().is_none_or(|key| object.key.key == *key)
            };
            world.objects.iter().filter(in_lane).any(|object| self.object_knows(object, followed))
        };
        let objects = self.objects.iter().enumerate().filter(|(_, object)| lane_knows(object));
        let objects = objects.map(|(place, _)| first + place);
        let broker = self.broker_knows(world, followed).then_some(BROKER);
        broker.into_iter().chain(objects).collect()
    }

    /// What the signs mean that are in it.
    fn legend(&self, lines: &[Line]) -> String {
        let mut signs = Vec::new();
        if let Some(followed) =
            self.followed.as_ref().filter(|_| lines.iter().any(|line| !line.know.is_empty()))
        {
            signs.push(format!("┃ {} is known here", followed.name));
        }
        signs.extend(self.no_return.map(sign_of));
        if signs.is_empty() {
            return String::new();
        }
        let legend = wrap(&signs.join("    "), width().saturating_sub(2));
        legend.iter().fold("\n".to_owned(), |text, line| format!("{text}  {}\n", line.trim()))
    }

    /// Numbers the versions that come up in a step that is not told.
    fn note_versions(&mut self, taken: &TakenStep) {
        if let (Some(call), Some(reply)) = (call_in(self.transitions, taken), &taken.applied.reply) {
            self.learn(&call, reply);
        }
    }

    /// A delivery that goes as usual.
    fn in_one_line(&mut self, steps: &[TakenStep]) {
        let Some(Step::Deliver { copy, worker }) = steps.first().map(|taken| taken.step) else { return };
        let message = self.message(&steps[0].before.queue[usize::from(copy)].message);
        let published = steps.iter().filter_map(|taken| put_out(self.transitions, taken));
        let published: Vec<String> = published.map(|output| self.message(&output)).collect();
        let mut text = format!("{message} is delivered and done");
        if !published.is_empty() {
            text += &format!("; publishes {}", words::enumeration(&published));
        }
        for change in
            self.stored_meanwhile(&steps[0].before, message_at(self.transitions, self.trace, self.at))
        {
            text += &format!("; {change}");
        }
        self.say(Some((BROKER, lane(worker))), text);
    }

    /// The world after the step that is being told.
    pub(super) fn world(&self) -> &World {
        self.trace.after(self.at)
    }

    /// The lane of a document or stream, if there is room for one.
    fn object_lane(&mut self, object: &ObjectKey) -> Option<usize> {
        let first = 1 + self.world().workers.len();
        let whole_store = self.several_endpoints || !self.transitions.stores.is_main(object.store);
        let place = (object.store, (!whole_store).then(|| object.key.clone()));
        if let Some(place) = self.objects.iter().position(|known| *known == place) {
            return Some(first + place);
        }
        if self.objects.len() == MOST_OBJECTS {
            return None;
        }
        self.objects.push(place);
        let name = if whole_store {
            self.transitions.stores.label(object.store).to_owned()
        } else {
            self.key_name(object)
        };
        self.lanes.push(words::short(&name, 12));
        Some(self.lanes.len() - 1)
    }

    /// One line.
    fn say(&mut self, arrow: Option<(usize, usize)>, text: String) {
        self.push(arrow, false, false, text);
    }

    /// The line of a step, marked where it is a fault.
    fn say_step(&mut self, taken: &TakenStep, arrow: Option<(usize, usize)>, text: String) {
        let turns = self.no_return == Some(NoReturn::After(self.at));
        self.push(arrow, taken.fault.is_some(), turns, text);
    }

    fn push(&mut self, arrow: Option<(usize, usize)>, fault: bool, turns: bool, text: String) {
        let arrow = arrow.map(|(from, to)| (from, vec![to]));
        self.lines.push((self.at, Line { arrow, fault, turns, know: Vec::new(), text }));
    }

    fn step(&mut self, taken: &TakenStep) {
        let before = &taken.before;
        match taken.step {
            Step::Deliver { copy, worker } => {
                let message = self.message(&before.queue[usize::from(copy)].message);
                let again = if self.was_delivered_before() { " again" } else { "" };
                self.say_step(taken, Some((BROKER, lane(worker))), format!("{message} is delivered{again}"));
            }
            Step::Duplicate { of, worker } => {
                let message = self.message(&self.transitions.source(before, of).1.clone());
                let text = format!("the broker delivers another copy of {message}");
                self.say_step(taken, Some((BROKER, lane(worker))), text);
            }
            Step::LockExpires { from, worker } => {
                let message = self.message(&busy_in(before, from).message);
                let slow = self.lanes[lane(from)].clone();
                let text = format!("{slow} is slow, its lock expires: {message} is delivered again");
                self.say_step(taken, Some((BROKER, lane(worker))), text);
            }
            Step::Call { worker, call, outcome } => {
                let call = self.transitions.pending_call(busy_in(before, worker), call);
                let text = self.call(before, &call, outcome, taken.applied.reply.as_ref());
                self.in_trouble[usize::from(worker)] = match outcome {
                    CallOutcome::Ok | CallOutcome::Stale(_) => matches!(
                        taken.applied.reply,
                        Some(
                            Reply::Conflict | Reply::TooLarge { .. } | Reply::Answered { refused: true, .. }
                        )
                    ),
                    _ => true,
                };
                let to = match (call.object(), call.kind()) {
                    (Some(object), _) => self.object_lane(object),
                    (None, CallKind::Clock) => None,
                    (None, _) => Some(BROKER),
                };
                self.say_step(taken, Some((lane(worker), to.unwrap_or(lane(worker)))), text);
            }
            Step::Dispatch { worker, outcome } => {
                let text = self.dispatch(busy_in(before, worker), outcome);
                self.say_step(taken, Some((lane(worker), BROKER)), text);
            }
            Step::Ack { worker, outcome } => {
                let text = self.ack(busy_in(before, worker), outcome);
                self.say_step(taken, Some((lane(worker), BROKER)), text);
            }
            Step::Land { in_flight } => {
                let call = before.in_flight[usize::from(in_flight)].call.clone();
                let text = self.call(before, &call, CallOutcome::Ok, taken.applied.reply.as_ref());
                let to = call.object().and_then(|object| self.object_lane(object)).unwrap_or(BROKER);
                let text = format!("a call from before takes effect only now: {text}");
                self.say_step(taken, Some((BROKER, to)), text);
            }
            Step::Expire { timer } => {
                let timer = before.timers[usize::from(timer)].clone();
                let after = words::duration(timer.time_to_live);
                let what = match &timer.due {
                    // Counted from when it was told, and not from the line above.
                    Due::Memory { of, what, .. } => {
                        format!("{} after {after}", self.outside(of).say_forgotten(&self.text(what)))
                    }
                    Due::Document(key) => {
                        format!("{after} later: {} is deleted by its store", self.object_name(key))
                    }
                    Due::Deadline(id) => format!("{} passes, {after} after it was set", self.deadline(*id)),
                };
                let to = timer.due.object().and_then(|object| self.object_lane(object));
                self.say_step(taken, to.map(|to| (to, to)), what);
            }
            Step::Lose { store, lost } => {
                let stores = &self.transitions.stores;
                let unsynced = stores.outside(store).and_then(|outside| outside.model.unsynced());
                let unsynced = unsynced.expect("only what is not synced is lost");
                let place = self.transitions.place_of(before, store).expect("it has something to lose");
                let state = self.transitions.outside_state(before, place);
                let text = self.with_names(&unsynced.say_lost(&state, usize::from(lost)));
                let to = self.object_lane(&before.objects[place].key);
                self.say_step(taken, to.map(|to| (to, to)), text);
            }
        }
    }

    /// Whether the message that is delivered in this step was delivered before.
    fn was_delivered_before(&self) -> bool {
        let message = |number: usize| message_at(self.transitions, self.trace, number);
        let (now, taken) = (message(self.at), self.trace.taken());
        (0..self.at).any(|number| taken[number].step.starts_a_delivery() && message(number) == now)
    }

    /// The endpoint dispatches an output.
    fn dispatch(&self, busy: &Busy, outcome: CallOutcome) -> String {
        let Phase::Dispatching(index) = busy.phase else { unreachable!("the handler is done") };
        let output_text = self.transitions.next_output(busy, index);
        let (output, incoming) = (self.message(&output_text), self.message(&busy.message));
        match outcome {
            CallOutcome::Ok => format!("publishes {output}{}", self.other_id(&output_text)),
            CallOutcome::CrashBefore => {
                format!("dies before it can publish {output}; {incoming} will come again")
            }
            CallOutcome::CrashAfter => format!("publishes {output} and dies; {incoming} will come again"),
            _ => {
                let outputs = self.remaining_outputs(busy, index);
                format!(
                    "loses the broker: {outputs} and the ack do not get through; {incoming} will come again"
                )
            }
        }
    }

    /// The endpoint acknowledges a message.
    fn ack(&self, busy: &Busy, outcome: CallOutcome) -> String {
        let message = self.message(&busy.message);
        match outcome {
            CallOutcome::Ok if !busy.holds_lock => {
                format!("acknowledges {message} in vain: its lock has expired")
            }
            CallOutcome::Ok => format!("acknowledges {message}"),
            CallOutcome::CrashBefore => format!("dies before it can acknowledge; {message} will come again"),
            _ => format!("the ack does not get through; {message} will come again"),
        }
    }

    /// What a handler has said since its last reply, and how it failed if it has.
    fn delivery(&mut self, taken: &TakenStep, history: HistoryId) {
        let (Step::Deliver { worker, .. }
        | Step::Duplicate { worker, .. }
        | Step::LockExpires { worker, .. }
        | Step::Call { worker, .. }) = taken.step
        else {
            return;
        };
        let pending = self.transitions.rehearsal.pending(history).clone();
        let was_busy = taken.before.workers[usize::from(worker)].busy.clone();
        let is_busy = self.world().workers[usize::from(worker)].busy.clone();
        let ids = is_busy.or_else(|| was_busy.clone()).map(|busy| busy.ids);
        let own = lane(worker);
        for note in &pending.notes {
            let note = self.in_words(note, ids.as_ref());
            self.say(Some((own, own)), format!("\u{201c}{note}\u{201d}"));
        }
        if let Some(Ending::Failed(error)) = &pending.ending {
            let error = self.in_words(error, ids.as_ref());
            let then = match was_busy {
                Some(busy) if !busy.holds_lock => "its lock has expired, nothing goes back",
                _ => "the message goes back to the queue",
            };
            // The line above has just told it.
            let text = if self.in_trouble[usize::from(worker)] && is_of_a_port(&error) {
                format!("gives up; {then}")
            } else {
                format!("returns the error \u{201c}{error}\u{201d}; {then}")
            };
            self.say(Some((own, BROKER)), text);
        }
    }

    fn remaining_outputs(&self, busy: &Busy, index: u8) -> String {
        let Some(Ending::Done(outputs)) = &self.transitions.rehearsal.pending(busy.history).ending else {
            return String::new();
        };
        let rest: Vec<String> =
            outputs[usize::from(index)..].iter().map(|output| self.message(output)).collect();
        rest.join(", ")
    }
}

/// Whether this error is one that a port has returned, as it came: word for word, but
/// for the document or the number, which the line above has told.
fn is_of_a_port(error: &str) -> bool {
    let with_a_place = [
        StoreError::Conflict { key: PLACE.to_owned() }.to_string(),
        StreamError::WrongLastSequence { actual: 0 }.to_string().replace('0', PLACE),
    ];
    let plain = [
        StoreError::Unavailable.to_string(),
        StoreError::NoReply.to_string(),
        PublishError.to_string(),
        StreamError::Unavailable.to_string(),
        StreamError::NoReply.to_string(),
        ServiceError::KeyReused.to_string(),
        ServiceError::Unavailable.to_string(),
        ServiceError::NoReply.to_string(),
    ];
    let fits = |whole: &String| {
        whole.split_once(PLACE).is_some_and(|(start, end)| error.starts_with(start) && error.ends_with(end))
    };
    plain.iter().any(|one| one == error) || with_a_place.iter().any(fits)
}

/// Stands for what is different each time.
const PLACE: &str = "\u{0}";

/// What is to be said of the point of no return, under a story.
pub(super) fn sign_of(no_return: NoReturn) -> String {
    match no_return {
        NoReturn::After(_) => "◆ from here on it is too late".to_owned(),
        NoReturn::FromTheStart => "no ◆: too late from the start".to_owned(),
        NoReturn::Unknown { states } => format!(
            "◇ whether and where a right end went out of reach was not found in {} states",
            words::thousands(states as u128)
        ),
    }
}
