//! From the record and what is stored to a verdict: the checker is the one that
//! judges the model.

use std::collections::BTreeMap;

use chaos::{Evidence, Property};
use ports::{Message, Snapshot};

use crate::live::registry::System;
use crate::record::{Entry, Kind};

/// What came of judging.
#[derive(Default)]
pub struct Judged {
    /// What was found, in the order of the orders.
    pub found: Vec<Found>,
    /// Why something could not be judged.
    pub undecided: Vec<String>,
    /// How many aggregates were judged, for each endpoint.
    pub judged: Vec<(String, usize)>,
}

/// Something that is not an exactly-once execution.
pub struct Found {
    /// Which aggregate; none for what is measured over all.
    pub aggregate: Option<String>,
    /// Where.
    pub endpoint: String,
    /// The properties that do not hold, the telling one first.
    pub violated: Vec<Property>,
    /// Why, and what it means, a sentence each.
    pub sentences: Vec<String>,
}

/// One endpoint's part, for one aggregate.
#[derive(Default)]
struct Part {
    inputs: Vec<Message>,
    outputs: Vec<Message>,
}

/// Judges each endpoint, for each aggregate. Each is explained by itself, which is
/// right for systems in which nothing that an endpoint says comes back to it.
pub fn judge(system: &System, record: &[Entry], snapshots: &[Snapshot]) -> anyhow::Result<Judged> {
    let mut judged = Judged::default();
    let mut bodies = BTreeMap::new();
    let copies = record.iter().filter(|entry| entry.kind != Kind::Dead);
    for Entry { endpoint, message, .. } in copies {
        let first = bodies.entry(message.id).or_insert((&message.body, endpoint));
        // Where one endpoint said both, the checker has a word for it.
        if first.0 != &message.body && first.1 != endpoint {
            judged.found.push(Found {
                aggregate: None,
                endpoint: endpoint.clone(),
                violated: vec![Property::ConsistentOutputs],
                sentences: vec![format!(
                    "under one message id, {} and {} were published",
                    first.0, message.body
                )],
            });
        }
    }
    for ((endpoint, law), snapshot) in system.endpoints.iter().zip(snapshots) {
        let mut parts: BTreeMap<String, Part> = BTreeMap::new();
        for entry in record {
            let message = &entry.message;
            let own = entry.endpoint == endpoint.name();
            let input =
                (entry.kind == Kind::Sent && own) || (entry.kind == Kind::Said && endpoint.hears(message));
            let output = entry.kind == Kind::Said && own;
            if !input && !output {
                continue;
            }
            let part = parts.entry(law.aggregate(message)).or_default();
            for (is, list) in [(input, &mut part.inputs), (output, &mut part.outputs)] {
                if is && !list.contains(message) {
                    list.push(message.clone());
                }
            }
        }
        // Whoever no message was about must be as nobody has touched them; an endpoint
        // that can list whom it has anything of is asked about them.
        for aggregate in endpoint.aggregates(snapshot)? {
            parts.entry(aggregate).or_default();
        }
        judged.judged.push((endpoint.name().to_owned(), parts.len()));
        for (aggregate, Part { inputs, outputs }) in &parts {
            let found = |violated, sentences| Found {
                aggregate: Some(aggregate.clone()),
                endpoint: endpoint.name().to_owned(),
                violated,
                sentences,
            };
            let state = match endpoint.state_of(snapshot, aggregate) {
                Ok(state) => state,
                Err(error) => {
                    let sentence = format!("what is stored cannot be read: {error:#}");
                    judged.found.push(found(Vec::new(), vec![sentence]));
                    continue;
                }
            };
            match chaos::judge(law.as_ref(), &Evidence { aggregate, inputs, state: &state, outputs }) {
                Ok(Ok(())) => {}
                Ok(Err(judgement)) => {
                    let findings = judgement.findings.iter();
                    let mut sentences = vec![judgement.reason.clone()];
                    sentences.extend(findings.map(|(what, which)| format!("{what}: {which}")));
                    sentences.extend(judgement.damage.iter().map(|damage| format!("so {damage}")));
                    judged.found.push(found(judgement.violated, sentences));
                }
                Err(error) => judged.undecided.push(format!("{aggregate}: {error}")),
            }
        }
        if let Some(bound) = &system.bound {
            let measured = (bound.measure)(snapshot);
            if measured > bound.at_most {
                judged.found.push(Found {
                    aggregate: None,
                    endpoint: endpoint.name().to_owned(),
                    violated: vec![Property::BoundedStorage],
                    sentences: vec![format!(
                        "at rest, {} is {measured}, and may be at most {}",
                        bound.what, bound.at_most
                    )],
                });
            }
        }
    }
    judged.found.sort_by_key(|found| found.number());
    Ok(judged)
}

impl Found {
    /// The number of its order; those that are about none come last.
    fn number(&self) -> u64 {
        let number = |name: &str| name.rsplit('-').next().and_then(|number| number.parse().ok());
        self.aggregate.as_deref().map_or(u64::MAX, |name| number(name).unwrap_or(u64::MAX - 1))
    }
}
