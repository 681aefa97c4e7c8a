//! What a scripted run came to.

use ports::words::{self, Speaker};
use ports::{Endpoint, Message, RecordedEvent, Snapshot};
use serde_json::Value;

use crate::judging::verdict::{Inconclusive, Verdict};
use crate::telling::report::Report;

/// What a scripted run came to.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) report: Report,
    pub(super) published: Vec<Message>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) snapshots: Vec<Snapshot>,
    pub(super) struck: Vec<(String, bool)>,
    pub(super) round_trips: Vec<RoundTrips>,
    pub(super) speaker: Speaker,
}

/// How often an endpoint had to wait for a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrips {
    /// Reads of a store.
    pub reads: usize,
    /// Writes to a store, deletions included.
    pub writes: usize,
    /// Messages handed to the broker.
    pub publishes: usize,
}

impl RoundTrips {
    /// All of them together.
    #[must_use]
    pub fn total(self) -> usize {
        self.reads + self.writes + self.publishes
    }
}

impl Run {
    /// The handler did not run at all.
    pub(super) fn without_a_world(report: Report) -> Self {
        Self {
            report,
            published: Vec::new(),
            endpoints: Vec::new(),
            snapshots: Vec::new(),
            struck: Vec::new(),
            round_trips: Vec::new(),
            speaker: Speaker::default(),
        }
    }

    /// Demands that each message was processed exactly once, in effect.
    ///
    /// # Panics
    ///
    /// With the story, when it was not; and when a monkey never found its
    /// moment, for then the run has shown nothing.
    #[track_caller]
    pub fn assert_exactly_once(&self) {
        if self.report.holds() {
            self.assert_that_all_struck();
        }
        self.report.assert_exactly_once();
    }

    /// Demands that the run came to rest, and that no handler did what one cannot
    /// go on from; what was [not to be judged](crate::Chaos::unjudged) is not.
    ///
    /// # Panics
    ///
    /// With the story, when it did not; and when a monkey never found its moment.
    #[track_caller]
    pub fn assert_at_rest(&self) {
        match self.report.verdict {
            Verdict::Holds | Verdict::Inconclusive(Inconclusive::NotJudged) => self.assert_that_all_struck(),
            Verdict::Violated(_) | Verdict::Inconclusive(_) => self.report.assert_exactly_once(),
        }
    }

    #[track_caller]
    fn assert_that_all_struck(&self) {
        let idle: Vec<String> =
            self.struck.iter().filter(|(_, struck)| !struck).map(|(name, _)| name.clone()).collect();
        if !idle.is_empty() {
            let reason = Inconclusive::BadBounds(format!(
                "{} never found its moment in this run, so the run shows nothing: the handler did not get as far as what it was to disturb",
                words::enumeration(&idle)
            ));
            Report { verdict: Verdict::Inconclusive(reason), ..self.report.clone() }.assert_exactly_once();
        }
    }

    /// The report on this run.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The run, told step by step.
    #[must_use]
    pub fn story(&self) -> &str {
        &self.report.story
    }

    /// Every different message that was published, in the order in which it was
    /// first, one a line, in words.
    #[must_use]
    pub fn published(&self) -> String {
        self.published.iter().map(|message| self.speaker.body(&message.body)).collect::<Vec<_>>().join("\n")
    }

    /// Every different message that was published, in words, sorted: where it is up to
    /// the handler in which order it sends its outputs.
    #[must_use]
    pub fn published_in_any_order(&self) -> Vec<String> {
        let mut said: Vec<String> =
            self.published.iter().map(|message| self.speaker.body(&message.body)).collect();
        said.sort();
        said
    }

    /// Every different message that was published, in the order in which it was
    /// first.
    #[must_use]
    pub fn published_messages(&self) -> &[Message] {
        &self.published
    }

    /// What the first endpoint's stores held in the end.
    ///
    /// # Panics
    ///
    /// When the handler did not run at all; the message says why.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        self.snapshots.first().unwrap_or_else(|| panic!("{}", self.report))
    }

    /// What the stores of the endpoint of this name held in the end.
    ///
    /// # Panics
    ///
    /// When there is no such endpoint, or the handler did not run at all; the
    /// message says why.
    #[must_use]
    pub fn snapshot_of(&self, endpoint: &str) -> &Snapshot {
        assert!(!self.snapshots.is_empty(), "{}", self.report);
        &self.snapshots[self.endpoint_named(endpoint)]
    }

    /// What the first endpoint's view shows of an aggregate, in the end.
    ///
    /// # Panics
    ///
    /// When the view cannot read what is stored, or the handler did not run at all;
    /// the message says why.
    #[must_use]
    pub fn state(&self, aggregate: &str) -> Value {
        let state = self.endpoints.first().map(|endpoint| endpoint.state_of(self.snapshot(), aggregate));
        match state {
            None => panic!("{}", self.report),
            Some(Err(error)) => panic!("the view cannot read what is stored of {aggregate}: {error:#}"),
            Some(Ok(state)) => state,
        }
    }

    /// How often the endpoint of this name had to wait for a reply, over all
    /// deliveries. Zero when the handler did not run at all.
    ///
    /// # Panics
    ///
    /// When there is no such endpoint.
    #[must_use]
    pub fn round_trips(&self, endpoint: &str) -> RoundTrips {
        if self.endpoints.is_empty() {
            return RoundTrips::default();
        }
        self.round_trips[self.endpoint_named(endpoint)]
    }

    fn endpoint_named(&self, name: &str) -> usize {
        self.endpoints.iter().position(|endpoint| endpoint.name() == name).unwrap_or_else(|| {
            let names: Vec<&str> = self.endpoints.iter().map(Endpoint::name).collect();
            panic!("there is no endpoint named {name:?}; there are {names:?}")
        })
    }

    /// The events of a stream of the first endpoint, in the end.
    #[must_use]
    pub fn stream(&self, name: &str) -> &[RecordedEvent] {
        self.snapshots.first().map_or(&[], |snapshot| snapshot.stream(name))
    }
}
