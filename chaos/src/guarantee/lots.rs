//! Ids that a handler has drawn by lot, and that come back in messages.
//!
//! A law that draws for itself draws others, and would not know them again. So it is
//! told which ids it draws. While it is not yet known which a lot is, it has a *name*
//! of its own; as soon as an output shows it, the name is *bound* to the id there, and
//! from then on the law has the id itself, in its state, too, and needs no translation
//! of what comes in. Ids are names up to renaming: a name is bound once, to an id that
//! no other name is bound to, and that no message has brought before it was drawn. Which output a
//! step of the law has led to, and with it which id a lot is, is tried like the order of
//! the messages: see [`causes`](super::causes).

use std::collections::{BTreeMap, BTreeSet};

use ports::law::{Drawing, FRESH, Property, Specification, Symptom};
use ports::words::{self, Speaker};
use ports::{Message, MessageId};
use serde_json::Value;

use super::causes::Part;
use super::judgement::{Evidence, Judgement};

/// What the judge of lots needs besides the evidence.
#[derive(Clone, Copy)]
pub(crate) struct Drawn<'a> {
    pub(crate) law: &'a dyn Drawing,
    /// The state as the view shows it.
    pub(crate) shown: &'a Value,
}

/// Names that a law draws have serials from here on, which no simulator comes to.
const NAMES: u64 = 1 << 40;
/// So many draws a message can have, without taking the names of the next one.
const DRAWS: u64 = 1 << 16;

/// The name of a lot: which draw it is, of which message.
fn name(step: u64, draw: u64) -> MessageId {
    MessageId::fresh(NAMES + step * DRAWS + draw)
}

/// Whether an id that an endpoint may have drawn, and has put out or shows, comes in.
pub(super) fn come_back(parts: &[Part<'_>]) -> bool {
    let mut drawing = parts.iter().filter_map(|part| Some((part, part.drawn?.law))).peekable();
    if drawing.peek().is_none() {
        return false;
    }
    let (mut brought, mut put_out) = (BTreeSet::new(), BTreeSet::new());
    for (part, law) in drawing {
        put_out.extend(part.drawn.iter().flat_map(|drawn| law.lots(drawn.shown)));
        brought.extend(part.evidence.inputs.iter().flat_map(|input| law.lots(&input.body)));
        put_out.extend(part.evidence.outputs.iter().flat_map(|output| law.lots(&output.body)));
    }
    !brought.is_disjoint(&put_out)
}

/// Whether any id in what came in that may have been drawn is in what was put out.
pub(crate) fn meet<'a>(
    law: &dyn Drawing,
    brought: impl Iterator<Item = &'a Value>,
    put_out: impl Iterator<Item = &'a Value>,
) -> bool {
    let brought: BTreeSet<MessageId> = brought.flat_map(|body| law.lots(body)).collect();
    !brought.is_empty() && put_out.flat_map(|body| law.lots(body)).any(|id| brought.contains(&id))
}

/// Whether a message brings an id that may have been drawn.
pub(crate) fn brings_lots(law: &dyn Drawing, message: &Message) -> bool {
    !law.lots(&message.body).is_empty()
}

/// Everything in a body that is an id.
pub(super) fn ids_in(body: &Value) -> Vec<MessageId> {
    match body {
        Value::String(text) => text.parse().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(ids_in).collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| name.parse().into_iter().chain(ids_in(value))).collect()
        }
        _ => Vec::new(),
    }
}

/// Which ids the lots are, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    /// The ids that names are bound to.
    pub(super) names: BTreeMap<MessageId, MessageId>,
    /// Ids that are no lot from now on: those that names are bound to, those that
    /// messages have brought, and those that an aggregate has opened with.
    taken: BTreeSet<MessageId>,
}

impl Known {
    pub(super) fn take(&mut self, ids: impl IntoIterator<Item = MessageId>) {
        self.taken.extend(ids);
    }

    /// Every way to bind the names in what a law says so that it may be what was said.
    pub(super) fn by_which(&self, law: &dyn Drawing, law_says: &Value, said: &Value) -> Vec<Self> {
        let names = self.open(law, law_says);
        let ids = self.open(law, said);
        let mut ways = vec![self.clone()];
        for name in names {
            let bound = |way: Self| {
                let free = ids.iter().filter(|id| !way.taken.contains(id));
                free.map(|&id| way.with(name, id)).collect::<Vec<_>>()
            };
            ways = ways.into_iter().flat_map(bound).collect();
        }
        ways
    }

    /// Every way to take ids that a message brings: each may be a lot that has been drawn
    /// and that no output has shown. Somebody may have found it in a store.
    pub(super) fn by_what_is_brought(&self, names: &[MessageId], brought: &[MessageId]) -> Vec<Self> {
        let mut ways = vec![self.clone()];
        for &id in brought.iter().filter(|id| !self.taken.contains(id)) {
            let bound = |way: Self| {
                let free = names.iter().filter(|name| !way.names.contains_key(name));
                let mut bound: Vec<Self> = free.map(|&name| way.with(name, id)).collect();
                let mut none = way;
                none.take([id]);
                bound.push(none);
                bound
            };
            ways = ways.into_iter().flat_map(bound).collect();
        }
        ways
    }

    /// The ids of which it is not known whether they are lots: in what a law says, names.
    pub(super) fn open(&self, law: &dyn Drawing, value: &Value) -> Vec<MessageId> {
        law.lots(value).into_iter().filter(|id| !self.taken.contains(id)).collect()
    }

    fn with(&self, name: MessageId, id: MessageId) -> Self {
        let mut known = self.clone();
        known.names.insert(name, id);
        known.taken.insert(id);
        known
    }
}

/// A law that is asked about one message.
pub(super) struct Said<'a> {
    pub(super) law: &'a dyn Drawing,
    /// The number of the message.
    pub(super) step: u64,
    pub(super) state: &'a Value,
    pub(super) message: &'a Message,
}

impl Said<'_> {
    /// The next state and the outputs, if its lots are these.
    pub(super) fn under(&self, known: &Known) -> (Value, Vec<Value>) {
        let lot = |draw| {
            let name = name(self.step, draw);
            *known.names.get(&name).unwrap_or(&name)
        };
        let state = self.law.state_renamed(self.state, &known.names);
        let (state, outputs) = self.law.goes_on(&state, self.message, &lot);
        // Lots that are made of something else have names, too.
        let state = self.law.state_renamed(&state, &known.names);
        (state, outputs.iter().map(|output| self.law.renamed(output, &known.names)).collect())
    }
}

/// Whether this is what was said; [`FRESH`] stands for any id.
pub(super) fn says(law_says: &Value, said: &Value) -> bool {
    match (law_says, said) {
        (Value::String(open), Value::String(id)) if open == FRESH => id.parse::<MessageId>().is_ok(),
        (Value::Array(ones), Value::Array(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| says(one, other))
        }
        (Value::Object(ones), Value::Object(others)) => {
            ones.len() == others.len()
                && ones.iter().all(|(name, one)| others.get(name).is_some_and(|other| says(one, other)))
        }
        (one, other) => one == other,
    }
}

/// Whether these states are the ones that are shown, if the lots that no output has
/// shown are bound.
pub(super) fn states_are<'a>(states: impl Iterator<Item = (Drawn<'a>, &'a Value)>, known: &Known) -> bool {
    let mut known = known.clone();
    for (Drawn { law, shown }, state) in states {
        let spelled_alike = |state: &Value| law.renamed(state, &BTreeMap::new());
        let shown = &spelled_alike(shown);
        let fits = |way: &Known| spelled_alike(&law.state_renamed(state, &way.names)) == *shown;
        // Whichever way fits, the same ids are bound, and no other state has these names.
        let as_they_come = known.open(law, state).into_iter().zip(known.open(law, shown));
        let as_they_come = as_they_come.fold(known.clone(), |way, (name, id)| way.with(name, id));
        let found = if fits(&as_they_come) {
            Some(as_they_come)
        } else {
            known.by_which(law, state, shown).into_iter().find(fits)
        };
        match found {
            Some(way) => known = way,
            None => return false,
        }
    }
    true
}

/// What somebody says of the same evidence who has other laws: those to which the lots
/// have these names, and the others are open.
pub(super) fn told<T>(parts: &[Part<'_>], known: &Known, tell: impl FnOnce(&[Part<'_>]) -> T) -> T {
    let mut number = 0;
    let laws: Vec<Option<Named<'_>>> = parts
        .iter()
        .map(|part| {
            let first = number;
            number += part.evidence.inputs.len() as u64;
            let law = part.drawn?.law;
            let steps = part.evidence.inputs.iter().zip(first..).map(|(input, step)| (input.id, step));
            let mut closed: BTreeSet<MessageId> = known.names.values().copied().collect();
            closed.extend(part.evidence.inputs.iter().flat_map(|input| ids_in(&input.body)));
            closed.extend(law.lots(&law.begins(part.evidence.aggregate)));
            Some(Named { spoken: part.specification, law, steps: steps.collect(), known, closed })
        })
        .collect();
    let states: Vec<Value> = parts
        .iter()
        .zip(&laws)
        .map(|(part, law)| match (law, part.drawn) {
            (Some(law), Some(drawn)) => law.numbered(drawn.shown),
            _ => part.evidence.state.clone(),
        })
        .collect();
    let parts = parts.iter().zip(&laws).zip(&states).map(|((part, law), state)| {
        let specification = law.as_ref().map_or(part.specification, |law| law as &dyn Specification);
        Part { specification, evidence: Evidence { state, ..part.evidence }, drawn: None, ..*part }
    });
    tell(&parts.collect::<Vec<_>>())
}

/// The law of a part whose lots have names: those are ids, and all others are open, as
/// they are where none comes back.
struct Named<'a> {
    /// The law in its own words.
    spoken: &'a dyn Specification,
    law: &'a dyn Drawing,
    /// The numbers of the messages.
    steps: BTreeMap<MessageId, u64>,
    known: &'a Known,
    /// Ids that are not open.
    closed: BTreeSet<MessageId>,
}

impl Named<'_> {
    /// A state, the lots in it that are open numbered as they come.
    fn numbered(&self, state: &Value) -> Value {
        const OPEN: u64 = 1 << 39;
        let open = self.law.lots(state).into_iter().filter(|id| !self.closed.contains(id));
        let numbers = open.zip(OPEN..).map(|(id, number)| (id, MessageId::fresh(number)));
        self.law.state_renamed(state, &numbers.collect())
    }
}

impl Specification for Named<'_> {
    fn aggregate(&self, message: &Message) -> String {
        self.spoken.aggregate(message)
    }

    fn initial(&self) -> Value {
        self.spoken.initial()
    }

    fn opening(&self, aggregate: &str) -> Value {
        self.numbered(&self.law.begins(aggregate))
    }

    fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
        let step = self.steps.get(&message.id).copied().unwrap_or_default();
        let (state, outputs) = Said { law: self.law, step, state, message }.under(self.known);
        vec![(self.numbered(&state), outputs.iter().map(|output| self.content(output)).collect())]
    }

    fn content(&self, output: &Value) -> Value {
        // Each lot that is open, and no other.
        let open = self.law.lots(output).into_iter().filter(|id| !self.closed.contains(id));
        with_open(output, &open.map(|id| id.to_string()).collect())
    }

    fn describe(&self, state: &Value) -> String {
        self.spoken.describe(state)
    }

    fn damage(&self, aggregate: &str, symptom: &Symptom) -> String {
        self.spoken.damage(aggregate, symptom)
    }

    fn damage_in(&self, state: &Value, aggregate: &str, symptom: &Symptom) -> String {
        self.spoken.damage_in(state, aggregate, symptom)
    }

    fn parts(&self, aggregate: &str, state: &Value, legal: &Value) -> Vec<(Property, String)> {
        self.spoken.parts(aggregate, state, legal)
    }
}

/// A body with [`FRESH`] in the place of these ids.
fn with_open(body: &Value, open: &BTreeSet<String>) -> Value {
    let written = |text: &str| if open.contains(text) { FRESH.to_owned() } else { text.to_owned() };
    match body {
        Value::String(text) => written(text).into(),
        Value::Array(items) => items.iter().map(|item| with_open(item, open)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (written(name), with_open(value, open))).collect()
        }
        other => other.clone(),
    }
}

/// All is explained but that an id was there before it was drawn.
pub(super) fn known_before(parts: &[Part<'_>], members: &[usize], speaker: &Speaker) -> Judgement {
    let part =
        members.iter().map(|&part| &parts[part]).find(|part| part.drawn.is_some()).unwrap_or(&parts[0]);
    let inputs: Vec<String> = part.evidence.inputs.iter().map(|input| speaker.said(input)).collect();
    let reason = format!(
        "no order of {} explains {}, unless an id was drawn by lot that a message had brought before, or one \
         id was drawn twice",
        words::enumeration(&inputs),
        part.specification.describe(part.evidence.state),
    );
    let damage = part.specification.damage(part.evidence.aggregate, &Symptom::Unexplained);
    Judgement::plain(Property::StateMatchesOutputs, reason, damage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_says_the_same_if_it_is_as_long_and_each_item_does() {
        let id = MessageId::named("any").to_string();
        assert!(says(&json!([FRESH, { "cents": [5] }]), &json!([id, { "cents": [5] }])));
        assert!(!says(&json!([5]), &json!([5, 6])));
        assert!(!says(&json!([5, 6]), &json!([5])));
        assert!(!says(&json!([5, 6]), &json!([5, 7])));
        assert!(!says(&json!([FRESH]), &json!(["no id"])));
        assert!(!says(&json!({ "cents": 5 }), &json!({ "cents": 5, "more": 1 })));
    }
}
