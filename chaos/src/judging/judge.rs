//! Judging worlds at rest: from what is stored and published to a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ports::law::Property;
use ports::words::{self, Speaker};
use ports::{MessageId, Snapshot};
use rustc_hash::FxHashMap;
use serde_json::Value;

use super::evidence::{Heard, Part};
use super::verdict::{Finding, Inconclusive, Verdict};
use crate::guarantee::causes;
use crate::guarantee::checker;
use crate::guarantee::contents::{self, Said};
use crate::guarantee::judgement::{Evidence, Judgement, Undecided};
use crate::guarantee::lots::{Drawn, brings_lots};
use crate::handler::fault::HandlerFault;
use crate::handler::given_up::Place;
use crate::handler::panics::catching_panics;
use crate::handler::text::Text;
use crate::system::under_test::{StorageBound, System};
use crate::world::snapshot::snapshot;
use crate::world::state::{Content, World};
use crate::world::transition_system::TransitionSystem;

/// Judges worlds at rest; the same world is judged once.
pub(crate) struct Judge {
    pub(super) system: System,
    known: FxHashMap<Vec<u8>, Judged>,
    key: Vec<u8>,
    /// Whether each endpoint was to process anything in any world so far.
    reached: Vec<bool>,
    /// The names of all messages in any world so far, and of those that went to nobody.
    said: BTreeSet<String>,
    unheard: BTreeSet<String>,
}

/// A view that shows what the law does not lead to.
pub(crate) struct Unlike {
    pub(crate) endpoint: usize,
    pub(crate) aggregate: String,
    pub(crate) shown: Value,
    /// The same in words, and what it should be.
    pub(crate) is: String,
    pub(crate) should_be: String,
}

/// Whether two names differ by no more than a slip of the pen: by capitals and underscores,
/// or by a letter in five. What differs in its last letters only, as an order and what comes
/// of it do (`Reserve` and `Reserved`), is two things.
fn nearly_the_same(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
    let (one, other) = (plain(one), plain(other));
    let shorter = one.chars().count().min(other.chars().count());
    let alike = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    one == other || alike + 2 < shorter && strsim::osa_distance(&one, &other) <= shorter / 5
}

/// What came of judging a world.
pub(crate) type Judged = Result<Result<(), Finding>, Inconclusive>;

impl Judge {
    pub(crate) fn new(system: System) -> Self {
        let reached = vec![false; system.endpoints.len()];
        let (said, unheard) = Default::default();
        Self { system, known: FxHashMap::default(), key: Vec::new(), reached, said, unheard }
    }

    /// A judge of the same, who knows nothing yet.
    pub(crate) fn afresh(&self) -> Self {
        Self::new(self.system.clone())
    }

    /// A judge who asks the specifications only. What is measured in the stores may
    /// be measured by the ids of the messages that are sent.
    pub(crate) fn by_the_law_only(&self) -> Self {
        let system = self.system.clone();
        Self::new(System { storage_bounds: Vec::new(), garbage: Vec::new(), ..system })
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
        let judged = self.judge_afresh(transitions, world, hint);
        const REMEMBER_AT_MOST: usize = 100_000;
        if self.known.len() >= REMEMBER_AT_MOST {
            self.known.clear();
        }
        self.known.insert(self.key.clone(), judged.clone());
        judged
    }

    /// Forgets the worlds that it has judged: the texts in them are to be numbered
    /// anew.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    /// What a run comes to that ends in this world.
    pub(crate) fn verdict(&mut self, transitions: &mut TransitionSystem, world: &World) -> Verdict {
        match self.judge(transitions, world, None) {
            Ok(Ok(())) => Verdict::Holds,
            Ok(Err(finding)) => Verdict::Violated(finding),
            Err(reason) => Verdict::Inconclusive(reason),
        }
    }

    /// Why nothing was judged, although all that was judged was right; none if
    /// something was.
    pub(crate) fn judged_nothing(&self) -> Option<Inconclusive> {
        if !self.system.asks_anything() {
            return Some(Inconclusive::NobodyJudges);
        }
        let judged = self.system.endpoints.iter().zip(&self.system.specifications).zip(&self.reached);
        let missed = judged.filter(|((_, specification), reached)| specification.is_some() && !**reached);
        let missed: Vec<String> = missed.map(|((endpoint, _), _)| endpoint.name().to_owned()).collect();
        if !missed.is_empty() {
            return Some(Inconclusive::NotReached(missed));
        }
        self.misspelt()
    }

    /// A message that nobody hears, and somebody who waits for one that is called nearly so
    /// and that nobody says.
    fn misspelt(&self) -> Option<Inconclusive> {
        self.system.endpoints.iter().find_map(|endpoint| {
            let in_vain = endpoint.subscriptions().iter().filter(|name| !self.said.contains(*name));
            in_vain.into_iter().find_map(|name| {
                let said = self.unheard.iter().find(|said| nearly_the_same(name, said))?;
                Some(Inconclusive::Misspelt {
                    endpoint: endpoint.name().to_owned(),
                    listens_to: name.clone(),
                    said: said.clone(),
                })
            })
        })
    }

    fn judge_afresh(
        &mut self,
        transitions: &mut TransitionSystem,
        world: &World,
        hint: Option<&[usize]>,
    ) -> Judged {
        self.object(transitions, world, hint).err().unwrap_or(Ok(Ok(())))
    }

    /// Goes through everything that may be objected to, up to the first objection.
    fn object(
        &mut self,
        transitions: &mut TransitionSystem,
        world: &World,
        hint: Option<&[usize]>,
    ) -> Result<(), Judged> {
        let heard = Heard::in_world(&self.system, transitions, world, hint).map_err(Err)?;
        for (name, somebody_hears) in heard.names() {
            if !self.said.contains(name) {
                self.said.insert(name.to_owned());
            }
            if !somebody_hears && !self.unheard.contains(name) {
                self.unheard.insert(name.to_owned());
            }
        }
        let speaker = transitions.speaker().clone();
        let mut parts = parts_of(&heard, &speaker)?;
        for part in &parts {
            self.reached[part.endpoint] |= !part.inputs.is_empty();
        }
        let snapshots: Vec<Snapshot> = (0..self.system.endpoints.len())
            .map(|endpoint| snapshot(transitions, world, endpoint as u8))
            .collect();
        parts.extend(self.untouched(transitions, &parts, &snapshots).map_err(found)?);
        let state_of = |part: &Part| {
            self.state_of(transitions, part.endpoint, &snapshots[part.endpoint], &part.aggregate)
        };
        let states = parts.iter().map(state_of).collect::<Result<Vec<Value>, _>>().map_err(found)?;
        for (part, state) in parts.iter().zip(&states) {
            self.view_with_other_ids(transitions, world, part.endpoint, &part.aggregate, state)
                .map_err(|fault| found(Finding::Handler(fault)))?;
        }
        self.hold_against_the_law(&parts, &states, &speaker)?;
        self.measure(&snapshots)
    }

    /// Objects to what no order of the messages explains.
    pub(super) fn hold_against_the_law(
        &self,
        parts: &[Part],
        shown: &[Value],
        speaker: &Speaker,
    ) -> Result<(), Judged> {
        by_the_law(|| {
            let known = parts.iter().zip(shown);
            let states: Vec<Value> = known.map(|(part, shown)| self.by_its_law(part, shown)).collect();
            let known = parts.iter().zip(&states).zip(shown);
            let parts = known.filter_map(|((part, state), shown)| self.evidence(part, state, shown));
            causes::judge(&parts.collect::<Vec<_>>(), speaker)
        })?
        .map_err(undecided)?
        .map_err(violated)
    }

    /// Objects to what is stored and should not be.
    pub(super) fn measure(&self, snapshots: &[Snapshot]) -> Result<(), Judged> {
        let mut stored = snapshots.iter().enumerate();
        let too_much = stored.find_map(|(endpoint, snapshot)| self.storage(endpoint, snapshot));
        too_much.map_or(Ok(()), |judgement| Err(violated(judgement)))
    }

    /// Where a view shows what no order of the messages leads to, whatever was
    /// published. The messages have been sent in this order.
    pub(crate) fn states_unlike_the_law(
        &self,
        transitions: &mut TransitionSystem,
        world: &World,
        sent: &[usize],
    ) -> Vec<Unlike> {
        let parts = Heard::in_world(&self.system, transitions, world, Some(sent)).map(|heard| {
            // What the law runs into is told where it is asked to judge.
            by_the_law(|| heard.parts()).unwrap_or_default()
        });
        let parts = parts.unwrap_or_default().into_iter().filter(|part| !part.inputs.is_empty());
        let unlike = parts.filter_map(|part| {
            let shown = self.shown(transitions, world, part.endpoint, &part.aggregate)?;
            let law = self.system.specifications[part.endpoint].as_deref()?;
            let told = by_the_law(|| {
                // To know such an id again takes the outputs as well.
                if law.drawing().is_some_and(|law| part.inputs.iter().any(|input| brings_lots(law, input))) {
                    return None;
                }
                let state = law.state(&shown);
                let expected = checker::state_instead_of(law, &part.aggregate, &part.inputs, &state)?;
                Some((law.describe(&state), law.describe(&expected)))
            });
            let (is, should_be) = told.ok()??;
            Some(Unlike { endpoint: part.endpoint, aggregate: part.aggregate, shown, is, should_be })
        });
        unlike.collect()
    }

    /// What the view of an endpoint shows, if it can.
    pub(crate) fn shown(
        &self,
        transitions: &TransitionSystem,
        world: &World,
        endpoint: usize,
        aggregate: &str,
    ) -> Option<Value> {
        self.state_of(transitions, endpoint, &snapshot(transitions, world, endpoint as u8), aggregate).ok()
    }

    /// What the law of an endpoint makes of what the view shows.
    fn by_its_law(&self, part: &Part, shown: &Value) -> Value {
        self.system.specifications[part.endpoint].as_deref().map_or(Value::Null, |law| law.state(shown))
    }

    fn evidence<'a>(
        &'a self,
        part: &'a Part,
        state: &'a Value,
        shown: &'a Value,
    ) -> Option<causes::Part<'a>> {
        let Part { endpoint, aggregate, inputs, origins, outputs } = part;
        let specification = self.system.specifications[*endpoint].as_deref()?;
        let evidence = Evidence { aggregate, inputs, state, outputs };
        let drawn = specification.drawing().map(|law| Drawn { law, shown });
        Some(causes::Part { endpoint: *endpoint, specification, evidence, origins, drawn })
    }

    /// Aggregates that the stores hold anything of, and that no message was about.
    fn untouched(
        &self,
        transitions: &TransitionSystem,
        parts: &[Part],
        snapshots: &[Snapshot],
    ) -> Result<Vec<Part>, Finding> {
        let mut found: Vec<Part> = Vec::new();
        for (endpoint, snapshot) in snapshots.iter().enumerate() {
            if self.system.specifications[endpoint].is_none() {
                continue;
            }
            let it = &self.system.endpoints[endpoint];
            let (list, say) = (|| it.aggregates(snapshot), |names: &Vec<String>| words::enumeration(names));
            for aggregate in asked(transitions, Place::viewing(it), "the list of aggregates", list, say)? {
                let about = |part: &Part| part.endpoint == endpoint && part.aggregate == aggregate;
                if !parts.iter().chain(&found).any(about) {
                    found.push(Part::untouched(endpoint, aggregate));
                }
            }
        }
        Ok(found)
    }

    /// What the view says of an aggregate.
    fn state_of(
        &self,
        transitions: &TransitionSystem,
        endpoint: usize,
        snapshot: &Snapshot,
        aggregate: &str,
    ) -> Result<Value, Finding> {
        let endpoint = &self.system.endpoints[endpoint];
        let view = || endpoint.state_of(snapshot, aggregate);
        asked(transitions, Place::viewing(endpoint), aggregate, view, Value::to_string)
    }

    fn storage(&self, endpoint: usize, snapshot: &Snapshot) -> Option<Judgement> {
        let too_much =
            self.system.storage_bounds.iter().filter(|bound| bound.endpoint == endpoint).find_map(|bound| {
                let measured = (bound.measure)(snapshot);
                (measured > bound.at_most).then(|| {
                    let reason = format!(
                        "at rest, {} is {}{}, and may be at most {}",
                        bound.what,
                        words::thousands(measured as u128),
                        where_it_is(bound, snapshot, measured),
                        words::thousands(bound.at_most as u128)
                    );
                    Judgement::plain(Property::BoundedStorage, reason, bound.damage.clone())
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
            (!garbage.is_empty()).then(|| {
                let reason = format!("at rest, {} is left behind", words::enumeration(&garbage));
                let damage = "what nobody needs any more is stored for ever".to_owned();
                Judgement::plain(Property::NoGarbage, reason, damage)
            })
        })
    }
}

/// The parts of all that was heard, unless one id stands for two contents.
pub(super) fn parts_of(heard: &Heard<'_>, speaker: &Speaker) -> Result<Vec<Part>, Judged> {
    by_the_law(|| {
        let ((sent, outputs), parts) = (heard.said(), heard.parts());
        // What one part says twice is told with all else that is wrong with it.
        let of_one_part = |one: &Said<'_>, other: &Said<'_>| {
            let says = |part: &Part, said: &Said<'_>| part.outputs.contains(said.message);
            parts.iter().any(|part| says(part, one) && says(part, other))
        };
        match contents::two_contents(&sent, &outputs).filter(|(one, other)| !of_one_part(one, other)) {
            Some((one, other)) => Err(Box::new(contents::judgement(one, other, speaker))),
            None => Ok(parts),
        }
    })?
    .map_err(|judgement| violated(*judgement))
}

/// In which documents what was measured is, if each of them has a share of it; as a
/// remark in brackets. There is none, if the measure cannot do without one of them: it
/// is asked about snapshots that never were.
fn where_it_is(bound: &StorageBound, snapshot: &Snapshot, measured: usize) -> String {
    let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
    for (store, key, rest) in snapshot.without_each_document() {
        let Ok(left) = catching_panics(|| (bound.measure)(&rest)) else { return String::new() };
        // A key that is made of an id tells nobody anything.
        let place = store.filter(|_| names_an_id(key)).unwrap_or(key);
        *shares.entry(place).or_default() += measured.saturating_sub(left);
    }
    shares.retain(|_, share| *share > 0);
    if shares.values().sum::<usize>() != measured {
        return String::new();
    }
    let shares: Vec<_> = shares.into_iter().collect();
    match &shares[..] {
        [(place, _)] => format!(" (in {place})"),
        [_, _, ..] if shares.len() <= 4 => {
            let each: Vec<String> =
                shares.iter().map(|(place, share)| format!("{share} in {place}")).collect();
            format!(" ({})", each.join(", "))
        }
        _ => String::new(),
    }
}

/// Whether there is an id somewhere in the key.
fn names_an_id(key: &str) -> bool {
    const LENGTH: usize = 36;
    (0..key.len())
        .any(|from| key.get(from..from + LENGTH).is_some_and(|part| part.parse::<MessageId>().is_ok()))
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
    word(key, world.causes.len() as u32);
    for cause in &world.causes {
        word(key, u32::from(cause.output.endpoint));
        text(key, &cause.output.message);
        text(key, &cause.under);
    }
}

pub(super) fn found(finding: Finding) -> Judged {
    Ok(Err(finding))
}

fn violated(judgement: Judgement) -> Judged {
    found(Finding::Property(Box::new(judgement)))
}

fn undecided(reason: Undecided) -> Judged {
    Err(match reason {
        Undecided::TooManyOrders(error) => Inconclusive::TooManyOrders { messages: error.messages },
        Undecided::NoLegalOutcome(messages) => Inconclusive::BrokenLaw(format!(
            "it names no legal outcome of {messages}, in whatever order: its `process` returns an empty list"
        )),
    })
}

/// What somebody else's code says of what is stored. It is asked twice: it is to be
/// a function of what it is shown.
fn asked<T: PartialEq>(
    transitions: &TransitionSystem,
    place: Place,
    about: &str,
    ask: impl Fn() -> anyhow::Result<T>,
    say: impl Fn(&T) -> String,
) -> Result<T, Finding> {
    let twice = || catching_panics(|| anyhow::Ok((ask()?, ask()?)));
    let reason = match transitions.rehearsal.pulse().inside(&Arc::new(place), twice) {
        Ok(Ok((one, other))) if one == other => return Ok(one),
        Ok(Ok((one, other))) => {
            let (one, other) = (say(&one), say(&other));
            format!("asked twice about the same stores, it gives two answers, {one} and {other}")
        }
        Ok(Err(error)) => format!("{error:#}"),
        Err(caught) => match caught.into_fault() {
            fault @ HandlerFault::NotDone { .. } => return Err(Finding::Handler(fault)),
            HandlerFault::Panicked { message, at } => format!("it panicked: {message}{at}"),
            other => other.to_string(),
        },
    };
    Err(Finding::Handler(HandlerFault::UnreadableState { aggregate: about.to_owned(), reason }))
}

/// Asks the specifications; what they run into themselves is no fault of the
/// handler's.
fn by_the_law<T>(ask: impl FnOnce() -> T) -> Result<T, Judged> {
    catching_panics(ask).map_err(|caught| match caught.into_fault() {
        fault @ HandlerFault::NotDone { .. } => Ok(Err(Finding::Handler(fault))),
        HandlerFault::Panicked { message, at } => {
            Err(Inconclusive::BrokenLaw(format!("it panicked: {message}{at}")))
        }
        other => Err(Inconclusive::BrokenLaw(other.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ports::Endpoint;

    use super::*;
    use crate::world::state::tests::Words;

    /// What a verdict depends on, in the form that is easiest to be sure of.
    fn what_counts(world: &World) -> String {
        let objects = world.objects.iter().filter_map(|object| match &object.content {
            Content::Document(None) => None,
            Content::Document(Some(version)) => Some(format!("{:?} document {:?}", object.key, version.body)),
            content => Some(format!("{:?} {content:?}", object.key)),
        });
        format!("{:?} {:?} {:?}", objects.collect::<Vec<_>>(), world.published, world.causes)
    }

    #[test]
    fn two_worlds_that_can_be_judged_differently_have_two_keys() {
        let mut words = Words::new(12);
        let mut known: BTreeMap<Vec<u8>, String> = BTreeMap::new();
        let mut again = 0;
        let mut key = Vec::new();
        for _ in 0..60_000 {
            let world = words.world();
            key_of(&world, &mut key);
            let what = what_counts(&world);
            match known.get(&key) {
                Some(other) => {
                    assert_eq!(*other, what, "two worlds share the key {key:?}");
                    again += 1;
                }
                None => _ = known.insert(key.clone(), what),
            }
        }
        // And worlds that are one have one: each is met more than once.
        let different: std::collections::BTreeSet<&String> = known.values().collect();
        assert_eq!(different.len(), known.len(), "one world has two keys");
        assert!(again > 1_000, "{again}");
    }

    #[test]
    fn who_forgets_has_judged_nothing() {
        let endpoint = Endpoint::new("orders", async |_, _, _| Ok(())).view(|_, _| Ok(0));
        let mut judge = Judge::new(System::of(endpoint));
        judge.known.insert(vec![1], Ok(Ok(())));
        judge.forget();
        assert!(judge.known.is_empty(), "texts are numbered anew, and a key would mean another world");
    }

    /// Where the bytes of these documents are, as a remark, besides some in none of them.
    fn told(documents: &[(Option<&str>, &str, usize)], elsewhere: usize) -> String {
        let mut snapshot = Snapshot::default();
        for &(store, key, size) in documents {
            match store {
                None => snapshot.insert_document(key, vec![b'.'; size]),
                Some(store) => snapshot.insert_document_in(store, key, vec![b'.'; size]),
            }
        }
        let bytes = move |snapshot: &Snapshot| -> usize {
            let main = snapshot.documents().map(|(_, body)| body.len());
            let inbox = snapshot.documents_in("inbox").map(|(_, body)| body.len());
            elsewhere + main.chain(inbox).sum::<usize>()
        };
        let bound = StorageBound {
            endpoint: 0,
            what: "bytes".to_owned(),
            at_most: 0,
            damage: "it grows".to_owned(),
            measure: std::sync::Arc::new(bytes),
        };
        where_it_is(&bound, &snapshot, bytes(&snapshot))
    }

    #[test]
    fn what_is_measured_is_told_by_document_where_each_has_a_share() {
        let id = "0190b5d2-7c11-4a6e-9c3f-2f6f0d5f8a10";
        assert_eq!(told(&[(None, "order-1", 3)], 0), " (in order-1)");
        // What has no share is not named.
        assert_eq!(told(&[(None, "order-1", 3), (None, "order-2", 0)], 0), " (in order-1)");
        assert_eq!(told(&[(None, "a", 3), (Some("inbox"), id, 2)], 0), " (3 in a, 2 in inbox)");
        let both = &[(Some("inbox"), "a", 3), (Some("inbox"), id, 2)];
        assert_eq!(told(both, 0), " (3 in a, 2 in inbox)");
        let four = [(None, "a", 1), (None, "b", 1), (None, "c", 1), (None, "d", 1)];
        assert_eq!(told(&four, 0), " (1 in a, 1 in b, 1 in c, 1 in d)");
        // Of five, nobody wants to read the list.
        assert_eq!(told(&[&four[..], &[(None, "e", 1)]].concat(), 0), "");
        // Something that is in no document is in what was measured.
        assert_eq!(told(&[(None, "order-1", 3)], 1), "");
        assert_eq!(told(&[(None, "order-1", 0)], 0), "");
    }
}
