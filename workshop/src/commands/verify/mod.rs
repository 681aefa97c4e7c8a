//! `cargo workshop verify`: are the exercises what they say they are?
//!
//! Each kind of check is in a file of its own: of the `files` there are and what
//! is written in them (the `links` on the pages, the `answers` that stand apart, the
//! `excerpts` of what the code prints, the `hints`), of the starter, its copy
//! (`copies`) and the solution that it goes on from (`continued`), of the solution,
//! of what it needs once it is `unlocked`, of the lines under the stories
//! (`replays`), of the table of what kills the mistakes, and of the pages for whoever
//! teaches: `decks`, `brainstorms`, the `agenda`, the `drawings` on them, and the
//! commands that they speak of (`commands_named`). Each answers with a list of
//! culprits (`culprit`).

mod agenda;
mod answers;
mod brainstorms;
mod commands_named;
mod continued;
mod copies;
mod culprit;
mod decks;
mod drawings;
mod excerpts;
mod files;
mod hints;
mod kills;
mod links;
mod replays;
mod side_by_side;
mod solution;
mod starter;
mod told;
mod unlocked;

use std::path::PathBuf;

use anyhow::Result;

use self::culprit::Culprit;
use crate::outcome::Outcome;
use crate::repository::{ANSWERS, Exercise, Name, Repository};
use crate::running::left_records::unwrapped;
use crate::running::tool::{HOW_TO_GET_A_SERVER, is_there_a_server};
use crate::running::{Cargo, Package, TestResult};
use crate::terminal;

/// Pages that are neither of an exercise, nor a deck or a sheet.
const PAGES: [&str; 15] = [
    "README.md",
    "AGENDA.md",
    "INSTRUCTOR.md",
    "CONTRIBUTING.md",
    "slides/README.md",
    "brainstorms/README.md",
    "FACTS.md",
    "gallery/README.md",
    "papers/at-hand.md",
    "papers/glossary.md",
    "papers/rules.md",
    "papers/your-own.md",
    "papers/your-own-answers.md",
    "papers/feedback.md",
    "papers/invitation.md",
];

/// The pages of an exercise.
const EXERCISE_PAGES: [&str; 3] = ["README.md", ANSWERS, "hints.md"];

/// Checks one exercise, or all of them, and what lies next to them.
pub fn run(repository: &Repository, chosen: Option<&str>, fix: bool) -> Result<Outcome> {
    let (names, mut culprits) = match chosen {
        Some(text) => (vec![files::chosen(repository, text)?], Vec::new()),
        None => {
            let (names, mut culprits) = files::inventory(repository)?;
            culprits.extend(copies::orphans(repository, &names));
            culprits.extend(other_pages(repository));
            (names, culprits)
        }
    };
    for culprit in &culprits {
        terminal::show(&culprit.show());
    }
    // The flags of whoever runs this may turn warnings into errors, or hide
    // them: what an attendee sees is what counts.
    let mut cargo = Cargo::at(repository.root());
    cargo.plain_flags = true;
    // Who writes times down measures one exercise at a time.
    let at_a_time = if fix { 1 } else { side_by_side::as_many_as_can_be() };
    let mut kills = Vec::new();
    let mut unseen = Vec::new();
    side_by_side::each(
        &names,
        at_a_time,
        |name| {
            let mut kills = Vec::new();
            // Who asks for one by its name has it checked, or is told why not.
            if chosen.is_none() && needs_what_is_not_here(repository, name) {
                return None;
            }
            Some((check(repository, &cargo, name, fix, &mut kills), kills))
        },
        |name, checked| {
            let Some((found, killed)) = checked else {
                unseen.push(name.number.clone());
                let name = terminal::short(&name.to_string(), 70);
                let note =
                    format!("– {name} is not verified: it needs a nats-server. {HOW_TO_GET_A_SERVER}.");
                terminal::show(&terminal::paragraph(&note, "  "));
                return;
            };
            let mark = match found.is_empty() {
                true => terminal::paint(terminal::GOOD, "✓"),
                false => terminal::paint(terminal::BAD, "✗"),
            };
            let mut text = format!("  {mark} {}\n", terminal::short(&name.to_string(), 70));
            text.extend(found.iter().map(Culprit::show));
            terminal::show(&text);
            culprits.extend(found);
            kills.extend(killed);
        },
    );
    // Who looks at one exercise has not looked at all the mistakes; and where
    // something else is wrong, the table would only repeat it.
    if chosen.is_none()
        && culprits.is_empty()
        && let Some(culprit) = kills::check(repository, &kills, &unseen, fix)
    {
        terminal::show(&culprit.show());
        culprits.push(culprit);
    }
    if chosen.is_none()
        && let Some(culprit) = prices(repository, &mut cargo, fix)
    {
        terminal::show(&culprit.show());
        culprits.push(culprit);
    }
    // After the tables, which are on slides, too.
    if chosen.is_none() {
        for culprit in read_pages(repository, &names, fix) {
            terminal::show(&culprit.show());
            culprits.push(culprit);
        }
    }
    let verified = match names.len() - unseen.len() {
        1 => "1 exercise verified".to_owned(),
        number => format!("{number} exercises verified"),
    };
    Ok(judge(&verified, &culprits))
}

/// Whether an exercise needs a server, and there is none.
fn needs_what_is_not_here(repository: &Repository, name: &Name) -> bool {
    let exercise = Exercise::load(repository, name.clone());
    exercise.is_ok_and(|exercise| exercise.needs_a_server) && !is_there_a_server()
}

/// Checks only what is read: nothing is built.
pub fn pages(repository: &Repository, fix: bool) -> Result<Outcome> {
    let (names, mut culprits) = files::inventory(repository)?;
    culprits.extend(names.iter().filter_map(|name| {
        // Without it, the agendas cannot be added up.
        let error = Exercise::load(repository, name.clone()).err()?;
        Some(Culprit::new(name.to_string(), format!("{error:#}"), "write its exercise.toml".to_owned()))
    }));
    culprits.extend(other_pages(repository));
    culprits.extend(names.iter().flat_map(|name| exercise_pages(repository, name, fix)));
    culprits.extend(names.iter().flat_map(|name| unlocked::check(repository, name)));
    culprits.extend(read_pages(repository, &names, fix));
    for culprit in &culprits {
        terminal::show(&culprit.show());
    }
    Ok(judge("pages verified", &culprits))
}

/// The pages for whoever teaches, or works alone.
fn read_pages(repository: &Repository, names: &[Name], fix: bool) -> Vec<Culprit> {
    let mut culprits: Vec<Culprit> =
        PAGES.iter().flat_map(|page| excerpts::check(repository, &path(repository, page), fix)).collect();
    culprits.extend(drawings::check(repository, fix));
    culprits.extend(decks::check(repository, fix));
    culprits.extend(brainstorms::check(repository, fix));
    culprits.extend(agenda::check(repository, names, fix));
    culprits
}

/// What other pages link to and speak of.
fn other_pages(repository: &Repository) -> Vec<Culprit> {
    let mut culprits = Vec::new();
    for page in PAGES {
        let path = path(repository, page);
        culprits.extend(links::check(repository, &path));
        culprits.extend(commands_named::check(repository, &path));
    }
    culprits
}

fn path(repository: &Repository, page: &str) -> PathBuf {
    page.split('/').fold(repository.root().to_owned(), |path, part| path.join(part))
}

/// The pages of an exercise: where they lead, and what they show.
fn exercise_pages(repository: &Repository, name: &Name, fix: bool) -> Vec<Culprit> {
    let mut culprits = Vec::new();
    for page in EXERCISE_PAGES {
        let path = repository.exercise(name).join(page);
        culprits.extend(links::check(repository, &path));
        culprits.extend(excerpts::check(repository, &path, fix));
    }
    culprits
}

fn judge(verified: &str, culprits: &[Culprit]) -> Outcome {
    let (style, verdict) = match culprits.len() {
        0 => (terminal::GOOD, "all as declared".to_owned()),
        1 => (terminal::BAD, "1 culprit".to_owned()),
        number => (terminal::BAD, format!("{number} culprits")),
    };
    terminal::show(&format!("\n  {verified}: {}\n", terminal::paint(style, &verdict)));
    if culprits.is_empty() { Outcome::Green } else { Outcome::Red }
}

/// What each guarantee costs is measured as it was when the README's tables were
/// kept; with `fix`, they are kept anew. (A copy without solutions has nothing to
/// measure.)
fn prices(repository: &Repository, cargo: &mut Cargo, fix: bool) -> Option<Culprit> {
    let package = Package { name: "prices".to_owned(), directory: repository.root().join("prices") };
    if !package.directory.is_dir() {
        return None;
    }
    cargo.keep_golden = fix;
    let what = match cargo.test(&package, None, &[]) {
        Ok(run) => run
            .crash
            .or_else(|| {
                let mut tests = run.output.tests.into_iter();
                tests.find(|test| test.result == TestResult::Failed).map(|test| test.said)
            })
            .map(|said| terminal::short(&unwrapped(&said), 200))?,
        Err(error) => format!("{error:#}"),
    };
    let mend = format!("run {}", terminal::code("cargo workshop verify --fix"));
    Some(Culprit::new("README.md", format!("the tables of prices: {what}"), mend))
}

fn check(
    repository: &Repository,
    cargo: &Cargo,
    name: &Name,
    fix: bool,
    kills: &mut Vec<kills::Kill>,
) -> Vec<Culprit> {
    let mut culprits = files::present(repository, name);
    culprits.extend(exercise_pages(repository, name, fix));
    culprits.extend(answers::check(repository, name));
    culprits.extend(hints::check(repository, name));
    culprits.extend(unlocked::check(repository, name));
    let exercise = match Exercise::load(repository, name.clone()) {
        Ok(exercise) => exercise,
        Err(error) => {
            let file = format!("exercises/{name}/exercise.toml");
            // The error names the file itself.
            let what = format!("{error:#}");
            let what = what.strip_prefix(&file).unwrap_or(&what).trim_start_matches([':', ' ']);
            culprits.push(Culprit::new(&file, what, format!("edit {file}")));
            return culprits;
        }
    };
    if exercise.needs_a_server && !is_there_a_server() {
        let what = "its tests need a nats-server, and there is none here";
        culprits.push(Culprit::new(format!("exercises/{name}"), what, HOW_TO_GET_A_SERVER));
        return culprits;
    }
    // Sources that are not as declared are no starter, and are blamed first.
    culprits.extend(
        files::hash(repository, &exercise, fix).or_else(|| copies::check(repository, &exercise, fix)),
    );
    culprits.extend(continued::check(repository, &exercise));
    // Without its package there is nothing to be built.
    match files::package(repository, &repository.exercise(name), &name.package()) {
        Some(culprit) => culprits.push(culprit),
        None => culprits.extend(starter::check(cargo, &exercise)),
    }
    match files::package(repository, &repository.solution(name), &name.solution_package()) {
        Some(culprit) => culprits.push(culprit),
        None => {
            let (found, records) = solution::check(repository, cargo, &exercise);
            culprits.extend(found);
            culprits.extend(told::check(repository, &exercise, &records));
            kills.extend(kills::of(repository, &exercise, &records));
        }
    }
    culprits
}
