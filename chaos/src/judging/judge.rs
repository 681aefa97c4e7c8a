//! Judging worlds at rest: from what is stored and published to a finding.

use std::sync::Arc;

use ports::law::Property;
use ports::words;
use ports::{Message, Snapshot};
use rustc_hash::FxHashMap;
use serde_json::Value;

use super::verdict::{Finding, Inconclusive, Verdict};
use crate::guarantee::checker;
use crate::guarantee::judgement::{Evidence, Judgement};
use crate::handler::fault::HandlerFault;
use crate::handler::given_up::Place;
use crate::handler::panics::catching_panics;
use crate::handler::text::Text;
use crate::system::under_test::System;
use crate::world::snapshot::snapshot;
use crate::world::state::{Content, World};
use crate::world::transition_system::TransitionSystem;

/// Judges worlds at rest; the same world is judged once.
pub(crate) struct Judge {
    system: System,
    known: FxHashMap<Vec<u8>, Judged>,
    key: Vec<u8>,
    /// Which endpoints were to process a message in any world that was judged.
    reached: Vec<bool>,
}

/// What came of judging a world.
pub(crate) type Judged = Result<Result<(), Finding>, Inconclusive>;

impl Judge {
    pub(crate) fn new(system: System) -> Self {
        let reached = vec![false; system.endpoints.len()];
        Self { system, known: FxHashMap::default(), key: Vec::new(), reached }
    }

    /// Why a verdict would be one over nothing, if it would.
    pub(crate) fn over_nothing(&self) -> Option<Inconclusive> {
        let System { specifications, storage_bounds, garbage, .. } = &self.system;
        if specifications.iter().all(Option::is_none) && storage_bounds.is_empty() && garbage.is_empty() {
            return Some(Inconclusive::NoSpecification);
        }
        let judged = specifications.iter().map(Option::is_some).zip(&self.reached);
        let never = judged.zip(&self.system.endpoints).find(|((judged, reached), _)| *judged && !**reached);
        never.map(|(_, endpoint)| Inconclusive::NeverReached { endpoint: endpoint.name().to_owned() })
    }

    /// Judges a world at rest. `hint` is an order of the sent messages to try
    /// first.
    pub(crate) fn judge(
        &mut self,
        transitions: &mut TransitionSystem,
        world: &World,
        hint: Option<&[usize]>,
    ) -> Judged {
        key_of(world, &mut self.key);
        if let Some(known) = self.known.get(&self.key) {
            return known.clone();
        }
        let judged = self.judge_afresh(transitions, world, hint).map(|judged| {
            judged.and_then(|()| {
                two_contents(transitions, world).map_or(Ok(()), |found| Err(Finding::Property(found)))
            })
        });
        const REMEMBER_AT_MOST: usize = 100_000;
        if self.known.len() >= REMEMBER_AT_MOST {
            self.known.clear();
        }
        self.known.insert(self.key.clone(), judged.clone());
        judged
    }

    /// What a run comes to that ends in this world.
    pub(crate) fn verdict(&mut self, transitions: &mut TransitionSystem, world: &World) -> Verdict {
        match self.judge(transitions, world, None) {
            Ok(Ok(())) => Verdict::Holds,
            Ok(Err(finding)) => Verdict::Violated(finding),
            Err(reason) => Verdict::Inconclusive(reason),
        }
    }

    fn judge_afresh(
        &mut self,
        transitions: &mut TransitionSystem,
        world: &World,
        hint: Option<&[usize]>,
    ) -> Judged {
        for number in 0..self.system.endpoints.len() {
            let snapshot = snapshot(transitions, world, number as u8);
            if let Some(specification) = &self.system.specifications[number] {
                let inputs = inputs(transitions, world, number, hint);
                self.reached[number] |= !inputs.is_empty();
                let outputs: Vec<Message> = world
                    .published
                    .iter()
                    .filter(|copy| usize::from(copy.endpoint) == number)
                    .map(|copy| read(transitions, &copy.message))
                    .collect::<Result<_, _>>()
                    .map_err(|error| error.1)?;
                let mut aggregates: Vec<String> = Vec::new();
                for message in inputs.iter().chain(&outputs) {
                    let aggregate = specification.aggregate(message);
                    if !aggregates.contains(&aggregate) {
                        aggregates.push(aggregate);
                    }
                }
                for aggregate in &aggregates {
                    let about = |messages: &[Message]| -> Vec<Message> {
                        messages
                            .iter()
                            .filter(|message| &specification.aggregate(message) == aggregate)
                            .cloned()
                            .collect()
                    };
                    let state = match self.state_of(transitions, number, &snapshot, aggregate) {
                        Ok(state) => state,
                        Err(finding) => return Ok(Err(finding)),
                    };
                    let (inputs, outputs) = (about(&inputs), about(&outputs));
                    let evidence = Evidence { aggregate, inputs: &inputs, state: &state, outputs: &outputs };
                    let judged = checker::judge_in_words(&**specification, &evidence, transitions.speaker())
                        .map_err(|error| Inconclusive::TooManyOrders { messages: error.messages })?;
                    if let Err(judgement) = judged {
                        return Ok(Err(Finding::Property(judgement)));
                    }
                }
            }
            if let Some(judgement) = self.storage(number, &snapshot) {
                return Ok(Err(Finding::Property(judgement)));
            }
        }
        Ok(Ok(()))
    }

    fn state_of(
        &self,
        transitions: &TransitionSystem,
        endpoint: usize,
        snapshot: &Snapshot,
        aggregate: &str,
    ) -> Result<Value, Finding> {
        let endpoint = &self.system.endpoints[endpoint];
        let view = || catching_panics(|| endpoint.state_of(snapshot, aggregate));
        let reason = match transitions.rehearsal.pulse().inside(&Arc::new(Place::viewing(endpoint)), view) {
            Ok(Ok(state)) => return Ok(state),
            Ok(Err(error)) => format!("{error:#}"),
            Err(caught) => match caught.into_fault() {
                fault @ HandlerFault::NotDone { .. } => return Err(Finding::Handler(fault)),
                HandlerFault::Panicked { message, at } => format!("it panicked: {message}{at}"),
                other => other.to_string(),
            },
        };
        Err(Finding::Handler(HandlerFault::UnreadableState { aggregate: aggregate.to_owned(), reason }))
    }

    fn storage(&self, endpoint: usize, snapshot: &Snapshot) -> Option<Judgement> {
        let too_much =
            self.system.storage_bounds.iter().filter(|bound| bound.endpoint == endpoint).find_map(|bound| {
                let measured = (bound.measure)(snapshot);
                (measured > bound.at_most).then(|| Judgement {
                    violated: vec![Property::BoundedStorage],
                    reason: format!(
                        "at rest, {} is {}, and may be at most {}",
                        bound.what,
                        words::thousands(measured as u128),
                        words::thousands(bound.at_most as u128)
                    ),
                    damage: vec![bound.damage.clone()],
                    nearest: None,
                })
            });
        too_much.or_else(|| {
            let garbage: Vec<String> = self
                .system
                .garbage
                .iter()
                .filter(|rule| rule.endpoint == endpoint)
                .flat_map(|rule| (rule.find)(snapshot))
                .collect();
            (!garbage.is_empty()).then(|| Judgement {
                violated: vec![Property::NoGarbage],
                reason: format!("at rest, {} is left behind", words::enumeration(&garbage)),
                damage: vec!["what nobody needs any more is stored for ever".to_owned()],
                nearest: None,
            })
        })
    }
}

/// Everything that a verdict depends on, and nothing else: what is stored and what
/// was published. Etags do not matter to anybody any more, nor does it what
/// was deleted: two worlds at rest that differ in nothing else are one.
///
/// No two worlds may share a key, or the second would never be looked at. So every
/// list has its length in front, and everything that may be of several kinds has
/// its kind. How many ids a text has is a matter of its template.
fn key_of(world: &World, key: &mut Vec<u8>) {
    fn word(key: &mut Vec<u8>, word: u32) {
        key.extend_from_slice(&word.to_le_bytes());
    }
    fn text(key: &mut Vec<u8>, text: &Text) {
        word(key, text.template);
        text.ids.iter().for_each(|&id| word(key, id));
    }
    key.clear();
    let there = || world.objects.iter().filter(|object| object.content != Content::Document(None));
    word(key, there().count() as u32);
    for object in there() {
        word(key, u32::from(object.key.store));
        text(key, &object.key.key);
        match &object.content {
            Content::Stream(events) => {
                word(key, 0);
                word(key, events.len() as u32);
                events.iter().for_each(|event| text(key, event));
            }
            Content::Outside(state) => {
                word(key, 1);
                text(key, state);
            }
            Content::Document(version) => {
                word(key, 2);
                version.iter().for_each(|version| text(key, &version.body));
            }
        }
    }
    word(key, world.published.len() as u32);
    for copy in &world.published {
        word(key, u32::from(copy.endpoint));
        text(key, &copy.message);
    }
}

/// One id that was published, or sent, with two contents: over all endpoints, and
/// before aggregates are told apart. Whoever recognises copies by their ids loses
/// one of the two.
fn two_contents(transitions: &TransitionSystem, world: &World) -> Option<Judgement> {
    let all = transitions.sent.iter().chain(&world.published);
    let messages: Vec<Message> = all.filter_map(|copy| read(transitions, &copy.message).ok()).collect();
    let (place, other) = messages.iter().enumerate().find_map(|(place, message)| {
        let earlier = messages[..place].iter();
        let mut same = earlier.filter(|other| other.id == message.id && other.body != message.body);
        same.next().map(|other| (place, other))
    })?;
    let speaker = transitions.speaker();
    let (one, two) = (speaker.body(&other.body), speaker.body(&messages[place].body));
    Some(Judgement {
        violated: vec![Property::ConsistentOutputs],
        reason: format!("one message id stands for both {one} and {two}"),
        damage: vec![format!(
            "whoever recognises copies by their ids takes {two} for a copy of {one}, and never acts on it"
        )],
        nearest: None,
    })
}

fn read(transitions: &TransitionSystem, text: &Text) -> Result<Message, (String, Inconclusive)> {
    serde_json::from_slice(&transitions.texts().bytes(text))
        .map_err(|error| (error.to_string(), Inconclusive::NothingJudged))
}

/// The logical messages that an endpoint was to process.
fn inputs(
    transitions: &mut TransitionSystem,
    world: &World,
    endpoint: usize,
    hint: Option<&[usize]>,
) -> Vec<Message> {
    let order: Vec<usize> = hint.map_or_else(|| (0..transitions.sent.len()).collect(), <[usize]>::to_vec);
    let mut texts: Vec<Text> = order
        .into_iter()
        .map(|index| transitions.sent[index].clone())
        .filter(|copy| usize::from(copy.endpoint) == endpoint)
        .map(|copy| copy.message)
        .collect();
    for copy in &world.published {
        if transitions
            .subscribers(&copy.message)
            .iter()
            .any(|&subscriber| usize::from(subscriber) == endpoint)
        {
            texts.push(copy.message.clone());
        }
    }
    let mut messages: Vec<Message> = Vec::new();
    for message in texts.iter().filter_map(|text| read(transitions, text).ok()) {
        if !messages.iter().any(|known| known.id == message.id) {
            messages.push(message);
        }
    }
    messages
}
