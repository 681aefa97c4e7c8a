//! A run as a film: everything that a player shows of it, step by step.
//!
//! What there is at the start is written down as a whole, and of each step only
//! what it changed. [`Film::states`] puts that together again.

use serde::{Deserialize, Serialize};

/// A run, to be looked at step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Film {
    /// The broker; then the workers, in their order; then what is stored, as far as it
    /// has a lane of its own.
    pub lanes: Vec<Lane>,
    /// Every message there is, by content: those sent first, then those published.
    pub messages: Vec<Said>,
    /// The endpoints, each of which has a queue.
    pub endpoints: Vec<String>,
    /// Everything in which something is stored at any moment of the run.
    pub places: Vec<Place>,
    /// What is stored, and what workers have read. Others name these by their numbers.
    pub texts: Vec<String>,
    /// What there is before the first step.
    pub start: State,
    /// What happened.
    pub steps: Vec<Scene>,
    /// What the message says whose way is followed, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed: Option<String>,
    /// The number of the step, from 0, after which no way leads to a right end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<usize>,
    /// What else is to be said about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The number of the step, from 0, from which on all steps happen again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loops_from: Option<usize>,
    /// What came of it.
    pub closing: Closing,
}

/// A lane of the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Its name, short enough for the head of a column.
    pub name: String,
    /// What it is, in words.
    pub title: String,
    /// Whether it is the broker, a worker, or a store.
    pub kind: LaneKind,
}

/// What a lane stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LaneKind {
    /// The broker, with all queues.
    #[default]
    Broker,
    /// A worker of an endpoint.
    Worker,
    /// A document, a stream, or a whole store.
    Store,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its id. Two messages under one id have different contents.
    pub id: String,
    /// Which logical message it is, counted from 0: those under one id are one.
    pub logical: usize,
    /// What it says, as people say it.
    pub label: String,
}

/// A document, a stream, or a key of something outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The store that it is in.
    pub store: String,
    /// What it is called there, with the names of messages in the place of their ids.
    pub name: String,
    /// `document`, `stream` or `outside`.
    pub kind: String,
    /// Its lane, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<usize>,
}

/// Everything there is at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// At least so many seconds have passed since the start. Only locks and deadlines
    /// take time; everything else happens in no time.
    pub now: u64,
    /// For each endpoint, the copies that wait for a worker, oldest first.
    pub queues: Vec<Vec<CopyOf>>,
    /// For each worker, what it is busy with.
    pub workers: Vec<Option<Busy>>,
    /// For each place, what is stored there.
    pub contents: Vec<Option<Content>>,
    /// Every different message that was published, with its endpoint: the first copy
    /// of it, whoever got it.
    pub published: Vec<Published>,
    /// Calls that outlived whoever made them, in words.
    pub under_way: Vec<String>,
    /// What is deleted or forgotten once its time has passed, in words.
    pub deadlines: Vec<String>,
    /// The lanes that know the message that is followed.
    pub know: Vec<usize>,
}

/// A copy of a message: what is delivered once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyOf {
    /// The number of the message.
    pub message: usize,
    /// Which copy it is at its endpoint, counted from 1.
    pub copy: usize,
}

/// A message that was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The number of the endpoint that published it.
    pub endpoint: usize,
    /// The number of the message.
    pub message: usize,
}

/// A worker at work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Busy {
    /// What it is working on.
    pub copy: CopyOf,
    /// Whether the lock on that is still its own.
    pub locked: bool,
    /// What it is doing, in words.
    pub phase: String,
    /// What it was told since this delivery began, the last it heard of each thing.
    pub knows: Vec<Known>,
}

/// What a worker was told about something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What it is about, in words.
    pub about: String,
    /// The place that it is about, if what was there is what it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<usize>,
    /// What was there, if anything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// What it was told in words, where it is not what is stored.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

/// What is stored somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The number of the text.
    pub text: usize,
    /// What tells this version from others with the same text, if anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<u32>,
    /// What the story calls this version, if it is mentioned there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The texts that a stale read may return instead, oldest first; nothing, where it
    /// may find that there is no document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub older: Vec<Option<usize>>,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// What happened, in one line or several.
    pub lines: Vec<Line>,
    /// The fault that it was, in words, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What it changed.
    pub change: Change,
}

/// A line of the story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// From which lane to which one the arrow goes, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrow: Option<(usize, usize)>,
    /// The number of the message that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<usize>,
    /// Which copy of that it is about, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<usize>,
    /// The line in words.
    pub words: String,
}

/// What is different in a [`State`] after a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The new time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<u64>,
    /// The queues that are different, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<(usize, Vec<CopyOf>)>,
    /// The workers that are different, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<(usize, Option<Busy>)>,
    /// The places in which something else is stored, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<(usize, Option<Content>)>,
    /// What was published besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
    /// All calls that are under way, if these are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<Vec<String>>,
    /// All deadlines, if these are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadlines: Option<Vec<String>>,
    /// All lanes that know the message that is followed, if these are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub know: Option<Vec<usize>>,
}

/// What is said under a story: what is wrong, and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Why it is wrong, in a sentence. The findings follow it, if it ends in a colon.
    pub reason: String,
    /// What cannot be explained, each with what it is: `published`, and what was.
    pub findings: Vec<(String, String)>,
    /// What else is to be known; often nothing.
    pub note: String,
    /// The nearest legal execution, in words: what a right end would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// What it means for the business, a sentence each.
    pub damage: Vec<String>,
}

impl Film {
    /// What there is at each moment: before the first step, and after each one.
    #[must_use]
    pub fn states(&self) -> Vec<State> {
        let mut states = vec![self.start.clone()];
        for step in &self.steps {
            let mut state = states[states.len() - 1].clone();
            state.take(&step.change);
            states.push(state);
        }
        states
    }
}

impl State {
    /// Changes it.
    pub fn take(&mut self, change: &Change) {
        let Change { now, queues, workers, contents, published, under_way, deadlines, know } = change;
        put(&mut self.queues, queues);
        put(&mut self.workers, workers);
        put(&mut self.contents, contents);
        self.published.extend(published);
        self.now = now.unwrap_or(self.now);
        replace(&mut self.under_way, under_way);
        replace(&mut self.deadlines, deadlines);
        replace(&mut self.know, know);
    }
}

impl Change {
    /// What leads from one state to another.
    ///
    /// # Panics
    ///
    /// When none can: there are other queues, workers or places, or something is no
    /// longer published.
    #[must_use]
    pub fn between(before: &State, after: &State) -> Self {
        assert!(after.published.starts_with(&before.published), "what was published stays published");
        Self {
            now: (before.now != after.now).then_some(after.now),
            queues: differing(&before.queues, &after.queues),
            workers: differing(&before.workers, &after.workers),
            contents: differing(&before.contents, &after.contents),
            published: after.published[before.published.len()..].to_vec(),
            under_way: other(&before.under_way, &after.under_way),
            deadlines: other(&before.deadlines, &after.deadlines),
            know: other(&before.know, &after.know),
        }
    }
}

fn differing<T: Clone + PartialEq>(before: &[T], after: &[T]) -> Vec<(usize, T)> {
    assert_eq!(before.len(), after.len(), "there are as many as before");
    let both = before.iter().zip(after).enumerate();
    both.filter(|(_, (old, new))| old != new).map(|(place, (_, new))| (place, new.clone())).collect()
}

fn other<T: Clone + PartialEq>(before: &[T], after: &[T]) -> Option<Vec<T>> {
    (before != after).then(|| after.to_vec())
}

fn put<T: Clone>(all: &mut [T], new: &[(usize, T)]) {
    for (place, new) in new {
        all[*place] = new.clone();
    }
}

fn replace<T: Clone>(old: &mut Vec<T>, new: &Option<Vec<T>>) {
    if let Some(new) = new {
        old.clone_from(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state in which everything depends on a number, and each thing on other bits.
    fn state(number: usize) -> State {
        let bit = |place: usize| number >> place & 1;
        let copy = CopyOf { message: bit(0), copy: 1 + bit(1) };
        let content = Content { text: bit(2), etag: Some(bit(3) as u32), ..Content::default() };
        let knows = Known { about: "order-1".into(), place: Some(0), ..Known::default() };
        let busy = Busy { copy, locked: bit(1) == 0, phase: "at work".into(), knows: vec![knows; bit(4)] };
        State {
            now: 30 * bit(5) as u64,
            queues: vec![vec![copy; bit(6)], vec![copy]],
            workers: vec![(bit(7) == 0).then_some(busy), None],
            contents: vec![(bit(8) == 0).then_some(content), None],
            published: vec![Published { endpoint: 0, message: 3 }; number / 512],
            under_way: vec!["a put".into(); bit(2)],
            deadlines: vec!["7 days".into(); bit(9)],
            know: vec![0; bit(5)],
        }
    }

    #[test]
    fn what_changed_leads_from_each_state_to_the_next() {
        // In any order, but for what was published, which only grows.
        let order: Vec<usize> = (0..1024).map(|place| place / 512 * 512 + place * 37 % 512).collect();
        let mut film = Film { start: state(order[0]), ..Film::default() };
        for pair in order.windows(2) {
            let change = Change::between(&state(pair[0]), &state(pair[1]));
            film.steps.push(Scene { change, ..Scene::default() });
        }
        let written = serde_json::to_string(&film).unwrap();
        let read: Film = serde_json::from_str(&written).unwrap();
        assert_eq!(read, film);
        let expected: Vec<State> = order.into_iter().map(state).collect();
        assert_eq!(read.states(), expected);
    }

    #[test]
    fn where_nothing_changes_nothing_is_written() {
        let change = Change::between(&state(99), &state(99));
        assert_eq!(serde_json::to_string(&change).unwrap(), "{}");
    }
}
