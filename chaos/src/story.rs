//! A run, told in words: lanes for the broker, the workers and the documents,
//! a line for each step.

use std::fmt::Write as _;
use std::sync::Arc;

use ports::outside::Model;
use serde_json::Value;

use crate::call::{Call, ObjectKey, Reply, bytes_in_words, event_in_words};
use crate::machine::{Machine, Outcome, Source, Step};
use crate::rehearsal::{Ending, HandlerFault};
use crate::text::{Id, Ids, Text};
use crate::world::{Phase, World};
use ports::words;

/// How wide a story may be.
const WIDTH: usize = 80;
/// At most so many documents or stores get a lane of their own.
const MOST_OBJECTS: usize = 4;

/// One line of a story.
struct Line {
    /// From which lane, to which lane.
    arrow: Option<(usize, usize)>,
    fault: bool,
    text: String,
}

/// Tells the steps of a run from its initial world.
pub(crate) struct Teller<'a> {
    machine: &'a mut Machine,
    world: World,
    lanes: Vec<String>,
    /// What has a lane of its own: a document of the only endpoint's main
    /// store, or a whole store.
    objects: Vec<(u8, Option<Text>)>,
    lines: Vec<Line>,
    /// Etags are told as v1, v2, … of their document.
    etags: Vec<(ObjectKey, Id)>,
    several_endpoints: bool,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(machine: &'a mut Machine) -> Self {
        let world = machine.initial();
        let several_endpoints = machine.endpoints().len() > 1;
        let mut teller = Self {
            machine,
            world,
            lanes: vec!["broker".to_owned()],
            objects: Vec::new(),
            lines: Vec::new(),
            etags: Vec::new(),
            several_endpoints,
        };
        for worker in 0..teller.world.workers.len() {
            teller.lanes.push(teller.short_worker(worker));
        }
        teller
    }

    fn short_worker(&self, worker: usize) -> String {
        let endpoint = self.world.workers[worker].endpoint;
        let initial = |endpoint: u8| self.machine.endpoints()[usize::from(endpoint)].name().chars().next();
        let number =
            1 + self.world.workers[..worker].iter().filter(|other| other.endpoint == endpoint).count();
        if self.several_endpoints {
            let unique = (0..self.machine.endpoints().len() as u8)
                .all(|other| other == endpoint || initial(other) != initial(endpoint));
            match initial(endpoint) {
                Some(letter) if unique => format!("{letter}{number}"),
                _ => format!("{}{number}", self.machine.endpoints()[usize::from(endpoint)].name()),
            }
        } else {
            format!("w{number}")
        }
    }

    /// Plays the steps and tells them; `loops_from` is the step from which on
    /// they repeat themselves for ever.
    pub(crate) fn tell(mut self, steps: &[Step], loops_from: Option<usize>) -> (String, World) {
        for (number, &step) in steps.iter().enumerate() {
            if loops_from == Some(number) {
                self.lines.push(Line {
                    arrow: None,
                    fault: false,
                    text: "from here on, again and again:".into(),
                });
            }
            if self.step(step).is_err() {
                break;
            }
        }
        // Workers and documents that never appear need no lane.
        let used: Vec<bool> = (0..self.lanes.len())
            .map(|lane| {
                lane == 0
                    || self.lines.iter().any(|line| line.arrow.is_some_and(|(a, b)| a == lane || b == lane))
            })
            .collect();
        (self.draw(&used), self.world)
    }

    fn text(&self, text: &Text) -> String {
        self.machine.texts().string(text)
    }

    fn message(&self, text: &Text) -> String {
        self.machine.speaker().message(&self.machine.texts().bytes(text))
    }

    /// The lane of a document or stream, if there is room for one.
    fn object_lane(&mut self, object: &ObjectKey) -> Option<usize> {
        let first = 1 + self.world.workers.len();
        let whole_store = self.several_endpoints || !self.machine.is_main(object.store);
        let place = (object.store, (!whole_store).then(|| object.key.clone()));
        if let Some(place) = self.objects.iter().position(|known| *known == place) {
            return Some(first + place);
        }
        if self.objects.len() == MOST_OBJECTS {
            return None;
        }
        self.objects.push(place);
        let name = if whole_store {
            self.machine.store_label(object.store).to_owned()
        } else {
            self.key_name(object)
        };
        self.lanes.push(words::short(&name, 12));
        Some(self.lanes.len() - 1)
    }

    fn key_name(&self, object: &ObjectKey) -> String {
        let key = self.text(&object.key);
        // An id may have something after it: the number of an attempt, say.
        let (id, rest) = key.split_at_checked(36).unwrap_or((&key, ""));
        match self.name_of(id) {
            Some(name) => format!("{name}{rest}"),
            None => format!("{}{rest}", words::plain(&id.into())),
        }
    }

    fn object_name(&self, object: &ObjectKey) -> String {
        let key = self.key_name(object);
        if self.machine.is_main(object.store) {
            return key;
        }
        format!("{} {key}", self.machine.store_label(object.store))
    }

    fn etag(&mut self, object: &ObjectKey, etag: Id) -> String {
        let known = |(key, id): &&(ObjectKey, Id)| key == object && *id == etag;
        if self.etags.iter().find(known).is_none() {
            self.etags.push((object.clone(), etag));
        }
        let of_object: Vec<Id> =
            self.etags.iter().filter(|(key, _)| key == object).map(|(_, id)| *id).collect();
        let number = of_object.iter().position(|&id| id == etag).map_or(0, |place| place + 1);
        format!("v{number}")
    }

    fn step(&mut self, step: Step) -> Result<(), ()> {
        let before = self.world.clone();
        let fault = self.machine.fault(&before, step).is_some();
        let applied = self.machine.apply(&mut self.world, step);
        let (applied, trouble) = match applied {
            Ok(applied) => (applied, None),
            Err(trouble) => (Default::default(), Some(trouble)),
        };
        let lane = |worker: u8| 1 + usize::from(worker);
        match step {
            Step::Deliver { copy, worker } => {
                let message = self.message(&before.queue[usize::from(copy)].message);
                self.say(Some((0, lane(worker))), fault, format!("{message} is delivered"));
            }
            Step::Duplicate { of, worker } => {
                let message = self.message(&self.machine.source(&before, of).1.clone());
                let again = match of {
                    Source::Sent(_) | Source::Published(..) => "the broker delivers another copy of",
                };
                self.say(Some((0, lane(worker))), fault, format!("{again} {message}"));
            }
            Step::LockExpires { from, worker } => {
                let busy = before.workers[usize::from(from)].busy.as_ref().expect("a busy worker has a lock");
                let message = self.message(&busy.message);
                let slow = self.lanes[lane(from)].clone();
                self.say(
                    Some((0, lane(worker))),
                    fault,
                    format!("{slow} is slow, its lock expires: {message} is delivered once more"),
                );
            }
            Step::Call { worker, call, outcome } => {
                let busy = before.workers[usize::from(worker)].busy.as_ref().expect("a busy worker calls");
                let call = self.machine.pending_call(busy, call);
                let text = self.call(&before, &call, outcome, applied.reply.as_ref());
                let to = match call.object() {
                    Some(object) => self.object_lane(object),
                    None => Some(0),
                };
                let arrow = (lane(worker), to.unwrap_or(lane(worker)));
                self.say(Some(arrow), fault, text);
            }
            Step::Dispatch { worker, outcome } => {
                let busy =
                    before.workers[usize::from(worker)].busy.as_ref().expect("a busy worker dispatches");
                let Phase::Dispatching(index) = busy.phase else { unreachable!("the handler is done") };
                let output = self.message(&self.machine.next_output(busy, index));
                let incoming = self.message(&busy.message);
                let text = match outcome {
                    Outcome::Ok => format!(
                        "publishes {output}{}",
                        self.other_id(&before, &self.machine.next_output(busy, index))
                    ),
                    Outcome::CrashBefore => {
                        format!("dies before it can publish {output}; {incoming} will come again")
                    }
                    Outcome::CrashAfter => format!("publishes {output} and dies; {incoming} will come again"),
                    _ => {
                        let outputs = self.remaining_outputs(busy, index);
                        format!(
                            "loses the broker: {outputs} and the ack do not get through; {incoming} will come again"
                        )
                    }
                };
                self.say(Some((lane(worker), 0)), fault, text);
            }
            Step::Ack { worker, outcome } => {
                let busy =
                    before.workers[usize::from(worker)].busy.as_ref().expect("a busy worker acknowledges");
                let message = self.message(&busy.message);
                let text = match outcome {
                    Outcome::Ok if !busy.holds_lock => format!("is done; its lock on {message} is long gone"),
                    Outcome::Ok => format!("acknowledges {message}"),
                    Outcome::CrashBefore => {
                        format!("dies before it can acknowledge; {message} will come again")
                    }
                    _ => format!("the ack does not get through; {message} will come again"),
                };
                self.say(Some((lane(worker), 0)), fault, text);
            }
            Step::Land { flying } => {
                let call = before.flying[usize::from(flying)].call.clone();
                let text = self.call(&before, &call, Outcome::Ok, applied.reply.as_ref());
                let to = call.object().cloned().and_then(|object| self.object_lane(&object)).unwrap_or(0);
                self.say(Some((0, to)), fault, format!("a call from before takes effect only now: {text}"));
            }
            Step::Expire { timer } => {
                let timer = before.timers[usize::from(timer)].clone();
                let (name, after) = (self.object_name(&timer.key), duration(timer.time_to_live));
                let what = match &timer.forgets {
                    Some((what, _)) => self.outside(&timer.key).say_forgotten(&self.text(what)),
                    None => format!("{name} is deleted by its store"),
                };
                let to = self.object_lane(&timer.key);
                self.say(to.map(|to| (to, to)), fault, format!("{after} later: {what}"));
            }
        }
        if let Some(shape) = applied.delivery {
            let expansion = self.machine.rehearsal.expansion(shape).clone();
            let worker = match step {
                Step::Deliver { worker, .. }
                | Step::Duplicate { worker, .. }
                | Step::LockExpires { worker, .. }
                | Step::Call { worker, .. } => lane(worker),
                _ => 0,
            };
            let busy_in = |world: &World| worker.checked_sub(1).and_then(|n| world.workers[n].busy.clone());
            let was_busy = busy_in(&before);
            let ids = busy_in(&self.world).or_else(|| was_busy.clone()).map(|busy| busy.ids);
            for note in &expansion.notes {
                let note = self.in_words(note, ids.as_ref());
                self.say(Some((worker, worker)), false, format!("\u{201c}{note}\u{201d}"));
            }
            if let Some(Ending::Failed(error)) = &expansion.ending {
                let error = self.in_words(error, ids.as_ref());
                let then = match (step, was_busy) {
                    (Step::Call { .. }, Some(busy)) if !busy.holds_lock => {
                        format!("its lock on {} is long gone", self.message(&busy.message))
                    }
                    _ => "the message goes back to the queue".to_owned(),
                };
                self.say(
                    Some((worker, 0)),
                    false,
                    format!("returns the error \u{201c}{error}\u{201d}; {then}"),
                );
            }
        }
        match trouble {
            Some(trouble) => {
                let text = match trouble {
                    HandlerFault::NotDone { .. } => "here the handler is not done yet".to_owned(),
                    _ => "here the handler fails".to_owned(),
                };
                self.say(None, false, text);
                Err(())
            }
            None => Ok(()),
        }
    }

    fn remaining_outputs(&self, busy: &crate::world::Busy, index: u8) -> String {
        let Some(Ending::Done(outputs)) = &self.machine.rehearsal.expansion(busy.shape).ending else {
            return String::new();
        };
        let rest: Vec<String> =
            outputs[usize::from(index)..].iter().map(|output| self.message(output)).collect();
        rest.join(", ")
    }

    fn call(&mut self, before: &World, call: &Call, outcome: Outcome, reply: Option<&Reply>) -> String {
        let what = match call {
            Call::ReadStream { object } => format!("reads {}", self.object_name(object)),
            Call::Append { object, expected, events } => {
                let events: Vec<String> = events
                    .iter()
                    .map(|event| event_in_words(&self.machine.texts().bytes(event), self.machine.speaker()))
                    .collect();
                format!(
                    "appends {} to {}, expecting version {expected}",
                    words::enumeration(&events),
                    self.object_name(object)
                )
            }
            Call::Get { object } => format!("gets {}", self.object_name(object)),
            Call::Put { object, body, condition, .. } => {
                let condition = self.condition(object, condition);
                format!("puts {}{condition}: {}", self.object_name(object), self.body(body))
            }
            Call::Delete { object, condition } => {
                let condition = self.condition(object, condition);
                format!("deletes {}{condition}", self.object_name(object))
            }
            Call::Ask { object, request, .. } => {
                self.with_names(&self.outside(object).say_request(&self.machine.texts().bytes(request)))
            }
            Call::Publish { message } => {
                format!("publishes {}{}", self.message(message), self.other_id(before, message))
            }
        };
        match outcome {
            Outcome::Ok | Outcome::Stale(_) => {
                let reply = reply.map_or(String::new(), |reply| self.reply(call, reply));
                let stale = if matches!(outcome, Outcome::Stale(_)) { " (an old version!)" } else { "" };
                format!("{what}{reply}{stale}")
            }
            Outcome::Fails => match call {
                Call::ReadStream { .. } | Call::Get { .. } => format!("{what}: the store is unavailable"),
                Call::Ask { writes: false, .. } => format!("{what}: it cannot be reached"),
                Call::Publish { .. } => format!("{what}: the broker cannot be reached"),
                _ => format!("{what}: no reply, and it took no effect"),
            },
            Outcome::ReplyLost => format!("{what}: it takes effect, but the reply is lost"),
            Outcome::CrashBefore => format!("dies before it {what}"),
            Outcome::CrashAfter => {
                let reply = reply.map_or(String::new(), |reply| self.reply(call, reply));
                format!("{what}{reply}, and dies")
            }
            Outcome::CrashDuring => format!("{what} and dies; the call is still under way"),
        }
    }

    fn outside(&self, object: &ObjectKey) -> Arc<dyn Model> {
        let outside = self.machine.outside(object.store).expect("only what is outside is asked");
        Arc::clone(&outside.model)
    }

    /// Says so if the same content has been published under another id.
    fn other_id(&self, before: &World, text: &Text) -> &'static str {
        let read =
            |text: &Text| serde_json::from_slice::<ports::Message>(&self.machine.texts().bytes(text)).ok();
        let Some(message) = read(text) else { return "" };
        let mut same = before.published.iter().filter_map(|copy| read(&copy.message));
        if same.any(|other| other.body == message.body && other.id != message.id) {
            " under another id"
        } else {
            ""
        }
    }

    fn condition(&mut self, object: &ObjectKey, condition: &crate::call::Condition) -> String {
        use crate::call::Condition;
        match condition {
            Condition::None => String::new(),
            Condition::IfAbsent => " if absent".to_owned(),
            Condition::IfEtag(etag) => match etag.ids.as_slice() {
                &[id] => format!(" if still {}", self.etag(object, id)),
                _ => " if unchanged".to_owned(),
            },
        }
    }

    fn reply(&mut self, call: &Call, reply: &Reply) -> String {
        match (call, reply) {
            (_, Reply::Conflict) => ": conflict, it has changed".to_owned(),
            (_, Reply::TooLarge { size, limit }) => {
                format!(
                    ": refused, {} bytes and the limit is {}",
                    words::thousands(*size as u128),
                    words::thousands(*limit as u128)
                )
            }
            (_, Reply::Absent) => ": not there".to_owned(),
            (Call::Ask { object, .. }, Reply::Answered { reply, .. }) => {
                let said = self.outside(object).say_reply(&self.machine.texts().bytes(reply));
                format!(": {}", self.with_names(&said))
            }
            (Call::Get { object }, Reply::Found { body, etag }) => {
                let shown = self.etags.iter().any(|(key, id)| key == object && id == etag);
                let etag = self.etag(&object.clone(), *etag);
                if shown { format!(": {etag}") } else { format!(": {} ({etag})", self.body(body)) }
            }
            (Call::Put { object, .. }, Reply::Stored { etag }) => {
                let etag = self.etag(&object.clone(), *etag);
                format!(" ({etag})")
            }
            (_, Reply::Events(events)) if events.is_empty() => ": empty".to_owned(),
            (_, Reply::Events(events)) => {
                let events: Vec<String> = events
                    .iter()
                    .map(|event| event_in_words(&self.machine.texts().bytes(event), self.machine.speaker()))
                    .collect();
                format!(": {}", events.join(", "))
            }
            _ => String::new(),
        }
    }

    /// A document's body, as much of it as fits into a few lines.
    fn body(&self, body: &Text) -> String {
        const MOST: usize = 150;
        let bytes = self.machine.texts().bytes(body);
        if bytes.is_empty() {
            return "(empty)".to_owned();
        }
        let text = match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => self.value(&value),
            Err(_) => bytes_in_words(&bytes),
        };
        if text.chars().count() <= MOST {
            return text;
        }
        let head: String = text.chars().take(MOST).collect();
        format!("{head}… ({} bytes)", words::thousands(bytes.len() as u128))
    }

    /// A JSON value without its quotes: ids of messages replaced by what the
    /// messages say, and messages and events by what they say.
    fn value(&self, value: &Value) -> String {
        match value {
            Value::String(text) => self.name_of(text).unwrap_or_else(|| words::plain(value)),
            Value::Array(items) => format!("[{}]", words::list(items.iter().map(|item| self.value(item)))),
            Value::Object(fields) => {
                let says_its_name = |fields: &serde_json::Map<String, Value>| {
                    fields.len() == 1
                        && fields.iter().all(|(name, inner)| {
                            name.starts_with(|first: char| first.is_ascii_uppercase()) && inner.is_object()
                        })
                };
                match (fields.get("id"), fields.get("body").and_then(Value::as_object)) {
                    (Some(_), Some(body)) if fields.len() == 2 && says_its_name(body) => {
                        self.machine.speaker().body(&fields["body"])
                    }
                    _ if says_its_name(fields) => self.machine.speaker().body(value),
                    _ => {
                        let fields = fields.iter().map(|(name, value)| {
                            let name =
                                self.name_of(name).unwrap_or_else(|| words::plain(&name.as_str().into()));
                            format!("{name}: {}", self.value(value))
                        });
                        format!("{{{}}}", words::list(fields))
                    }
                }
            }
            other => other.to_string(),
        }
    }

    /// What a handler says, with the names of messages in the place of their
    /// ids. `ids` are the world's names of the ids that its delivery knows.
    fn in_words(&mut self, raw: &str, ids: Option<&Ids>) -> String {
        const LENGTH: usize = 36;
        let mut text = self.machine.rehearsal.texts.intern(raw.as_bytes());
        if let Some(ids) = ids {
            text = text.map(|id| ids.get(id as usize).copied().unwrap_or(id));
        }
        let text = self.text(&text);
        let mut words = String::new();
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            let id = rest.get(..LENGTH).filter(|id| uuid::Uuid::try_parse(id).is_ok());
            match id {
                Some(id) => {
                    words.push_str(&self.name_of(id).unwrap_or_else(|| words::plain(&id.into())));
                    rest = &rest[LENGTH..];
                }
                None => {
                    words.push(character);
                    rest = &rest[character.len_utf8()..];
                }
            }
        }
        words
    }

    /// What the message with this id says, if it is known.
    fn name_of(&self, text: &str) -> Option<String> {
        let id: ports::MessageId = text.parse().ok()?;
        self.world.published.iter().chain(&self.machine.sent).find_map(|copy| {
            let message: ports::Message =
                serde_json::from_slice(&self.machine.texts().bytes(&copy.message)).ok()?;
            (message.id == id).then(|| format!("‹{}›", self.machine.speaker().said(&message)))
        })
    }

    /// A text with what messages say in the place of their ids, where these
    /// stand in quotation marks.
    fn with_names(&self, text: &str) -> String {
        let mut told = String::new();
        let mut marked = false;
        for (place, part) in text.split('"').enumerate() {
            let name = self.name_of(part);
            if place > 0 && !marked && name.is_none() {
                told.push('"');
            }
            told.push_str(name.as_deref().unwrap_or(part));
            marked = name.is_some();
        }
        told
    }

    fn say(&mut self, arrow: Option<(usize, usize)>, fault: bool, text: String) {
        self.lines.push(Line { arrow, fault, text });
    }

    fn draw(&self, used: &[bool]) -> String {
        let mut centres = vec![0; self.lanes.len()];
        let mut header = String::from("  ");
        for (lane, name) in self.lanes.iter().enumerate().filter(|(lane, _)| used[*lane]) {
            centres[lane] = header.chars().count() + name.chars().count() / 2;
            header.push_str(name);
            header.push_str("  ");
        }
        let lanes_width = header.chars().count();
        let mut story = format!("{}\n", header.trim_end());
        for line in &self.lines {
            let mut row = vec![' '; lanes_width];
            for (lane, &centre) in centres.iter().enumerate() {
                if used[lane] {
                    row[centre] = '│';
                }
            }
            if line.fault {
                row[0] = '✗';
            }
            if let Some((from, to)) = line.arrow {
                let (from, to) = (centres[from], centres[to]);
                for place in &mut row[from.min(to)..=from.max(to)] {
                    *place = '─';
                }
                row[to] = if to > from { '▶' } else { '◀' };
                row[from] = '●';
            }
            let text_width = WIDTH - lanes_width;
            for (number, part) in wrap(&line.text, text_width).into_iter().enumerate() {
                let lanes: String = if number == 0 {
                    row.iter().collect()
                } else {
                    (0..lanes_width)
                        .map(|place| {
                            let on_lane = (0..centres.len()).any(|lane| used[lane] && centres[lane] == place);
                            if on_lane { '│' } else { ' ' }
                        })
                        .collect()
                };
                _ = writeln!(story, "{lanes}{part}");
            }
        }
        story
    }
}

fn duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => words::count(s / 86_400, "day"),
        s if s >= 3_600 && s % 3_600 == 0 => words::count(s / 3_600, "hour"),
        s if s >= 60 && s % 60 == 0 => words::count(s / 60, "minute"),
        s => words::count(s, "second"),
    }
}

/// Breaks a text into lines of at most `width` characters, at spaces where
/// there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        while word.chars().count() > width {
            let (at, _) = word.char_indices().nth(width).expect("the word is longer");
            lines.push(word[..at].to_owned());
            word = &word[at..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
