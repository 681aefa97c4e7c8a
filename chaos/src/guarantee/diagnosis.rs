//! What is wrong with evidence that no order explains.

use std::collections::BTreeSet;

use ports::law::{Named, Property, Specification, Symptom};
use ports::words::{self, Speaker};
use ports::{Message, MessageId};
use serde_json::Value;

use super::judgement::{Evidence, Judgement, Undecided};

/// One sequential execution.
#[derive(Clone, Debug)]
struct Execution {
    order: Vec<usize>,
    state: Value,
    outputs: Vec<Value>,
}

/// What is in `a` and not in `b`, counting.
pub(crate) fn minus(a: &[Value], b: &[Value]) -> Vec<Value> {
    let mut rest = b.to_vec();
    let mut left = Vec::new();
    for value in a {
        match rest.iter().position(|other| other == value) {
            Some(found) => _ = rest.swap_remove(found),
            None => left.push(value.clone()),
        }
    }
    left
}

/// Of so many messages it is tried whether some are missing, or one is there twice.
const MOST_INPUTS: usize = 6;

/// A way to see what went wrong.
struct Explanation<'a> {
    symptoms: Vec<(Property, Symptom)>,
    /// What is told besides.
    aside: Aside,
    /// Whether everything else is as it should be.
    exact: bool,
    /// What it leaves unexplained, and does not tell.
    unexplained: Vec<Value>,
    /// The legal execution that it is held against.
    nearest: Option<&'a Execution>,
}

/// What is told besides the symptoms.
enum Aside {
    Nothing,
    /// Nothing else was said than what was said.
    NothingBut,
    /// This was said, too.
    Said(Vec<Value>),
}

impl<'a> Explanation<'a> {
    /// One without symptoms.
    fn of(nearest: Option<&'a Execution>) -> Self {
        let (symptoms, unexplained) = (Vec::new(), Vec::new());
        Self { symptoms, aside: Aside::Nothing, exact: false, unexplained, nearest }
    }

    /// How many symptoms there are, without the ghosts that are told already. Of as
    /// many, that one message is lost and all else fits says more than that state
    /// and outputs tell different stories.
    fn cost(&self, told: &[Value]) -> (usize, bool) {
        let new = |symptom: &Symptom| !matches!(symptom, Symptom::Unjustified(it) if told.contains(it));
        let count = self.symptoms.iter().filter(|(_, symptom)| new(symptom)).count();
        (count + self.unexplained.iter().filter(|output| !told.contains(output)).count(), !self.exact)
    }
}

/// Finds out what is wrong with evidence that no order explains.
pub(super) struct Diagnosis<'a> {
    specification: &'a dyn Specification,
    evidence: &'a Evidence<'a>,
    /// For each input that the endpoint has caused itself, what it said then.
    causes: Vec<Option<Value>>,
    speaker: &'a Speaker,
    /// All executions of all messages, each once, no effect before its cause; if
    /// there are none, with such, too.
    legal: Vec<Execution>,
    /// Whether these are really all.
    lawless: bool,
    actual: Vec<Value>,
}

impl<'a> Diagnosis<'a> {
    /// Diagnosing is for counterexamples, which are small; of very many
    /// executions, the first thousands will do to find a near one.
    const MOST_EXECUTIONS: usize = 5_000;

    pub(super) fn new(
        specification: &'a dyn Specification,
        evidence: &'a Evidence<'a>,
        speaker: &'a Speaker,
    ) -> Self {
        Self::with_causes(specification, evidence, vec![None; evidence.inputs.len()], speaker)
    }

    /// With what was said, for each input that the endpoint has caused itself.
    pub(super) fn with_causes(
        specification: &'a dyn Specification,
        evidence: &'a Evidence<'a>,
        causes: Vec<Option<Value>>,
        speaker: &'a Speaker,
    ) -> Self {
        let all: Vec<usize> = (0..evidence.inputs.len()).collect();
        let Executions { found: legal, exhausted } = executions(specification, evidence, &causes, &all);
        let actual = evidence.contents(specification);
        Self { specification, evidence, causes, speaker, legal, lawless: exhausted, actual }
    }

    /// What is wrong.
    ///
    /// # Errors
    ///
    /// When it is the law that is wrong: nothing that could have happened is legal.
    pub(super) fn find(&self, wrong_ids: Option<(Value, Value)>) -> Result<Judgement, Undecided> {
        if self.legal.is_empty() && self.lawless && wrong_ids.is_none() {
            return Err(Undecided::NoLegalOutcome(self.outlawed()));
        }
        Ok(self.judgement(wrong_ids))
    }

    /// Whether one message has had no effect, and that is all that is wrong.
    pub(super) fn has_one_without_effect(&self) -> bool {
        let found = self.explanation(&[]);
        found.exact && matches!(found.symptoms.as_slice(), [(_, Symptom::EffectMissing(_))])
    }

    /// The messages that the law has no legal outcome for.
    fn outlawed(&self) -> String {
        let inputs = 0..self.evidence.inputs.len();
        let never = |input: &usize| self.possible_outputs(*input, true).is_empty();
        let mut outlawed: Vec<usize> = inputs.clone().filter(never).collect();
        if outlawed.is_empty() {
            outlawed = inputs.collect();
        }
        let said = outlawed.into_iter().map(|input| self.speaker.said(&self.evidence.inputs[input]));
        words::enumeration(&said.collect::<Vec<_>>())
    }

    pub(super) fn judgement(&self, wrong_ids: Option<(Value, Value)>) -> Judgement {
        let mut symptoms: Vec<(Property, Symptom)> = Vec::new();
        if let Some((one, other)) = wrong_ids {
            symptoms.push((Property::ConsistentOutputs, Symptom::TwoContents(one, other)));
        }
        symptoms.extend(self.contradictions());
        symptoms.extend(self.published_again());
        // What a contradiction or a double id says need not be said once more.
        let told = self.told_by(&symptoms);
        let Explanation { symptoms: others, aside, nearest, .. } = self.explanation(&told);
        symptoms.extend(others);
        if symptoms.is_empty() {
            symptoms.push((Property::StateMatchesOutputs, Symptom::DifferentOrders));
        }
        let mut violated: Vec<Property> = Vec::new();
        for (property, _) in &symptoms {
            if !violated.contains(property) {
                violated.push(*property);
            }
        }
        symptoms
            .retain(|(_, symptom)| !matches!(symptom, Symptom::Unjustified(output) if told.contains(output)));
        let mut damage: Vec<String> = Vec::new();
        for (_, symptom) in &symptoms {
            let sentence = match symptom {
                Symptom::InPart(sentence) => sentence.clone(),
                _ => self.damage(symptom, &symptoms),
            };
            if !damage.contains(&sentence) {
                damage.push(sentence);
            }
        }
        Judgement {
            violated,
            reason: self.reason(),
            findings: self.findings(&symptoms, &aside),
            note: String::new(),
            about: symptoms.iter().find_map(|(_, symptom)| self.about(symptom)),
            damage,
            nearest: nearest.filter(|e| !e.order.is_empty()).map(|e| self.tell(e)),
        }
    }

    /// What a symptom means. What was missed one time of several was not missed for good.
    fn damage(&self, symptom: &Symptom, all: &[(Property, Symptom)]) -> String {
        let Evidence { aggregate, state, .. } = self.evidence;
        let sentence = self.specification.damage_in(state, aggregate, symptom);
        let Symptom::NeverPublished(missed) = symptom else { return sentence };
        match self.actual.iter().filter(|output| *output == missed).count() {
            0 => sentence,
            there => {
                let times = all.iter().filter(|(_, other)| other == symptom).count();
                format!("{times} of {} times, {sentence}", there + times)
            }
        }
    }

    /// The outputs that these symptoms speak of.
    fn told_by(&self, symptoms: &[(Property, Symptom)]) -> Vec<Value> {
        symptoms
            .iter()
            .flat_map(|(_, symptom)| match symptom {
                Symptom::Contradiction(_, outputs) => outputs.clone(),
                Symptom::TwoContents(one, other) => {
                    vec![self.specification.content(one), self.specification.content(other)]
                }
                Symptom::PublishedAgain(output) => vec![output.clone()],
                _ => Vec::new(),
            })
            .collect()
    }

    /// What explains the evidence with the fewest symptoms: an order of all
    /// messages that leads to the state, but not to these outputs; or one in which
    /// a message is missing, or there twice. Of those that need as many, the first.
    fn explanation(&self, told: &[Value]) -> Explanation<'_> {
        let by_outputs = || self.legal.iter().min_by_key(|execution| self.outputs_apart(execution));
        let nearest = self.nearest();
        let legal = nearest.filter(|nearest| &nearest.state == self.evidence.state);
        let of_all = legal.map(|legal| {
            let symptoms = self.output_symptoms(legal);
            let exact = !symptoms.iter().any(|(_, symptom)| *symptom == Symptom::DifferentOrders);
            Explanation { symptoms, exact, ..Explanation::of(nearest) }
        });
        let others = self.lost_or_twice(legal.is_some(), by_outputs());
        let all = of_all.into_iter().chain(others);
        let best = all.min_by_key(|explanation| explanation.cost(told));
        best.unwrap_or_else(|| Explanation { symptoms: self.no_explanation(), ..Explanation::of(nearest) })
    }

    /// Outputs of one message that no single processing of it can lead to.
    fn contradictions(&self) -> Vec<(Property, Symptom)> {
        let mut found = Vec::new();
        let inputs = 0..self.evidence.inputs.len();
        let possible: Vec<_> = inputs.clone().map(|input| self.possible_outputs(input, false)).collect();
        let after_itself: Vec<_> = inputs.map(|input| self.possible_outputs(input, true)).collect();
        for (index, input) in self.evidence.inputs.iter().enumerate() {
            // An output is laid to whoever can say it; if nobody can, to whoever
            // could who does not know that it was processed before.
            let only_mine = |output: &Value| {
                let who_can = |all: &[Vec<Vec<Value>>]| -> Vec<usize> {
                    let can =
                        |outputs: &Vec<Vec<Value>>| outputs.iter().any(|outputs| outputs.contains(output));
                    (0..all.len()).filter(|&other| can(&all[other])).collect()
                };
                let who = who_can(&possible);
                let who = if who.is_empty() { who_can(&after_itself) } else { who };
                who == [index]
            };
            let possible = &possible[index];
            let mine: Vec<Value> = self.actual.iter().filter(|output| only_mine(output)).cloned().collect();
            let mut distinct: Vec<Value> = Vec::new();
            for output in mine {
                if !distinct.contains(&output) {
                    distinct.push(output);
                }
            }
            if distinct.len() > 1 && !possible.iter().any(|possible| minus(&distinct, possible).is_empty()) {
                found.push((
                    Property::ConsistentOutputs,
                    Symptom::Contradiction(Named::by(self.speaker, input), distinct),
                ));
            }
        }
        found
    }

    /// All that a single processing of an input can publish, whatever the
    /// others (and, if asked for, itself) did before it.
    fn possible_outputs(&self, input: usize, after_itself: bool) -> Vec<Vec<Value>> {
        let inputs = self.evidence.inputs;
        let states = reached_states(
            self.specification,
            self.evidence.aggregate,
            inputs,
            (!after_itself).then_some(input),
        );
        let processed = states.iter().flat_map(|state| self.specification.process(state, &inputs[input]));
        processed.map(|(_, outputs)| outputs).collect()
    }

    /// Outputs that were published under more ids than any execution explains.
    fn published_again(&self) -> Vec<(Property, Symptom)> {
        let mut found: Vec<(Property, Symptom)> = Vec::new();
        for output in &self.actual {
            let times = |outputs: &[Value]| outputs.iter().filter(|other| *other == output).count();
            let most = self.legal.iter().map(|execution| times(&execution.outputs)).max().unwrap_or(0);
            let symptom = (Property::NoDuplicatedProcessing, Symptom::PublishedAgain(output.clone()));
            if most > 0 && times(&self.actual) > most && !found.contains(&symptom) {
                found.push(symptom);
            }
        }
        found
    }

    /// The legal execution that comes nearest: with the same state if there is
    /// one, and the fewest outputs too many or too few.
    fn nearest(&self) -> Option<&Execution> {
        self.legal
            .iter()
            .min_by_key(|execution| (&execution.state != self.evidence.state, self.outputs_apart(execution)))
    }

    /// How many outputs there are too many, and too few.
    fn outputs_apart(&self, execution: &Execution) -> usize {
        minus(&self.actual, &execution.outputs).len() + minus(&execution.outputs, &self.actual).len()
    }

    /// The state is legal; what of the outputs?
    fn output_symptoms(&self, nearest: &Execution) -> Vec<(Property, Symptom)> {
        let distinct = |values: &[Value]| values.iter().map(Value::to_string).collect::<BTreeSet<_>>();
        let published = distinct(&self.actual);
        if self.legal.iter().any(|execution| distinct(&execution.outputs) == published)
            && distinct(&nearest.outputs) != published
        {
            return vec![(Property::StateMatchesOutputs, Symptom::DifferentOrders)];
        }
        let missing = minus(&nearest.outputs, &self.actual)
            .into_iter()
            .map(|output| (Property::NoLostMessages, Symptom::NeverPublished(output)));
        let surplus = minus(&self.actual, &nearest.outputs)
            .into_iter()
            .filter(|output| !nearest.outputs.contains(output))
            .map(|output| (Property::NoGhostMessages, Symptom::Unjustified(output)));
        missing.chain(surplus).collect()
    }

    /// Every way in which the state shows one message too few, or several, the
    /// fewest first; or else one of them twice.
    fn lost_or_twice<'e>(&'e self, legal: bool, nearest: Option<&'e Execution>) -> Vec<Explanation<'e>> {
        let count = self.evidence.inputs.len();
        if count > MOST_INPUTS {
            return Vec::new();
        }
        let input = |index: usize| Named::by(self.speaker, &self.evidence.inputs[index]);
        let mut subsets: Vec<(Vec<usize>, Vec<usize>)> = (0u32..(1 << count) - 1)
            .map(|set| (0..count).partition(|index| set & (1 << index) != 0))
            .collect();
        subsets.sort_by_key(|(_, missing)| missing.len());
        let mut found = Vec::new();
        for (there, missing) in subsets {
            let Some(execution) = self.reaching(&there) else { continue };
            let symptom = |&m: &usize| (Property::NoLostMessages, Symptom::EffectMissing(input(m)));
            let lost = missing.iter().map(symptom).collect();
            found.push(self.with_outputs(lost, &missing, &execution, legal, nearest));
        }
        for twice in 0..count {
            let indices: Vec<usize> = (0..count).chain([twice]).collect();
            let Some(execution) = self.reaching(&indices) else { continue };
            let symptom = (Property::NoDuplicatedProcessing, Symptom::EffectTwice(input(twice)));
            found.push(self.with_outputs(vec![symptom], &[], &execution, legal, nearest));
        }
        found
    }

    /// The execution of these messages that leads to the state, and comes nearest
    /// to what was published.
    fn reaching(&self, indices: &[usize]) -> Option<Execution> {
        let all = executions(self.specification, self.evidence, &self.causes, indices);
        let all = all.found.into_iter();
        let there = all.filter(|execution| &execution.state == self.evidence.state);
        there.min_by_key(|execution| self.outputs_apart(execution))
    }

    /// The messages that are lost or there twice are symptoms, and so is every
    /// output that they do not explain. That what a lost message leads to was said
    /// all the same is told aside: it is one thing that went wrong, and not two.
    fn with_outputs<'e>(
        &self,
        mut symptoms: Vec<(Property, Symptom)>,
        lost: &[usize],
        execution: &Execution,
        legal: bool,
        nearest: Option<&'e Execution>,
    ) -> Explanation<'e> {
        let surplus = minus(&self.actual, &execution.outputs);
        let (own, ghosts): (Vec<Value>, Vec<Value>) = surplus.into_iter().partition(|output| {
            lost.iter().any(|&m| self.possible_outputs(m, false).iter().any(|can| can.contains(output)))
        });
        let mut missing = minus(&execution.outputs, &self.actual);
        // What is done twice may be said under one id.
        missing.retain(|output| !lost.is_empty() || !self.actual.contains(output));
        let exact = own.is_empty() && ghosts.is_empty() && missing.is_empty();
        let mut unexplained = Vec::new();
        if lost.is_empty() {
            unexplained.extend(ghosts.into_iter().chain(missing));
        } else {
            let ghost = |output| (Property::NoGhostMessages, Symptom::Unjustified(output));
            symptoms.extend(ghosts.into_iter().map(ghost));
            let never = |output| (Property::NoLostMessages, Symptom::NeverPublished(output));
            symptoms.extend(missing.into_iter().map(never));
        }
        let aside = match legal {
            true => Aside::NothingBut,
            false if own.is_empty() => Aside::Nothing,
            false => Aside::Said(own),
        };
        Explanation { symptoms, aside, exact, unexplained, nearest }
    }

    /// The state shows neither too few messages nor one twice.
    fn no_explanation(&self) -> Vec<(Property, Symptom)> {
        let legal = self.legal.first().map(|execution| &execution.state);
        let few = self.evidence.inputs.len() <= MOST_INPUTS;
        let parts = legal
            .filter(|_| few)
            .map(|legal| self.specification.parts(self.evidence.aggregate, self.evidence.state, legal));
        match parts {
            Some(parts) if !parts.is_empty() => {
                parts.into_iter().map(|(property, part)| (property, Symptom::InPart(part))).collect()
            }
            _ => vec![(Property::StateMatchesOutputs, Symptom::Unexplained)],
        }
    }

    /// The message that this happened to, if one can be named.
    fn about(&self, symptom: &Symptom) -> Option<MessageId> {
        let inputs = self.evidence.inputs;
        if let [only] = inputs {
            return Some(only.id);
        }
        match symptom {
            Symptom::EffectMissing(message)
            | Symptom::EffectTwice(message)
            | Symptom::Contradiction(message, _)
            | Symptom::BeforeItsCause(message, _) => Some(message.id),
            Symptom::PublishedAgain(output)
            | Symptom::NeverPublished(output)
            | Symptom::Unjustified(output) => {
                let can_say = |&input: &usize| {
                    self.possible_outputs(input, true).iter().any(|outputs| outputs.contains(output))
                };
                let mut who = (0..inputs.len()).filter(can_say);
                who.next().filter(|_| who.next().is_none()).map(|input| inputs[input].id)
            }
            _ => None,
        }
    }

    fn reason(&self) -> String {
        let inputs: Vec<String> = self.evidence.inputs.iter().map(|input| self.speaker.said(input)).collect();
        match inputs.len() {
            0 => {
                format!(
                    "no message came in about {}, which does not explain the end",
                    self.evidence.aggregate
                )
            }
            1 => format!("processing {} exactly once does not explain the end", inputs[0]),
            _ => format!("no sequence of {} explains the end", words::enumeration(&inputs)),
        }
    }

    /// What there is at the end that is not explained, or not there and should be.
    fn findings(&self, symptoms: &[(Property, Symptom)], aside: &Aside) -> Vec<(&'static str, String)> {
        let body = |output: &Value| self.speaker.body(output);
        let all = |outputs: &[Value]| words::enumeration(&outputs.iter().map(body).collect::<Vec<_>>());
        let mut findings = vec![("ends with", self.specification.describe(self.evidence.state))];
        match aside {
            Aside::NothingBut if self.actual.is_empty() => findings.push(("published", "nothing".to_owned())),
            Aside::NothingBut => findings.push(("published", format!("nothing but {}", all(&self.actual)))),
            Aside::Said(said) => findings.push(("published", all(said))),
            Aside::Nothing => {}
        }
        if matches!(aside, Aside::NothingBut) {
            return findings;
        }
        for (_, symptom) in symptoms {
            findings.extend(match symptom {
                Symptom::NeverPublished(output) => {
                    match self.actual.iter().filter(|other| *other == output).count() {
                        0 => Some(("never published", body(output))),
                        said => Some(("published", format!("only {said} {}", body(output)))),
                    }
                }
                Symptom::Unjustified(output) => Some(("published", body(output))),
                Symptom::PublishedAgain(output) => Some(("under two ids", body(output))),
                Symptom::TwoContents(one, other) => {
                    Some(("under one id", format!("both {} and {}", body(one), body(other))))
                }
                Symptom::Contradiction(_, outputs) => {
                    let of = if outputs.len() > 2 { "all of" } else { "both" };
                    Some(("published", format!("{of} {}", all(outputs))))
                }
                Symptom::DifferentOrders => Some(("published", all(&self.actual))),
                Symptom::EffectMissing(_)
                | Symptom::EffectTwice(_)
                | Symptom::InPart(_)
                | Symptom::BeforeItsCause(..)
                | Symptom::Unexplained => None,
            });
        }
        grouped(findings)
    }

    /// Which order it is, if there is more than one; where it leads, and what it says.
    fn tell(&self, execution: &Execution) -> String {
        let order: Vec<String> =
            execution.order.iter().map(|&index| self.speaker.said(&self.evidence.inputs[index])).collect();
        let order =
            if order.len() > 1 { format!("{} leads to ", order.join(", then ")) } else { String::new() };
        let outputs: Vec<String> = execution.outputs.iter().map(|output| self.speaker.body(output)).collect();
        let said = match (outputs.is_empty(), self.actual.is_empty()) {
            (true, true) => String::new(),
            (true, false) => "; nothing is published".to_owned(),
            _ => format!("; published {}", words::enumeration(&outputs)),
        };
        format!("{order}{}{said}", self.specification.describe(&execution.state))
    }
}

/// What is of one kind, in one line.
fn grouped(findings: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    let mut lines: Vec<(&'static str, Vec<String>)> = Vec::new();
    for (what, text) in findings {
        match lines.iter_mut().find(|(other, _)| *other == what) {
            Some((_, texts)) => texts.push(text),
            None => lines.push((what, vec![text])),
        }
    }
    lines.into_iter().map(|(what, texts)| (what, words::enumeration(&texts))).collect()
}

/// Executions of some messages.
struct Executions {
    found: Vec<Execution>,
    /// Whether there are no others.
    exhausted: bool,
}

/// All executions of the messages with these indices, in every order in which
/// nothing is processed before its cause was said; if there is none, in every order.
fn executions(
    specification: &dyn Specification,
    evidence: &Evidence<'_>,
    causes: &[Option<Value>],
    indices: &[usize],
) -> Executions {
    if causes.iter().any(Option::is_some) {
        let in_order = executions_in(specification, evidence, causes, indices);
        if !in_order.found.is_empty() {
            return in_order;
        }
    }
    executions_in(specification, evidence, &vec![None; evidence.inputs.len()], indices)
}

fn executions_in(
    specification: &dyn Specification,
    evidence: &Evidence<'_>,
    causes: &[Option<Value>],
    indices: &[usize],
) -> Executions {
    let Evidence { aggregate, inputs, .. } = *evidence;
    const MOST_STEPS: usize = 200_000;
    let mut found = Vec::new();
    let mut steps = 0;
    let start = Execution { order: Vec::new(), state: specification.opening(aggregate), outputs: Vec::new() };
    let mut stack = vec![(start, indices.to_vec())];
    while let Some((execution, left)) = stack.pop() {
        if left.is_empty() {
            found.push(execution);
            if found.len() >= Diagnosis::MOST_EXECUTIONS {
                return Executions { found, exhausted: false };
            }
            continue;
        }
        steps += 1;
        if steps > MOST_STEPS {
            return Executions { found, exhausted: false };
        }
        for (place, &index) in left.iter().enumerate().rev() {
            let too_early = causes[index].as_ref().is_some_and(|cause| !execution.outputs.contains(cause));
            if left[..place].contains(&index) || too_early {
                continue;
            }
            let mut rest = left.clone();
            rest.remove(place);
            let processed = if execution.order.contains(&index) {
                specification.process_again(&execution.state, &inputs[index])
            } else {
                specification.process(&execution.state, &inputs[index])
            };
            for (state, outputs) in processed {
                let mut next = execution.clone();
                next.order.push(index);
                next.state = state;
                next.outputs.extend(outputs);
                stack.push((next, rest.clone()));
            }
        }
    }
    Executions { found, exhausted: true }
}

/// Everything that the processing of one of these messages can publish, after some
/// of the others.
pub(crate) fn can_say(specification: &dyn Specification, aggregate: &str, inputs: &[Message]) -> Vec<Value> {
    let states = reached_states(specification, aggregate, inputs, None);
    let processed = states.iter().flat_map(|state| inputs.iter().map(move |input| (state, input)));
    let mut said: Vec<Value> = Vec::new();
    for (state, input) in processed {
        for output in specification.process(state, input).into_iter().flat_map(|(_, outputs)| outputs) {
            if !said.contains(&output) {
                said.push(output);
            }
        }
    }
    said
}

/// States that these messages can lead to, in whatever order and however often,
/// but for one of them.
fn reached_states(
    specification: &dyn Specification,
    aggregate: &str,
    inputs: &[Message],
    but: Option<usize>,
) -> Vec<Value> {
    const MOST_STATES: usize = 200;
    const MOST_BEFORE: usize = 4;
    let mut states = vec![specification.opening(aggregate)];
    let mut from = 0;
    for _ in 0..inputs.len().min(MOST_BEFORE) {
        let until = states.len();
        for index in from..until {
            for other in (0..inputs.len()).filter(|&other| Some(other) != but) {
                for (state, _) in specification.process(&states[index].clone(), &inputs[other]) {
                    if !states.contains(&state) && states.len() < MOST_STATES {
                        states.push(state);
                    }
                }
            }
        }
        from = until;
    }
    states
}
