//! `cargo workshop graph`: the states that a search looks at, drawn.
//!
//! The engine goes through them once more when it has a verdict, and leaves them in its
//! record. Without anything else, it is the search that `explore` makes, within bounds
//! so small that the picture can be read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use records::space::Kind;
use records::{Record, Space};

use super::explore::{self, Chosen};
use super::{replay, story, written};
use crate::args::{Bounds, Few};
use crate::drawing::{self, Caption};
use crate::outcome::Outcome;
use crate::player;
use crate::render;
use crate::repository::{Exercise, Name, Repository};
use crate::running::left_records::unwrapped;
use crate::running::{Built, Cargo, Package};
use crate::terminal;

/// What is written.
const WHAT: &str = "drawing";
/// How every drawing begins.
const BEGINNING: &str = "<!-- The states of a search, drawn by cargo workshop. -->\n";
/// So few are the least that such a search is allowed, whatever is drawn of it.
const STATES: u32 = 200_000;
/// Of more states than these, nobody sees the way of a story any more.
const AROUND_A_STORY: usize = 900;

/// What is to be drawn, and where it goes.
pub struct Wanted {
    /// Which search it is to be.
    pub of: Of,
    /// The file.
    pub out: Option<PathBuf>,
    /// Whether it is opened.
    pub open: bool,
    /// Whether a file that is there is replaced.
    pub force: bool,
}

/// Which search is drawn.
pub enum Of {
    /// One of this test.
    Test(String),
    /// The one that this mistake dies of.
    Mistake(String),
    /// One within these bounds; of our solution, or of the attendee's version.
    Bounds(Few, bool),
}

/// A search that can be drawn.
struct Found {
    title: String,
    record: Record,
    outcome: Outcome,
}

/// Makes a search, and draws its states into a file.
pub fn run(repository: &Repository, name: &str, wanted: &Wanted) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    let out = wanted.out.clone();
    let out = out.unwrap_or_else(|| PathBuf::from(format!("graph-{}.svg", exercise.name.number)));
    let replace = wanted.force || is_a_drawing(&out);
    written::must_be_free(WHAT, &out, replace)?;
    let mut cargo = Cargo::at(repository.root());
    let found = match &wanted.of {
        Of::Test(test) => of_a_test(exercise, test, cargo)?,
        Of::Mistake(mistake) => of_a_mistake(repository, exercise, mistake, cargo)?,
        Of::Bounds(bounds, solution) => {
            of_bounds(repository, &exercises, exercise, *bounds, *solution, &mut cargo)?
        }
    };
    let Some(Found { title, record, outcome }) = found else {
        terminal::show(&render::compile_errors(exercise));
        return Ok(Outcome::Red);
    };
    let space = record.space.as_deref().context("it has no states")?;
    space.check().map_err(|what| anyhow::anyhow!("the states of {}: {what}", exercise.name))?;
    // Bounds that whoever draws has chosen are drawn as they are.
    let space = match &wanted.of {
        Of::Bounds(..) => space.clone(),
        Of::Test(_) | Of::Mistake(_) => around_the_story(space.clone()),
    };
    let drawing = drawing::space(&space, &Caption { title: Some(title), lines: lines(&record, &space) });
    written::write(WHAT, &out, &(BEGINNING.to_owned() + &drawing), replace)?;
    terminal::show(&terminal::paragraph(&said(&record, &space, &out), ""));
    if wanted.open {
        player::open(&out)?;
    }
    Ok(outcome)
}

/// What can be seen of a space with a story in it: if there is too much, then not what
/// costs more faults than the story; if that is still too much, what was found first.
fn around_the_story(space: Space) -> Space {
    match space.way.is_empty() || space.states.len() <= AROUND_A_STORY {
        true => space,
        false => space.as_costly_as_the_story().cut_to(AROUND_A_STORY),
    }
}

/// Whether it is a drawing, which may be replaced: it can be made again.
fn is_a_drawing(file: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(file).and_then(|file| file.take(200).read_to_end(&mut beginning));
    read.is_ok() && String::from_utf8_lossy(&beginning).replace("\r\n", "\n").starts_with(BEGINNING)
}

/// A search of the attendee's version, or of our solution, within small bounds; none, if
/// it does not compile, as with the others.
fn of_bounds(
    repository: &Repository,
    exercises: &[Exercise],
    exercise: &Exercise,
    few: Few,
    solution: bool,
    cargo: &mut Cargo,
) -> Result<Option<Found>> {
    if let Some(able) = explore::others_with_a_search(exercises, exercise) {
        bail!("{} has no search that could be drawn; those that have one: {able}", exercise.name);
    }
    let package = explore::package(repository, exercise, solution)?;
    if let Built::Errors(text) = cargo.build(&package)? {
        terminal::pass_on(&text);
        return Ok(None);
    }
    let plan = explore::plan(cargo, &package, exercise)?;
    let bounds = Bounds {
        messages: Some(few.messages.unwrap_or(1)),
        workers: Some(few.workers.unwrap_or(2)),
        faults: Some(few.faults.unwrap_or(1)),
        states: STATES,
        ..Bounds::default()
    };
    let bounds = Chosen::of(bounds, &plan)?;
    cargo.environment = vec![("CHAOS_SPACE", "1".into()), ("CHAOS_DEEPER", bounds.for_the_search().into())];
    let run = cargo.test(&package, None, &explore::filter())?;
    let of_it = run.records.into_iter().rfind(|record| record.test == explore::TEST);
    let record = of_it.with_context(|| match run.crash {
        Some(crash) => format!("the search in {} came to no end: {crash}", exercise.name),
        None => format!("the search in {} came to no end, and says nothing: try again", exercise.name),
    })?;
    let record = drawable(&exercise.name, explore::TEST, vec![record])?;
    let whose = if solution { "our solution" } else { "your version" };
    Ok(Some(Found { title: story::title(exercise, whose), outcome: replay::outcome(&record), record }))
}

/// A search of a test as it stands.
fn of_a_test(exercise: &Exercise, test: &str, mut cargo: Cargo) -> Result<Option<Found>> {
    let (name, _) = story::chosen(exercise, test)?;
    let package = Package::of(exercise);
    if let Built::Errors(text) = cargo.build(&package)? {
        terminal::pass_on(&text);
        return Ok(None);
    }
    cargo.environment.push(("CHAOS_SPACE", "1".into()));
    let filter = ["--exact", name.as_str(), "--include-ignored"].map(str::to_owned);
    let run = cargo.test(&package, None, &filter)?;
    let mut records = run.records;
    records.retain(|record| record.test == *name);
    let record = drawable(&exercise.name, name, records)?;
    let title = story::title(exercise, &story::sentence(name));
    Ok(Some(Found { title, outcome: replay::outcome(&record), record }))
}

/// The search in which a mistake is found.
fn of_a_mistake(
    repository: &Repository,
    exercise: &Exercise,
    mistake: &str,
    mut cargo: Cargo,
) -> Result<Option<Found>> {
    cargo.environment.push(("CHAOS_SPACE", "1".into()));
    let recorded = story::recorded_of_a_mistake(repository, exercise, mistake, cargo)?;
    let Some((name, mut records)) = recorded else { return Ok(None) };
    let drawn = |record: &Record| record.space.is_some();
    let record = match story::kept_or_shortest(repository, exercise, &name, &records, drawn) {
        Some(place) => records.swap_remove(place),
        None => drawable(&exercise.name, &name, records)?,
    };
    let title = story::title_of_a_mistake(exercise, &name);
    // It is wrong on purpose.
    Ok(Some(Found { title, record, outcome: Outcome::Green }))
}

/// Of what a test has recorded, the search to be drawn: the first that something is wrong
/// with, or else the widest. An error that says why there is none.
fn drawable(name: &Name, test: &str, mut records: Vec<Record>) -> Result<Record> {
    let number = &name.number;
    let command = |words: &str| terminal::code(&format!("cargo workshop {words}"));
    let drawn = |record: &&Record| record.space.is_some();
    let wrong = records.iter().position(|record| record.space.is_some() && record.verdict != "holds");
    let widest = || {
        let searches = records.iter().enumerate().filter(|(_, record)| drawn(record));
        searches.rev().max_by_key(|(_, record)| record.states).map(|(place, _)| place)
    };
    if let Some(place) = wrong.or_else(widest) {
        return Ok(records.swap_remove(place));
    }
    let verdict = |verdict: &str| records.iter().any(|record| record.verdict == verdict);
    ensure!(
        !verdict("not-done"),
        "{name} is not done yet, so there are no states to be drawn: {} says what is missing, and {} draws ours",
        command(&format!("test {number}")),
        command(&format!("graph {number} --solution"))
    );
    ensure!(
        !verdict("broken"),
        "the handler of {name} cannot be run, so there are no states to be drawn: {} says why",
        command(&format!("test {number}"))
    );
    ensure!(
        !records.iter().any(|record| !record.single),
        "the search of {test} has left no states: {}",
        records.iter().rfind(|record| !record.single).map_or(String::new(), |record| unwrapped(&record.text))
    );
    bail!(
        "the test {test} of {name} searches nothing, so there are no states to be drawn: choose a test that \
         searches, or none; {} draws a small search",
        command(&format!("graph {number}"))
    )
}

/// What stands under the title: what was found, within which bounds, and what it means.
fn lines(record: &Record, space: &Space) -> Vec<String> {
    let mut lines = vec![record.headline.clone()];
    if !record.headline.contains(&space.bounds) {
        lines.push(space.bounds.clone());
    }
    let ends =
        |line: &&str| !line.is_empty() && !line.starts_with("cargo workshop") && !line.starts_with("CHAOS_");
    let damage: Vec<&str> =
        record.text.lines().skip_while(|line| !line.starts_with("=> ")).take_while(ends).collect();
    // Several damages are a line each.
    lines.extend(
        damage.join(" ").split("=> ").map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned),
    );
    lines
}

/// What is said when it is drawn.
fn said(record: &Record, space: &Space, out: &Path) -> String {
    let count = |number: usize, what: &str| {
        format!("{} {what}{}", terminal::grouped(number), if number == 1 { "" } else { "s" })
    };
    let kinds = |kind: Kind| space.states.iter().filter(|state| state.kind == kind).count();
    let drawn = match space.found > space.states.len() {
        true => {
            format!("{} of {}", terminal::grouped(space.states.len()), count(space.found, "state"))
        }
        false => count(space.found, "state"),
    };
    let (right, wrong) = (kinds(Kind::Right), kinds(Kind::Wrong));
    let rest = match wrong {
        0 => format!("{right} at rest"),
        _ => format!("{} at rest, {wrong} of them wrong", right + wrong),
    };
    format!("{}. Drawn in {}: {drawn}, {rest}. Open it in a browser.", record.headline, out.display())
}

#[cfg(test)]
mod tests {
    use records::space::Spot;

    use super::*;

    fn record(verdict: &str, states: usize, is_drawn: bool) -> Record {
        let space = is_drawn.then(|| Box::new(Space { found: states, ..Space::default() }));
        Record { verdict: verdict.to_owned(), states, space, ..Record::default() }
    }

    #[test]
    fn what_stands_under_the_title_ends_with_what_it_means() {
        let space = Space { bounds: "orders × 1 message".to_owned(), ..Space::default() };
        let text = "VIOLATED: X\n\n broker w1\n\nProcessing it does\n  ends with  a\n=> Somebody pays\ntwice.\n=> And waits.\n\n\
                    cargo workshop replay 01-a\nCHAOS_REPLAY=01-a cargo test\n";
        let record =
            Record { headline: "VIOLATED: X".to_owned(), text: text.to_owned(), ..Record::default() };
        assert_eq!(
            lines(&record, &space),
            ["VIOLATED: X", "orders × 1 message", "Somebody pays twice.", "And waits."]
        );
        let record = Record { headline: "HOLDS (orders × 1 message)".to_owned(), ..Record::default() };
        assert_eq!(lines(&record, &space), ["HOLDS (orders × 1 message)"]);
    }

    #[test]
    fn the_way_of_a_story_is_not_lost_among_states() {
        let spot = |faults| Spot { faults, ..Spot::default() };
        // A story with one fault, and more states than can be seen, of no, one, and two.
        let of = |none: usize, one: usize, two: usize| {
            let spots = [vec![spot(0); none], vec![spot(1); one], vec![spot(2); two]].concat();
            Space { way: vec![0, none], found: 9_999, states: spots, ..Space::default() }
        };
        let seen = |space: Space| {
            (0..3)
                .map(|faults| space.states.iter().filter(|state| state.faults == faults).count())
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(around_the_story(of(5, 5, 50))), [5, 5, 50], "few are drawn as they are");
        let cut = around_the_story(of(100, 300, 1_500));
        assert_eq!((cut.way.clone(), cut.found), (vec![0, 100], 9_999));
        assert_eq!(seen(cut), [100, 300, 0]);
        let cut = around_the_story(of(1_000, 900, 9));
        assert_eq!((cut.way.clone(), seen(cut)), (vec![0, 899], vec![899, 1, 0]));
        let no_story = Space { way: Vec::new(), ..of(1_000, 0, 900) };
        assert_eq!(around_the_story(no_story.clone()), no_story);
    }

    #[test]
    fn what_is_wrong_is_drawn_or_else_the_widest() {
        let name = Name { number: "04".into(), slug: "outbox".into() };
        let states = |records: Vec<Record>| drawable(&name, "t01", records).map(|record| record.states);
        let holds = || record("holds", 9, true);
        assert_eq!(states(vec![record("holds", 3, true), holds(), record("holds", 99, false)]).unwrap(), 9);
        assert_eq!(
            states(vec![holds(), record("violated", 3, true), record("violated", 4, true)]).unwrap(),
            3
        );
        let refused = |records: Vec<Record>| states(records).unwrap_err().to_string();
        assert!(refused(vec![record("not-done", 0, false)]).contains("is not done yet"));
        assert!(refused(vec![record("broken", 0, false)]).contains("cannot be run"));
        assert!(refused(Vec::new()).contains("searches nothing"));
        let one = Record { single: true, ..record("violated", 0, false) };
        assert!(refused(vec![one]).contains("searches nothing"));
        assert!(refused(vec![record("inconclusive", 0, false)]).contains("has left no states"));
    }
}
