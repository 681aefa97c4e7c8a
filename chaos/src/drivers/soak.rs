//! The random driver: many seeded runs, for what is too large to exhaust.
//!
//! Time is virtual, and the delays are *heavy-tailed* (a Pareto distribution):
//! most steps take milliseconds, a few take so long that a lock expires. With
//! uniform delays a stalled worker is practically never seen.

use std::sync::Arc;

use ports::{Message, words};

use super::dice::Dice;
use super::explore::explore;
use super::script::MOST_TOLD;
use super::supervised::supervised;
use crate::guarantee::judgement::Judgement;
use crate::handler::call::CallKind;
use crate::handler::fault::HandlerFault;
use crate::handler::watchdog::Pulse;
use crate::judging::judge::Judge;
use crate::judging::verdict::{Finding, Inconclusive, Verdict};
use crate::scenario::Scenario;
use crate::search::counts::Counts;
use crate::search::reductions::Reductions;
use crate::search::symmetry::canonicalise;
use crate::system::under_test::System;
use crate::telling::record::leave_record;
use crate::telling::report::Report;
use crate::world::expiry::LOCK_DURATION;
use crate::world::fault::{Fault, Faults};
use crate::world::state::World;
use crate::world::step::{CallOutcome, Source, Step};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// Many random runs of a system, for what is too large to exhaust. The same seed gives
/// the same runs.
///
/// ```
/// use chaos::soak;
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
/// let guests = (0..6).map(|guest| Message::new(MessageId::named(&guest.to_string()), &"Guest"));
/// let report = soak(bell).send(guests).runs(200).run();
/// assert!(report.violated().is_some(), "{report}");
/// ```
///
/// The defaults: 2 workers, 3 % faults, seed 0, 10,000 runs.
pub fn soak(system: impl FnOnce() -> System) -> Soak {
    let scenario = Scenario::unbounded(system(), Faults::usual());
    Soak { scenario, fault_rate: 0.03, seed: 0, runs: 10_000 }
}

/// Random runs to be made: see [`soak`].
#[derive(Clone)]
#[must_use = "nothing runs until `.run()`"]
pub struct Soak {
    scenario: Scenario,
    fault_rate: f64,
    seed: u64,
    runs: u64,
}

impl Soak {
    /// Sends messages to the first endpoint.
    pub fn send(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.scenario.send(messages);
        self
    }

    /// How many workers each endpoint has.
    pub fn workers(mut self, workers: u8) -> Self {
        self.scenario.bounds.workers = workers;
        self
    }

    /// How likely each step is to go wrong, from 0 to 1.
    pub fn fault_rate(mut self, rate: f64) -> Self {
        self.fault_rate = rate;
        self
    }

    /// The seed: the same seed gives the same runs, everywhere.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many runs to make, at most.
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// Runs until a run violates a property, or all are done.
    ///
    /// [`Verdict::Holds`] says no more than that none of these runs violated
    /// anything. A violation is hunted once more, exhaustively, with two of the
    /// messages at a time, and the shortest story found is told.
    #[must_use]
    pub fn run(self) -> Report {
        let started = std::time::Instant::now();
        let report = match self.invalid() {
            Some(sentence) => {
                let verdict = Verdict::Inconclusive(Inconclusive::BadBounds(sentence));
                Report::of_one_run(verdict, self.describe())
            }
            None => {
                let this = self.clone();
                supervised(&self.scenario, move |pulse| this.play(pulse))
                    .unwrap_or_else(|verdict| Report::of_one_run(verdict, self.describe()))
            }
        };
        let report = self.retold(report);
        leave_record(&report, started);
        report
    }

    /// What is wrong with what is asked for, if anything is.
    fn invalid(&self) -> Option<String> {
        const MOST_MESSAGES: usize = 200;
        const MOST_WORKERS: u8 = 32;
        let (messages, workers) = (self.scenario.mail.len(), self.scenario.bounds.workers);
        if let Some(sentence) = self.scenario.invalid() {
            Some(sentence)
        } else if !(1..=MOST_MESSAGES).contains(&messages) {
            Some(format!("{messages} messages cannot be soaked: send 1 to {MOST_MESSAGES}"))
        } else if !(1..=MOST_WORKERS).contains(&workers) {
            Some(format!("{workers} workers cannot be soaked: give each endpoint 1 to {MOST_WORKERS}"))
        } else if !(0.0..=1.0).contains(&self.fault_rate) {
            Some(format!("a fault rate of {} is no probability: give one from 0 to 1", self.fault_rate))
        } else {
            None
        }
    }

    fn describe(&self) -> String {
        format!(
            "{} random runs from seed {}, {} × {}, {} % faults",
            words::thousands(u128::from(self.runs)),
            self.seed,
            self.scenario.messages(),
            self.scenario.workers(),
            self.fault_rate * 100.0
        )
    }

    /// A story of two messages, if there is one with the same ending.
    fn retold(&self, report: Report) -> Report {
        const MOST_MESSAGES: usize = 24;
        let Some(property) = report.violated() else { return report };
        let (system, mail) = (&self.scenario.system, &self.scenario.mail);
        for second in 0..mail.len().min(MOST_MESSAGES) {
            for first in 0..=second {
                let mut pair = vec![mail[first].clone()];
                pair.extend((first != second).then(|| mail[second].clone()));
                let mut hunt = explore(|| system.clone()).workers(2).faults(2).limit_states(50_000);
                for (endpoint, message) in pair {
                    hunt = hunt.send_to(system.endpoints[endpoint].name(), [message]);
                }
                let found = hunt.run_unrecorded();
                if found.violated() == Some(property) {
                    return found;
                }
            }
        }
        report
    }

    fn play(&self, pulse: Arc<Pulse>) -> Report {
        /// What is known about handlers is forgotten now and then, so that a
        /// long soak needs no more memory than a short one.
        const REMEMBER_AT_MOST: usize = 200_000;
        let afresh = || self.scenario.transitions(Arc::clone(&pulse));
        let (mut transitions, mut judge) = (afresh(), Judge::new(self.scenario.system.clone()));
        let mut report = Report::of_one_run(Verdict::Holds, self.describe());
        report.worth = self.scenario.worth();
        let mut initial = transitions.initial();
        let mut run = RandomRun::new(Dice::new(self.seed, self.fault_rate), initial.clone());
        for _ in 0..self.runs {
            if transitions.rehearsal.history_count().max(transitions.texts().count()) > REMEMBER_AT_MOST {
                transitions = afresh();
                judge.forget();
                initial = transitions.initial();
            }
            run.begin(&initial);
            let played = run.play(&mut transitions);
            report.counts.transitions += run.taken.len();
            let verdict = match played {
                Err(fault) => Verdict::Violated(Finding::Handler(fault)),
                Ok(false) => Verdict::Violated(Finding::Property(Box::new(Judgement::never_rests()))),
                Ok(true) => {
                    canonicalise(&mut run.world, Reductions::ALL, false);
                    let order = run.order_to_try(transitions.sent.len());
                    match judge.judge(&mut transitions, &run.world, Some(&order)) {
                        Ok(Ok(())) => continue,
                        Ok(Err(finding)) => Verdict::Violated(finding),
                        Err(reason) => Verdict::Inconclusive(reason),
                    }
                }
            };
            report.verdict = verdict;
            let told = run.taken.len().min(MOST_TOLD);
            let trace = Trace::of(&mut transitions, &run.taken[..told]);
            report.tell(&mut transitions, &mut judge, &trace);
            report.steps = run.taken.len();
            break;
        }
        if report.verdict == Verdict::Holds
            && let Some(reason) = judge.judged_nothing()
        {
            report.verdict = Verdict::Inconclusive(reason);
        }
        (report.faults, report.visited) = (run.faults, run.visited);
        report.counts = Counts { deliveries: transitions.rehearsal.history_count(), ..report.counts };
        report
    }
}

/// When one worker does something by itself, in virtual microseconds.
#[derive(Clone, Copy)]
struct Due {
    /// Its next step.
    step: u64,
    /// When its lock expires.
    lock: u64,
}

const LOCK: u64 = LOCK_DURATION.as_micros() as u64;

/// One random run after the other, in the same memory.
struct RandomRun {
    dice: Dice,
    world: World,
    taken: Vec<Step>,
    /// For each worker.
    agenda: Vec<Due>,
    now: u64,
    /// The messages, by their places among those sent, in the order in which
    /// writes for them took effect.
    commits: Vec<usize>,
    options: Vec<Step>,
    /// Over all runs.
    faults: usize,
    visited: Faults,
}

impl RandomRun {
    fn new(dice: Dice, world: World) -> Self {
        Self {
            dice,
            world,
            taken: Vec::new(),
            agenda: Vec::new(),
            now: 0,
            commits: Vec::new(),
            options: Vec::new(),
            faults: 0,
            visited: Faults::NONE,
        }
    }

    fn begin(&mut self, initial: &World) {
        self.world = initial.clone();
        self.taken.clear();
        self.commits.clear();
        self.agenda.clear();
        self.agenda.resize(initial.workers.len(), Due { step: 0, lock: u64::MAX });
        self.now = 0;
    }

    /// The order of the commits is the order to try first.
    fn order_to_try(&self, sent: usize) -> Vec<usize> {
        let mut order = self.commits.clone();
        order.extend((0..sent).filter(|message| !self.commits.contains(message)));
        order
    }

    /// Plays one run to rest; `false` if it does not get there.
    fn play(&mut self, transitions: &mut TransitionSystem) -> Result<bool, HandlerFault> {
        let longest = 1_000 + 200 * transitions.sent.len();
        while self.taken.len() < longest {
            let Some(step) = self.next_step(transitions) else { return Ok(self.world.at_rest()) };
            let fault = transitions.fault(&self.world, step);
            if let Some(fault) = fault {
                self.visited = self.visited.with(fault);
                self.faults += 1;
            }
            self.schedule(step);
            self.taken.push(step);
            let writer = writer(transitions, &self.world, step);
            let applied = transitions.apply_known(&mut self.world, step, fault)?;
            if let Some(message) = writer
                && applied.took_effect
                && !self.commits.contains(&message)
            {
                self.commits.push(message);
            }
        }
        Ok(false)
    }

    /// Says when whoever takes this step has his next one.
    fn schedule(&mut self, step: Step) {
        match step {
            Step::Deliver { worker, .. }
            | Step::Duplicate { worker, .. }
            | Step::LockExpires { worker, .. } => {
                let due = Due { step: self.now + self.dice.delay(), lock: self.now + LOCK };
                self.agenda[usize::from(worker)] = due;
                if let Step::LockExpires { from, .. } = step {
                    self.agenda[usize::from(from)].lock = u64::MAX;
                }
            }
            Step::Call { worker, .. } | Step::Dispatch { worker, .. } | Step::Ack { worker, .. } => {
                self.agenda[usize::from(worker)].step = self.now + self.dice.delay();
            }
            Step::Land { .. } | Step::Expire { .. } | Step::Lose { .. } => {}
        }
    }

    fn next_step(&mut self, transitions: &TransitionSystem) -> Option<Step> {
        if let Some(loss) = self.loss(transitions) {
            return Some(loss);
        }
        if let Some(delivery) = self.delivery(transitions) {
            return Some(delivery);
        }
        loop {
            let busy = (0..self.world.workers.len()).filter(|&n| self.world.workers[n].busy.is_some());
            let next = busy.min_by_key(|&worker| self.agenda[worker].step)?;
            self.now = self.now.max(self.agenda[next].step);
            if let Some(expiry) = self.lock_expiry(transitions) {
                return Some(expiry);
            }
            self.options.clear();
            let worker = next as u8;
            if self.dice.goes_wrong() {
                const STALLS_IN: usize = 8;
                if self.dice.pick(STALLS_IN) == 0 {
                    // The worker stalls: a long collection of garbage, a laptop lid.
                    self.agenda[next].step = self.now + LOCK + self.dice.delay();
                    if let Some(delivery) = self.delivery(transitions) {
                        return Some(delivery);
                    }
                    continue;
                }
                transitions.worker_steps(&self.world, worker, true, &mut self.options);
            }
            if self.options.is_empty() {
                transitions.worker_steps(&self.world, worker, false, &mut self.options);
            }
            return Some(self.options[self.dice.pick(self.options.len())]);
        }
    }

    /// Where a stream can forget what it has acknowledged, it does so once in a while.
    fn loss(&mut self, transitions: &TransitionSystem) -> Option<Step> {
        if !transitions.any_left(&self.world, Fault::StreamForgets) || !self.dice.goes_wrong() {
            return None;
        }
        self.options.clear();
        transitions.losses(&self.world, &mut self.options);
        let all = self.options.len();
        (all > 0).then(|| self.options[self.dice.pick(all)])
    }

    /// An idle worker takes whatever lies on its queue.
    fn delivery(&mut self, transitions: &TransitionSystem) -> Option<Step> {
        if self.world.queue.is_empty() {
            return None;
        }
        let copy = self.dice.pick(self.world.queue.len());
        let endpoint = self.world.queue[copy].endpoint;
        let worker = self.idle(endpoint)?;
        if self.dice.goes_wrong() && transitions.any_left(&self.world, Fault::Duplicate) {
            let sent = transitions.sent.iter().position(|sent| *sent == self.world.queue[copy]);
            if let Some(sent) = sent {
                return Some(Step::Duplicate { of: Source::Sent(sent as u8), worker });
            }
        }
        Some(Step::Deliver { copy: copy as u8, worker })
    }

    /// The lock of somebody that has expired by now, if there is anybody to take
    /// over.
    fn lock_expiry(&self, transitions: &TransitionSystem) -> Option<Step> {
        (0..).zip(self.world.workers.iter().zip(&self.agenda)).find_map(|(from, (holder, due))| {
            let expired = holder.busy.as_ref()?.holds_lock && due.lock <= self.now;
            let worker = if expired { self.idle(holder.endpoint)? } else { return None };
            transitions
                .any_left(&self.world, Fault::LockExpires)
                .then_some(Step::LockExpires { from, worker })
        })
    }

    fn idle(&self, endpoint: u8) -> Option<u8> {
        let idle = self.world.workers.iter().position(|it| it.endpoint == endpoint && it.busy.is_none());
        idle.map(|worker| worker as u8)
    }
}

/// The message for which a step writes, as its place among those sent.
fn writer(transitions: &TransitionSystem, world: &World, step: Step) -> Option<usize> {
    let Step::Call {
        worker,
        call,
        outcome: CallOutcome::Ok | CallOutcome::ReplyLost | CallOutcome::CrashAfter,
    } = step
    else {
        return None;
    };
    let busy = world.workers[usize::from(worker)].busy.as_ref()?;
    if transitions.pending_calls(busy)[usize::from(call)].kind() != CallKind::Write {
        return None;
    }
    transitions.sent.iter().position(|sent| sent.message == busy.message)
}
