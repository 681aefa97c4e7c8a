//! Judging a world at rest.
//!
//! What an endpoint has done is correct if it is equivalent to *some*
//! sequential execution in which each logical message is processed exactly
//! once: the business state and the published messages must both be explained
//! by one and the same order. The sequential meaning of the messages is given
//! by a [`Specification`]; the checker searches the orders (a memoised search
//! over sets of processed messages, as in Lowe's refinement of Wing and Gong's
//! linearizability test, but without any real-time order to respect). This is done
//! for one aggregate at a time; where aggregates cause each other, see
//! [`causes`](super::causes).

use std::collections::{BTreeMap, BTreeSet};

use ports::law::Specification;
use ports::words::Speaker;
use ports::{Message, MessageId};
use serde_json::Value;

use super::diagnosis::Diagnosis;
use super::judgement::{Evidence, Judgement, TooManyOrders};
use crate::limits;

/// Judges the evidence.
///
/// # Errors
///
/// `Ok(Err(_))` is a violation; the outer error says that there were too many
/// orders to try.
pub fn judge(
    specification: &dyn Specification,
    evidence: &Evidence<'_>,
) -> Result<Result<(), Judgement>, TooManyOrders> {
    let wrong_ids = wrong_ids(evidence);
    if wrong_ids.is_none() && explained(specification, evidence)? {
        return Ok(Ok(()));
    }
    Ok(Err(Diagnosis::new(specification, evidence, &Speaker::default()).judgement(wrong_ids)))
}

/// The same id, published with two contents.
pub(super) fn wrong_ids(evidence: &Evidence<'_>) -> Option<(Value, Value)> {
    let mut bodies: BTreeMap<MessageId, &Value> = BTreeMap::new();
    evidence.outputs.iter().find_map(|output| match bodies.insert(output.id, &output.body) {
        Some(other) if other != &output.body => Some((other.clone(), output.body.clone())),
        _ => None,
    })
}

/// How far one order has come, and what is yet to be tried after that.
struct Attempt {
    /// Which messages have been processed, sorted.
    processed: Vec<usize>,
    state: Value,
    outputs: Vec<Value>,
    /// The next message to go on with.
    next: usize,
    /// What the one before it may lead to as well.
    outcomes: std::vec::IntoIter<(Value, Vec<Value>)>,
}

impl Attempt {
    fn new(processed: Vec<usize>, state: Value, outputs: Vec<Value>) -> Self {
        Self { processed, state, outputs, next: 0, outcomes: Vec::new().into_iter() }
    }
}

/// Whether some order explains state and outputs both. Depth first, the inputs in
/// their given order first; what another order leads to is only asked when that one
/// has its turn.
pub(super) fn explained(
    specification: &dyn Specification,
    evidence: &Evidence<'_>,
) -> Result<bool, TooManyOrders> {
    explained_within(limits::STEPS_OF_A_JUDGE, specification, evidence)
}

/// The same, in so many steps at most.
fn explained_within(
    most_steps: usize,
    specification: &dyn Specification,
    evidence: &Evidence<'_>,
) -> Result<bool, TooManyOrders> {
    let actual = sorted(evidence.contents(specification));
    let all = evidence.inputs.len();
    let mut seen: BTreeSet<(Vec<usize>, String, Vec<usize>)> = BTreeSet::new();
    let mut stack = vec![Attempt::new(Vec::new(), specification.opening(evidence.aggregate), Vec::new())];
    let mut steps = 0;
    while let Some(attempt) = stack.last_mut() {
        if attempt.processed.len() == all {
            if &attempt.state == evidence.state && attempt.outputs.len() == actual.len() {
                return Ok(true);
            }
            stack.pop();
            continue;
        }
        let Some((state, published)) = attempt.outcomes.next() else {
            match (attempt.next..all).find(|next| attempt.processed.binary_search(next).is_err()) {
                Some(next) => {
                    let outcomes = specification.process(&attempt.state, &evidence.inputs[next]);
                    attempt.outcomes = outcomes.into_iter();
                    attempt.next = next + 1;
                }
                None => _ = stack.pop(),
            }
            continue;
        };
        steps += 1;
        if steps > most_steps {
            return Err(TooManyOrders { messages: all });
        }
        let outputs: Vec<Value> = attempt.outputs.iter().cloned().chain(published).collect();
        // Whatever was said must really have been said.
        let Some(matched) = matched(&outputs, &actual) else { continue };
        let mut processed = attempt.processed.clone();
        // The one that these are outcomes of.
        let just_now = attempt.next - 1;
        processed.insert(processed.partition_point(|&other| other < just_now), just_now);
        if seen.insert((processed.clone(), state.to_string(), matched)) {
            stack.push(Attempt::new(processed, state, outputs));
        }
    }
    Ok(false)
}

/// A state that some order of the messages leads to, if none leads to this one. The
/// given order is tried first. None as well if there are too many orders.
pub(crate) fn state_instead_of(
    specification: &dyn Specification,
    aggregate: &str,
    inputs: &[Message],
    state: &Value,
) -> Option<Value> {
    const MOST_STEPS: usize = 20_000;
    let mut seen: BTreeSet<(Vec<usize>, String)> = BTreeSet::new();
    let mut stack = vec![(Vec::<usize>::new(), specification.opening(aggregate))];
    let mut steps = 0;
    let mut first = None;
    while let Some((done, reached)) = stack.pop() {
        if done.len() == inputs.len() {
            if &reached == state {
                return None;
            }
            _ = first.get_or_insert(reached);
            continue;
        }
        for next in (0..inputs.len()).rev().filter(|next| !done.contains(next)) {
            for (state, _) in specification.process(&reached, &inputs[next]) {
                steps += 1;
                if steps > MOST_STEPS {
                    return None;
                }
                let mut done = done.clone();
                done.push(next);
                let mut processed = done.clone();
                processed.sort_unstable();
                if seen.insert((processed, state.to_string())) {
                    stack.push((done, state));
                }
            }
        }
    }
    first
}

/// Which of the actual outputs (sorted) the expected ones are.
fn matched(expected: &[Value], actual: &[Value]) -> Option<Vec<usize>> {
    let mut matched: Vec<usize> = Vec::with_capacity(expected.len());
    for output in expected {
        let found = (0..actual.len()).find(|place| &actual[*place] == output && !matched.contains(place))?;
        matched.push(found);
    }
    matched.sort_unstable();
    Some(matched)
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_cached_key(Value::to_string);
    values
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Letters in the order in which they came; each says which it is.
    struct Letters;

    impl Specification for Letters {
        fn aggregate(&self, _: &Message) -> String {
            "all".to_owned()
        }

        fn initial(&self) -> Value {
            json!("")
        }

        fn process(&self, state: &Value, message: &Message) -> Vec<(Value, Vec<Value>)> {
            let letters = format!("{}{}", state.as_str().unwrap_or(""), message.body.as_str().unwrap_or(""));
            vec![(json!(letters), vec![message.body.clone()])]
        }

        fn describe(&self, state: &Value) -> String {
            state.to_string()
        }

        fn damage(&self, _: &str, _: &ports::law::Symptom) -> String {
            "something else is spelt".to_owned()
        }
    }

    fn letters(word: &str) -> Vec<Message> {
        let letter = |letter: char| {
            let name = letter.to_string();
            Message::new(MessageId::named(&name), &name)
        };
        word.chars().map(letter).collect()
    }

    #[test]
    fn who_gives_up_says_so() {
        let (inputs, state) = (letters("abcde"), json!("edcba"));
        let outputs = letters("abcde");
        let evidence = Evidence { aggregate: "all", inputs: &inputs, state: &state, outputs: &outputs };
        assert_eq!(explained_within(1_000, &Letters, &evidence), Ok(true));
        // Every word of one to five of these letters: 5 + 20 + 60 + 120 + 120.
        let wrong = json!("edcb");
        let evidence = Evidence { state: &wrong, ..evidence };
        assert_eq!(explained_within(325, &Letters, &evidence), Ok(false));
        assert_eq!(explained_within(324, &Letters, &evidence), Err(TooManyOrders { messages: 5 }));
    }

    #[test]
    fn one_id_for_two_contents_is_wrong_whatever_explains_them() {
        let (inputs, state) = (letters("ab"), json!("ab"));
        let mut outputs = letters("ab");
        let evidence = Evidence { aggregate: "all", inputs: &inputs, state: &state, outputs: &outputs };
        assert_eq!(judge(&Letters, &evidence), Ok(Ok(())));
        outputs[1].id = outputs[0].id;
        let evidence = Evidence { aggregate: "all", inputs: &inputs, state: &state, outputs: &outputs };
        let judgement = judge(&Letters, &evidence).unwrap().unwrap_err();
        assert_eq!(judgement.violated.first(), Some(&ports::law::Property::ConsistentOutputs));
    }

    #[test]
    fn another_state_is_named_if_no_order_leads_to_this_one() {
        let inputs = letters("abc");
        assert_eq!(state_instead_of(&Letters, "", &inputs, &json!("cab")), None);
        // The order in which they were given is the first that is tried.
        assert_eq!(state_instead_of(&Letters, "", &inputs, &json!("abcc")), Some(json!("abc")));
    }
}
