//! `cargo workshop explore`: a search with other bounds than those of the tests.
//!
//! Every exercise with a handler has an ignored test, `explore_deeper`. It runs
//! alone: first it is asked what it would look at, then it is told the bounds, both
//! through its environment.

use std::fs::File;

use anyhow::{Context, Result, bail, ensure};
use records::{Plan, Record};

use crate::args::Bounds;
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Exercise, Repository, solutions};
use crate::running::{Built, Cargo, Package, Patience, Presses, TestRun, Unwanted, step_aside};
use crate::terminal;

/// The test that is run.
pub(super) const TEST: &str = "explore_deeper";

/// Explores an exercise, or our solution to it, within these bounds, or until Ctrl-C
/// is pressed.
pub fn run(repository: &Repository, name: &str, bounds: Bounds, solution: bool) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    if let Some(able) = others_with_a_search(&exercises, exercise) {
        bail!("{} has no search that could go further; those that have one: {able}", exercise.name);
    }
    step_aside();
    let folder = tempfile::tempdir().context("no temporary directory can be made")?;
    let (stop, alive) = (folder.path().join("stop"), folder.path().join("alive"));
    // The child looks whether the lock is still held: should this command be
    // killed, a search without a limit must not go on.
    let lock = File::create(&alive).context("no temporary file can be made")?;
    _ = lock.lock();
    let presses = Presses::count({
        let stop = stop.clone();
        // Another press, or none at all, has to do where this fails.
        move || _ = File::create(&stop)
    })?;

    let package = package(repository, exercise, solution)?;
    let mut cargo = Cargo::at(repository.root());
    cargo.patience = until(&presses, 1);
    match cargo.build(&package) {
        Ok(Built::Done { .. }) => {}
        Ok(Built::Errors(text)) => {
            terminal::pass_on(&text);
            terminal::show(&render::compile_errors(exercise));
            return Ok(Outcome::Red);
        }
        Err(error) => return stopped(error),
    }
    let plan = match plan(&mut cargo, &package, exercise) {
        Ok(plan) => plan,
        Err(error) => return stopped(error),
    };
    let bounds = Chosen::of(bounds, &plan)?;
    let what = if solution { "our solution to " } else { "" };
    let notice = format!(
        "Exploring {what}{}: {}. Ctrl-C ends it with what is known by then.",
        exercise.name,
        bounds.in_words(&plan)
    );
    terminal::show(&(terminal::paragraph(&notice, "  ") + "\n"));
    cargo.patience = until(&presses, 2);
    cargo.environment = vec![
        ("CHAOS_DEEPER", bounds.for_the_search().into()),
        ("CHAOS_STOP", stop.into()),
        ("CHAOS_ALIVE", alive.into()),
    ];
    match cargo.test(&package, None, &filter()) {
        Ok(run) => tell(exercise, &bounds, run, solution),
        Err(error) => stopped(error),
    }
}

/// The exercises with such a search, if this one has none.
pub(super) fn others_with_a_search(exercises: &[Exercise], exercise: &Exercise) -> Option<String> {
    let has_one = |exercise: &&Exercise| exercise.tests.iter().any(|(test, _)| test == TEST);
    if has_one(&exercise) {
        return None;
    }
    let able: Vec<&str> =
        exercises.iter().filter(has_one).map(|exercise| exercise.name.number.as_str()).collect();
    Some(if able.is_empty() { "none".to_owned() } else { able.join(", ") })
}

/// The package whose test it is: the attendee's, or that of our solution.
pub(super) fn package(repository: &Repository, exercise: &Exercise, solution: bool) -> Result<Package> {
    match solution {
        // A copy without solutions says so here.
        true => solutions::of(repository, exercise).map(|_| Package::of_solution(repository, &exercise.name)),
        false => Ok(Package::of(exercise)),
    }
}

/// Runs this one test, which is off otherwise.
pub(super) fn filter() -> Vec<String> {
    ["--exact", TEST, "--ignored"].map(str::to_owned).into()
}

/// Asks the test, which was built before, what it would look at.
pub(super) fn plan(cargo: &mut Cargo, package: &Package, exercise: &Exercise) -> Result<Plan> {
    let folder = tempfile::tempdir().context("no temporary directory can be made")?;
    let described = folder.path().join("plan");
    cargo.environment = vec![("CHAOS_PLAN", described.clone().into())];
    cargo.test(package, None, &filter())?;
    let plan = std::fs::read(&described).ok().and_then(|text| serde_json::from_slice(&text).ok());
    plan.with_context(|| {
        format!(
            "the test {TEST} of {} makes no search: its tests/ are not as they were; restore them, and try again",
            exercise.name
        )
    })
}

fn until(presses: &Presses, times: usize) -> Patience {
    let presses = presses.clone();
    Patience { unwanted: Some(std::sync::Arc::new(move || presses.at_least(times))), ..Patience::default() }
}

/// It was stopped for good: there is nothing to tell.
fn stopped(error: anyhow::Error) -> Result<Outcome> {
    if error.is::<Unwanted>() {
        terminal::show("\n  Stopped, and nothing is known.\n");
        return Ok(Outcome::Inconclusive);
    }
    Err(error)
}

/// Shows what the search came to.
fn tell(exercise: &Exercise, bounds: &Chosen, run: TestRun, solution: bool) -> Result<Outcome> {
    let Some(record) = run.records.iter().rfind(|record| record.test == TEST) else {
        match run.crash {
            Some(crash) => bail!("the search in {} came to no end: {crash}", exercise.name),
            None => bail!("the search in {} came to no end, and says nothing: try again", exercise.name),
        }
    };
    terminal::show(&render::record(&record.text));
    // A code is that of the attendee's handler.
    if let Some(code) = record.replay.as_ref().filter(|_| !solution) {
        terminal::show(&render::look_at_it(&exercise.name.number, &format!("--code {code}")));
    }
    Ok(match record.verdict.as_str() {
        "holds" => {
            terminal::show(&covered(record));
            Outcome::Green
        }
        "inconclusive" => {
            if record.states > bounds.states as usize {
                let more = "More states are allowed with --states; mind the memory of this machine.";
                terminal::show(&terminal::paragraph(more, ""));
            }
            Outcome::Inconclusive
        }
        _ => Outcome::Red,
    })
}

/// What a green search rests on.
fn covered(record: &Record) -> String {
    if record.coverage.is_empty() {
        return String::new();
    }
    let struck = format!("Struck with work in flight: {}.", record.coverage.join("; "));
    format!("\n{}", terminal::paragraph(&struck, ""))
}

/// The bounds of this search.
pub(super) struct Chosen {
    messages: u8,
    workers: u8,
    faults: u8,
    stale: Option<u8>,
    late: bool,
    states: u32,
}

impl Chosen {
    /// What was asked for, and else a message and a fault more than the exercises look
    /// at; an error that says what is possible here, if that is not.
    pub(super) fn of(asked: Bounds, plan: &Plan) -> Result<Self> {
        const MESSAGES: u8 = 3;
        const WORKERS: u8 = 2;
        const FAULTS: u8 = 2;
        let there = u8::try_from(plan.messages.len()).unwrap_or(u8::MAX);
        let within = |name: &str, asked: u8, least: u8, most: u8| {
            ensure!(
                (least..=most).contains(&asked),
                "{name} {asked} is not possible here: give {}",
                if least == most { least.to_string() } else { format!("{least} to {most}") }
            );
            Ok(asked)
        };
        let (fewest, most) = plan.workers_range;
        ensure!(
            asked.stale.is_none() || plan.weak,
            "no store is weak here, so no read can be stale: leave --stale out"
        );
        Ok(Self {
            messages: within("--messages", asked.messages.unwrap_or(MESSAGES.min(there)), 1, there)?,
            workers: within("--workers", asked.workers.unwrap_or(WORKERS), fewest, most)?,
            faults: within("--faults", asked.faults.unwrap_or(FAULTS), 0, plan.most_faults)?,
            stale: asked.stale.map(|stale| within("--stale", stale, 0, plan.most_faults)).transpose()?,
            late: asked.late,
            states: asked.states,
        })
    }

    /// The bounds as the search reads them.
    pub(super) fn for_the_search(&self) -> String {
        let Self { messages, workers, faults, stale, late, states } = self;
        let stale = stale.map(|stale| format!(" stale={stale}")).unwrap_or_default();
        let late = if *late { " late=1" } else { "" };
        format!("messages={messages} workers={workers} faults={faults}{stale}{late} states={states}")
    }

    /// What is looked at, and within which bounds.
    pub(super) fn in_words(&self, plan: &Plan) -> String {
        let count = |number: u8, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let sent = &plan.messages[..plan.messages.len().min(self.messages.into())];
        let mut words = format!(
            "{}, sent {}; {}, at most {}",
            all_of(&plan.endpoints),
            all_of(sent),
            count(self.workers, "worker"),
            count(self.faults, "fault")
        );
        if let Some(stale) = self.stale {
            words += &format!(", at most {}", count(stale, "stale read"));
        }
        if self.late {
            words += ", calls may land late";
        }
        words
    }
}

/// `one, two and three`.
fn all_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            endpoints: vec!["orders".to_owned(), "loyalty".to_owned()],
            messages: ["tea", "cake", "milk", "rice"].map(str::to_owned).into(),
            weak: true,
            workers_range: (1, 8),
            most_faults: 32,
        }
    }

    #[test]
    fn bounds_are_told_to_the_search_and_to_people() {
        let asked = Bounds { states: 9, ..Bounds::default() };
        let told = |asked: Bounds| {
            let chosen = Chosen::of(asked, &plan()).unwrap();
            (chosen.for_the_search(), chosen.in_words(&plan()))
        };
        let (search, words) = told(asked);
        assert_eq!(search, "messages=3 workers=2 faults=2 states=9");
        assert_eq!(words, "orders and loyalty, sent tea, cake and milk; 2 workers, at most 2 faults");
        let (search, words) = told(Bounds { stale: Some(1), late: true, messages: Some(1), ..asked });
        assert_eq!(search, "messages=1 workers=2 faults=2 stale=1 late=1 states=9");
        let bounds = "2 workers, at most 2 faults, at most 1 stale read, calls may land late";
        assert_eq!(words, format!("orders and loyalty, sent tea; {bounds}"));
    }

    #[test]
    fn what_is_refused_names_what_is_possible() {
        let refused = |asked: Bounds, plan: &Plan| match Chosen::of(asked, plan) {
            Ok(_) => panic!("it is accepted: {asked:?}"),
            Err(error) => error.to_string(),
        };
        let asked = Bounds { messages: Some(5), ..Bounds::default() };
        assert_eq!(refused(asked, &plan()), "--messages 5 is not possible here: give 1 to 4");
        let asked = Bounds { workers: Some(0), ..Bounds::default() };
        assert_eq!(refused(asked, &plan()), "--workers 0 is not possible here: give 1 to 8");
        let strong = Plan { weak: false, ..plan() };
        let asked = Bounds { stale: Some(1), ..Bounds::default() };
        assert!(refused(asked, &strong).starts_with("no store is weak here"));
    }
}
