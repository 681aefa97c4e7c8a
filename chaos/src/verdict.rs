//! Judging worlds, and the three-valued verdict on a whole search.

use std::fmt;

use ports::{Message, Snapshot};
use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::call::recorded_events;
use crate::checker::{self, Evidence, Judgement};
use crate::fault::Fault;
use crate::machine::Machine;
use crate::outside::Outside;
use crate::rehearsal::{HandlerFault, quietly};
use crate::system::System;
use crate::text::Text;
use crate::world::{Content, World};
use ports::law::Property;
use ports::words;

/// What a search or a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every schedule and fault within the bounds was tried, and none violates
    /// a property.
    Holds,
    /// A property is violated, or the handler cannot be run.
    Violated(Finding),
    /// Neither: a limit was hit, or something that was to be visited was not.
    Inconclusive(Inconclusive),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A property of the guarantee is violated.
    Property(Judgement),
    /// The handler itself cannot be run.
    Handler(HandlerFault),
    /// The handler blocks the thread it runs on.
    Blocked(String),
}

impl Finding {
    /// The violated property, if it is one.
    #[must_use]
    pub fn property(&self) -> Option<Property> {
        match self {
            Self::Property(judgement) => judgement.violated.first().copied(),
            Self::Handler(_) | Self::Blocked(_) => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(judgement) => formatter.write_str(&judgement.reason),
            Self::Handler(fault) => fault.fmt(formatter),
            Self::Blocked(sentence) => formatter.write_str(sentence),
        }
    }
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inconclusive {
    /// There are more states than were allowed.
    TooManyStates {
        /// How many were allowed.
        limit: usize,
        /// What keeps growing, if something does.
        growing: Option<String>,
    },
    /// Something that the test demands to have been visited was not.
    NotVisited(Vec<Fault>),
    /// No run came to rest within the bounds, so nothing was judged.
    NothingJudged,
    /// A world at rest has too many messages to try all their orders.
    TooManyOrders {
        /// How many messages there were.
        messages: usize,
    },
    /// Somebody stopped the search.
    Stopped {
        /// How many states had been found.
        states: usize,
        /// Every run with fewer faults than this, stale reads included, had
        /// been tried.
        fewer_than: u32,
    },
    /// The bounds make no sense.
    BadBounds(String),
}

impl fmt::Display for Inconclusive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyStates { limit, growing } => {
                write!(
                    formatter,
                    "the search was given up after {}, before every schedule had been tried",
                    words::count(*limit as u128, "state")
                )?;
                match growing {
                    Some(growing) => write!(formatter, "; what keeps growing is {growing}"),
                    None => write!(formatter, "; lower the bounds, or raise the limit with .limit_states(…)"),
                }
            }
            Self::NotVisited(faults) => write!(
                formatter,
                "within the bounds, this never happened while a message was being worked on: {}. Either the handler does not get that far, or the bounds are too small",
                words::enumeration(&faults.iter().map(Fault::to_string).collect::<Vec<_>>())
            ),
            Self::NothingJudged => formatter
                .write_str("no run came to rest with all messages processed, so there was nothing to judge"),
            Self::TooManyOrders { messages } => write!(
                formatter,
                "there are too many orders of {messages} messages to one aggregate to try them all; send fewer"
            ),
            Self::Stopped { states, fewer_than } => {
                write!(
                    formatter,
                    "the search was stopped before every schedule had been tried. Until then it found {} and nothing wrong; ",
                    words::count(*states as u128, "state")
                )?;
                match fewer_than {
                    0 => formatter.write_str("not even every run without a fault was tried"),
                    1 => formatter.write_str("every run without a fault was tried"),
                    _ => write!(
                        formatter,
                        "every run with at most {} in all was tried",
                        words::count(u128::from(fewer_than - 1), "fault")
                    ),
                }
            }
            Self::BadBounds(sentence) => formatter.write_str(sentence),
        }
    }
}

/// Judges worlds at rest; the same world is judged once.
pub(crate) struct Judge {
    system: System,
    known: FxHashMap<Vec<u8>, Judged>,
    fingerprint: Vec<u8>,
}

/// What came of judging a world.
pub(crate) type Judged = Result<Result<(), Finding>, Inconclusive>;

impl Judge {
    pub(crate) fn new(system: System) -> Self {
        Self { system, known: FxHashMap::default(), fingerprint: Vec::new() }
    }

    /// Judges a world at rest. `hint` is an order of the sent messages to try
    /// first.
    pub(crate) fn judge(&mut self, machine: &mut Machine, world: &World, hint: Option<&[usize]>) -> Judged {
        // Etags do not matter to anybody any more, so two worlds at rest that
        // differ in nothing else are one.
        self.fingerprint.clear();
        let mut put = |word: u32| self.fingerprint.extend_from_slice(&word.to_le_bytes());
        let mut put_text = |text: &Text| {
            put(text.template);
            text.ids.iter().for_each(|&id| put(id));
        };
        for object in &world.objects {
            put_text(&object.key.key);
            match &object.content {
                Content::Stream(events) => events.iter().for_each(&mut put_text),
                Content::Outside(state) => put_text(state),
                Content::Document(version) => version.iter().for_each(|version| put_text(&version.body)),
            }
            put_text(&Text { template: u32::from(object.key.store), ids: Default::default() });
        }
        put_text(&Text { template: u32::MAX, ids: Default::default() });
        for copy in &world.published {
            put_text(&Text { template: u32::from(copy.endpoint), ids: Default::default() });
            put_text(&copy.message);
        }
        if let Some(known) = self.known.get(&self.fingerprint) {
            return known.clone();
        }
        let judged = self.judge_afresh(machine, world, hint);
        const REMEMBER_AT_MOST: usize = 100_000;
        if self.known.len() >= REMEMBER_AT_MOST {
            self.known.clear();
        }
        self.known.insert(self.fingerprint.clone(), judged.clone());
        judged
    }

    fn judge_afresh(&self, machine: &mut Machine, world: &World, hint: Option<&[usize]>) -> Judged {
        for number in 0..self.system.endpoints.len() {
            let snapshot = snapshot(machine, world, number);
            if let Some(specification) = &self.system.specifications[number] {
                let inputs = inputs(machine, world, number, hint);
                let outputs: Vec<Message> = world
                    .published
                    .iter()
                    .filter(|copy| usize::from(copy.endpoint) == number)
                    .map(|copy| read(machine, &copy.message))
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
                    let state = match self.state_of(machine, number, &snapshot, aggregate) {
                        Ok(state) => state,
                        Err(finding) => return Ok(Err(finding)),
                    };
                    let (inputs, outputs) = (about(&inputs), about(&outputs));
                    let evidence = Evidence { aggregate, inputs: &inputs, state: &state, outputs: &outputs };
                    let judged = checker::judge_in_words(&**specification, &evidence, machine.speaker())
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
        machine: &Machine,
        endpoint: usize,
        snapshot: &Snapshot,
        aggregate: &str,
    ) -> Result<Value, Finding> {
        let _beat = machine.rehearsal.pulse().begin();
        let view = || self.system.endpoints[endpoint].state_of(snapshot, aggregate);
        let reason = match quietly(view) {
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

fn read(machine: &Machine, text: &Text) -> Result<Message, (String, Inconclusive)> {
    serde_json::from_slice(&machine.texts().bytes(text))
        .map_err(|error| (error.to_string(), Inconclusive::NothingJudged))
}

/// The logical messages that an endpoint was to process.
fn inputs(machine: &mut Machine, world: &World, endpoint: usize, hint: Option<&[usize]>) -> Vec<Message> {
    let order: Vec<usize> = hint.map_or_else(|| (0..machine.sent.len()).collect(), <[usize]>::to_vec);
    let mut texts: Vec<Text> = order
        .into_iter()
        .map(|index| machine.sent[index].clone())
        .filter(|copy| usize::from(copy.endpoint) == endpoint)
        .map(|copy| copy.message)
        .collect();
    for copy in &world.published {
        if machine.subscribers(&copy.message).iter().any(|&subscriber| usize::from(subscriber) == endpoint) {
            texts.push(copy.message.clone());
        }
    }
    let mut messages: Vec<Message> = Vec::new();
    for message in texts.iter().filter_map(|text| read(machine, text).ok()) {
        if !messages.iter().any(|known| known.id == message.id) {
            messages.push(message);
        }
    }
    messages
}

/// What an endpoint's stores hold.
pub(crate) fn snapshot(machine: &Machine, world: &World, endpoint: usize) -> Snapshot {
    view(machine, world, endpoint, |_| true)
}

/// What an endpoint's stores hold, without what services have done.
pub(crate) fn stored(machine: &Machine, world: &World, endpoint: usize) -> Snapshot {
    view(machine, world, endpoint, |outside| !outside.model.is_elsewhere())
}

fn view(machine: &Machine, world: &World, endpoint: usize, shown: fn(&Outside) -> bool) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let stores = machine.stores_of(endpoint);
    let texts = machine.texts();
    for object in &world.objects {
        let key = texts.string(&object.key.key);
        match &object.content {
            Content::Stream(events) if object.key.store == stores.main + 1 => {
                snapshot.insert_stream(key, recorded_events(events, texts));
            }
            Content::Document(Some(version)) => {
                let body = texts.bytes(&version.body);
                if object.key.store == stores.main {
                    snapshot.insert_document(key, body);
                } else if stores.further.contains(&object.key.store) {
                    snapshot.insert_document_in(machine.store_label(object.key.store), key, body);
                }
            }
            Content::Outside(state) => {
                let store = object.key.store;
                if store == stores.main + 2 || stores.further.contains(&store) {
                    let outside = machine.outside(store).expect("only what is outside has such a state");
                    if shown(outside) {
                        outside.model.show(
                            &mut snapshot,
                            machine.store_label(store),
                            &key,
                            &texts.bytes(state),
                        );
                    }
                }
            }
            _ => {}
        }
    }
    snapshot
}
