//! What is outside the simulated processes, and when it forgets.

use std::sync::Arc;

use ports::Endpoint;
use ports::law::Specification;
use ports::outside::{LogModel, Model, ServiceModel, StreamModel, ToldLogs};

use super::under_test::{MayForget, System};

/// Logs, a stream, a service, or something of somebody's own.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) model: Arc<dyn Model>,
    /// By which rule it may forget at will, if it may.
    rule: Option<Arc<MayForget>>,
}

impl Outside {
    /// The logs of an endpoint, told in the words of its specification.
    pub(crate) fn logs(specification: Option<Arc<dyn Specification>>) -> Self {
        let model: Arc<dyn Model> = match specification {
            None => Arc::new(LogModel),
            Some(specification) => {
                Arc::new(ToldLogs(move |record: &[u8]| specification.describe_record(record)))
            }
        };
        Self { model, rule: None }
    }

    /// The streams and services of an endpoint and what else it reaches, named
    /// for the world and for itself.
    pub(crate) fn of(system: &System, endpoint: &Endpoint) -> Vec<(String, String, Self)> {
        let streams = endpoint.streams().iter().map(|name| {
            let kind = system.streams.iter().find(|(known, _)| known == name);
            let model = kind.map_or_else(StreamModel::default, |(_, kind)| *kind);
            (format!("stream {name}"), name.clone(), Self { model: Arc::new(model), rule: None })
        });
        let services = endpoint.services().iter().map(|name| {
            let rule = system.forgetful.iter().find(|(known, _)| known == name);
            let model = Arc::new(ServiceModel { name: name.clone() });
            let outside = Self { model, rule: rule.map(|(_, rule)| Arc::clone(rule)) };
            (format!("service {name}"), name.clone(), outside)
        });
        let own = endpoint.outsides().iter().map(|(name, model)| {
            (format!("outside {name}"), name.clone(), Self { model: Arc::clone(model), rule: None })
        });
        streams.chain(services).chain(own).collect()
    }

    /// What is not empty at the start, named for the world, and its state.
    pub(crate) fn stored(system: &System) -> Vec<(String, Vec<u8>)> {
        system
            .published
            .iter()
            .map(|(name, messages)| (format!("stream {name}"), StreamModel::holding(messages)))
            .collect()
    }

    /// Whether anything that it remembers is ever forgotten.
    pub(crate) fn forgets(&self) -> bool {
        self.rule.is_some() || self.model.forgets_by_clock()
    }

    /// By which rule it forgets at will, if not by the clock.
    pub(crate) fn forgets_at_will(&self) -> Option<&MayForget> {
        self.rule.as_deref()
    }
}
