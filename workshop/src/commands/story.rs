//! `cargo workshop story`: the most telling story of an exercise as it stands, or that
//! of one test, or of a mistake; in words, and as a page to go through step by step.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use records::{Record, ReplayCode};

use super::{replay, written};
use crate::outcome::Outcome;
use crate::player;
use crate::render;
use crate::repository::{Declared, Exercise, KeptRun, Mistake, Repository};
use crate::running::left_records::own_name;
use crate::running::{Built, Cargo, ExerciseResult, ExerciseRun, Package};
use crate::terminal;

/// What is written.
const WHAT: &str = "story";

/// Whose story it is to be, and where it goes.
pub struct Wanted {
    /// The one test that it is to be of.
    pub test: Option<String>,
    /// The mistake that it is to be of.
    pub mistake: Option<String>,
    /// The code of the one run that it is to be of.
    pub code: Option<String>,
    /// The file for the words.
    pub save: Option<PathBuf>,
    /// The file for the page.
    pub html: Option<PathBuf>,
    /// Whether the page is opened.
    pub open: bool,
    /// Whether files that are there are replaced.
    pub force: bool,
}

/// A story, and what is to be said about where it comes from.
struct Story {
    /// In one line, for the page.
    title: String,
    /// In a sentence.
    source: String,
    record: Record,
    outcome: Outcome,
    /// What the command is told, to tell it again.
    arguments: String,
}

/// Runs the tests of an exercise, tells one story, and writes it to files if
/// that is asked for.
pub fn run(repository: &Repository, name: &str, wanted: &Wanted) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    if let Some(save) = &wanted.save {
        written::must_be_free(WHAT, save, wanted.force)?;
    }
    if let Some(html) = &wanted.html {
        written::must_be_free(WHAT, html, wanted.force || is_a_player(html))?;
    }
    let mut cargo = Cargo::at(repository.root());
    if wanted.html.is_some() {
        cargo.environment.push(("CHAOS_FILMS", "1".into()));
    }
    let found = match (&wanted.mistake, &wanted.code) {
        (Some(mistake), _) => of_a_mistake(repository, exercise, mistake, cargo)?,
        (None, Some(code)) => match of_a_run(&exercises, exercise, &code.parse()?, &cargo)? {
            // It does not compile, which was said.
            None => return Ok(Outcome::Red),
            found => found,
        },
        (None, None) => of_the_exercise(exercise, wanted.test.as_deref(), &cargo)?,
    };
    let Some(story) = found else {
        terminal::show(&render::compile_errors(exercise));
        return Ok(Outcome::Red);
    };
    let text = format!("{}\n{}", terminal::paragraph(&story.source, ""), render::record(&story.record.text));
    terminal::show(&text);
    if let Some(save) = &wanted.save {
        written::write(WHAT, save, &anstream::adapter::strip_str(&text).to_string(), wanted.force)?;
        say(&format!("Saved as {}.", save.display()));
    }
    let Some(html) = &wanted.html else {
        if wanted.save.is_none() {
            terminal::show(&render::look_at_it(&exercise.name.number, &story.arguments));
        }
        return Ok(story.outcome);
    };
    let film = story.record.film.as_ref().with_context(|| {
        format!(
            "the run of {} left no film to be shown: its tests were built with an engine of another version; \
             run {}, and try again",
            exercise.name,
            terminal::code("cargo clean")
        )
    })?;
    let page = player::page(&story.title, &story.record, film);
    written::write(WHAT, html, &page, wanted.force || is_a_player(html))?;
    say(&format!("To be gone through step by step in a browser: {}", html.display()));
    if wanted.open {
        player::open(html)?;
    }
    Ok(story.outcome)
}

/// Whether it is a player, which may be replaced: it was made of a story, and can be
/// made of it again.
fn is_a_player(file: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(file).and_then(|file| file.take(200).read_to_end(&mut beginning));
    read.is_ok() && player::is_ours(&beginning)
}

fn say(sentence: &str) {
    terminal::show(&format!("\n{}", terminal::paragraph(sentence, "")));
}

/// The story of the exercise as it stands, or of one of its tests; none, if it does not
/// compile.
fn of_the_exercise(exercise: &Exercise, test: Option<&str>, cargo: &Cargo) -> Result<Option<Story>> {
    let mut filter = Vec::new();
    if let Some(test) = test {
        let (name, declared) = chosen(exercise, test)?;
        filter = vec!["--exact".to_owned(), name.clone()];
        if *declared == Declared::Ignored {
            filter.push("--include-ignored".to_owned());
        }
    }
    let package = Package::of(exercise);
    if let Built::Errors(text) = cargo.build(&package)? {
        terminal::pass_on(&text);
        return Ok(None);
    }
    let run = ExerciseRun::of(exercise, cargo.test(&package, None, &filter)?, !filter.is_empty());
    let Some((test, record)) = run.story() else {
        let (name, number) = (&exercise.name, &exercise.name.number);
        let command = |more: &str| terminal::code(&format!("cargo workshop test {number}{more}"));
        match filter.get(1) {
            None => {
                bail!("the tests of {name} have no story to tell yet: {} says what is missing", command(""))
            }
            Some(test) => bail!(
                "the test {test} of {name} has no story to tell: {} says what it comes to",
                command(&format!(" -- {test}"))
            ),
        }
    };
    let verdict = match run.result {
        ExerciseResult::Green => "green".to_owned(),
        ExerciseResult::Red => format!("red: {} of {} tests", run.failed(), run.counted()),
        ExerciseResult::Inconclusive => "inconclusive".to_owned(),
    };
    let source = match filter.is_empty() {
        true => format!("{} is {verdict}. From the test {test}:", exercise.name),
        false => format!("From the test {test} of {}:", exercise.name),
    };
    Ok(Some(Story {
        title: title(exercise, &sentence(test)),
        source,
        record: record.clone(),
        outcome: run.result.into(),
        arguments: format!("--test {}", render::short_test(exercise, test)),
    }))
}

/// The story of one recorded run; none, if its test does not compile, which is shown.
fn of_a_run(
    exercises: &[Exercise],
    exercise: &Exercise,
    code: &ReplayCode,
    cargo: &Cargo,
) -> Result<Option<Story>> {
    let owner = &replay::exercise_of(exercises, code)?.name;
    ensure!(*owner == exercise.name, "{code} belongs to {owner}, and not to {}", exercise.name);
    let Some(replay::Known { record, .. }) = replay::known(cargo, exercise, code)? else { return Ok(None) };
    Ok(Some(Story {
        title: title(exercise, &sentence(&record.test)),
        source: format!("The run {code} of the test {} of {}:", record.test, exercise.name),
        outcome: replay::outcome(&record),
        arguments: format!("--code {code}"),
        record,
    }))
}

/// The name of a mistake, and what the test of that name has recorded; none, if it does
/// not compile, which is shown.
pub(super) fn recorded_of_a_mistake(
    repository: &Repository,
    exercise: &Exercise,
    mistake: &str,
    mut cargo: Cargo,
) -> Result<Option<(String, Vec<Record>)>> {
    let Mistake { name, .. } = Mistake::choose(repository, exercise, mistake)?;
    cargo.target = Some("mistakes");
    let package = Package::of_solution(repository, &exercise.name);
    if let Built::Errors(text) = cargo.build(&package)? {
        terminal::pass_on(&text);
        return Ok(None);
    }
    let mut records = cargo.test(&package, None, &["--exact".to_owned(), name.clone()])?.records;
    records.retain(|record| record.test == name);
    Ok(Some((name, records)))
}

/// Where, in what the test of a mistake has recorded, the run is whose story is kept, so that
/// the screen shows what the sheets have; the shortest failure, if none is kept. Of those
/// that can be shown.
pub(super) fn kept_or_shortest(
    repository: &Repository,
    exercise: &Exercise,
    mistake: &str,
    records: &[Record],
    can_be_shown: impl Fn(&Record) -> bool,
) -> Option<usize> {
    let kept = KeptRun::of(repository, exercise, mistake);
    let wrong = |record: &Record| record.verdict != "holds" && can_be_shown(record);
    let found = || records.iter().enumerate().filter(|(_, record)| wrong(record));
    let of_kept = found().find(|(_, record)| kept.as_ref().is_some_and(|kept| kept.is_in(record)));
    let shortest = || found().min_by_key(|(_, record)| (record.faults, record.steps));
    of_kept.or_else(shortest).map(|(place, _)| place)
}

/// What is written above all that shows a mistake.
pub(super) fn title_of_a_mistake(exercise: &Exercise, name: &str) -> String {
    title(exercise, &format!("a mistake that {}", name.replace('_', " ")))
}

/// The story of what is wrong with a mistake, as its golden file has it; none, if it
/// does not compile.
fn of_a_mistake(
    repository: &Repository,
    exercise: &Exercise,
    mistake: &str,
    cargo: Cargo,
) -> Result<Option<Story>> {
    let Some((name, mut records)) = recorded_of_a_mistake(repository, exercise, mistake, cargo)? else {
        return Ok(None);
    };
    let told = |record: &Record| !record.story.is_empty();
    let Some(place) = kept_or_shortest(repository, exercise, &name, &records, told) else {
        if exercise.needs_a_server {
            bail!(
                "the mistake {name} of {} has no story to tell: it is found on a server, and what is wrong is \
                 said in a sentence; see the test with its name in solutions/{}/tests/mistakes.rs",
                exercise.name,
                exercise.name
            );
        }
        bail!(
            "the mistake {name} of {} has no story to tell: no search or run of the test with its name in \
             solutions/{}/tests/mistakes.rs finds anything wrong with it",
            exercise.name,
            exercise.name
        );
    };
    Ok(Some(Story {
        title: title_of_a_mistake(exercise, &name),
        source: format!("A mistake in {}: it {}.", exercise.name, name.replace('_', " ")),
        record: records.swap_remove(place),
        // It is wrong on purpose.
        outcome: Outcome::Green,
        arguments: format!("--mistake {name}"),
    }))
}

/// The test that the user means: by its name, by what that begins with, such as `t13`,
/// or by a part that no other has.
pub(super) fn chosen<'a>(exercise: &'a Exercise, text: &str) -> Result<&'a (String, Declared)> {
    let tests = &exercise.tests;
    let only = |is_meant: &dyn Fn(&str) -> bool| {
        let mut meant = tests.iter().filter(|(name, _)| is_meant(name));
        meant.next().filter(|_| meant.next().is_none())
    };
    let found = only(&|name| name == text)
        .or_else(|| only(&|name| own_name(name).strip_prefix(text).is_some_and(|rest| rest.starts_with('_'))))
        .or_else(|| only(&|name| name.contains(text)));
    found.with_context(|| {
        let shown: String = text.chars().take(60).collect();
        let names: Vec<&str> = tests.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} has no one test {shown:?}; there are {}", exercise.name, names.join(", "))
    })
}

pub(super) fn title(exercise: &Exercise, what: &str) -> String {
    format!("{} {}: {what}", exercise.name.number, exercise.title)
}

/// The name of a test as the sentence that it is.
pub(super) fn sentence(test: &str) -> String {
    test.replace('_', " ")
}
