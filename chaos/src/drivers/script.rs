//! `Chaos::on(…)`: one scripted run.

use std::sync::Arc;

use ports::{Message, words};

use super::monkeys::Monkey;
use super::monkeys::scene::{Scene, Tally};
use super::run::{RoundTrips, Run};
use super::supervised::supervised;
use super::transfer;
use crate::guarantee::judgement::Judgement;
use crate::handler::call::CallKind;
use crate::handler::fault::HandlerFault;
use crate::handler::rehearsal::Ending;
use crate::handler::watchdog::Pulse;
use crate::judging::judge::Judge;
use crate::judging::verdict::{Finding, Inconclusive, Verdict};
use crate::scenario::Scenario;
use crate::search::fingerprint::fingerprint;
use crate::search::reductions::Reductions;
use crate::search::symmetry::canonicalise;
use crate::system::under_test::System;
use crate::telling::record::leave_record;
use crate::telling::report::Report;
use crate::world::fault::Faults;
use crate::world::snapshot::snapshot;
use crate::world::state::{Envelope, World};
use crate::world::step::{Applied, CallOutcome, Step};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// A story has at most so many steps, unless it goes round.
pub(super) const MOST_TOLD: usize = 60;

/// A scripted run of a system, under any number of monkeys.
///
/// ```
/// use chaos::{Chaos, DelayedAckFailure};
/// # use chaos::{Law, System};
/// # use ports::{Context, Endpoint, Message, MessageId, Ports, Precondition, Snapshot};
/// # async fn ring(_: &Message, ports: &Ports, _: &Context) -> anyhow::Result<()> {
/// #     let read = ports.documents.get("bell").await?;
/// #     let rings = read.as_ref().map_or(0, |document| document.body.len());
/// #     let body = vec![b'|'; rings + 1];
/// #     ports.documents.put("bell", body, Precondition::unchanged_since(read.as_ref())).await?;
/// #     Ok(())
/// # }
/// # fn bell() -> System {
/// #     let rings = |snapshot: &Snapshot, _: &str| Ok(snapshot.document("bell").map_or(0, <[u8]>::len));
/// #     let law = Law::of(|_| "the bell".to_owned(), |rings: &mut usize, _| {
/// #         *rings += 1;
/// #         Vec::<()>::new()
/// #     });
/// #     System::of(Endpoint::new("bell", ring).view(rings)).judged_by(law)
/// # }
///
/// let ann = || [Message::new(MessageId::named("ann"), &"Ann")];
/// // A quiet day; then one on which the acknowledgement does not get through.
/// Chaos::on(bell).send(ann()).run().assert_exactly_once();
/// let run = Chaos::on(bell).send(ann()).under(DelayedAckFailure::of_message(0)).run();
/// assert_eq!(run.state("the bell"), 2);
/// assert!(run.story().contains("delivered again"), "{}", run.story());
/// ```
#[derive(Clone)]
#[must_use = "nothing runs until `.run()`"]
pub struct Chaos {
    scenario: Scenario,
    monkeys: Vec<Monkey>,
    judged: bool,
}

impl Chaos {
    /// A run of this system, with two workers for each endpoint.
    pub fn on(system: impl FnOnce() -> System) -> Self {
        Self { scenario: Scenario::unbounded(system(), Faults::all()), monkeys: Vec::new(), judged: true }
    }

    /// Sends messages to the first endpoint, in this order.
    pub fn send(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.scenario.send(messages);
        self
    }

    /// Sends messages to the endpoint of this name.
    ///
    /// # Panics
    ///
    /// When there is no such endpoint.
    pub fn send_to(mut self, endpoint: &str, messages: impl IntoIterator<Item = Message>) -> Self {
        self.scenario.send_to(endpoint, messages);
        self
    }

    /// Lets a monkey loose. Several may be.
    pub fn under(mut self, monkey: Monkey) -> Self {
        self.monkeys.push(monkey);
        self
    }

    /// Allows one delivery so many port calls (150, unless said otherwise)
    /// before it counts as an endless loop.
    pub fn calls_per_delivery(mut self, calls: usize) -> Self {
        self.scenario.calls = calls;
        self
    }

    /// Neither judges the run nor tells it: for runs of hundreds of messages, which
    /// have too many orders for the one and too many lines for the other. The caller
    /// looks at what the [`Run`] came to, and says what is wrong with it.
    pub fn unjudged(mut self) -> Self {
        self.judged = false;
        self
    }

    /// Runs it, to rest.
    #[must_use]
    pub fn run(self) -> Run {
        let started = std::time::Instant::now();
        let description = self.describe();
        if let Some(sentence) = self.scenario.invalid() {
            let verdict = Verdict::Inconclusive(Inconclusive::BadBounds(sentence));
            return Run::without_a_world(Report::of_one_run(verdict, description));
        }
        let (scenario, judged) = (self.scenario.clone(), self.judged);
        let run = supervised(&scenario, move |pulse| self.play(pulse))
            .unwrap_or_else(|verdict| Run::without_a_world(Report::of_one_run(verdict, description)));
        if judged || run.report.verdict != Verdict::Inconclusive(Inconclusive::NotJudged) {
            leave_record(&run.report, started);
        }
        run
    }

    fn describe(&self) -> String {
        let names: Vec<String> = self.monkeys.iter().map(|monkey| monkey.name().to_owned()).collect();
        let messages = self.scenario.messages();
        if names.is_empty() {
            format!("{messages}, no monkey")
        } else {
            format!("{messages}, under {}", words::enumeration(&names))
        }
    }

    fn play(self, pulse: Arc<Pulse>) -> Run {
        let description = self.describe();
        let mut transitions = self.scenario.transitions(Arc::clone(&pulse));
        transitions.rehearsal.let_the_last_go_on();
        let mut stage = Stage::new(&transitions, self.monkeys);
        while !stage.is_too_long(&transitions)
            && let Some(step) = stage.next(&transitions)
        {
            stage.take(&mut transitions, step);
        }
        let system = &self.scenario.system;
        let mut judge = Judge::new(system.clone());
        let verdict = stage.is_wrong_already().unwrap_or_else(|| match self.judged {
            true => judge.verdict(&mut transitions, &stage.world),
            false => Verdict::Inconclusive(Inconclusive::NotJudged),
        });
        let mut report = Report::of_one_run(verdict, description);
        report.worth = self.scenario.worth();
        report.visited = stage.visited;
        report.faults = stage.faults;
        let is_told = self.judged || matches!(report.verdict, Verdict::Violated(_));
        if is_told && !report.verdict.is_not_done() {
            let trace = told(&mut transitions, &stage);
            report.tell(&mut transitions, &mut judge, &trace);
            transfer::show_beside(&mut report, &self.scenario, &pulse);
        }
        report.steps = stage.taken.len();
        let published = stage.world.published.iter();
        let published = published
            .filter_map(|copy| serde_json::from_slice(&transitions.texts().bytes(&copy.message)).ok());
        Run {
            report,
            published: published.collect(),
            endpoints: system.endpoints.clone(),
            snapshots: (0..system.endpoints.len())
                .map(|endpoint| snapshot(&transitions, &stage.world, endpoint as u8))
                .collect(),
            struck: stage
                .monkeys
                .iter()
                .map(|monkey| (monkey.name().to_owned(), monkey.has_struck()))
                .collect(),
            round_trips: stage.round_trips,
            speaker: transitions.speaker().clone(),
        }
    }
}

/// A run that is being made.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) taken: Vec<Step>,
    monkeys: Vec<Monkey>,
    /// For each worker, what its delivery has done.
    tallies: Vec<Tally>,
    /// For each endpoint.
    round_trips: Vec<RoundTrips>,
    /// The worker that got a message from a slow one: it goes first.
    favourite: Option<u8>,
    /// Copies that were refused since anything else has happened.
    refused: Vec<Envelope>,
    deliveries: usize,
    visited: Faults,
    faults: usize,
    pub(super) handler_fault: Option<HandlerFault>,
    enabled: Vec<Step>,
}

impl Stage {
    pub(super) fn new(transitions: &TransitionSystem, monkeys: Vec<Monkey>) -> Self {
        let world = transitions.initial();
        Self {
            taken: Vec::new(),
            monkeys,
            tallies: vec![Tally::default(); world.workers.len()],
            round_trips: vec![RoundTrips::default(); transitions.endpoints().len()],
            favourite: None,
            refused: Vec::new(),
            deliveries: 0,
            visited: Faults::NONE,
            faults: 0,
            handler_fault: None,
            enabled: Vec::new(),
            world,
        }
    }

    /// What is wrong before anybody judges the end: the handler, or that there is none.
    pub(super) fn is_wrong_already(&mut self) -> Option<Verdict> {
        let finding = match self.handler_fault.take() {
            Some(fault) => Finding::Handler(fault),
            None if !self.world.at_rest() => Finding::Property(Box::new(Judgement::never_rests())),
            None => return None,
        };
        Some(Verdict::Violated(finding))
    }

    pub(super) fn is_too_long(&self, transitions: &TransitionSystem) -> bool {
        /// A run that is longer than this does not come to rest, …
        const LONGEST: usize = 5_000;
        /// … nor one that delivers this often, and so often for each message.
        const MOST_DELIVERIES: usize = 100;
        self.taken.len() >= LONGEST || self.deliveries >= MOST_DELIVERIES * (1 + transitions.sent.len())
    }

    /// What happens next, if anything does: what the first monkey wants whose
    /// moment it is, or else what is dullest.
    pub(super) fn next(&mut self, transitions: &TransitionSystem) -> Option<Step> {
        if self.handler_fault.is_some() {
            return None;
        }
        transitions.enabled(&self.world, &mut self.enabled);
        let (world, steps, tallies) = (&self.world, self.enabled.as_slice(), self.tallies.as_slice());
        let scene = Scene { transitions, world, steps, tallies };
        let strike = self.monkeys.iter_mut().find_map(|monkey| monkey.strike(scene));
        strike.map(|strike| strike.step).or_else(|| self.default_step(transitions))
    }

    /// What happens when nothing happens: the favourite goes on, then whoever is
    /// busy, and only then is the next message delivered. Once all copies that are
    /// left have been refused, time passes, if there is anything to wait for.
    fn default_step(&self, transitions: &TransitionSystem) -> Option<Step> {
        let free =
            || self.enabled.iter().copied().filter(|&step| transitions.fault(&self.world, step).is_none());
        let of = |step: Step| match step {
            Step::Call { worker, .. } | Step::Dispatch { worker, .. } | Step::Ack { worker, .. } => {
                Some(worker)
            }
            _ => None,
        };
        let by = |wanted: u8| free().find(|&step| of(step) == Some(wanted));
        let expiry = || free().find(|step| matches!(step, Step::Expire { .. }));
        let waits = !self.world.at_rest() && !self.world.work_in_flight() && self.all_refused();
        let next = || free().find(|step| !matches!(step, Step::Expire { .. }));
        let passes = if waits { expiry() } else { None };
        self.favourite.and_then(by).or(passes).or_else(next)
    }

    /// Whether every copy that waits has been refused since anything else has
    /// happened.
    fn all_refused(&self) -> bool {
        self.world.queue.iter().all(|copy| self.refused.contains(copy))
    }

    /// Notes that a message was refused, or that something else has happened.
    fn note_refusal(&mut self, transitions: &TransitionSystem, step: Step, applied: &Applied) {
        let ending =
            applied.delivery.and_then(|delivery| transitions.rehearsal.pending(delivery).ending.as_ref());
        match (step, ending) {
            (_, Some(Ending::Failed(_))) => self.refused.extend(self.world.queue.last().cloned()),
            (Step::Ack { .. } | Step::Expire { .. } | Step::Lose { .. } | Step::Land { .. }, _) => {
                self.refused.clear();
            }
            _ => {}
        }
    }

    pub(super) fn take(&mut self, transitions: &mut TransitionSystem, step: Step) {
        if let Some(fault) = transitions.fault(&self.world, step) {
            self.visited = self.visited.with(fault);
            self.faults += 1;
        }
        self.count(transitions, step);
        if let Step::LockExpires { worker, .. } = step {
            self.favourite = Some(worker);
        }
        self.taken.push(step);
        self.deliveries += usize::from(matches!(step, Step::Deliver { .. }));
        match transitions.apply(&mut self.world, step) {
            Ok(applied) => self.note_refusal(transitions, step, &applied),
            Err(fault) => self.handler_fault = Some(fault),
        }
    }

    /// Keeps count of what each worker has done for its delivery, and of every
    /// call that an endpoint waits for, answered or not.
    fn count(&mut self, transitions: &TransitionSystem, step: Step) {
        match step {
            Step::Deliver { worker, .. }
            | Step::Duplicate { worker, .. }
            | Step::LockExpires { worker, .. } => self.tallies[usize::from(worker)] = Tally::default(),
            Step::Dispatch { worker, .. } => {
                let endpoint = self.world.workers[usize::from(worker)].endpoint;
                self.round_trips[usize::from(endpoint)].publishes += 1;
            }
            Step::Call { worker, call, outcome } => {
                let slot = &self.world.workers[usize::from(worker)];
                let busy = slot.busy.as_ref().expect("a busy worker calls");
                let tally = &mut self.tallies[usize::from(worker)];
                let round_trips = &mut self.round_trips[usize::from(slot.endpoint)];
                let effect =
                    matches!(outcome, CallOutcome::Ok | CallOutcome::ReplyLost | CallOutcome::CrashAfter);
                match transitions.pending_calls(busy)[usize::from(call)].kind() {
                    CallKind::Read => {
                        tally.reads += 1;
                        round_trips.reads += 1;
                    }
                    CallKind::Write => {
                        tally.writes += usize::from(effect);
                        round_trips.writes += 1;
                    }
                    CallKind::Publish => {
                        tally.publishes += usize::from(effect);
                        round_trips.publishes += 1;
                    }
                    CallKind::Clock => {}
                }
            }
            Step::Ack { .. } | Step::Land { .. } | Step::Expire { .. } | Step::Lose { .. } => {}
        }
    }
}

/// As much of a run as is told: its beginning, or once round where it goes round.
pub(super) fn told(transitions: &mut TransitionSystem, stage: &Stage) -> Trace {
    let round = if stage.world.at_rest() { None } else { round(transitions, &stage.taken) };
    let until = round.map_or(MOST_TOLD, |(_, until)| until).min(stage.taken.len());
    let trace = Trace::of(transitions, &stage.taken[..until]);
    match round {
        Some((from, _)) => trace.loops_from(from),
        None => trace,
    }
}

/// Where a run that does not end comes to a state for the second time, without
/// a fault in between: the steps from the one number to the other repeat
/// themselves from there on.
fn round(transitions: &mut TransitionSystem, steps: &[Step]) -> Option<(usize, usize)> {
    let (mut world, mut buffer) = (transitions.initial(), Vec::new());
    let mut seen: Vec<Option<u128>> = Vec::new();
    for (number, &step) in steps.iter().enumerate() {
        let mut named = world.clone();
        canonicalise(&mut named, Reductions::ALL, true);
        let state = Some(fingerprint(&named, &mut buffer));
        if let Some(from) = seen.iter().position(|&earlier| earlier == state) {
            return Some((from, number));
        }
        seen.push(state);
        if transitions.fault(&world, step).is_some() {
            seen.fill(None);
        }
        transitions.apply(&mut world, step).ok()?;
    }
    None
}
