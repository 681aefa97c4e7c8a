//! What a run or a search has to say.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::fault::Faults;
use crate::search::Counts;
use crate::story::wrap;
use crate::verdict::{Finding, Verdict};
use ports::law::Property;
use ports::words;

/// A verdict, what it rests on, and the story of what was found.
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
    /// The run that shows what was found, step by step. Empty if there is
    /// nothing to show.
    pub story: String,
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
}

impl Report {
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

    /// Demands that each message was processed exactly once, in effect, on
    /// every schedule that was tried.
    ///
    /// # Panics
    ///
    /// With the story, when it was not, and when there is no verdict.
    #[track_caller]
    pub fn assert_exactly_once(&self) {
        if !self.holds() {
            // The report is for people; where it was asked for is of no interest.
            let text = self.to_string();
            eprintln!("\n{text}");
            std::panic::resume_unwind(Box::new(text));
        }
    }

    /// One line: the verdict and what it rests on.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.verdict {
            Verdict::Holds if self.single => format!("HOLDS in this run ({})", self.bounds),
            Verdict::Holds => {
                let schedules = match self.counts.schedules {
                    0 => "every schedule".to_owned(),
                    number => words::count(number, "schedule"),
                };
                format!(
                    "HOLDS: {schedules} in {}, {} tried, space exhausted ({})",
                    words::count(self.counts.states as u128, "state"),
                    words::count(self.counts.transitions as u128, "step"),
                    self.bounds
                )
            }
            Verdict::Violated(finding) => {
                let what = match finding {
                    Finding::Property(judgement) => {
                        let names: Vec<String> =
                            judgement.violated.iter().map(|p| format!("{p:?}")).collect();
                        format!("VIOLATED: {}", names.join(", "))
                    }
                    Finding::Handler(crate::HandlerFault::NotDone { .. }) => {
                        return "NOT DONE YET".to_owned();
                    }
                    Finding::Handler(_) | Finding::Blocked(_) => {
                        return "THE HANDLER CANNOT BE RUN".to_owned();
                    }
                };
                if self.single {
                    return what;
                }
                let steps = words::count(self.steps as u128, "step");
                let mut taken = Vec::new();
                if self.faults > self.stale {
                    taken.push(words::count((self.faults - self.stale) as u128, "fault"));
                }
                if self.stale > 0 {
                    taken.push(words::count(self.stale as u128, "stale read"));
                }
                match self.faults {
                    0 => format!("{what}, without a single fault, in {steps}"),
                    _ => format!(
                        "{what}, with {} (the fewest there are) in {steps}",
                        words::enumeration(&taken)
                    ),
                }
            }
            Verdict::Inconclusive(_) => format!("INCONCLUSIVE ({})", self.bounds),
        }
    }

    /// The report without the code to replay it: what a golden file keeps.
    #[must_use]
    pub fn diagnosis(&self) -> String {
        Self { replay: None, ..self.clone() }.to_string()
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

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paragraph = |formatter: &mut fmt::Formatter<'_>, text: &str| {
            wrap(text, 80).iter().try_for_each(|line| writeln!(formatter, "{line}"))
        };
        if !matches!(self.verdict, Verdict::Violated(Finding::Handler(crate::HandlerFault::NotDone { .. }))) {
            paragraph(formatter, &self.headline())?;
            writeln!(formatter)?;
        }
        if !self.story.is_empty() {
            writeln!(formatter, "{}", self.story)?;
        }
        match &self.verdict {
            Verdict::Holds => {}
            Verdict::Violated(Finding::Property(judgement)) => {
                paragraph(formatter, &format!("{}.", capitalised(&judgement.reason)))?;
                if let Some(nearest) = &judgement.nearest {
                    paragraph(formatter, &format!("The nearest legal execution: {nearest}."))?;
                }
                for damage in &judgement.damage {
                    paragraph(formatter, &format!("=> {}.", capitalised(damage).trim_end_matches('.')))?;
                }
            }
            Verdict::Violated(finding) => {
                paragraph(formatter, &format!("{}.", capitalised(&finding.to_string())))?;
            }
            Verdict::Inconclusive(reason) => {
                paragraph(formatter, &format!("{}.", capitalised(&reason.to_string())))?;
            }
        }
        if let Some(code) = &self.replay {
            writeln!(formatter, "\ncargo workshop replay {code}")?;
            let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
            if !package.is_empty() {
                writeln!(formatter, "CHAOS_REPLAY={code} cargo test -p {package}")?;
            }
        }
        Ok(())
    }
}

/// The text as a sentence.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// A report as it is handed to the `cargo workshop` command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The package whose test made it.
    pub package: String,
    /// The test that made it.
    pub test: String,
    /// `holds`, `violated`, `not-done`, `broken` or `inconclusive`.
    pub verdict: String,
    /// The first line of the report.
    pub headline: String,
    /// The report, as it would be printed.
    pub text: String,
    /// The story in it.
    pub story: String,
    /// The classes of faults visited, in words.
    pub coverage: Vec<String>,
    /// Different states; 0 for a single run.
    pub states: usize,
    /// The property that is violated first of all, if one is.
    #[serde(default)]
    pub property: Option<String>,
    /// The faults in the run that was found.
    #[serde(default)]
    pub faults: usize,
    /// The steps of the run that was found.
    #[serde(default)]
    pub steps: usize,
    /// How long it took, in microseconds. This is for tables; nothing that is
    /// compared depends on it.
    #[serde(default)]
    pub micros: u64,
    /// Whether this is one run, and not a search.
    pub single: bool,
    /// The code that replays the run that was found.
    pub replay: Option<String>,
}

/// Leaves a record of the report for `cargo workshop`, if it has asked for one
/// by naming a directory in `CHAOS_REPORTS`.
pub(crate) fn leave_record(report: &Report, started: Instant) {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let Some(directory) = std::env::var_os("CHAOS_REPORTS").map(PathBuf::from) else { return };
    let verdict = match &report.verdict {
        Verdict::Holds => "holds",
        Verdict::Violated(Finding::Property(_)) => "violated",
        Verdict::Violated(Finding::Handler(crate::HandlerFault::NotDone { .. })) => "not-done",
        Verdict::Violated(_) => "broken",
        Verdict::Inconclusive(_) => "inconclusive",
    };
    let record = Record {
        package: std::env::var("CARGO_PKG_NAME").unwrap_or_default(),
        test: std::thread::current().name().unwrap_or("main").to_owned(),
        verdict: verdict.to_owned(),
        headline: report.headline(),
        text: report.to_string(),
        story: report.story.clone(),
        coverage: report.visited.iter().map(|fault| fault.to_string()).collect(),
        states: report.counts.states,
        property: report.violated().map(|property| format!("{property:?}")),
        faults: report.faults,
        steps: report.steps,
        micros: started.elapsed().as_micros() as u64,
        single: report.single,
        replay: report.replay.clone(),
    };
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{}-{serial}.json", std::process::id(), record.test.replace("::", "-"));
    // A record that cannot be written is no reason to fail a test.
    if let Ok(text) = serde_json::to_string_pretty(&record) {
        _ = std::fs::write(directory.join(name), text);
    }
}
