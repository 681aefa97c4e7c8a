//! The random driver: many seeded runs, for what is too large to exhaust.
//!
//! Time is virtual, and the delays are *heavy-tailed* (a Pareto distribution):
//! most steps take milliseconds, a few take so long that a lock expires. With
//! uniform delays a stalled worker is practically never seen.

use std::sync::Arc;

use ports::Message;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::call::CallKind;
use crate::canonical::{Reductions, canonicalise};
use crate::explore::{MOST_CALLS, explore};
use crate::fault::{Fault, Faults};
use crate::machine::{Bounds, LOCK_DURATION, Machine, Outcome, Source, Step};
use crate::report::{Report, leave_record};
use crate::run::speaker;
use crate::search::Counts;
use crate::story::Teller;
use crate::system::{Mail, System};
use crate::text::Naming;
use crate::verdict::{Finding, Inconclusive, Judge, Verdict};
use crate::watchdog::{Pulse, supervise};
use crate::world::World;
use ports::words;

/// Many random runs of a system.
///
/// The defaults: 2 workers, 3 % faults, seed 0, 10,000 runs.
pub fn soak(system: impl FnOnce() -> System) -> Soak {
    Soak { system: system(), mail: Mail::new(), workers: 2, fault_rate: 0.03, seed: 0, runs: 10_000 }
}

/// Random runs to be made: see [`soak`].
#[derive(Clone)]
#[must_use = "nothing runs until `.run()`"]
pub struct Soak {
    system: System,
    mail: Mail,
    workers: u8,
    fault_rate: f64,
    seed: u64,
    runs: u64,
}

impl Soak {
    /// Sends messages to the first endpoint.
    pub fn send(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.mail.extend(messages.into_iter().map(|message| (0, message)));
        self
    }

    /// How many workers each endpoint has.
    pub fn workers(mut self, workers: u8) -> Self {
        self.workers = workers;
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
        let report = match self.nonsense() {
            Some(sentence) => Report {
                single: true,
                ..Report::without_run(
                    Verdict::Inconclusive(Inconclusive::BadBounds(sentence)),
                    self.describe(),
                )
            },
            None => supervise({
                let this = self.clone();
                move |pulse| this.play(pulse)
            })
            .unwrap_or_else(|blocked| {
                let verdict = Verdict::Violated(Finding::Blocked(blocked.to_string()));
                Report { single: true, ..Report::without_run(verdict, self.describe()) }
            }),
        };
        let report = self.retold(report);
        leave_record(&report, started);
        report
    }

    fn nonsense(&self) -> Option<String> {
        if self.mail.is_empty() || self.mail.len() > 200 {
            Some(format!("{} messages cannot be soaked: send 1 to 200", self.mail.len()))
        } else if self.workers == 0 || self.workers > 32 {
            Some(format!("{} workers cannot be soaked: give each endpoint 1 to 32", self.workers))
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
            words::count(self.mail.len() as u128, "message"),
            words::count(u128::from(self.workers), "worker"),
            self.fault_rate * 100.0
        )
    }

    /// A story of two messages, if there is one with the same ending.
    fn retold(&self, report: Report) -> Report {
        const MOST_MESSAGES: usize = 24;
        let Some(property) = report.violated() else { return report };
        let among = self.mail.len().min(MOST_MESSAGES);
        for second in 0..among {
            for first in 0..=second {
                let mut pair = vec![self.mail[first].clone()];
                pair.extend((first != second).then(|| self.mail[second].clone()));
                let mut hunt = explore(|| self.system.clone()).workers(2).faults(2).limit_states(50_000);
                for (endpoint, message) in pair {
                    let name = self.system.endpoints[endpoint].name().to_owned();
                    hunt = hunt.send_to(&name, [message]);
                }
                let found = hunt.run_unrecorded();
                if found.violated() == Some(property) {
                    return found;
                }
            }
        }
        report
    }

    fn machine(&self, pulse: &Arc<Pulse>) -> Machine {
        let speaker = speaker(&self.system, &self.mail);
        let bounds = Bounds {
            faults: u8::MAX,
            faults_per_message: None,
            stale: u8::MAX,
            classes: Faults::usual(),
            workers: self.workers,
        };
        let pulse = Arc::clone(pulse);
        Machine::new(&self.system, &self.mail, bounds, Naming::default(), MOST_CALLS, pulse, speaker)
    }

    fn play(&self, pulse: Arc<Pulse>) -> Report {
        /// What is known about handlers is forgotten now and then, so that a
        /// long soak needs no more memory than a short one.
        const REMEMBER_AT_MOST: usize = 200_000;
        let mut machine = self.machine(&pulse);
        let mut judge = Judge::new(self.system.clone());
        let mut dice = Dice::new(self.seed, self.fault_rate);
        let mut report = Report { single: true, ..Report::without_run(Verdict::Holds, self.describe()) };
        let mut steps = Vec::new();
        let mut agenda = Vec::new();
        let mut commits = Vec::new();
        let mut initial = machine.initial();
        for _ in 0..self.runs {
            if machine.rehearsal.shape_count().max(machine.texts().count()) > REMEMBER_AT_MOST {
                machine = self.machine(&pulse);
                judge = Judge::new(self.system.clone());
                initial = machine.initial();
            }
            steps.clear();
            let mut world = initial.clone();
            let played = play_once(
                &mut machine,
                &mut world,
                &mut dice,
                &mut steps,
                &mut agenda,
                &mut commits,
                &mut report,
            );
            report.counts.transitions += steps.len();
            let verdict = match played {
                Err(fault) => Verdict::Violated(Finding::Handler(fault)),
                Ok(false) => Verdict::Violated(Finding::Property(crate::run::never_rests())),
                Ok(true) => {
                    // The order of the commits is the order to try first.
                    let mut order = commits.clone();
                    order.extend((0..machine.sent.len()).filter(|message| !commits.contains(message)));
                    canonicalise(&mut world, Reductions::ALL, false);
                    match judge.judge(&mut machine, &world, Some(&order)) {
                        Ok(Ok(())) => continue,
                        Ok(Err(finding)) => Verdict::Violated(finding),
                        Err(reason) => Verdict::Inconclusive(reason),
                    }
                }
            };
            report.verdict = verdict;
            report.steps = steps.len();
            report.story = Teller::new(&mut machine).tell(&steps[..steps.len().min(60)], None).0;
            break;
        }
        report.counts = Counts { deliveries: machine.rehearsal.shape_count(), ..report.counts };
        report
    }
}

/// A seeded source of decisions.
struct Dice {
    rng: Xoshiro256PlusPlus,
    fault_rate: f64,
}

impl Dice {
    fn new(seed: u64, fault_rate: f64) -> Self {
        Self { rng: Xoshiro256PlusPlus::seed_from_u64(seed), fault_rate }
    }

    /// How long a step takes, in virtual microseconds: 1 to 2 milliseconds half
    /// of the time, 2 to 4 a quarter of the time, and so on (a Pareto
    /// distribution with α = 1, in whole numbers: floating-point powers differ
    /// from platform to platform).
    fn delay(&mut self) -> u64 {
        const MOST_DOUBLINGS: u32 = 20;
        let bits: u64 = self.rng.random();
        let doublings = (bits >> 32 << 32).leading_zeros().min(MOST_DOUBLINGS);
        (1_000 + (bits & 0xffff_ffff) % 1_000) << doublings
    }

    fn goes_wrong(&mut self) -> bool {
        self.fault_rate > 0.0 && self.rng.random_bool(self.fault_rate)
    }

    fn pick(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }
}

/// Plays one run to rest; `false` if it does not get there.
fn play_once(
    machine: &mut Machine,
    world: &mut World,
    dice: &mut Dice,
    taken: &mut Vec<Step>,
    agenda: &mut Vec<(u64, u64)>,
    commits: &mut Vec<usize>,
    report: &mut Report,
) -> Result<bool, crate::rehearsal::HandlerFault> {
    let lock = LOCK_DURATION.as_micros() as u64;
    let longest = 1_000 + 200 * machine.sent.len();
    // For each worker: when it does its next step, and when its lock expires.
    commits.clear();
    agenda.clear();
    agenda.resize(world.workers.len(), (0, u64::MAX));
    let mut now = 0;
    let mut options = Vec::new();
    while taken.len() < longest {
        let step = next_step(machine, world, dice, agenda, &mut now, &mut options);
        let Some(step) = step else { return Ok(world.at_rest()) };
        let fault = machine.fault(world, step);
        if let Some(fault) = fault {
            report.visited = report.visited.with(fault);
            report.faults += 1;
        }
        match step {
            Step::Deliver { worker, .. }
            | Step::Duplicate { worker, .. }
            | Step::LockExpires { worker, .. } => {
                agenda[usize::from(worker)] = (now + dice.delay(), now + lock);
                if let Step::LockExpires { from, .. } = step {
                    agenda[usize::from(from)].1 = u64::MAX;
                }
            }
            Step::Call { worker, .. } | Step::Dispatch { worker, .. } | Step::Ack { worker, .. } => {
                agenda[usize::from(worker)].0 = now + dice.delay();
            }
            Step::Land { .. } | Step::Expire { .. } => {}
        }
        taken.push(step);
        let writer = writer(machine, world, step);
        let applied = machine.apply_known(world, step, fault)?;
        if let Some(message) = writer
            && applied.took_effect
            && !commits.contains(&message)
        {
            commits.push(message);
        }
    }
    Ok(false)
}

fn next_step(
    machine: &Machine,
    world: &World,
    dice: &mut Dice,
    agenda: &mut [(u64, u64)],
    now: &mut u64,
    options: &mut Vec<Step>,
) -> Option<Step> {
    let lock = LOCK_DURATION.as_micros() as u64;
    // An idle worker takes whatever lies on its queue.
    if !world.queue.is_empty() {
        let copy = dice.pick(world.queue.len());
        let endpoint = world.queue[copy].endpoint;
        let idle =
            world.workers.iter().position(|worker| worker.endpoint == endpoint && worker.busy.is_none());
        if let Some(worker) = idle {
            let (copy, worker) = (copy as u8, worker as u8);
            if dice.goes_wrong() && machine.any_left(world, Fault::Duplicate) {
                let message = &world.queue[usize::from(copy)].message;
                let sent = machine
                    .sent
                    .iter()
                    .position(|sent| &sent.message == message && sent.endpoint == endpoint);
                if let Some(sent) = sent {
                    return Some(Step::Duplicate { of: Source::Sent(sent as u8), worker });
                }
            }
            return Some(Step::Deliver { copy, worker });
        }
    }
    let busy = (0..world.workers.len()).filter(|&worker| world.workers[worker].busy.is_some());
    let next = busy.min_by_key(|&worker| agenda[worker].0)?;
    *now = (*now).max(agenda[next].0);
    // Whose lock has expired by now, and is there anybody to take over?
    for (from, (holder, &(_, expires))) in world.workers.iter().zip(&*agenda).enumerate() {
        let Some(busy) = &holder.busy else { continue };
        if busy.holds_lock && expires <= *now {
            let endpoint = holder.endpoint;
            let idle =
                world.workers.iter().position(|worker| worker.endpoint == endpoint && worker.busy.is_none());
            if let Some(worker) = idle
                && machine.any_left(world, Fault::LockExpires)
            {
                return Some(Step::LockExpires { from: from as u8, worker: worker as u8 });
            }
        }
    }
    options.clear();
    let worker = next as u8;
    if dice.goes_wrong() {
        const STALLS_IN: usize = 8;
        if dice.pick(STALLS_IN) == 0 {
            // The worker stalls: a long collection of garbage, a laptop lid.
            agenda[next].0 = *now + lock + dice.delay();
            return next_step(machine, world, dice, agenda, now, options);
        }
        machine.worker_steps(world, worker, true, options);
    }
    if options.is_empty() {
        machine.worker_steps(world, worker, false, options);
    }
    Some(options[dice.pick(options.len())])
}

/// The message for which a step writes, as its place among those sent.
fn writer(machine: &Machine, world: &World, step: Step) -> Option<usize> {
    let Step::Call { worker, call, outcome: Outcome::Ok | Outcome::ReplyLost | Outcome::CrashAfter } = step
    else {
        return None;
    };
    let busy = world.workers[usize::from(worker)].busy.as_ref()?;
    if machine.pending_calls(busy)[usize::from(call)].kind() != CallKind::Write {
        return None;
    }
    machine.sent.iter().position(|sent| sent.message == busy.message)
}
