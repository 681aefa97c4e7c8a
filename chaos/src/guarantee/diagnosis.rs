//! What is wrong with evidence that no order explains.

use std::collections::BTreeSet;

use ports::Message;
use ports::law::{Named, Property, Specification, Symptom};
use ports::words::{self, Speaker};
use serde_json::Value;

use super::judgement::{Evidence, Judgement};

/// One sequential execution.
#[derive(Clone, Debug)]
struct Execution {
    order: Vec<usize>,
    state: Value,
    outputs: Vec<Value>,
}

/// What is in `a` and not in `b`, counting.
fn minus(a: &[Value], b: &[Value]) -> Vec<Value> {
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

/// Finds out what is wrong with evidence that no order explains.
pub(super) struct Diagnosis<'a> {
    specification: &'a dyn Specification,
    evidence: &'a Evidence<'a>,
    speaker: &'a Speaker,
    /// All executions of all messages, each once.
    legal: Vec<Execution>,
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
        let all: Vec<usize> = (0..evidence.inputs.len()).collect();
        let legal = executions(specification, evidence.inputs, &all);
        let actual = evidence.contents(specification);
        Self { specification, evidence, speaker, legal, actual }
    }

    pub(super) fn find(&self, wrong_ids: Option<(Value, Value)>) -> Judgement {
        let mut symptoms: Vec<(Property, Symptom)> = Vec::new();
        if let Some((one, other)) = wrong_ids {
            symptoms.push((Property::ConsistentOutputs, Symptom::TwoContents(one, other)));
        }
        symptoms.extend(self.contradictions());
        symptoms.extend(self.published_again());
        let nearest = self.nearest();
        match &nearest {
            Some(nearest) if &nearest.state == self.evidence.state => {
                symptoms.extend(self.output_symptoms(nearest));
            }
            _ => symptoms.extend(self.state_symptoms()),
        }
        if symptoms.is_empty() {
            symptoms.push((Property::StateMatchesOutputs, Symptom::DifferentOrders));
        }
        let mut violated: Vec<Property> = Vec::new();
        for (property, _) in &symptoms {
            if !violated.contains(property) {
                violated.push(*property);
            }
        }
        // What a contradiction or a double id says need not be said once more.
        let told: Vec<Value> = symptoms
            .iter()
            .flat_map(|(_, symptom)| match symptom {
                Symptom::Contradiction(_, outputs) => outputs.clone(),
                Symptom::TwoContents(one, other) => {
                    vec![self.specification.content(one), self.specification.content(other)]
                }
                Symptom::PublishedAgain(output) => vec![output.clone()],
                _ => Vec::new(),
            })
            .collect();
        symptoms
            .retain(|(_, symptom)| !matches!(symptom, Symptom::Unjustified(output) if told.contains(output)));
        let mut damage: Vec<String> = Vec::new();
        for (_, symptom) in &symptoms {
            let sentence = match symptom {
                Symptom::InPart(sentence) => sentence.clone(),
                _ => self.specification.damage(self.evidence.aggregate, symptom),
            };
            if !damage.contains(&sentence) {
                damage.push(sentence);
            }
        }
        Judgement { violated, reason: self.reason(&symptoms), damage, nearest: nearest.map(|e| self.tell(e)) }
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
        const MOST_STATES: usize = 200;
        const MOST_BEFORE: usize = 4;
        let inputs = self.evidence.inputs;
        let mut states = vec![self.specification.initial()];
        let mut from = 0;
        for _ in 0..inputs.len().min(MOST_BEFORE) {
            let until = states.len();
            for index in from..until {
                for other in (0..inputs.len()).filter(|&other| after_itself || other != input) {
                    for (state, _) in self.specification.process(&states[index].clone(), &inputs[other]) {
                        if !states.contains(&state) && states.len() < MOST_STATES {
                            states.push(state);
                        }
                    }
                }
            }
            from = until;
        }
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
        self.legal.iter().min_by_key(|execution| {
            let outputs =
                minus(&self.actual, &execution.outputs).len() + minus(&execution.outputs, &self.actual).len();
            (&execution.state != self.evidence.state, outputs)
        })
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

    /// No order of all messages leads to the state: does it show one too few
    /// or one twice?
    fn state_symptoms(&self) -> Vec<(Property, Symptom)> {
        const MOST_INPUTS: usize = 6;
        let count = self.evidence.inputs.len();
        let input = |index: usize| Named::by(self.speaker, &self.evidence.inputs[index]);
        let reaching = |indices: &[usize]| -> Vec<Execution> {
            executions(self.specification, self.evidence.inputs, indices)
                .into_iter()
                .filter(|execution| &execution.state == self.evidence.state)
                .collect()
        };
        if count > MOST_INPUTS {
            return vec![(Property::StateMatchesOutputs, Symptom::Unexplained)];
        }
        let mut subsets: Vec<(Vec<usize>, Vec<usize>)> = (0u32..(1 << count) - 1)
            .map(|set| (0..count).partition(|index| set & (1 << index) != 0))
            .collect();
        subsets.sort_by_key(|(_, missing)| missing.len());
        for (there, missing) in subsets {
            let surplus = |execution: &Execution| minus(&self.actual, &execution.outputs);
            let Some(ghosts) = reaching(&there).iter().map(surplus).min_by_key(Vec::len) else { continue };
            let lost =
                missing.into_iter().map(|m| (Property::NoLostMessages, Symptom::EffectMissing(input(m))));
            let ghosts =
                ghosts.into_iter().map(|output| (Property::NoGhostMessages, Symptom::Unjustified(output)));
            return lost.chain(ghosts).collect();
        }
        for twice in 0..count {
            let indices: Vec<usize> = (0..count).chain([twice]).collect();
            if !reaching(&indices).is_empty() {
                return vec![(Property::NoDuplicatedProcessing, Symptom::EffectTwice(input(twice)))];
            }
        }
        let legal = self.legal.first().map(|execution| &execution.state);
        let parts =
            legal.map(|legal| self.specification.parts(self.evidence.aggregate, self.evidence.state, legal));
        match parts {
            Some(parts) if !parts.is_empty() => {
                parts.into_iter().map(|(property, part)| (property, Symptom::InPart(part))).collect()
            }
            _ => vec![(Property::StateMatchesOutputs, Symptom::Unexplained)],
        }
    }

    fn reason(&self, symptoms: &[(Property, Symptom)]) -> String {
        let inputs: Vec<String> = self.evidence.inputs.iter().map(|input| self.speaker.said(input)).collect();
        let state = self.specification.describe(self.evidence.state);
        let subject = match inputs.len() {
            1 => format!("processing {} exactly once does not explain", inputs[0]),
            _ => format!("no order of {} explains", words::enumeration(&inputs)),
        };
        let outputs: Vec<String> = symptoms
            .iter()
            .filter_map(|(_, symptom)| match symptom {
                Symptom::NeverPublished(output) => {
                    let said = self.actual.iter().filter(|other| *other == output).count();
                    let few = if said == 0 { "no".to_owned() } else { format!("only {said}") };
                    Some(format!("{few} {}", self.speaker.body(output)))
                }
                Symptom::Unjustified(output) => Some(self.speaker.body(output)),
                Symptom::PublishedAgain(output) => {
                    Some(format!("{} under two ids", self.speaker.body(output)))
                }
                Symptom::TwoContents(one, other) => Some(format!(
                    "one id that says both {} and {}",
                    self.speaker.body(one),
                    self.speaker.body(other)
                )),
                Symptom::Contradiction(_, outputs) => Some(format!(
                    "both {}",
                    words::enumeration(
                        &outputs.iter().map(|output| self.speaker.body(output)).collect::<Vec<_>>()
                    )
                )),
                Symptom::DifferentOrders => Some(format!(
                    "the messages {}",
                    words::enumeration(
                        &self.actual.iter().map(|output| self.speaker.body(output)).collect::<Vec<_>>()
                    )
                )),
                Symptom::EffectMissing(_)
                | Symptom::EffectTwice(_)
                | Symptom::InPart(_)
                | Symptom::Unexplained => None,
            })
            .collect();
        if outputs.is_empty() {
            format!("{subject} {state}")
        } else {
            format!("{subject} {state}, and {}", words::enumeration(&outputs))
        }
    }

    fn tell(&self, execution: &Execution) -> String {
        let order: Vec<String> =
            execution.order.iter().map(|&index| self.speaker.said(&self.evidence.inputs[index])).collect();
        let outputs: Vec<String> = execution.outputs.iter().map(|output| self.speaker.body(output)).collect();
        format!(
            "{} leads to {} and publishes {}",
            order.join(", then "),
            self.specification.describe(&execution.state),
            words::enumeration(&outputs)
        )
    }
}

/// All executions of the messages with these indices, in every order.
fn executions(specification: &dyn Specification, inputs: &[Message], indices: &[usize]) -> Vec<Execution> {
    let mut found = Vec::new();
    let start = Execution { order: Vec::new(), state: specification.initial(), outputs: Vec::new() };
    let mut stack = vec![(start, indices.to_vec())];
    while let Some((execution, left)) = stack.pop() {
        if left.is_empty() {
            found.push(execution);
            if found.len() >= Diagnosis::MOST_EXECUTIONS {
                break;
            }
            continue;
        }
        for (place, &index) in left.iter().enumerate().rev() {
            if left[..place].contains(&index) {
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
    found
}
