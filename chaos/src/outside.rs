//! What is outside the simulated processes, and when it forgets.

use std::sync::Arc;

use shared::Endpoint;
use shared::outside::{LogModel, Model, ServiceModel, StreamModel};

use crate::system::{MayForget, System};

/// Logs, a stream or a service.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) model: Arc<dyn Model>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Logs,
    Stream,
    /// When it may forget a key: never, if there is no rule.
    Service(Option<Arc<MayForget>>),
}

impl Outside {
    /// The logs of an endpoint.
    pub(crate) fn logs() -> Self {
        Self { model: Arc::new(LogModel), kind: Kind::Logs }
    }

    /// The streams and services of an endpoint, named for the world and for
    /// itself.
    pub(crate) fn of(system: &System, endpoint: &Endpoint) -> Vec<(String, String, Self)> {
        let streams = endpoint.streams().iter().map(|name| {
            let kind = system.streams.iter().find(|(known, _)| known == name);
            let model = kind.map_or_else(StreamModel::default, |(_, kind)| *kind);
            (format!("stream {name}"), name.clone(), Self { model: Arc::new(model), kind: Kind::Stream })
        });
        let services = endpoint.services().iter().map(|name| {
            let rule = system.forgetful.iter().find(|(known, _)| known == name);
            let kind = Kind::Service(rule.map(|(_, rule)| Arc::clone(rule)));
            let model = Arc::new(ServiceModel { name: name.clone() });
            (format!("service {name}"), name.clone(), Self { model, kind })
        });
        streams.chain(services).collect()
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
        matches!(self.kind, Kind::Stream | Kind::Service(Some(_)))
    }

    /// Whether it answers a request that it has answered before as it did then,
    /// and does nothing, for as long as it does not forget.
    pub(crate) fn repeats(&self) -> bool {
        matches!(self.kind, Kind::Service(_))
    }

    /// Whether it is somebody else's service.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self.kind, Kind::Service(_))
    }

    /// By which rule it forgets at will, if not by the clock.
    pub(crate) fn forgets_at_will(&self) -> Option<&MayForget> {
        match &self.kind {
            Kind::Service(Some(rule)) => Some(&**rule),
            _ => None,
        }
    }
}
