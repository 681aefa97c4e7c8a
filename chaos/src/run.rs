//! `Chaos::on(…)`: one scripted run.

use std::sync::Arc;

use ports::{Message, RecordedEvent, Snapshot};

use crate::call::CallKind;
use crate::canonical::{Reductions, canonicalise, fingerprint};
use crate::explore::MOST_CALLS;
use crate::fault::Faults;
use crate::machine::{Bounds, Machine, Outcome, Step};
use crate::monkey::{Monkey, Tally};
use crate::rehearsal::HandlerFault;
use crate::report::{Report, leave_record};
use crate::search::Counts;
use crate::story::Teller;
use crate::system::{Mail, System};
use crate::text::Naming;
use crate::verdict::{Finding, Inconclusive, Judge, Verdict, snapshot};
use crate::watchdog::{Pulse, supervise};
use crate::world::World;
use ports::words::{self, Speaker};

/// A scripted run of a system, under any number of monkeys.
#[derive(Clone)]
#[must_use = "nothing runs until `.run()`"]
pub struct Chaos {
    system: System,
    mail: Mail,
    monkeys: Vec<Monkey>,
    workers: u8,
    calls: usize,
}

/// What a scripted run came to.
#[derive(Clone, Debug)]
pub struct Run {
    report: Report,
    published: Vec<Message>,
    endpoints: Vec<String>,
    snapshots: Vec<Snapshot>,
    struck: Vec<(String, bool)>,
    round_trips: Vec<RoundTrips>,
    speaker: Speaker,
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

impl Chaos {
    /// A run of this system, with two workers for each endpoint.
    pub fn on(system: impl FnOnce() -> System) -> Self {
        Self { system: system(), mail: Mail::new(), monkeys: Vec::new(), workers: 2, calls: MOST_CALLS }
    }

    /// Sends messages to the first endpoint, in this order.
    pub fn send(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.mail.extend(messages.into_iter().map(|message| (0, message)));
        self
    }

    /// Sends messages to the endpoint of this name.
    ///
    /// # Panics
    ///
    /// When there is no such endpoint.
    pub fn send_to(mut self, endpoint: &str, messages: impl IntoIterator<Item = Message>) -> Self {
        let number = self.system.endpoint_named(endpoint);
        self.mail.extend(messages.into_iter().map(|message| (number, message)));
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
        self.calls = calls;
        self
    }

    /// Runs it, to rest.
    #[must_use]
    pub fn run(self) -> Run {
        let started = std::time::Instant::now();
        let run = match supervise({
            let this = self.clone();
            move |pulse| this.play(pulse)
        }) {
            Ok(run) => run,
            Err(blocked) => {
                let verdict = Verdict::Violated(Finding::Blocked(blocked.to_string()));
                let report = Report { single: true, ..Report::without_run(verdict, self.describe()) };
                Run {
                    report,
                    published: Vec::new(),
                    endpoints: Vec::new(),
                    snapshots: Vec::new(),
                    struck: Vec::new(),
                    round_trips: Vec::new(),
                    speaker: Speaker::default(),
                }
            }
        };
        leave_record(&run.report, started);
        run
    }

    fn describe(&self) -> String {
        let names: Vec<String> = self.monkeys.iter().map(|monkey| monkey.name().to_owned()).collect();
        let messages = words::count(self.mail.len() as u128, "message");
        if names.is_empty() {
            format!("{messages}, no monkey")
        } else {
            format!("{messages}, under {}", words::enumeration(&names))
        }
    }

    fn play(mut self, pulse: Arc<Pulse>) -> Run {
        /// A run that is longer than this does not come to rest, …
        const LONGEST: usize = 5_000;
        /// … nor one that delivers this often, and so often for each message.
        const MOST_DELIVERIES: usize = 100;
        let bounds = Bounds {
            faults: u8::MAX,
            faults_per_message: None,
            stale: u8::MAX,
            classes: Faults::all(),
            workers: self.workers,
        };
        let description = self.describe();
        let speaker = speaker(&self.system, &self.mail);
        let mut machine =
            Machine::new(&self.system, &self.mail, bounds, Naming::default(), self.calls, pulse, speaker);
        let mut world = machine.initial();
        let mut tallies = vec![Tally::default(); world.workers.len()];
        let mut round_trips = vec![RoundTrips::default(); self.system.endpoints.len()];
        let mut favourite = None;
        let mut taken: Vec<Step> = Vec::new();
        let mut visited = Faults::NONE;
        let mut faults = 0;
        let mut enabled = Vec::new();
        let mut trouble: Option<HandlerFault> = None;
        let mut deliveries = 0;
        while taken.len() < LONGEST && deliveries < MOST_DELIVERIES * (1 + machine.sent.len()) {
            machine.enabled(&world, &mut enabled);
            let struck = self
                .monkeys
                .iter_mut()
                .enumerate()
                .find_map(|(n, monkey)| Some((n, monkey.strike(&machine, &world, &enabled, &tallies)?)));
            let Some(step) =
                struck.map(|(_, step)| step).or_else(|| dullest(&machine, &world, &enabled, favourite))
            else {
                break;
            };
            let fault = machine.fault(&world, step);
            if let Some((monkey, _)) = struck {
                self.monkeys[monkey].took(fault);
            }
            if let Some(fault) = fault {
                visited = visited.with(fault);
                faults += 1;
            }
            count(&machine, &world, step, &mut tallies);
            count_round_trip(&machine, &world, step, &mut round_trips);
            if let Step::LockExpires { worker, .. } = step {
                favourite = Some(worker);
            }
            taken.push(step);
            deliveries += usize::from(matches!(step, Step::Deliver { .. }));
            if let Err(fault) = machine.apply(&mut world, step) {
                trouble = Some(fault);
                break;
            }
        }
        let verdict = match trouble {
            Some(fault) => Verdict::Violated(Finding::Handler(fault)),
            None if !world.at_rest() => Verdict::Violated(Finding::Property(never_rests())),
            None => match Judge::new(self.system.clone()).judge(&mut machine, &world, None) {
                Ok(Ok(())) => Verdict::Holds,
                Ok(Err(finding)) => Verdict::Violated(finding),
                Err(reason) => Verdict::Inconclusive(reason),
            },
        };
        let published = world
            .published
            .iter()
            .filter_map(|copy| serde_json::from_slice(&machine.texts().bytes(&copy.message)).ok())
            .collect();
        let snapshots = (0..self.system.endpoints.len()).map(|n| snapshot(&machine, &world, n)).collect();
        let not_done = matches!(verdict, Verdict::Violated(Finding::Handler(HandlerFault::NotDone { .. })));
        let round = if world.at_rest() { None } else { round(&mut machine, &taken) };
        let (loops_from, until) = round.map_or((None, 60), |(from, until)| (Some(from), until));
        let told = &taken[..taken.len().min(until)];
        let story = if not_done { String::new() } else { Teller::new(&mut machine).tell(told, loops_from).0 };
        let report = Report {
            verdict,
            counts: Counts::default(),
            visited,
            bounds: description,
            story,
            steps: taken.len(),
            faults,
            stale: 0,
            replay: None,
            single: true,
        };
        let struck =
            self.monkeys.iter().map(|monkey| (monkey.name().to_owned(), monkey.has_struck())).collect();
        let endpoints = self.system.endpoints.iter().map(|endpoint| endpoint.name().to_owned()).collect();
        Run {
            report,
            published,
            endpoints,
            snapshots,
            struck,
            round_trips,
            speaker: machine.speaker().clone(),
        }
    }
}

/// Where a run that does not end comes to a state for the second time, without
/// a fault in between: the steps from the one number to the other repeat
/// themselves from there on.
fn round(machine: &mut Machine, steps: &[Step]) -> Option<(usize, usize)> {
    let (mut world, mut buffer) = (machine.initial(), Vec::new());
    let mut seen: Vec<Option<u128>> = Vec::new();
    for (number, &step) in steps.iter().enumerate() {
        let mut named = world.clone();
        canonicalise(&mut named, Reductions::ALL, true);
        let state = Some(fingerprint(&named, &mut buffer));
        if let Some(from) = seen.iter().position(|&earlier| earlier == state) {
            return Some((from, number));
        }
        seen.push(state);
        if machine.fault(&world, step).is_some() {
            seen.fill(None);
        }
        machine.apply(&mut world, step).ok()?;
    }
    None
}

pub(crate) fn never_rests() -> crate::checker::Judgement {
    crate::checker::Judgement {
        violated: vec![crate::Property::Settles],
        reason: "with no further fault, the system never comes to rest".to_owned(),
        damage: vec!["the message is delivered again and again, and never done with".to_owned()],
        nearest: None,
    }
}

/// What happens when nothing happens: the favourite goes on, then whoever is
/// busy, and only then is the next message delivered.
fn dullest(machine: &Machine, world: &World, steps: &[Step], favourite: Option<u8>) -> Option<Step> {
    let free = || steps.iter().copied().filter(|&step| machine.fault(world, step).is_none());
    let by = |wanted: u8| {
        free().find(|step| match step {
            Step::Call { worker, .. } | Step::Dispatch { worker, .. } | Step::Ack { worker, .. } => {
                *worker == wanted
            }
            _ => false,
        })
    };
    favourite.and_then(by).or_else(|| free().next())
}

/// Keeps count of what each worker has done for its delivery.
fn count(machine: &Machine, world: &World, step: Step, tallies: &mut [Tally]) {
    match step {
        Step::Deliver { worker, .. } | Step::Duplicate { worker, .. } | Step::LockExpires { worker, .. } => {
            tallies[usize::from(worker)] = Tally::default();
        }
        Step::Call { worker, call, outcome } => {
            let Some(busy) = &world.workers[usize::from(worker)].busy else { return };
            let tally = &mut tallies[usize::from(worker)];
            let effect = matches!(outcome, Outcome::Ok | Outcome::ReplyLost | Outcome::CrashAfter);
            match machine.pending_calls(busy)[usize::from(call)].kind() {
                CallKind::Read => tally.reads += 1,
                CallKind::Write => tally.writes += usize::from(effect),
                CallKind::Publish => tally.publishes += usize::from(effect),
            }
        }
        _ => {}
    }
}

/// Counts every call that an endpoint waits for, answered or not.
fn count_round_trip(machine: &Machine, world: &World, step: Step, round_trips: &mut [RoundTrips]) {
    let (Step::Call { worker, .. } | Step::Dispatch { worker, .. }) = step else { return };
    let worker = &world.workers[usize::from(worker)];
    let count = &mut round_trips[usize::from(worker.endpoint)];
    match (step, &worker.busy) {
        (Step::Call { call, .. }, Some(busy)) => {
            match machine.pending_calls(busy)[usize::from(call)].kind() {
                CallKind::Read => count.reads += 1,
                CallKind::Write => count.writes += 1,
                CallKind::Publish => count.publishes += 1,
            }
        }
        _ => count.publishes += 1,
    }
}

/// Names the messages: where all are about one aggregate, that need not be
/// named.
pub(crate) fn speaker(system: &System, mail: &Mail) -> Speaker {
    let mut aggregates = mail.iter().filter_map(|(endpoint, message)| {
        system.specifications[*endpoint].as_ref().map(|specification| specification.aggregate(message))
    });
    let first = aggregates.next();
    let one = aggregates.all(|aggregate| Some(&aggregate) == first.as_ref());
    Speaker::of(mail.iter().map(|(_, message)| message), !one)
}

impl Run {
    /// Demands that each message was processed exactly once, in effect.
    ///
    /// # Panics
    ///
    /// With the story, when it was not; and when a monkey never found its
    /// moment, for then the run has shown nothing.
    #[track_caller]
    pub fn assert_exactly_once(&self) {
        let idle: Vec<String> =
            self.struck.iter().filter(|(_, struck)| !struck).map(|(name, _)| name.clone()).collect();
        if self.report.holds() && !idle.is_empty() {
            let reason = Inconclusive::BadBounds(format!(
                "{} never found its moment in this run, so the run shows nothing: the handler did not get as far as what it was to disturb",
                words::enumeration(&idle)
            ));
            Report { verdict: Verdict::Inconclusive(reason), ..self.report.clone() }.assert_exactly_once();
        }
        self.report.assert_exactly_once();
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
        self.endpoints
            .iter()
            .position(|endpoint| endpoint == name)
            .unwrap_or_else(|| panic!("there is no endpoint named {name:?}; there are {:?}", self.endpoints))
    }

    /// The events of a stream of the first endpoint, in the end.
    #[must_use]
    pub fn stream(&self, name: &str) -> &[RecordedEvent] {
        self.snapshots.first().map_or(&[], |snapshot| snapshot.stream(name))
    }
}
