//! What is gathered along a run: texts and messages, each written down once, and who
//! has and knows what.

use ports::words;
use records::film::{CopyOf, Known, Line as FilmLine, Said};
use rustc_hash::FxHashMap;

use super::clock::Clock;
use super::copies::Copies;
use crate::handler::call::{ObjectKey, bytes_in_words};
use crate::handler::text::Text;
use crate::telling::picture::Line;
use crate::telling::steps::{busy_in, put_out};
use crate::telling::story::Teller;
use crate::world::state::World;
use crate::world::step::Step;
use crate::world::trace::TakenStep;

/// Longer texts are cut.
const LONGEST_TEXT: usize = 20_000;

/// What is gathered on the way.
pub(super) struct Reel {
    pub(super) places: Vec<ObjectKey>,
    pub(super) texts: Vec<String>,
    /// Where each text is.
    known_texts: FxHashMap<String, usize>,
    pub(super) messages: Vec<Said>,
    /// The number of a message, by its text.
    known_messages: FxHashMap<Text, usize>,
    pub(super) copies: Copies,
    pub(super) clock: Clock,
    /// For each worker, what it knows.
    pub(super) known: Vec<Vec<Known>>,
}

/// What a step is about.
#[derive(Default)]
pub(super) struct About {
    pub(super) copy: Option<CopyOf>,
    /// What was put out in it.
    pub(super) output: Option<usize>,
}

impl About {
    /// The lines of the step: of those with an arrow, the first is about what was put
    /// out.
    pub(super) fn lines(&self, lines: impl Iterator<Item = Line>) -> Vec<FilmLine> {
        let mut output = self.output;
        let told = lines.map(|line| {
            let arrow = line.arrow.and_then(|(from, to)| Some((from, *to.first()?)));
            let sent = if arrow.is_some() { output.take() } else { None };
            let (message, copy) = match (sent, self.copy) {
                (Some(sent), _) => (Some(sent), None),
                (None, Some(CopyOf { message, copy })) => (Some(message), (copy > 0).then_some(copy)),
                (None, None) => (None, None),
            };
            FilmLine { arrow, message, copy, words: line.text }
        });
        told.collect()
    }
}

impl Reel {
    pub(super) fn of<'w>(teller: &Teller<'_>, worlds: impl Iterator<Item = &'w World> + Clone) -> Self {
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

    pub(super) fn place(&self, object: &ObjectKey) -> Option<usize> {
        self.places.iter().position(|place| place == object)
    }

    /// The number of a text.
    pub(super) fn text(&mut self, bytes: &[u8]) -> usize {
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
    pub(super) fn message(&mut self, teller: &Teller<'_>, text: &Text) -> usize {
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
    pub(super) fn follow(&mut self, teller: &mut Teller<'_>, taken: &TakenStep, after: &World) -> About {
        let before = &taken.before;
        let message = match taken.step {
            Step::Deliver { copy, .. } => Some(before.queue[usize::from(copy)].message.clone()),
            Step::Duplicate { of, .. } => Some(teller.transitions.source(before, of).1.clone()),
            Step::LockExpires { from: worker, .. }
            | Step::Call { worker, .. }
            | Step::Dispatch { worker, .. }
            | Step::Ack { worker, .. } => Some(busy_in(before, worker).message.clone()),
            Step::Land { in_flight } => Some(before.in_flight[usize::from(in_flight)].message.clone()),
            Step::Expire { .. } | Step::Lose { .. } => None,
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
            Step::Land { .. } | Step::Expire { .. } | Step::Lose { .. } => None,
        };
        let copy = message.zip(worker);
        let copy = copy.map(|(message, worker)| CopyOf { message, copy: self.copies.at_worker(worker) });
        self.clock.passes(taken, after);
        self.follow_queue(teller, after);
        teller.learns(self, taken, after);
        let output = put_out(teller.transitions, taken);
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
