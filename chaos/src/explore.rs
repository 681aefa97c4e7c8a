//! `explore(…)`: the builder of an exhaustive search.

use ports::Message;

use crate::canonical::Reductions;
use crate::companion::{self, Deeper};
use crate::fault::{Fault, Faults};
use crate::machine::{Bounds, Machine, Step};
use crate::replay::{BadCode, ReplayCode, scenario_name};
use crate::report::{Report, leave_record};
use crate::run::speaker;
use crate::search::{Counts, EndStates, Observer, Progress, Search, Searched};
use crate::story::Teller;
use crate::system::{Mail, System};
use crate::text::Naming;
use crate::verdict::{Finding, Inconclusive, Judge, Verdict};
use crate::watchdog::supervise;
use ports::words;

/// One delivery may make at most so many calls, unless a test says otherwise.
pub(crate) const MOST_CALLS: usize = 150;

/// Explores every schedule and every fault within bounds.
///
/// The defaults: 2 workers, 1 fault, no stale reads, every class of faults but
/// the two in which a dead worker's call lands late, 3,000,000 states. With
/// `CHAOS_NAMING=descending` in the environment, fresh ids are other ones.
pub fn explore(system: impl FnOnce() -> System) -> Explore {
    Explore {
        system: system(),
        mail: Mail::new(),
        bounds: Bounds {
            faults: 1,
            faults_per_message: None,
            stale: 0,
            classes: Faults::usual(),
            workers: 2,
        },
        demanded: Vec::new(),
        limit: 3_000_000,
        reductions: Reductions::ALL,
        naming: Naming::asked_for(),
        settles: true,
        shrink: true,
        observer: None,
    }
}

/// A search to be run: see [`explore`].
#[derive(Clone)]
#[must_use = "nothing is explored until `.run()` or `.assert_exactly_once()`"]
pub struct Explore {
    system: System,
    mail: Mail,
    bounds: Bounds,
    demanded: Vec<Fault>,
    limit: usize,
    reductions: Reductions,
    naming: Naming,
    settles: bool,
    shrink: bool,
    observer: Option<Observer>,
}

impl Explore {
    /// Sends messages to the first endpoint. All of them wait on its queue from
    /// the start; any order of delivery is tried.
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

    /// How many workers each endpoint has.
    pub fn workers(mut self, workers: u8) -> Self {
        self.bounds.workers = workers;
        self
    }

    /// At most so many faults in a run.
    pub fn faults(mut self, faults: u8) -> Self {
        self.bounds.faults = faults;
        self
    }

    /// At most so many faults for each message that was sent, instead of a
    /// bound on all faults together.
    pub fn faults_per_message(mut self, faults: u8) -> Self {
        self.bounds.faults = 0;
        self.bounds.faults_per_message = Some(faults);
        self
    }

    /// At most so many stale reads in a run (of stores that are weak).
    pub fn stale(mut self, stale: u8) -> Self {
        self.bounds.stale = stale;
        self
    }

    /// Tries only these classes of faults.
    pub fn only(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.bounds.classes = faults.into_iter().collect();
        self
    }

    /// Leaves out a class of faults.
    pub fn without(mut self, fault: Fault) -> Self {
        self.bounds.classes = self.bounds.classes.without(fault);
        self
    }

    /// Tries every class of faults, those included in which the call of a dead
    /// worker takes effect at some later moment.
    pub fn with_late_effects(mut self) -> Self {
        self.bounds.classes = Faults::all();
        self
    }

    /// Demands that these classes of faults have struck while a message was
    /// being worked on; otherwise the search is inconclusive.
    pub fn must_visit(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.demanded.extend(faults);
        self
    }

    /// Gives up after so many states.
    pub fn limit_states(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Which reductions are used: all of them, unless a test compares.
    pub fn reductions(mut self, reductions: Reductions) -> Self {
        self.reductions = reductions;
        self
    }

    /// Which ids the fresh ids of a delivery are.
    pub fn naming(mut self, naming: Naming) -> Self {
        self.naming = naming;
        self
    }

    /// Does not check [`Property::Settles`](crate::Property::Settles).
    pub fn without_settles(mut self) -> Self {
        self.settles = false;
        self
    }

    /// Shows how far the search has come; a `false` stops it.
    pub fn observed_by(mut self, observer: impl Fn(Progress) -> bool + Send + Sync + 'static) -> Self {
        self.observer = Some(std::sync::Arc::new(observer));
        self
    }

    /// Runs the search, and demands that it [holds](Verdict::Holds).
    ///
    /// # Panics
    ///
    /// With the shortest story of how it does not, or why there is no verdict.
    #[track_caller]
    pub fn assert_exactly_once(self) {
        self.run().assert_exactly_once();
    }

    /// Runs the search.
    #[must_use]
    pub fn run(self) -> Report {
        let started = std::time::Instant::now();
        let report = match self.deepened() {
            Ok(search) => search.run_unrecorded(),
            Err(report) => *report,
        };
        if std::env::var_os("CHAOS_VERBOSE").is_some() {
            // A red one with its story, even where a test expects it to be red.
            let story = if report.holds() { String::new() } else { format!("\n{report}") };
            eprintln!("{}{story}", report.evidence());
        }
        leave_record(&report, started);
        report
    }

    /// The search with the bounds that `cargo workshop explore` asks for, if it
    /// does, and with its eyes on it.
    fn deepened(mut self) -> Result<Self, Box<Report>> {
        self.observer = self.observer.or_else(companion::observer);
        let Some(deeper) = Deeper::asked_for() else { return Ok(self) };
        let nonsense = |search: &Self, sentence: String| {
            let verdict = Verdict::Inconclusive(Inconclusive::BadBounds(sentence));
            Box::new(Report::without_run(verdict, search.describe_bounds()))
        };
        let deeper = deeper.map_err(|sentence| nonsense(&self, sentence))?;
        if let Some(messages) = deeper.messages {
            if messages > self.mail.len() {
                let there = words::count(self.mail.len() as u128, "message");
                return Err(nonsense(&self, format!("this search has {there}, and not {messages}")));
            }
            self.mail.truncate(messages);
        }
        self.bounds.workers = deeper.workers.unwrap_or(self.bounds.workers);
        self.bounds.stale = deeper.stale.unwrap_or(self.bounds.stale);
        if let Some(faults) = deeper.faults {
            self.bounds.faults = faults;
            self.bounds.faults_per_message = None;
        }
        self.limit = deeper.states.unwrap_or(usize::MAX);
        Ok(self)
    }

    pub(crate) fn run_unrecorded(self) -> Report {
        let bounds = self.describe_bounds();
        if let Some(sentence) = self.nonsense() {
            return Report::without_run(Verdict::Inconclusive(Inconclusive::BadBounds(sentence)), bounds);
        }
        if let Some(report) = self.replay_asked_for() {
            return report;
        }
        match supervise({
            let this = self.clone();
            move |pulse| this.search(pulse).0
        }) {
            Ok(report) => report,
            Err(blocked) => {
                Report::without_run(Verdict::Violated(Finding::Blocked(blocked.to_string())), bounds)
            }
        }
    }

    /// The end states of the search, for comparing one search with another.
    #[doc(hidden)]
    #[must_use]
    pub fn end_states(self) -> (Report, EndStates) {
        supervise(move |pulse| self.search(pulse)).unwrap_or_else(|blocked| panic!("{blocked}"))
    }

    fn nonsense(&self) -> Option<String> {
        const MOST_WORKERS: u8 = 8;
        const MOST_MESSAGES: usize = 24;
        let Bounds { workers, faults, .. } = self.bounds;
        if workers == 0 || workers > MOST_WORKERS {
            Some(format!("{workers} workers cannot be explored: give each endpoint 1 to {MOST_WORKERS}"))
        } else if self.mail.is_empty() {
            Some(
                "no message was sent, so there is nothing to explore: give `.send([…])` one at least"
                    .to_owned(),
            )
        } else if self.mail.len() > MOST_MESSAGES {
            Some(format!(
                "{} messages cannot be explored: send at most {MOST_MESSAGES}, or use the random driver",
                self.mail.len()
            ))
        } else if faults > 32 {
            Some(format!("{faults} faults cannot be explored: allow at most 32"))
        } else if self.bounds.faults_per_message.is_some() && self.mail.len() > 6 {
            Some("faults can be bounded by message for at most 6 messages".to_owned())
        } else {
            None
        }
    }

    /// The report of a single run, if `CHAOS_REPLAY` names one of this
    /// scenario.
    fn replay_asked_for(&self) -> Option<Report> {
        let text = std::env::var("CHAOS_REPLAY").ok()?;
        let bad = |error: BadCode| {
            Report::without_run(
                Verdict::Inconclusive(Inconclusive::BadBounds(error.to_string())),
                self.describe_bounds(),
            )
        };
        match text.parse::<ReplayCode>() {
            // The story may have been found with fewer messages.
            Ok(code) => self
                .smaller()
                .chain([self.clone()])
                .find(|search| search.scenario() == code.scenario())
                .map(|search| search.replay(&code).unwrap_or_else(bad)),
            Err(error) => Some(bad(error)),
        }
    }

    /// Runs one recorded run again.
    ///
    /// # Errors
    ///
    /// When the code does not fit the handler.
    pub fn replay(&self, code: &ReplayCode) -> Result<Report, BadCode> {
        let (this, code) = (self.clone(), code.clone());
        supervise(move |pulse| {
            let mut machine = this.machine(pulse);
            let steps = code.steps(&mut machine)?;
            let mut judge = Judge::new(this.system.clone());
            let report = this.report_of_run(&mut machine, &mut judge, &steps);
            Ok(Report { replay: Some(code.to_string()), ..report })
        })
        .unwrap_or_else(|blocked| {
            let verdict = Verdict::Violated(Finding::Blocked(blocked.to_string()));
            Ok(Report::without_run(verdict, self.describe_bounds()))
        })
    }

    /// Judges one run by where it ends.
    fn report_of_run(&self, machine: &mut Machine, judge: &mut Judge, steps: &[Step]) -> Report {
        let mut world = machine.initial();
        let mut verdict = None;
        let mut visited = Faults::NONE;
        let mut faults = 0;
        for &step in steps {
            if let Some(fault) = machine.fault(&world, step) {
                visited = visited.with(fault);
                faults += 1;
            }
            if let Err(fault) = machine.apply(&mut world, step) {
                verdict = Some(Verdict::Violated(Finding::Handler(fault)));
            }
        }
        let verdict = verdict.unwrap_or_else(|| {
            if !world.at_rest() {
                return Verdict::Inconclusive(Inconclusive::NothingJudged);
            }
            match judge.judge(machine, &world, None) {
                Ok(Ok(())) => Verdict::Holds,
                Ok(Err(finding)) => Verdict::Violated(finding),
                Err(reason) => Verdict::Inconclusive(reason),
            }
        });
        let (story, _) = Teller::new(machine).tell(steps, None);
        Report {
            verdict,
            counts: Counts::default(),
            visited,
            bounds: self.describe_bounds(),
            story,
            steps: steps.len(),
            faults,
            stale: 0,
            replay: None,
            single: true,
        }
    }

    fn machine(&self, pulse: std::sync::Arc<crate::watchdog::Pulse>) -> Machine {
        let speaker = speaker(&self.system, &self.mail);
        Machine::new(&self.system, &self.mail, self.bounds.clone(), self.naming, MOST_CALLS, pulse, speaker)
    }

    /// The same search with fewer messages, the fewest first, where a story is
    /// told with as few as will do.
    fn smaller(&self) -> impl Iterator<Item = Self> {
        const WORTH_IT: std::ops::RangeInclusive<usize> = 3..=8;
        let count = self.mail.len();
        let sizes = if self.shrink && WORTH_IT.contains(&count) { 1..count } else { 0..0 };
        sizes.flat_map(move |size| subsets(count, size)).map(|subset| {
            let mail = subset.iter().map(|&index| self.mail[index].clone()).collect();
            Self { mail, ..self.clone() }
        })
    }

    fn search(&self, pulse: std::sync::Arc<crate::watchdog::Pulse>) -> (Report, EndStates) {
        let (searched, mut machine) = self.searched(std::sync::Arc::clone(&pulse));
        // A story with fewer messages is a better story.
        if matches!(searched.verdict, Verdict::Violated(Finding::Property(_))) {
            for smaller in self.smaller() {
                let (found, machine) = smaller.searched(std::sync::Arc::clone(&pulse));
                let no_worse = found.faults <= searched.faults;
                if no_worse && found.verdict.property() == searched.verdict.property() {
                    return (smaller.report(found, machine), EndStates::new());
                }
            }
        }
        let mut searched = searched;
        machine.distinguish_workers = false;
        let end_states = std::mem::take(&mut searched.end_states);
        (self.report(searched, machine), end_states)
    }

    fn searched(&self, pulse: std::sync::Arc<crate::watchdog::Pulse>) -> (Searched, Machine) {
        let mut machine = self.machine(pulse);
        let mut judge = Judge::new(self.system.clone());
        // A cycle of local steps could put off everybody else's for ever. As long
        // as every cycle is reported, that does no harm.
        let independence = self.reductions.independence && self.settles;
        let mut searched = Search {
            machine: &mut machine,
            judge: &mut judge,
            reductions: Reductions { independence, ..self.reductions },
            limit: self.limit,
            check_settles: self.settles,
            observer: self.observer.clone(),
            collect_end_states: true,
        }
        .run();
        let missed: Vec<Fault> =
            self.demanded.iter().copied().filter(|&fault| !searched.visited.contains(fault)).collect();
        if searched.verdict == Verdict::Holds && !missed.is_empty() {
            searched.verdict = Verdict::Inconclusive(Inconclusive::NotVisited(missed));
        }
        (searched, machine)
    }

    fn report(&self, searched: Searched, mut machine: Machine) -> Report {
        let mut report = Report::without_run(searched.verdict, self.describe_bounds());
        report.counts = searched.counts;
        report.visited = searched.visited;
        report.single = false;
        let done = matches!(
            report.verdict,
            Verdict::Violated(Finding::Handler(crate::HandlerFault::NotDone { .. }))
        );
        if !searched.steps.is_empty() && !done {
            let mut world = machine.initial();
            for &step in &searched.steps {
                let fault = machine.fault(&world, step);
                report.faults += usize::from(fault.is_some());
                report.stale += usize::from(fault == Some(Fault::StaleRead));
                if machine.apply(&mut world, step).is_err() {
                    break;
                }
            }
            report.steps = searched.steps.len();
            report.story = Teller::new(&mut machine).tell(&searched.steps, searched.loops_from).0;
            if searched.loops_from.is_none() {
                report.replay = ReplayCode::record(&mut machine, &self.scenario(), &searched.steps)
                    .map(|code| code.to_string());
            }
        }
        report
    }

    /// Names this search: the code of a run fits no other.
    fn scenario(&self) -> String {
        let endpoints: Vec<&str> = self.system.endpoints.iter().map(ports::Endpoint::name).collect();
        let mail: Vec<String> =
            self.mail.iter().map(|(to, message)| format!("{to} {} {}", message.id, message.body)).collect();
        scenario_name(&format!("{endpoints:?} {mail:?} {:?} {:?}", self.bounds, self.system.stores))
    }

    fn describe_bounds(&self) -> String {
        let mut parts = vec![
            words::count(self.mail.len() as u128, "message"),
            words::count(u128::from(self.bounds.workers), "worker"),
        ];
        parts.push(match self.bounds.faults_per_message {
            Some(faults) => format!("at most {} per message", words::count(u128::from(faults), "fault")),
            None => format!("at most {}", words::count(u128::from(self.bounds.faults), "fault")),
        });
        if self.bounds.stale > 0 {
            parts.push(format!("at most {}", words::count(u128::from(self.bounds.stale), "stale read")));
        }
        parts.join(" × ")
    }
}

impl Report {
    pub(crate) fn without_run(verdict: Verdict, bounds: String) -> Self {
        Self {
            verdict,
            counts: Counts::default(),
            visited: Faults::NONE,
            bounds,
            story: String::new(),
            steps: 0,
            faults: 0,
            stale: 0,
            replay: None,
            single: false,
        }
    }
}

impl Verdict {
    fn property(&self) -> Option<crate::Property> {
        match self {
            Self::Violated(finding) => finding.property(),
            Self::Holds | Self::Inconclusive(_) => None,
        }
    }
}

/// All ways to choose `size` of the first `count` numbers, in order.
fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
    (0u32..1 << count)
        .filter(|set| set.count_ones() as usize == size)
        .map(|set| (0..count).filter(|index| set & (1 << index) != 0).collect())
        .collect()
}
