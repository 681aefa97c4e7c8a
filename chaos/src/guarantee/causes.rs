//! One order over everything that is judged, in which causes come before effects.
//!
//! What is sent is there from the start; what an endpoint publishes is there for
//! others once a step of the same explanation has put it out. Most systems never
//! notice: where messages only flow downstream, whatever explains upstream can
//! come first as a whole, and then everything is there. It is only where what an
//! endpoint says comes back to it, through whomever, that an order may have an
//! effect before its cause. So the parts (an endpoint, for one aggregate) are put
//! into *groups* that cause each other, each group is explained by itself, and a
//! part that is alone in its group, and hears nothing of itself, is explained as
//! if there were no others.

use std::collections::{BTreeMap, BTreeSet};

use ports::law::{Named, Property, Specification, Symptom};
use ports::words::{self, Speaker};
use ports::{Message, MessageId};
use serde_json::Value;

use super::checker;
use super::diagnosis::{Diagnosis, can_say};
use super::judgement::{Evidence, Judgement, TooManyOrders, Undecided};
use super::lots::{self, Drawn, Known, Said};

/// Where an input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is there from the start.
    Sent,
    /// It is there once any of these was put out: an endpoint, and what it said
    /// under which id.
    Outputs(Vec<(usize, MessageId)>),
}

/// What one endpoint did about one aggregate.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) endpoint: usize,
    pub(crate) specification: &'a dyn Specification,
    pub(crate) evidence: Evidence<'a>,
    /// Where each of the inputs comes from.
    pub(crate) origins: &'a [Origin],
    /// How it is judged where ids that are drawn by lot come back in messages.
    pub(crate) drawn: Option<Drawn<'a>>,
}

/// Judges all parts of a world at rest together.
pub(crate) fn judge(parts: &[Part<'_>], speaker: &Speaker) -> Result<Result<(), Judgement>, Undecided> {
    if lots::come_back(parts) {
        return judge_lots(parts, speaker);
    }
    let parts: Vec<Part<'_>> = parts.iter().map(|part| Part { drawn: None, ..*part }).collect();
    judge_open(&parts, speaker)
}

/// The same, where lots come back: all parts that draw are one group, so that one lot is
/// one id in all of them.
fn judge_lots(parts: &[Part<'_>], speaker: &Speaker) -> Result<Result<(), Judgement>, Undecided> {
    let plan = Plan::new(parts, true);
    let Some(group) = plan.unexplained()? else { return Ok(Ok(())) };
    // What is wrong is told by laws that draw the ids that fit best.
    let nearest = plan.nearest()?;
    let told = lots::told(parts, &nearest, |parts| judge_open(parts, speaker))?;
    Ok(Err(told.err().unwrap_or_else(|| lots::known_before(parts, &plan.members(group), speaker))))
}

/// The same, what is drawn by lot left open.
fn judge_open(parts: &[Part<'_>], speaker: &Speaker) -> Result<Result<(), Judgement>, Undecided> {
    let apart = Plan::new(parts, true);
    if apart.unexplained()?.is_none() {
        return Ok(Ok(()));
    }
    let belongings = belongings(parts);
    if !belongings.moved {
        return apart.judgement(speaker);
    }
    // What an output is about may be another aggregate than the one that it came
    // from: then it may have come from any of the endpoint.
    if Plan::new(parts, false).unexplained()?.is_none() {
        return Ok(Ok(()));
    }
    let moved = parts
        .iter()
        .zip(&belongings.outputs)
        .map(|(part, outputs)| Part { evidence: Evidence { outputs, ..part.evidence }, ..*part });
    let moved: Vec<Part<'_>> = moved.collect();
    match Plan::new(&moved, true).judgement(speaker)? {
        Ok(()) => apart.judgement(speaker),
        told => Ok(told),
    }
}

/// Which outputs belong to which part.
struct Belongings {
    outputs: Vec<Vec<Message>>,
    /// Whether any may have come from a part that it is not about.
    moved: bool,
}

/// Gives each output to the part that can lead to it: the one that it is about, if
/// that one can.
fn belongings(parts: &[Part<'_>]) -> Belongings {
    let mut outputs: Vec<Vec<Message>> = parts.iter().map(|part| part.evidence.outputs.to_vec()).collect();
    let several = |part: &Part<'_>| parts.iter().filter(|other| other.endpoint == part.endpoint).count() > 1;
    if !parts.iter().any(several) {
        return Belongings { outputs, moved: false };
    }
    let sayable: Vec<Vec<Value>> = parts
        .iter()
        .map(|part| can_say(part.specification, part.evidence.aggregate, part.evidence.inputs))
        .collect();
    let mut moved = false;
    for (place, part) in parts.iter().enumerate() {
        let others = || (0..parts.len()).filter(|&it| it != place && parts[it].endpoint == part.endpoint);
        for output in part.evidence.outputs {
            let content = part.specification.content(&output.body);
            let Some(other) = others().find(|&other| sayable[other].contains(&content)) else { continue };
            moved = true;
            if !sayable[place].contains(&content) {
                outputs[place].retain(|mine| mine != output);
                outputs[other].push(output.clone());
            }
        }
    }
    Belongings { outputs, moved }
}

/// Outputs of which each is put out by some step of the parts that share them.
struct Pool {
    endpoint: usize,
    ids: Vec<MessageId>,
    contents: Vec<Value>,
    /// What was said word by word, where lots count.
    bodies: Vec<Value>,
}

/// When an input is there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// Once any of these outputs was put out: a pool, and a place in it.
    After(Vec<(usize, usize)>),
}

/// Pools whose parts cause each other, and whether they do.
struct Group {
    pools: Vec<usize>,
    bound: bool,
}

/// How the parts are to be explained.
struct Plan<'a> {
    parts: &'a [Part<'a>],
    pools: Vec<Pool>,
    /// The pool of each part.
    pool_of: Vec<usize>,
    /// For each part, when each of its inputs is there.
    gates: Vec<Vec<Gate>>,
    groups: Vec<Group>,
}

impl<'a> Plan<'a> {
    /// With the outputs of each part by themselves, or those of each endpoint
    /// together.
    fn new(parts: &'a [Part<'a>], apart: bool) -> Self {
        let mut pools: Vec<Pool> = Vec::new();
        let mut pool_of = Vec::with_capacity(parts.len());
        for part in parts {
            // Which part leads to an output may be a matter of the lot in it.
            let apart = apart && part.drawn.is_none();
            let known = pools.iter().position(|pool| !apart && pool.endpoint == part.endpoint);
            let place = known.unwrap_or_else(|| {
                let (ids, contents, bodies) = (Vec::new(), Vec::new(), Vec::new());
                pools.push(Pool { endpoint: part.endpoint, ids, contents, bodies });
                pools.len() - 1
            });
            for (output, content) in part.evidence.said(part.specification) {
                pools[place].ids.push(output.id);
                pools[place].contents.push(content);
                if let Some(drawn) = &part.drawn {
                    pools[place].bodies.push(drawn.law.renamed(&output.body, &BTreeMap::new()));
                }
            }
            pool_of.push(place);
        }
        let mut plan = Self { parts, pools, pool_of, gates: Vec::new(), groups: Vec::new() };
        plan.gates = plan.gates();
        plan.groups = plan.groups();
        plan
    }

    fn gates(&self) -> Vec<Vec<Gate>> {
        let asked = |origin: &Origin| matches!(origin, Origin::Outputs(_));
        let mut places: BTreeMap<(usize, MessageId), Vec<(usize, usize)>> = BTreeMap::new();
        if self.parts.iter().any(|part| part.origins.iter().any(asked)) {
            for (number, pool) in self.pools.iter().enumerate() {
                for (place, &id) in pool.ids.iter().enumerate() {
                    places.entry((pool.endpoint, id)).or_default().push((number, place));
                }
            }
        }
        let gate = |origin: &Origin| match origin {
            Origin::Sent => Gate::Open,
            Origin::Outputs(outputs) => {
                let after: Vec<_> =
                    outputs.iter().filter_map(|output| places.get(output)).flatten().copied().collect();
                if after.is_empty() { Gate::Open } else { Gate::After(after) }
            }
        };
        self.parts.iter().map(|part| part.origins.iter().map(gate).collect()).collect()
    }

    /// Pools that cause each other are one group. The groups come in the order of
    /// their first parts.
    fn groups(&self) -> Vec<Group> {
        let count = self.pools.len();
        let mut causes: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
        for (part, gates) in self.gates.iter().enumerate() {
            for gate in gates {
                if let Gate::After(outputs) = gate {
                    outputs.iter().for_each(|&(pool, _)| _ = causes[pool].insert(self.pool_of[part]));
                }
            }
        }
        let drawing = (0..self.parts.len()).filter(|&part| self.parts[part].drawn.is_some());
        let drawing: BTreeSet<usize> = drawing.map(|part| self.pool_of[part]).collect();
        drawing.iter().for_each(|&pool| causes[pool].extend(&drawing));
        if causes.iter().all(BTreeSet::is_empty) {
            return (0..count).map(|pool| Group { pools: vec![pool], bound: false }).collect();
        }
        let reached: Vec<BTreeSet<usize>> = (0..count).map(|pool| reached_from(&causes, pool)).collect();
        let mut groups: Vec<Group> = Vec::new();
        for pool in 0..count {
            let first =
                (0..pool).find(|&other| reached[pool].contains(&other) && reached[other].contains(&pool));
            match first.and_then(|first| groups.iter_mut().find(|group| group.pools.contains(&first))) {
                Some(group) => group.pools.push(pool),
                None => groups.push(Group { pools: vec![pool], bound: reached[pool].contains(&pool) }),
            }
        }
        groups
    }

    /// The parts of a group.
    fn members(&self, group: &Group) -> Vec<usize> {
        (0..self.parts.len()).filter(|&part| group.pools.contains(&self.pool_of[part])).collect()
    }

    /// The number of an input among those of all parts.
    fn number_of(&self, (part, input): Step) -> u64 {
        let before: usize = self.parts[..part].iter().map(|part| part.evidence.inputs.len()).sum();
        (before + input) as u64
    }

    /// The first group that nothing explains.
    fn unexplained(&self) -> Result<Option<&Group>, TooManyOrders> {
        for group in &self.groups {
            if !self.explains(group)? {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    fn explains(&self, group: &Group) -> Result<bool, TooManyOrders> {
        let members = self.members(group);
        match members.as_slice() {
            &[part] if !group.bound => self.explained_alone(part),
            parts if parts.iter().any(|&it| checker::wrong_ids(&self.parts[it].evidence).is_some()) => {
                Ok(false)
            }
            _ => Ok(Together { plan: self, group, members, free: Vec::new() }.explanation()?.is_some()),
        }
    }

    /// What is known of the lots once as much is explained as can be of the group of
    /// those that draw.
    fn nearest(&self) -> Result<Known, TooManyOrders> {
        let draws = |group: &&Group| self.members(group).iter().any(|&it| self.parts[it].drawn.is_some());
        let Some(group) = self.groups.iter().find(draws) else { return Ok(Known::default()) };
        let together = Together { plan: self, group, members: self.members(group), free: Vec::new() };
        Ok(together.search()?.unwrap_or_else(|nearest| nearest).known)
    }

    fn explained_alone(&self, part: usize) -> Result<bool, TooManyOrders> {
        let Part { specification, evidence, .. } = &self.parts[part];
        Ok(checker::wrong_ids(evidence).is_none() && checker::explained(*specification, evidence)?)
    }

    /// What is wrong with the first group that nothing explains. That the law has no
    /// legal outcome for one is only said if nothing else is wrong.
    fn judgement(&self, speaker: &Speaker) -> Result<Result<(), Judgement>, Undecided> {
        let mut lawless = None;
        for group in &self.groups {
            if self.explains(group)? {
                continue;
            }
            match self.tell_group(group, speaker) {
                Err(Undecided::NoLegalOutcome(messages)) => _ = lawless.get_or_insert(messages),
                told => return told.map(Err),
            }
        }
        lawless.map_or(Ok(Ok(())), |messages| Err(Undecided::NoLegalOutcome(messages)))
    }

    fn tell_group(&self, group: &Group, speaker: &Speaker) -> Result<Judgement, Undecided> {
        let members = self.members(group);
        for &part in &members {
            if !self.explained_alone(part)? {
                let Part { specification, evidence, .. } = &self.parts[part];
                let causes = self.said_by_itself(part);
                return Diagnosis::with_causes(*specification, evidence, causes, speaker)
                    .find(checker::wrong_ids(evidence));
            }
        }
        let too_early = self.too_early(group, &members)?;
        Ok(self.out_of_order(&members, &too_early, speaker))
    }

    /// Whether what came before its cause may as well have come after it, and have had no
    /// effect. At rest, nobody can tell.
    fn may_have_had_no_effect(&self, TooEarly { effects, found, .. }: &TooEarly, speaker: &Speaker) -> bool {
        let (&[effect], Some(found)) = (effects.as_slice(), found) else { return false };
        let (part, input) = effect;
        let mut causes = self.said_by_itself(part);
        causes[input] = self.said_at_home(found, effect);
        let Part { specification, evidence, .. } = &self.parts[part];
        causes[input].is_some()
            && Diagnosis::with_causes(*specification, evidence, causes, speaker).has_one_without_effect()
    }

    /// What the part itself said that led to an effect, through whomever.
    fn said_at_home(&self, found: &Progress, effect: Step) -> Option<Value> {
        let own = self.pool_of[effect.0];
        let mut gate = &self.gates[effect.0][effect.1];
        for _ in 0..=found.order.len() {
            let Gate::After(outputs) = gate else { return None };
            if let Some(&(pool, place)) = outputs.iter().find(|(pool, _)| *pool == own) {
                return Some(self.pools[pool].contents[place].clone());
            }
            let (part, input) = found.cause_of(gate)?;
            gate = &self.gates[part][input];
        }
        None
    }

    /// For each input of a part that the part itself has caused, what it said then.
    fn said_by_itself(&self, part: usize) -> Vec<Option<Value>> {
        let own = self.pool_of[part];
        let said = |gate: &Gate| match gate {
            Gate::After(outputs) => match outputs.as_slice() {
                &[(pool, place)] if pool == own => Some(self.pools[pool].contents[place].clone()),
                _ => None,
            },
            Gate::Open => None,
        };
        self.gates[part].iter().map(said).collect()
    }

    /// Each part is explained by itself: which messages come before their causes in what
    /// explains them together otherwise, as few as can be, and what caused the first.
    fn too_early(&self, group: &Group, members: &[usize]) -> Result<TooEarly, TooManyOrders> {
        let together = |free: &[Step]| {
            Together { plan: self, group, members: members.to_vec(), free: free.to_vec() }.explanation()
        };
        let inputs =
            members.iter().flat_map(|&part| (0..self.gates[part].len()).map(move |input| (part, input)));
        let gated: Vec<Step> =
            inputs.filter(|&(part, input)| self.gates[part][input] != Gate::Open).collect();
        for &effect in &gated {
            if let Some(found) = together(&[effect])? {
                let cause = self.cause_at_home(&found, effect);
                return Ok(TooEarly { effects: vec![effect], cause, found: Some(found) });
            }
        }
        // It takes several: all, but for those that may as well wait.
        let mut effects = gated.clone();
        for &effect in gated.iter().rev() {
            let others: Vec<Step> = effects.iter().copied().filter(|&it| it != effect).collect();
            if together(&others)?.is_some() {
                effects = others;
            }
        }
        let first = *effects.first().expect("whom nothing else is to come before is explained by itself");
        let found = together(&effects)?;
        let cause = found.as_ref().map_or(first, |found| self.cause_at_home(found, first));
        Ok(TooEarly { effects, cause, found })
    }

    /// What caused an effect: the message to the same part, if there is one in the
    /// chain of causes, else the last before it.
    fn cause_at_home(&self, found: &Progress, effect: Step) -> Step {
        let cause_of = |(part, input): Step| found.cause_of(&self.gates[part][input]);
        let chain = std::iter::successors(cause_of(effect), |&cause| cause_of(cause));
        let chain: Vec<Step> = chain.take(found.order.len()).collect();
        let at_home = chain.iter().find(|cause| cause.0 == effect.0 && **cause != effect);
        at_home.or(chain.first()).copied().unwrap_or(effect)
    }

    fn out_of_order(&self, members: &[usize], too_early: &TooEarly, speaker: &Speaker) -> Judgement {
        let TooEarly { effects, cause, .. } = too_early;
        let (effect, cause) = (effects[0], *cause);
        let message = |(part, input): Step| &self.parts[part].evidence.inputs[input];
        let mut inputs: Vec<String> = Vec::new();
        for &part in members {
            for input in self.parts[part].evidence.inputs {
                let said = speaker.said(input);
                if !inputs.contains(&said) {
                    inputs.push(said);
                }
            }
        }
        let states = members.iter().map(|&part| &self.parts[part]);
        let states: Vec<String> =
            states.map(|part| part.specification.describe(part.evidence.state)).collect();
        let (late, early) = (speaker.said(message(cause)), speaker.said(message(effect)));
        let part = &self.parts[effect.0];
        let symptom =
            Symptom::BeforeItsCause(Named::by(speaker, message(effect)), Named::by(speaker, message(cause)));
        let before = if effect == cause {
            format!("{early} was there before anything had caused it")
        } else {
            format!("{early} was processed before {late}, which caused it")
        };
        let others = match effects.len() - 1 {
            0 => String::new(),
            1 => ", and so was another message".to_owned(),
            others => format!(", and so were {} other messages", words::thousands(others as u128)),
        };
        let or = if self.may_have_had_no_effect(too_early, speaker) { ", or has had no effect" } else { "" };
        let reason = format!(
            "no order of {} explains {}, unless {before}{others}{or}",
            words::enumeration(&inputs),
            words::enumeration(&states),
        );
        let damage = part.specification.damage(part.evidence.aggregate, &symptom) + or;
        let about = Some(message(effect).id);
        Judgement { about, ..Judgement::plain(Property::StateMatchesOutputs, reason, damage) }
    }
}

/// Everything that is caused in the end.
fn reached_from(causes: &[BTreeSet<usize>], pool: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<usize> = causes[pool].iter().copied().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next) {
            waiting.extend(&causes[next]);
        }
    }
    reached
}

/// A part, and one of its inputs.
type Step = (usize, usize);

/// Inputs that come before their causes in an order that explains all else.
struct TooEarly {
    effects: Vec<Step>,
    /// What caused the first of them.
    cause: Step,
    /// That order.
    found: Option<Progress>,
}

/// A search for one order of the inputs of a whole group.
struct Together<'p, 'a> {
    plan: &'p Plan<'a>,
    group: &'p Group,
    members: Vec<usize>,
    /// Inputs that need not wait for their causes.
    free: Vec<Step>,
}

/// How far an order has come.
#[derive(Clone)]
struct Progress {
    order: Vec<Step>,
    /// The state of each member.
    states: Vec<Value>,
    /// Who has put out what, for each pool.
    said: Vec<Vec<Option<Step>>>,
    /// Which ids the lots are, as far as it is known.
    known: Known,
}

impl Progress {
    /// How much of what happened it has explained so far.
    fn explains(&self) -> (usize, usize) {
        (self.order.len(), self.said.iter().flatten().flatten().count())
    }

    /// The first in the order that puts out what opens a gate.
    fn cause_of(&self, gate: &Gate) -> Option<Step> {
        let Gate::After(outputs) = gate else { return None };
        let causes = outputs.iter().filter_map(|&(pool, place)| self.said[pool][place]);
        causes.min_by_key(|cause| self.order.iter().position(|step| step == cause))
    }
}

impl Together<'_, '_> {
    /// An order that explains everything, if there is one.
    fn explanation(&self) -> Result<Option<Progress>, TooManyOrders> {
        Ok(self.search()?.ok())
    }

    /// The same; if there is none, how far the one has come that explains most.
    fn search(&self) -> Result<Result<Progress, Progress>, TooManyOrders> {
        const MOST_STEPS: usize = 300_000;
        let parts = self.plan.parts;
        let steps = self
            .members
            .iter()
            .flat_map(|&part| (0..parts[part].evidence.inputs.len()).map(move |input| (part, input)));
        let all: Vec<Step> = steps.collect();
        let start = Progress {
            order: Vec::new(),
            states: self
                .members
                .iter()
                .map(|&part| {
                    let Part { specification, evidence, drawn, .. } = &parts[part];
                    match drawn {
                        Some(drawn) => drawn.law.begins(evidence.aggregate),
                        None => specification.opening(evidence.aggregate),
                    }
                })
                .collect(),
            said: self.plan.pools.iter().map(|pool| vec![None; pool.ids.len()]).collect(),
            known: Known::default(),
        };
        let start = self.with_ids_known(start);
        let mut nearest = start.clone();
        let mut seen = BTreeSet::new();
        let mut stack = vec![start];
        let mut taken = 0;
        while let Some(progress) = stack.pop() {
            if progress.explains() > nearest.explains() {
                nearest = progress.clone();
            }
            if progress.order.len() == all.len() {
                if self.is_what_happened(&progress) {
                    return Ok(Ok(progress));
                }
                continue;
            }
            let open = all.iter().rev().filter(|&step| !progress.order.contains(step));
            for &step in open.filter(|&&step| self.is_there(&progress, step)) {
                for next in self.after(&progress, step) {
                    taken += 1;
                    if taken > MOST_STEPS {
                        return Err(TooManyOrders { messages: all.len() });
                    }
                    if seen.insert(key_of(&next)) {
                        stack.push(next);
                    }
                }
            }
        }
        Ok(Err(nearest))
    }

    /// What the aggregates open with, nobody draws.
    fn with_ids_known(&self, start: Progress) -> Progress {
        let mut known = start.known.clone();
        for (&part, state) in self.members.iter().zip(&start.states) {
            if let Some(drawn) = &self.plan.parts[part].drawn {
                known.take(drawn.law.lots(state));
            }
        }
        Progress { known, ..start }
    }

    fn is_what_happened(&self, progress: &Progress) -> bool {
        if !self.group.pools.iter().all(|&pool| progress.said[pool].iter().all(Option::is_some)) {
            return false;
        }
        let states = || self.members.iter().map(|&part| &self.plan.parts[part]).zip(&progress.states);
        states().all(|(part, state)| part.drawn.is_some() || part.evidence.state == state)
            && lots::states_are(
                states().filter_map(|(part, state)| Some((part.drawn?, state))),
                &progress.known,
            )
    }

    /// Whether a message is there to be processed. What another group puts out is:
    /// it comes first as a whole.
    fn is_there(&self, progress: &Progress, step: Step) -> bool {
        let (part, input) = step;
        match &self.plan.gates[part][input] {
            Gate::Open => true,
            Gate::After(_) if self.free.contains(&step) => true,
            Gate::After(outputs) => outputs.iter().any(|&(pool, place)| {
                !self.group.pools.contains(&pool) || progress.said[pool][place].is_some()
            }),
        }
    }

    /// Everything that processing one more message may lead to, as far as it was
    /// really said.
    fn after(&self, progress: &Progress, step: Step) -> Vec<Progress> {
        let (part, input) = step;
        let member = self.members.iter().position(|&it| it == part).expect("a member of the group");
        let Part { specification, evidence, drawn, .. } = &self.plan.parts[part];
        if let Some(drawn) = drawn {
            return self.after_drawing(progress, step, member, drawn);
        }
        let mut found = Vec::new();
        for (state, outputs) in specification.process(&progress.states[member], &evidence.inputs[input]) {
            let mut next = progress.clone();
            next.order.push(step);
            next.states[member] = state;
            let mut ways = vec![next];
            for output in &outputs {
                let said = |way| self.saying(way, step, output).into_iter().map(|(way, _)| way);
                ways = ways.into_iter().flat_map(said).collect();
            }
            found.extend(ways);
        }
        found
    }

    /// The same, by a law that is told what it draws.
    fn after_drawing(
        &self,
        progress: &Progress,
        step: Step,
        member: usize,
        drawn: &Drawn<'_>,
    ) -> Vec<Progress> {
        let (part, input) = step;
        let Part { specification, evidence, .. } = &self.plan.parts[part];
        let pool = self.plan.pool_of[part];
        let drawing = self.members.iter().map(|&part| self.plan.parts[part].drawn).zip(&progress.states);
        let names = drawing.filter_map(|(drawn, state)| Some(progress.known.open(drawn?.law, state)));
        let names: Vec<MessageId> = names.flatten().collect();
        let starts = progress.known.by_what_is_brought(&names, &lots::ids_in(&evidence.inputs[input].body));
        let start = |known| {
            let mut start = Progress { known, ..progress.clone() };
            start.order.push(step);
            (start, Vec::new())
        };
        let said = Said {
            law: drawn.law,
            step: self.plan.number_of(step),
            state: &progress.states[member],
            message: &evidence.inputs[input],
        };
        let mut found = Vec::new();
        let mut ways: Vec<(Progress, Vec<usize>)> = starts.into_iter().map(start).collect();
        while let Some((way, places)) = ways.pop() {
            let (state, outputs) = said.under(&way.known);
            let Some(output) = outputs.get(places.len()) else {
                let bodies = &self.plan.pools[pool].bodies;
                let mut all = outputs.iter().zip(&places);
                if all.all(|(output, &place)| lots::says(output, &bodies[place])) {
                    found.push(self.with_names(Progress { states: with(&way.states, member, state), ..way }));
                }
                continue;
            };
            let content = specification.content(output);
            for (next, place) in self.saying(way, step, &content) {
                let body = &self.plan.pools[pool].bodies[place];
                for known in next.known.by_which(drawn.law, output, body) {
                    let places = places.iter().copied().chain([place]).collect();
                    ways.push((Progress { known, ..next.clone() }, places));
                }
            }
        }
        found
    }

    /// Lots that were stored before it was known which ids they are.
    fn with_names(&self, progress: Progress) -> Progress {
        let states = self.members.iter().zip(&progress.states);
        let states = states.map(|(&part, state)| match &self.plan.parts[part].drawn {
            Some(drawn) => drawn.law.state_renamed(state, &progress.known.names),
            None => state.clone(),
        });
        Progress { states: states.collect(), ..progress }
    }

    /// A step puts out what says this: of several that say the same, each that
    /// somebody else waits for. With its place in the pool.
    fn saying(&self, progress: Progress, step: Step, content: &Value) -> Vec<(Progress, usize)> {
        let pool = self.plan.pool_of[step.0];
        let Pool { contents, bodies, .. } = &self.plan.pools[pool];
        let free = |&place: &usize| progress.said[pool][place].is_none() && &contents[place] == content;
        let mut waited_for: Vec<(Vec<Step>, Option<&Value>)> = Vec::new();
        let mut ways = Vec::new();
        for place in (0..contents.len()).filter(free) {
            let waiting = (self.waiting_for(pool, place), bodies.get(place));
            if !waited_for.contains(&waiting) {
                waited_for.push(waiting);
                let mut way = progress.clone();
                way.said[pool][place] = Some(step);
                ways.push((way, place));
            }
        }
        ways
    }

    /// Who waits for an output.
    fn waiting_for(&self, pool: usize, place: usize) -> Vec<Step> {
        let mut waiting = Vec::new();
        for &part in &self.members {
            for (input, gate) in self.plan.gates[part].iter().enumerate() {
                if matches!(gate, Gate::After(outputs) if outputs.contains(&(pool, place))) {
                    waiting.push((part, input));
                }
            }
        }
        waiting
    }
}

/// The same values, but for one of them.
fn with(values: &[Value], place: usize, value: Value) -> Vec<Value> {
    let mut values = values.to_vec();
    values[place] = value;
    values
}

/// What the rest of an order depends on.
fn key_of(progress: &Progress) -> (Vec<Step>, Vec<String>, Vec<Vec<bool>>, Known) {
    let mut processed = progress.order.clone();
    processed.sort_unstable();
    let states = progress.states.iter().map(Value::to_string).collect();
    let said = progress.said.iter().map(|said| said.iter().map(Option::is_some).collect()).collect();
    (processed, states, said, progress.known.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every message says what is in it, about whomever it names.
    struct Says;

    impl Specification for Says {
        fn aggregate(&self, message: &Message) -> String {
            message.body["about"].to_string()
        }
        fn initial(&self) -> Value {
            Value::Null
        }
        fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
            vec![(state.clone(), vec![message.body["says"].clone()])]
        }
        fn content(&self, output: &Value) -> Value {
            output["says"].clone()
        }
        fn describe(&self, state: &Value) -> String {
            state.to_string()
        }
        fn damage(&self, _: &str, symptom: &Symptom) -> String {
            format!("{symptom:?}")
        }
    }

    fn input(says: &str) -> Message {
        Message::new(MessageId::named(&format!("says {says}")), &json!({ "says": says }))
    }

    fn output(says: &str) -> Message {
        Message::new(MessageId::named(&format!("said {says}")), &json!({ "says": says }))
    }

    /// An endpoint, with what one aggregate of it was told to say and has said.
    type Drawn<'a> = (usize, &'a [&'a str], &'a [&'a str]);

    fn with_parts<R>(drawn: &[Drawn<'_>], asked: impl FnOnce(&[Part<'_>]) -> R) -> R {
        let inputs: Vec<Vec<Message>> =
            drawn.iter().map(|(_, told, _)| told.iter().copied().map(input).collect()).collect();
        let outputs: Vec<Vec<Message>> =
            drawn.iter().map(|(.., said)| said.iter().copied().map(output).collect()).collect();
        let origins: Vec<Vec<Origin>> =
            inputs.iter().map(|inputs| inputs.iter().map(|_| Origin::Sent).collect()).collect();
        let parts: Vec<Part<'_>> = drawn
            .iter()
            .enumerate()
            .map(|(place, &(endpoint, ..))| Part {
                endpoint,
                specification: &Says,
                evidence: Evidence {
                    aggregate: ["a", "b", "c"][place],
                    inputs: &inputs[place],
                    state: &Value::Null,
                    outputs: &outputs[place],
                },
                origins: &origins[place],
                drawn: None,
            })
            .collect();
        asked(&parts)
    }

    fn belong(drawn: &[Drawn<'_>]) -> (Vec<Vec<String>>, bool) {
        with_parts(drawn, |parts| {
            let Belongings { outputs, moved } = belongings(parts);
            let said = |message: &Message| message.body["says"].as_str().unwrap_or_default().to_owned();
            (outputs.iter().map(|outputs| outputs.iter().map(said).collect()).collect(), moved)
        })
    }

    /// The aggregate that an output is about need not be the one that it comes from.
    #[test]
    fn an_output_belongs_to_whoever_can_have_led_to_it() {
        // b cannot have said "one", and a can.
        let of_a = belong(&[(0, &["one"], &[]), (0, &["two"], &["one", "two"])]);
        assert_eq!(of_a, (vec![vec!["one".to_owned()], vec!["two".to_owned()]], true));
        // Both can: it stays where it is, and may have come from the other.
        let of_either = belong(&[(0, &["one"], &[]), (0, &["one", "two"], &["one", "two"])]);
        assert_eq!(of_either, (vec![vec![], vec!["one".to_owned(), "two".to_owned()]], true));
        // Nobody can.
        let of_nobody = belong(&[(0, &["two"], &["one"]), (0, &["two"], &[])]);
        assert_eq!(of_nobody, (vec![vec!["one".to_owned()], vec![]], false));
        // Somebody can, and is another endpoint.
        let elsewhere = belong(&[(1, &["one"], &[]), (0, &["two"], &["one"]), (0, &["two"], &[])]);
        assert_eq!(elsewhere, (vec![vec![], vec!["one".to_owned()], vec![]], false));
    }

    #[test]
    fn what_one_endpoint_did_not_say_another_has_not_said_for_it() {
        let judged = |drawn: &[Drawn<'_>]| {
            let speaker = Speaker::of(&[], false);
            with_parts(drawn, |parts| judge(parts, &speaker).expect("it is small").is_ok())
        };
        // a has said "one" of b, which is right.
        assert!(judged(&[(0, &["one"], &[]), (0, &["two"], &["one", "two"])]));
        // "two" was never said; c has said it, whom nobody had asked.
        assert!(!judged(&[(0, &["one"], &[]), (0, &["two"], &["one"]), (1, &["three"], &["two", "three"])]));
        assert!(!judged(&[(0, &["one"], &[]), (0, &["two"], &["one"])]));
    }
}
