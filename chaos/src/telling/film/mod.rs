//! A run as a film: what a player shows of it, step by step.
//!
//! The words are those of the story, all of them: nothing is folded. What there is
//! after each step is read off the worlds of the trace, as it is stored.

mod clock;
mod copies;
mod known;
#[cfg(test)]
mod tests;

use ports::{Snapshot, words};
use records::Film;
use records::film::{
    Busy as FilmBusy, Change, Closing, Content as FilmContent, CopyOf, Known, Lane, LaneKind,
    Line as FilmLine, Place, Published, Said, Scene, State,
};
use rustc_hash::FxHashMap;
use serde::de::IgnoredAny;

use self::clock::Clock;
use self::copies::Copies;
use super::story::{BROKER, Teller, busy_in, not_found};
use crate::handler::call::{Call, ObjectKey, bytes_in_words};
use crate::handler::text::Text;
use crate::search::no_return::NoReturn;
use crate::world::state::{Busy, Content, Object, Phase, Version, World};
use crate::world::step::Step;
use crate::world::trace::TakenStep;

/// Longer texts are cut.
const LONGEST_TEXT: usize = 20_000;

impl Teller<'_> {
    /// The run as a film, with this under it.
    pub(crate) fn film(mut self, closing: Closing) -> Film {
        let mut lines = self.lines(Vec::new()).into_iter().peekable();
        let trace = self.trace;
        let first = trace.taken().first().map_or(trace.end(), |taken| &taken.before);
        let worlds = || std::iter::once(first).chain((0..trace.len()).map(|step| trace.after(step)));
        let mut reel = Reel::of(&self, worlds());
        let mut state = self.state(&mut reel, first);
        let start = state.clone();
        let mut steps = Vec::new();
        for (number, taken) in trace.taken().iter().enumerate() {
            let before = state;
            let fails = number + 1 == trace.len() && trace.handler_fault().is_some();
            let told = if fails {
                // What the world was about to become is of no interest.
                state = before.clone();
                About::default()
            } else {
                let after = trace.after(number);
                let about = reel.follow(&mut self, taken, after);
                state = self.state(&mut reel, after);
                about
            };
            let mut scene = Scene::default();
            let mut output = told.output;
            while let Some((_, line)) = lines.next_if(|(after, _)| *after == number) {
                let arrow = line.arrow.and_then(|(from, to)| Some((from, *to.first()?)));
                let sent = output.filter(|_| arrow.is_some());
                output = output.filter(|_| arrow.is_none());
                let (message, copy) = match (sent, told.copy) {
                    (Some(sent), _) => (Some(sent), None),
                    (None, Some(CopyOf { message, copy })) => (Some(message), Some(copy)),
                    (None, None) => (None, None),
                };
                scene.lines.push(FilmLine { arrow, message, copy, words: line.text });
            }
            scene.fault = taken.fault.map(|fault| fault.to_string());
            scene.change = Change::between(&before, &state);
            steps.push(scene);
        }
        let (turns, remark) = match self.no_return {
            Some(NoReturn::After(step)) => (Some(step), None),
            Some(NoReturn::Unknown { states }) => (None, Some(not_found(states))),
            Some(NoReturn::FromTheStart) => {
                (None, Some("not even at the start was there a way to a right end".to_owned()))
            }
            None => (None, None),
        };
        let endpoints = self.transitions.endpoints().iter();
        Film {
            lanes: self.film_lanes(),
            endpoints: endpoints.map(|endpoint| endpoint.name().to_owned()).collect(),
            places: reel.places.iter().map(|place| self.film_place(place)).collect(),
            messages: reel.messages,
            texts: reel.texts,
            start,
            steps,
            followed: self.followed.as_ref().map(|followed| followed.name.clone()),
            turns,
            remark,
            loops_from: trace.loop_start(),
            closing,
        }
    }

    fn film_lanes(&self) -> Vec<Lane> {
        let workers = &self.world().workers;
        let titles = (0..self.lanes.len()).map(|lane| {
            if lane == BROKER {
                return ("the broker, with all queues".to_owned(), LaneKind::Broker);
            }
            if let Some(worker) = workers.get(lane - 1) {
                let of_endpoint = workers[..lane].iter().filter(|other| other.endpoint == worker.endpoint);
                let endpoint = self.transitions.endpoints()[usize::from(worker.endpoint)].name();
                return (format!("worker {} of {endpoint}", of_endpoint.count()), LaneKind::Worker);
            }
            let (store, key) = &self.objects[lane - 1 - workers.len()];
            let title = match key {
                Some(key) => self.object_name(&ObjectKey { store: *store, key: key.clone() }),
                None => self.transitions.stores.label(*store).to_owned(),
            };
            (title, LaneKind::Store)
        });
        let names = self.lanes.iter().cloned();
        names.zip(titles).map(|(name, (title, kind))| Lane { name, title, kind }).collect()
    }

    fn film_place(&self, object: &ObjectKey) -> Place {
        let (store, stores) = (object.store, &self.transitions.stores);
        let is_stream =
            (0..self.transitions.endpoints().len() as u8).any(|endpoint| stores.events(endpoint) == store);
        let kind = match stores.outside(store) {
            Some(_) => "outside",
            None if is_stream => "stream",
            None => "document",
        };
        let first = 1 + self.world().workers.len();
        let in_lane = |(of, key): &(u8, Option<Text>)| {
            *of == store && key.as_ref().is_none_or(|key| *key == object.key)
        };
        Place {
            store: stores.label(store).to_owned(),
            name: if self.text(&object.key).is_empty() { String::new() } else { self.key_name(object) },
            kind: kind.to_owned(),
            lane: self.objects.iter().position(in_lane).map(|place| first + place),
        }
    }

    /// Everything there is in a world that the reel has come to.
    fn state(&mut self, reel: &mut Reel, world: &World) -> State {
        let mut queues = vec![Vec::new(); self.transitions.endpoints().len()];
        for (place, waiting) in world.queue.iter().enumerate() {
            let (message, copy) = (reel.message(self, &waiting.message), reel.copies.queue()[place]);
            queues[usize::from(waiting.endpoint)].push(CopyOf { message, copy });
        }
        let workers = (0..world.workers.len()).map(|worker| {
            let busy = world.workers[worker].busy.as_ref()?;
            let copy =
                CopyOf { message: reel.message(self, &busy.message), copy: reel.copies.at_worker(worker) };
            let knows = reel.known[worker].clone();
            Some(FilmBusy { copy, locked: busy.holds_lock, phase: self.phase(world, busy), knows })
        });
        let workers = workers.collect();
        let mut contents = vec![None; reel.places.len()];
        for object in &world.objects {
            let Some(place) = reel.place(&object.key) else { continue };
            contents[place] = self.content(reel, object);
        }
        let published = world.published.iter().map(|copy| Published {
            endpoint: usize::from(copy.endpoint),
            message: reel.message(self, &copy.message),
        });
        let published = published.collect();
        let under_way = world.in_flight.iter().map(|late| {
            let request = self.request(world, &late.call);
            format!("{request}, at {}", self.message(&late.message))
        });
        let under_way = under_way.collect();
        let deadlines = world.timers.iter().map(|timer| {
            let after = words::duration(timer.time_to_live);
            match &timer.forgets {
                Some((what, _)) => {
                    format!("{after} later: {}", self.outside(&timer.key).say_forgotten(&self.text(what)))
                }
                None => {
                    format!("{after} after it was stored: {} is deleted", self.object_name(&timer.key))
                }
            }
        });
        let deadlines = deadlines.collect();
        let (now, know) = (reel.clock.now(), self.who_knows(world));
        State { now, queues, workers, contents, published, under_way, deadlines, know }
    }

    /// What a worker is doing.
    fn phase(&mut self, world: &World, busy: &Busy) -> String {
        const LONGEST: usize = 90;
        match busy.phase {
            Phase::Handling => {
                let calls = 0..self.transitions.pending_calls(busy).len() as u8;
                let calls = calls.map(|call| {
                    let call = self.transitions.pending_call(busy, call);
                    words::short(&self.request(world, &call), LONGEST)
                });
                let calls: Vec<String> = calls.collect();
                format!("next: {}", calls.join(" or "))
            }
            Phase::Dispatching(index) => {
                format!("next: publishes {}", self.message(&self.transitions.next_output(busy, index)))
            }
            Phase::Acking if busy.holds_lock => format!("next: acknowledges {}", self.message(&busy.message)),
            Phase::Acking => "done, but its lock is gone".to_owned(),
        }
    }

    /// What is stored in an object, if anything is.
    fn content(&self, reel: &mut Reel, object: &Object) -> Option<FilmContent> {
        let texts = self.transitions.texts();
        match &object.content {
            Content::Document(None) => None,
            Content::Document(Some(Version { etag, body })) => {
                let content = self.version_of_document(reel, &object.key, *etag, body);
                let older = object.older.iter();
                let older = older.map(|old| old.as_ref().map(|old| reel.text(&texts.bytes(&old.body))));
                Some(FilmContent { older: older.collect(), ..content })
            }
            Content::Stream(events) => Some(self.events(reel, events)),
            Content::Outside(state) => {
                let shown = self.outside_state(&object.key, texts.bytes(state));
                Some(FilmContent { text: reel.text(&shown), ..FilmContent::default() })
            }
        }
    }

    /// The state of something outside. What is no JSON as a whole may be the records of
    /// a log.
    fn outside_state(&self, object: &ObjectKey, state: Vec<u8>) -> Vec<u8> {
        if serde_json::from_slice::<IgnoredAny>(&state).is_ok() {
            return state;
        }
        let mut snapshot = Snapshot::default();
        let (label, key) = (self.transitions.stores.label(object.store), self.text(&object.key));
        self.outside(object).show(&mut snapshot, label, &key, &state);
        match snapshot.log(&key) {
            [] => state,
            records => list(records),
        }
    }

    fn version_of_document(&self, reel: &mut Reel, key: &ObjectKey, etag: u32, body: &Text) -> FilmContent {
        let text = reel.text(&self.transitions.texts().bytes(body));
        FilmContent { text, etag: Some(etag), version: self.version(key, etag), older: Vec::new() }
    }

    /// A stream's events, as a list.
    fn events(&self, reel: &mut Reel, events: &[Text]) -> FilmContent {
        let events: Vec<Vec<u8>> = events.iter().map(|event| self.transitions.texts().bytes(event)).collect();
        FilmContent { text: reel.text(&list(&events)), ..FilmContent::default() }
    }
}

/// Texts as a list of JSON.
fn list(texts: &[Vec<u8>]) -> Vec<u8> {
    [b"[".as_slice(), &texts.join(b",".as_slice()), b"]"].concat()
}

/// What is gathered on the way.
struct Reel {
    places: Vec<ObjectKey>,
    texts: Vec<String>,
    /// Where each text is.
    known_texts: FxHashMap<String, usize>,
    messages: Vec<Said>,
    /// The number of a message, by its text.
    known_messages: FxHashMap<Text, usize>,
    copies: Copies,
    clock: Clock,
    /// For each worker, what it knows.
    known: Vec<Vec<Known>>,
}

/// What a step is about.
#[derive(Default)]
struct About {
    copy: Option<CopyOf>,
    /// What was put out in it.
    output: Option<usize>,
}

impl Reel {
    fn of<'w>(teller: &Teller<'_>, worlds: impl Iterator<Item = &'w World> + Clone) -> Self {
        let mut places: Vec<ObjectKey> = Vec::new();
        for object in worlds.clone().flat_map(|world| &world.objects) {
            if !places.contains(&object.key) {
                places.push(object.key.clone());
            }
        }
        let workers = teller.world().workers.len();
        let mut reel = Self {
            places,
            texts: Vec::new(),
            known_texts: FxHashMap::default(),
            messages: Vec::new(),
            known_messages: FxHashMap::default(),
            copies: Copies::none(workers),
            clock: Clock::of(workers),
            known: vec![Vec::new(); workers],
        };
        for copy in teller.transitions.sent.iter().chain(&teller.trace.end().published) {
            reel.message(teller, &copy.message);
        }
        if let Some(first) = { worlds }.next() {
            reel.follow_queue(teller, first);
        }
        reel
    }

    fn place(&self, object: &ObjectKey) -> Option<usize> {
        self.places.iter().position(|place| place == object)
    }

    /// The number of a text.
    fn text(&mut self, bytes: &[u8]) -> usize {
        let mut text = bytes_in_words(bytes);
        if let Some((cut, _)) = text.char_indices().nth(LONGEST_TEXT) {
            text.truncate(cut);
            text += &format!("… ({} bytes)", words::thousands(bytes.len() as u128));
        }
        let (next, texts) = (self.texts.len(), &mut self.texts);
        *self.known_texts.entry(text).or_insert_with_key(|text| {
            texts.push(text.clone());
            next
        })
    }

    /// The number of a message.
    fn message(&mut self, teller: &Teller<'_>, text: &Text) -> usize {
        if let Some(&number) = self.known_messages.get(text) {
            return number;
        }
        let read = teller.transitions.texts().message(text);
        let id = read.map_or_else(|_| teller.text(text), |message| message.id.to_string());
        let label = teller.message(text);
        let (known, next) = (&self.messages, self.messages.len());
        let number = known.iter().position(|other| other.id == id && other.label == label).unwrap_or(next);
        if number == next {
            let logical = known.iter().find(|other| other.id == id).map(|other| other.logical);
            let others = known.iter().map(|other| other.logical + 1).max().unwrap_or(0);
            self.messages.push(Said { id, logical: logical.unwrap_or(others), label });
        }
        self.known_messages.insert(text.clone(), number);
        number
    }

    /// Takes a step.
    fn follow(&mut self, teller: &mut Teller<'_>, taken: &TakenStep, after: &World) -> About {
        let before = &taken.before;
        let message = match taken.step {
            Step::Deliver { copy, .. } => Some(before.queue[usize::from(copy)].message.clone()),
            Step::Duplicate { of, .. } => Some(teller.transitions.source(before, of).1.clone()),
            Step::LockExpires { from: worker, .. }
            | Step::Call { worker, .. }
            | Step::Dispatch { worker, .. }
            | Step::Ack { worker, .. } => Some(busy_in(before, worker).message.clone()),
            Step::Land { in_flight } => Some(before.in_flight[usize::from(in_flight)].message.clone()),
            Step::Expire { .. } => None,
        };
        let message = message.map(|message| self.message(teller, &message));
        let worker = match taken.step {
            Step::Deliver { worker, .. }
            | Step::Duplicate { worker, .. }
            | Step::LockExpires { worker, .. } => {
                let worker = usize::from(worker);
                let logical = message.map_or(0, |message| self.messages[message].logical);
                self.copies.is_delivered(taken.step, worker, (after.workers[worker].endpoint, logical));
                self.known[worker].clear();
                Some(worker)
            }
            Step::Call { worker, .. } | Step::Dispatch { worker, .. } | Step::Ack { worker, .. } => {
                Some(usize::from(worker))
            }
            Step::Land { .. } | Step::Expire { .. } => None,
        };
        let copy = message.zip(worker);
        let copy = copy.map(|(message, worker)| CopyOf { message, copy: self.copies.at_worker(worker) });
        self.clock.passes(taken, after);
        self.follow_queue(teller, after);
        teller.learns(self, taken, after);
        let output = match taken.step {
            Step::Dispatch { worker, .. } => {
                let busy = busy_in(before, worker);
                let Phase::Dispatching(index) = busy.phase else { unreachable!("the handler is done") };
                Some(teller.transitions.next_output(busy, index))
            }
            Step::Call { worker, call, .. } => {
                published(&teller.transitions.pending_call(busy_in(before, worker), call))
            }
            Step::Land { in_flight } => published(&before.in_flight[usize::from(in_flight)].call),
            _ => None,
        };
        let output = output.map(|output| self.message(teller, &output));
        let nobodys = message.map(|message| CopyOf { message, copy: 0 });
        About { copy: copy.or(nobodys), output }
    }

    /// Numbers the copies that have come to the queues.
    fn follow_queue(&mut self, teller: &Teller<'_>, after: &World) {
        for copy in &after.queue[self.copies.queue().len().min(after.queue.len())..] {
            let message = self.message(teller, &copy.message);
            self.copies.comes((copy.endpoint, self.messages[message].logical));
        }
    }
}

/// What a call publishes, if it does.
fn published(call: &Call) -> Option<Text> {
    match call {
        Call::Publish { message } => Some(message.clone()),
        _ => None,
    }
}
