//! What a run or a search has to say.

use std::fmt;

use ports::law::Property;
use ports::words;
use records::film::Closing;
use records::{Beside, Film, Space};

use super::picture::{width, wrap};
use super::record::is_filmed;
use super::story::Teller;
use super::transcript::Transcript;
use crate::handler::fault::HandlerFault;
use crate::judging::judge::Judge;
use crate::judging::verdict::{Finding, Inconclusive, Verdict};
use crate::search::counts::Counts;
use crate::search::no_return::{NoReturn, point_of_no_return};
use crate::world::fault::{Fault, Faults};
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// A verdict, what it rests on, and the story of what was found. Printed, it is a page
/// for people.
///
/// ```
/// use chaos::{Verdict, explore};
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
/// let ann = Message::new(MessageId::named("ann"), &"Ann");
/// let report = explore(bell).send([ann]).run();
/// assert!(matches!(report.verdict, Verdict::Violated(_)));
/// assert!(report.headline().starts_with("VIOLATED: NoDuplicatedProcessing, with 1 fault"));
/// assert!(report.to_string().contains("Ann takes effect twice on the bell"), "{report}");
/// // Under the story stands how to see it once more.
/// assert!(report.replay.is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// What was counted on the way. All zero for a single run.
    pub counts: Counts,
    /// The classes of faults that struck while a message was being worked on.
    pub visited: Faults,
    /// What was tried, in words: "2 messages × 2 workers × at most 1 fault".
    pub bounds: String,
    /// What the verdict is worth, if it goes by a law that is no independent witness:
    /// "judged by its own state machine: wrong business rules are not seen".
    pub worth: Option<String>,
    /// The run that shows what was found, step by step. Empty if there is
    /// nothing to show.
    pub story: String,
    /// Where in that run a right end went out of reach, if it ends wrong and is told so
    /// far.
    pub no_return: Option<NoReturn>,
    /// What was chosen in that run, a word for each step, without any words of the
    /// story: `d0>1` is a delivery, `c1.0!lost` a call whose reply is lost.
    pub choices: Vec<String>,
    /// The faults that struck in that run, in their order.
    pub struck: Vec<Fault>,
    /// The number of steps in that run.
    pub steps: usize,
    /// The number of faults in that run, stale reads included.
    pub faults: usize,
    /// The number of stale reads among them.
    pub stale: usize,
    /// The code that replays that run.
    pub replay: Option<String>,
    /// Whether this is one run, and not a search.
    pub single: bool,
    /// That run, step by step, if somebody wants to look at it.
    pub(crate) film: Option<Box<Film>>,
    /// The same script with the right answer, if that is to be seen, too.
    pub(crate) beside: Option<Box<Beside>>,
    /// What the right answer comes to under the same script, if it does not hold there.
    pub(crate) answer_fails: Option<String>,
    /// The states that there are within the bounds, if they are to be drawn.
    pub(crate) space: Option<Box<Space>>,
    /// That run, for whoever plays it elsewhere.
    pub(crate) transcript: Option<Box<Transcript>>,
}

impl Report {
    /// A report on a search that has no run to show.
    pub(crate) fn of_a_search(verdict: Verdict, bounds: String) -> Self {
        Self {
            verdict,
            counts: Counts::default(),
            visited: Faults::NONE,
            bounds,
            worth: None,
            story: String::new(),
            no_return: None,
            choices: Vec::new(),
            struck: Vec::new(),
            steps: 0,
            faults: 0,
            stale: 0,
            replay: None,
            single: false,
            film: None,
            beside: None,
            answer_fails: None,
            space: None,
            transcript: None,
        }
    }

    /// A report on one run that is not told yet.
    pub(crate) fn of_one_run(verdict: Verdict, bounds: String) -> Self {
        Self { single: true, ..Self::of_a_search(verdict, bounds) }
    }

    /// Tells a run.
    pub(crate) fn tell(&mut self, transitions: &mut TransitionSystem, judge: &mut Judge, trace: &Trace) {
        self.judge_as_told(transitions, judge, trace);
        let (about, ends_wrong) = match &self.verdict {
            Verdict::Violated(Finding::Property(judgement)) => (judgement.about, true),
            _ => (None, false),
        };
        self.no_return = ends_wrong.then(|| point_of_no_return(transitions, judge, trace)).flatten();
        self.story = Teller::new(transitions, trace, about, self.no_return).tell();
        self.film = is_filmed().then(|| {
            let teller = Teller::new(transitions, trace, about, self.no_return);
            Box::new(teller.film(self.closing()))
        });
        self.transcript = Some(Box::new(Transcript::of(transitions, trace)));
        self.choices = trace.choices();
        self.struck = trace.faults().collect();
        self.steps = trace.len();
    }

    /// A search judges each end once, whatever its fresh ids are called; what is said
    /// under a story must call them as the story does.
    fn judge_as_told(&mut self, transitions: &mut TransitionSystem, judge: &mut Judge, trace: &Trace) {
        let Verdict::Violated(Finding::Property(found)) = &self.verdict else { return };
        if trace.loop_start().is_some() || !trace.end().at_rest() {
            return;
        }
        if let Ok(Err(Finding::Property(again))) = judge.judge(transitions, trace.end(), None)
            && again.violated == found.violated
        {
            self.verdict = Verdict::Violated(Finding::Property(again));
        }
    }

    /// The states within the bounds, and the steps between them, if
    /// [`Explore::with_space`](crate::Explore::with_space) has asked for them, and the
    /// handler can be run.
    #[must_use]
    pub fn space(&self) -> Option<&Space> {
        self.space.as_deref()
    }

    /// The run that shows what was found, in terms that a real server has as well. None
    /// if there is nothing to show.
    #[must_use]
    pub fn transcript(&self) -> Option<&Transcript> {
        self.transcript.as_deref()
    }

    /// The violated property, if one is.
    #[must_use]
    pub fn violated(&self) -> Option<Property> {
        match &self.verdict {
            Verdict::Violated(finding) => finding.property(),
            Verdict::Holds | Verdict::Inconclusive(_) => None,
        }
    }

    /// Whether the verdict is [`Verdict::Holds`].
    #[must_use]
    pub fn holds(&self) -> bool {
        self.verdict == Verdict::Holds
    }

    /// Demands that the right answer holds under the script of this story, if the system
    /// knows one ([`System::beside`](crate::System::beside)): where it did not, the story
    /// would tell of no mistake.
    ///
    /// # Panics
    ///
    /// With the story of the right answer, when it does not hold.
    #[track_caller]
    pub fn assert_the_answer_holds(&self) {
        if let Some(told) = &self.answer_fails {
            panic!("under the same script, the right answer does not hold either: {told}\n\n{self}");
        }
    }

    /// Demands that each message was processed exactly once, in effect, on
    /// every schedule that was tried.
    ///
    /// # Panics
    ///
    /// With the story, when it was not, and when there is no verdict.
    #[track_caller]
    pub fn assert_exactly_once(&self) {
        if self.is_one_replayed_run() {
            self.clone().taken_for_a_search().assert_exactly_once();
        } else if !self.holds() {
            // The report is for people; where it was asked for is of no interest.
            let text = self.to_string();
            eprintln!("\n{text}");
            std::panic::resume_unwind(Box::new(text));
        }
    }

    /// Whether nothing was tried but a recorded run, and that was right.
    fn is_one_replayed_run(&self) -> bool {
        self.holds() && self.is_a_replay()
    }

    /// Whether nothing was tried but a recorded run.
    pub(crate) fn is_a_replay(&self) -> bool {
        self.single && self.replay.is_some()
    }

    /// The report for whoever asked for a search: one run is none.
    pub(crate) fn taken_for_a_search(self) -> Self {
        if self.is_one_replayed_run() {
            return Self { verdict: Verdict::Inconclusive(Inconclusive::OneRunOnly), ..self };
        }
        self
    }

    /// One line: the verdict and what it rests on.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.verdict {
            Verdict::Holds if self.single => {
                format!("HOLDS in this run ({}){}", self.bounds, self.reservation())
            }
            Verdict::Holds => {
                let schedules = match self.counts.schedules {
                    0 => "every schedule".to_owned(),
                    number => words::count(number, "schedule"),
                };
                format!(
                    "HOLDS: {schedules} in {}, {} tried, space exhausted ({}){}",
                    words::count(self.counts.states as u128, "state"),
                    words::count(self.counts.transitions as u128, "step"),
                    self.bounds,
                    self.reservation()
                )
            }
            Verdict::Violated(Finding::Handler(HandlerFault::NotDone { .. })) => "NOT DONE YET".to_owned(),
            Verdict::Violated(Finding::Handler(_) | Finding::Blocked(_)) => {
                "THE HANDLER CANNOT BE RUN".to_owned()
            }
            Verdict::Violated(Finding::Property(judgement)) => {
                let names: Vec<String> = judgement.violated.iter().map(|p| format!("{p:?}")).collect();
                let what = format!("VIOLATED: {}", names.join(", "));
                if self.single { what } else { format!("{what}, {}", self.price()) }
            }
            Verdict::Inconclusive(_) => format!("INCONCLUSIVE ({})", self.bounds),
        }
    }

    /// What is to be known of a green verdict besides.
    fn reservation(&self) -> String {
        self.worth.as_ref().map_or_else(String::new, |worth| format!(", {worth}"))
    }

    /// The verdict as a record has it: in one word.
    pub(crate) fn verdict_in_a_word(&self) -> &'static str {
        match &self.verdict {
            Verdict::Holds => "holds",
            Verdict::Violated(Finding::Property(_)) => "violated",
            Verdict::Violated(Finding::Handler(HandlerFault::NotDone { .. })) => "not-done",
            Verdict::Violated(_) => "broken",
            Verdict::Inconclusive(_) => "inconclusive",
        }
    }

    /// What it takes to get to what was found: "with 1 fault (the fewest there
    /// are) in 17 steps".
    fn price(&self) -> String {
        let steps = words::count(self.steps as u128, "step");
        let mut taken = Vec::new();
        if self.faults > self.stale {
            taken.push(words::count((self.faults - self.stale) as u128, "fault"));
        }
        if self.stale > 0 {
            taken.push(words::count(self.stale as u128, "stale read"));
        }
        match self.faults {
            0 => format!("without a single fault, in {steps}"),
            _ => format!("with {} (the fewest) in {steps}", words::enumeration(&taken)),
        }
    }

    /// The report without the code to replay it: what a golden file keeps.
    #[must_use]
    pub fn diagnosis(&self) -> String {
        Self { replay: None, ..self.clone() }.to_string()
    }

    /// What was found and how, without the words in which it is told: verdict,
    /// properties, faults, steps and choices. A golden file of this changes only
    /// when something else is found, or in another way.
    #[must_use]
    pub fn facts(&self) -> String {
        let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(" ") };
        let (verdict, properties) = match &self.verdict {
            Verdict::Holds => ("holds", Vec::new()),
            Verdict::Violated(Finding::Property(judgement)) => ("violated", judgement.violated.clone()),
            Verdict::Violated(_) => ("the handler cannot be run", Vec::new()),
            Verdict::Inconclusive(_) => ("inconclusive", Vec::new()),
        };
        let properties = list(properties.iter().map(|property| format!("{property:?}")).collect());
        let faults = list(self.struck.iter().map(|fault| format!("{fault:?}")).collect());
        let choices = wrap(&list(self.choices.clone()), 78).join("\n  ");
        format!(
            "verdict: {verdict}\nproperties: {properties}\nfaults: {faults}\nsteps: {}\nchoices:\n  {choices}\n",
            self.steps
        )
    }

    /// What is said under the story.
    fn closing(&self) -> Closing {
        // A question has its mark.
        let sentence = |text: &str| match text.ends_with('?') {
            true => capitalised(text),
            false => format!("{}.", capitalised(text)),
        };
        match &self.verdict {
            Verdict::Holds => Closing::default(),
            Verdict::Violated(Finding::Property(judgement)) => {
                let end =
                    if judgement.findings.is_empty() && judgement.nearest.is_none() { "." } else { ":" };
                let findings = judgement.findings.iter();
                let damage = judgement.damage.iter();
                Closing {
                    reason: format!("{}{end}", capitalised(&judgement.reason)),
                    findings: findings.map(|(what, text)| ((*what).to_owned(), text.clone())).collect(),
                    note: judgement.note.clone(),
                    nearest: judgement.nearest.clone(),
                    damage: damage.map(|damage| sentence(damage.trim_end_matches('.'))).collect(),
                }
            }
            Verdict::Violated(finding) => {
                Closing { reason: sentence(&finding.to_string()), ..Closing::default() }
            }
            Verdict::Inconclusive(reason) => {
                Closing { reason: sentence(&reason.to_string()), ..Closing::default() }
            }
        }
    }

    /// The headline and the coverage: what a green verdict rests on.
    #[must_use]
    pub fn evidence(&self) -> String {
        let headline = wrap(&self.headline(), 80).join("\n");
        format!("{headline}\nFaults visited while a message was being worked on:\n{}", self.coverage())
    }

    /// The classes of faults that struck with work in flight, a line each.
    #[must_use]
    pub fn coverage(&self) -> String {
        self.visited.iter().map(|fault| format!("  {fault}\n")).collect()
    }
}

/// The headlines of some searches, one under the other, as a page has room for
/// them: what an exercise's page shows of its verdicts.
#[must_use]
pub fn headlines(searches: impl IntoIterator<Item = Report>) -> String {
    let lines = searches.into_iter().flat_map(|report| wrap(&report.headline(), 80));
    lines.collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paragraph = |formatter: &mut fmt::Formatter<'_>, text: &str| {
            wrap(text, width()).iter().try_for_each(|line| writeln!(formatter, "{line}"))
        };
        if !matches!(self.verdict, Verdict::Violated(Finding::Handler(HandlerFault::NotDone { .. }))) {
            paragraph(formatter, &self.headline())?;
            writeln!(formatter)?;
        }
        if !self.story.is_empty() {
            writeln!(formatter, "{}", self.story)?;
        }
        let Closing { reason, findings, note, nearest, damage } = self.closing();
        // A right end stands under what is wrong with this one.
        let right = nearest.map(|nearest| ("right would be".to_owned(), nearest));
        let findings: Vec<(String, String)> = findings.into_iter().chain(right).collect();
        let widest = findings.iter().map(|(what, _)| what.chars().count()).max();
        if !reason.is_empty() {
            paragraph(formatter, &reason)?;
        }
        for (what, text) in &findings {
            let room = widest.unwrap_or(0) + 2;
            for (number, part) in wrap(text, width().saturating_sub(room + 2)).iter().enumerate() {
                let what = if number == 0 { what } else { "" };
                writeln!(formatter, "  {what:room$}{part}")?;
            }
        }
        if !note.is_empty() {
            paragraph(formatter, &note)?;
        }
        for damage in &damage {
            paragraph(formatter, &format!("=> {damage}"))?;
        }
        if let Some(code) = &self.replay {
            writeln!(formatter)?;
            let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
            // The command knows the exercises, and no other handlers.
            if package.starts_with("ex") && !code.starts_with('x') {
                writeln!(formatter, "cargo workshop replay {code}")?;
            }
            if !package.is_empty() {
                let test = std::thread::current().name().filter(|name| *name != "main").map(str::to_owned);
                let test = test.map_or_else(String::new, |test| format!(" {test}"));
                writeln!(formatter, "CHAOS_REPLAY={code} cargo test -p {package}{test}")?;
            }
        }
        Ok(())
    }
}

/// The text as a sentence.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
