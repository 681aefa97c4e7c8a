//! What there is to judge in a world at rest: who was to process which messages,
//! what they published, and where each message came from.

use std::collections::BTreeSet;

use ports::{Message, MessageId};
use serde_json::Value;

use super::verdict::Inconclusive;
use crate::guarantee::causes::Origin;
use crate::guarantee::contents::{Author, Said};
use crate::guarantee::diagnosis::can_say;
use crate::handler::text::Text;
use crate::system::under_test::System;
use crate::world::state::World;
use crate::world::transition_system::TransitionSystem;

/// Everything that was said in a world at rest.
pub(super) struct Heard<'a> {
    system: &'a System,
    /// What was sent, and to which endpoint.
    sent: Vec<(usize, Message)>,
    published: Vec<Published>,
}

/// A message that an endpoint published.
struct Published {
    by: usize,
    message: Message,
    /// Who gets it.
    subscribers: Vec<usize>,
    /// Under which messages it was published, where somebody asks.
    under: Vec<MessageId>,
}

/// One endpoint's part in it, about one aggregate.
pub(super) struct Part {
    pub(super) endpoint: usize,
    pub(super) aggregate: String,
    pub(super) inputs: Vec<Message>,
    /// Where each of the inputs comes from.
    pub(super) origins: Vec<Origin>,
    pub(super) outputs: Vec<Message>,
}

impl Part {
    /// Of an aggregate that no message was about.
    pub(super) fn untouched(endpoint: usize, aggregate: String) -> Self {
        let (inputs, origins, outputs) = (Vec::new(), Vec::new(), Vec::new());
        Self { endpoint, aggregate, inputs, origins, outputs }
    }
}

impl<'a> Heard<'a> {
    /// What was said in this world. Of the messages to be sent, these have been,
    /// in this order; all, if nothing is said of it.
    pub(super) fn in_world(
        system: &'a System,
        transitions: &mut TransitionSystem,
        world: &World,
        sent: Option<&[usize]>,
    ) -> Result<Self, Inconclusive> {
        let sent = sent.map_or_else(|| (0..transitions.sent.len()).collect(), <[usize]>::to_vec);
        let sent = sent.into_iter().map(|index| {
            let copy = &transitions.sent[index];
            Ok((usize::from(copy.endpoint), read(transitions, &copy.message)?))
        });
        let sent = sent.collect::<Result<_, _>>()?;
        let mut published = Vec::with_capacity(world.published.len());
        for copy in &world.published {
            let subscribers =
                transitions.subscribers(&copy.message).iter().map(|&it| usize::from(it)).collect();
            let causes = world.causes.iter().filter(|cause| cause.output == *copy);
            let under = causes.map(|cause| Ok(read(transitions, &cause.under)?.id));
            let under = under.collect::<Result<_, _>>()?;
            let message = read(transitions, &copy.message)?;
            published.push(Published { by: usize::from(copy.endpoint), message, subscribers, under });
        }
        Ok(Self { system, sent, published })
    }

    /// What was said in a run that somebody else has made. Under which messages an
    /// endpoint published something, nobody has written down.
    pub(super) fn recorded(
        system: &'a System,
        sent: Vec<(usize, Message)>,
        published: Vec<(usize, Message)>,
    ) -> Self {
        let published = published.into_iter().map(|(by, message)| {
            let endpoints = system.endpoints.iter().enumerate();
            let subscribers = endpoints.filter(|(_, it)| it.hears(&message)).map(|(number, _)| number);
            Published { by, subscribers: subscribers.collect(), message, under: Vec::new() }
        });
        Self { system, sent, published: published.collect() }
    }

    /// What every message is called, and whether anybody gets it.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        let sent = self.sent.iter().map(|(_, message)| (message.name(), true));
        let published = self.published.iter();
        sent.chain(published.map(|it| (it.message.name(), !it.subscribers.is_empty())))
    }

    /// Who said what: those who sent, and the endpoints.
    pub(super) fn said(&self) -> (Vec<Said<'_>>, Vec<Said<'_>>) {
        let sent = self.sent.iter().map(|(_, message)| Said { message, by: Author::Sender });
        let published = self.published.iter().map(|published| {
            let name = self.system.endpoints[published.by].name();
            let specification = self.system.specifications[published.by].as_deref();
            Said { message: &published.message, by: Author::Endpoint { name, specification } }
        });
        (sent.collect(), published.collect())
    }

    /// The parts of all endpoints that are judged.
    pub(super) fn parts(&self) -> Vec<Part> {
        (0..self.system.endpoints.len()).flat_map(|endpoint| self.parts_of(endpoint)).collect()
    }

    /// The parts of an endpoint that is judged, the aggregates in the order in
    /// which they are first heard of.
    fn parts_of(&self, endpoint: usize) -> Vec<Part> {
        let Some(specification) = self.system.specifications[endpoint].as_deref() else { return Vec::new() };
        let mut parts: Vec<Part> = Vec::new();
        let mut part_about = |message: &Message| {
            let aggregate = specification.aggregate(message);
            let known = parts.iter().position(|part| part.aggregate == aggregate);
            known.unwrap_or_else(|| {
                parts.push(Part::untouched(endpoint, aggregate));
                parts.len() - 1
            })
        };
        let inputs: Vec<(usize, Message)> =
            self.inputs_of(endpoint).into_iter().map(|input| (part_about(&input), input)).collect();
        let outputs = self.published.iter().filter(|published| published.by == endpoint);
        let outputs: Vec<(usize, Message)> =
            outputs.map(|output| (part_about(&output.message), output.message.clone())).collect();
        for (part, input) in inputs {
            parts[part].origins.push(self.origin(endpoint, input.id));
            parts[part].inputs.push(input);
        }
        for (part, output) in outputs {
            parts[part].outputs.push(output);
        }
        self.give_to_who_can_say_it(parts)
    }

    /// The logical messages that an endpoint was to process.
    fn inputs_of(&self, endpoint: usize) -> Vec<Message> {
        let sent = self.sent.iter().filter(|(to, _)| *to == endpoint).map(|(_, message)| message);
        let heard = self.published.iter().filter(|published| published.subscribers.contains(&endpoint));
        let mut inputs: Vec<Message> = Vec::new();
        for message in sent.chain(heard.map(|published| &published.message)) {
            if !inputs.contains(message) {
                inputs.push(message.clone());
            }
        }
        inputs
    }

    /// An output may be about something that the endpoint itself keeps no books
    /// of: a saga of orders asks for the reservation of a tea. Where no message
    /// that came in is about the same, it belongs to those that can lead to it; if
    /// nobody can, and the law does not know whom it is about, to whom it names.
    fn give_to_who_can_say_it(&self, mut parts: Vec<Part>) -> Vec<Part> {
        let orphaned = |part: &Part| part.inputs.is_empty();
        if !parts.iter().any(orphaned) || parts.iter().all(orphaned) {
            return parts;
        }
        let (mut orphans, mut kept): (Vec<Part>, Vec<Part>) = parts.drain(..).partition(orphaned);
        let Some(law) = kept.first().and_then(|part| self.system.specifications[part.endpoint].as_deref())
        else {
            return kept;
        };
        let sayable: Vec<_> = kept.iter().map(|part| can_say(law, &part.aggregate, &part.inputs)).collect();
        for orphan in &mut orphans {
            let unknown = orphan.aggregate.is_empty();
            orphan.outputs.retain(|output| {
                let content = law.content(&output.body);
                let says_it = |part: &usize| sayable[*part].contains(&content);
                let is_named = |part: usize| names(&output.body, &kept[part].aggregate);
                // Two that say the same are of two, if they can be.
                let said_by = |part: usize| {
                    let all = kept[part].outputs.iter();
                    all.filter(|other| law.content(&other.body) == content).count()
                };
                let parent = (0..kept.len()).filter(says_it).min_by_key(|&part| {
                    let other = unknown && !is_named(part);
                    (other, said_by(part))
                });
                let whom = || (0..kept.len()).find(|&part| is_named(part)).unwrap_or_default();
                let parent = parent.or_else(|| unknown.then(whom));
                if let Some(parent) = parent {
                    kept[parent].outputs.push(output.clone());
                }
                parent.is_none()
            });
        }
        kept.extend(orphans.into_iter().filter(|orphan| !orphan.outputs.is_empty()));
        kept
    }

    /// Where a message comes from that an endpoint gets: from outside, or from
    /// the outputs of endpoints that are judged, directly or through others that
    /// are not.
    fn origin(&self, endpoint: usize, id: MessageId) -> Origin {
        let mut outputs = Vec::new();
        let mut seen = BTreeSet::new();
        let mut waiting = vec![(endpoint, id)];
        while let Some((endpoint, id)) = waiting.pop() {
            if !seen.insert((endpoint, id)) {
                continue;
            }
            if self.sent.iter().any(|(to, message)| *to == endpoint && message.id == id) {
                return Origin::Sent;
            }
            let heard = self.published.iter().filter(|it| it.message.id == id);
            for published in heard.filter(|it| it.subscribers.contains(&endpoint)) {
                if self.system.specifications[published.by].is_some() {
                    outputs.push((published.by, id));
                } else {
                    waiting.extend(published.under.iter().map(|&under| (published.by, under)));
                }
            }
        }
        // Of what comes from nowhere nothing is demanded.
        if outputs.is_empty() { Origin::Sent } else { Origin::Outputs(outputs) }
    }
}

/// Whether one of the texts in a body is this name.
fn names(body: &Value, name: &str) -> bool {
    match body {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|item| names(item, name)),
        Value::Object(fields) => fields.values().any(|value| names(value, name)),
        _ => false,
    }
}

fn read(transitions: &TransitionSystem, text: &Text) -> Result<Message, Inconclusive> {
    transitions.texts().message(text).map_err(|_| Inconclusive::NothingJudged)
}
