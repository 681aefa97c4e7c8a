//! What is tried: a system, the messages that are sent, and the bounds of what
//! may go wrong. Every driver holds one.

use std::sync::Arc;

use ports::words::{self, Speaker};
use ports::{Endpoint, Message};

use crate::handler::panics::{catching_panics, install_panic_hook};
use crate::handler::text::Naming;
use crate::handler::watchdog::Pulse;
use crate::limits;
use crate::system::outside::Outside;
use crate::system::under_test::{Mail, System};
use crate::world::budget::Bounds;
use crate::world::fault::{Fault, Faults};
use crate::world::transition_system::TransitionSystem;

/// A system, what is sent to it, and within which bounds.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) system: System,
    pub(crate) mail: Mail,
    pub(crate) bounds: Bounds,
    /// Which ids the fresh ids of a delivery are.
    pub(crate) naming: Naming,
    /// How many calls one delivery may make.
    pub(crate) calls: usize,
}

impl Scenario {
    /// Nothing is sent yet, to two workers for each endpoint.
    pub(crate) fn new(system: System, faults: u8, stale: u8, classes: Faults) -> Self {
        let bounds = Bounds {
            faults,
            faults_per_message: None,
            stale,
            stale_by_delivery: false,
            classes,
            time_passes: true,
            workers: 2,
        };
        Self { system, mail: Mail::new(), bounds, naming: Naming::default(), calls: limits::CALLS }
    }

    /// A scenario in which anything of these classes may happen at any time.
    pub(crate) fn unbounded(system: System, classes: Faults) -> Self {
        Self::new(system, u8::MAX, u8::MAX, classes)
    }

    /// Sends messages to the first endpoint.
    pub(crate) fn send(&mut self, messages: impl IntoIterator<Item = Message>) {
        self.mail.extend(messages.into_iter().map(|message| (0, message)));
    }

    /// Sends messages to the endpoint of this name.
    ///
    /// # Panics
    ///
    /// When there is no such endpoint.
    pub(crate) fn send_to(&mut self, endpoint: &str, messages: impl IntoIterator<Item = Message>) {
        let number = self.system.endpoint_named(endpoint);
        self.mail.extend(messages.into_iter().map(|message| (number, message)));
    }

    /// The same with these messages only, by their places.
    pub(crate) fn with_only(&self, places: &[usize]) -> Self {
        let mail = places.iter().map(|&place| self.mail[place].clone()).collect();
        Self { mail, ..self.clone() }
    }

    /// What is wrong with what is sent, if anything is.
    pub(crate) fn invalid(&self) -> Option<String> {
        let most = limits::AT_ONCE;
        if self.mail.len() > most {
            return Some(format!(
                "{} are sent, and there is room for {most} at once. Send fewer",
                words::count(self.mail.len() as u128, "message")
            ));
        }
        if let Some(endpoint) = self.without_a_view() {
            return Some(format!(
                "{endpoint} is judged by a law that speaks of a state, and nobody can see its state. Say with `Endpoint::view` how to read it out of the stores"
            ));
        }
        for (place, (_, message)) in self.mail.iter().enumerate() {
            let same_id =
                |(_, other): &&(usize, Message)| other.id == message.id && other.body != message.body;
            if let Some((_, other)) = self.mail[..place].iter().find(same_id) {
                let [one, two] = words::told_apart(&other.body, &message.body, &self.speaker());
                return Some(format!(
                    "under one message id, both {one} and {two} are sent: nobody could tell whether the second is a copy of the first. Give each an id of its own"
                ));
            }
        }
        None
    }

    /// An endpoint that is judged by its state, and does not show it: by its law,
    /// something is there to begin with, or after the first message.
    fn without_a_view(&self) -> Option<&str> {
        let laws = self.system.endpoints.iter().zip(&self.system.specifications);
        let mut blind = laws.enumerate().filter(|(number, (endpoint, law))| {
            let Some(law) = law.as_deref().filter(|_| !endpoint.has_view()) else { return false };
            let speaks_of_a_state = || {
                let arrived = self.mail.iter().filter(|(to, _)| to == number);
                let mut states = arrived.flat_map(|(_, message)| {
                    let opening = law.opening(&law.aggregate(message));
                    let next = law.process(&opening, message).into_iter().map(|(next, _)| next);
                    next.chain([opening.clone()]).collect::<Vec<_>>()
                });
                !law.initial().is_null() || states.any(|state| !state.is_null())
            };
            // What is wrong with the law is said where it is asked to judge.
            catching_panics(speaks_of_a_state).unwrap_or(false)
        });
        blind.next().map(|(_, (endpoint, _))| endpoint.name())
    }

    /// Names the messages: where all are about one aggregate, that need not be
    /// named.
    pub(crate) fn speaker(&self) -> Speaker {
        install_panic_hook();
        let mut aggregates = self.mail.iter().filter_map(|(endpoint, message)| {
            let specification = self.system.specifications[*endpoint].as_ref();
            // What is wrong with the law is said where it is asked to judge.
            specification.and_then(|law| catching_panics(|| law.aggregate(message)).ok())
        });
        let first = aggregates.next();
        let one = aggregates.all(|aggregate| Some(&aggregate) == first.as_ref());
        Speaker::of(self.mail.iter().map(|(_, message)| message), !one)
    }

    /// Whether any read can be stale at all.
    pub(crate) fn has_weak_stores(&self) -> bool {
        self.system.stores.iter().any(|(_, kind)| kind.weak)
    }

    /// Whether any stream can forget what it has acknowledged.
    pub(crate) fn has_unsynced_streams(&self) -> bool {
        let endpoints = self.system.endpoints.iter();
        let mut outsides = endpoints.flat_map(|endpoint| Outside::of(&self.system, endpoint));
        outsides.any(|(_, _, outside)| outside.model.unsynced().is_some())
    }

    /// The bounds, without the one class of faults that has to be asked for by the system:
    /// where it cannot strike, it is no part of what is searched.
    fn bounds_that_count(&self) -> Bounds {
        let mut bounds = self.bounds.clone();
        if !self.has_unsynced_streams() {
            bounds.classes = bounds.classes.without(Fault::StreamForgets);
        }
        bounds
    }

    /// Everything that can happen in it.
    pub(crate) fn transitions(&self, pulse: Arc<Pulse>) -> TransitionSystem {
        let (bounds, speaker) = (self.bounds_that_count(), self.speaker());
        TransitionSystem::new(&self.system, &self.mail, bounds, self.naming, self.calls, pulse, speaker)
    }

    /// The messages, counted in words.
    pub(crate) fn messages(&self) -> String {
        words::count(self.mail.len() as u128, "message")
    }

    /// The workers, counted in words.
    pub(crate) fn workers(&self) -> String {
        words::count(u128::from(self.bounds.workers), "worker")
    }

    /// What is tried, in words: "orders × 2 messages × 2 workers × at
    /// most 1 fault".
    pub(crate) fn describe(&self) -> String {
        let at_most =
            |number: u8, thing: &str| format!("at most {}", words::count(u128::from(number), thing));
        let endpoints: Vec<&str> = self.system.endpoints.iter().map(Endpoint::name).collect();
        let mut parts = vec![endpoints.join(" + "), self.messages(), self.workers()];
        parts.push(match self.bounds.faults_per_message {
            Some(faults) => format!("{} per message", at_most(faults, "fault")),
            None => at_most(self.bounds.faults, "fault"),
        });
        match self.bounds {
            Bounds { stale: 0, .. } => {}
            Bounds { stale, stale_by_delivery: false, .. } => parts.push(at_most(stale, "stale read")),
            Bounds { stale, .. } => {
                let deliveries = words::count(u128::from(stale), "delivery");
                parts.push(format!("every read of {deliveries} old"));
            }
        }
        parts.join(" × ")
    }

    /// What a verdict on it is worth, if it is less than that of an independent
    /// witness: "judged by its own state machine: …".
    pub(crate) fn worth(&self) -> Option<String> {
        let endpoints = &self.system.endpoints;
        let laws = endpoints.iter().zip(&self.system.specifications);
        let mut said: Vec<(String, Vec<String>)> = Vec::new();
        for (endpoint, law) in laws {
            // What is wrong with the law is said where it is asked to judge.
            let worth = law.as_ref().and_then(|law| catching_panics(|| law.worth()).ok().flatten());
            let Some(worth) = worth else { continue };
            match said.iter_mut().find(|(other, _)| *other == worth) {
                Some((_, names)) => names.push(endpoint.name().to_owned()),
                None => said.push((worth, vec![endpoint.name().to_owned()])),
            }
        }
        let told = said.into_iter().map(|(worth, names)| match endpoints.len() {
            1 => worth,
            _ => format!("{}: {worth}", words::enumeration(&names)),
        });
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Everything that tells it from another one: a replay code fits no other.
    pub(crate) fn identity(&self) -> String {
        let endpoints = self.system.endpoints.iter();
        let endpoints: Vec<_> =
            endpoints.map(|endpoint| (endpoint.name(), endpoint.handler_name())).collect();
        let mail: Vec<String> =
            self.mail.iter().map(|(to, message)| format!("{to} {} {}", message.id, message.body)).collect();
        // Also what is asked of it in the end: the same run can be right by the law, and
        // leave too much behind.
        let judged: Vec<bool> = self.system.specifications.iter().map(Option::is_some).collect();
        let stored = self.system.storage_bounds.iter();
        let stored: Vec<_> = stored.map(|bound| (bound.endpoint, &bound.what, bound.at_most)).collect();
        let garbage: Vec<usize> = self.system.garbage.iter().map(|rule| rule.endpoint).collect();
        format!(
            "{endpoints:?} {mail:?} {:?} {:?} {judged:?} {stored:?} {garbage:?}",
            self.bounds_that_count(),
            self.system.stores
        )
    }
}

#[cfg(test)]
mod tests {
    use ports::outside::{StreamModel, Syncs};

    use super::*;

    /// A replay code is one of a scenario: no code of a system whose streams forget nothing
    /// depends on whether it was asked that they do.
    #[test]
    fn a_class_that_cannot_strike_tells_no_scenarios_apart() {
        let identity = |syncs, classes| {
            let bell = Endpoint::new("bell", async |_, _, _| Ok(())).with_stream("bells");
            let kind = StreamModel { syncs, ..StreamModel::default() };
            Scenario::new(System::of(bell).stream("bells", kind), 1, 0, classes).identity()
        };
        let (with, without) = (Faults::usual(), Faults::usual().without(Fault::StreamForgets));
        assert_ne!(with, without);
        assert_eq!(identity(Syncs::Always, with), identity(Syncs::Always, without));
        assert_ne!(identity(Syncs::Later, with), identity(Syncs::Later, without));
        assert_eq!(identity(Syncs::Later, without), identity(Syncs::Always, without));
    }
}
