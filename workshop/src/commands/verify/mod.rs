//! `cargo workshop verify`: are the exercises what they say they are?
//!
//! Three kinds of checks, each in a file of its own: of what is written
//! (`papers`), of the starter, and of the solution.

mod papers;
mod solution;
mod starter;

use anyhow::Result;

use crate::cargo::Cargo;
use crate::exercise::Exercise;
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Name, Repository};

/// Something that is not as it should be.
#[derive(Debug)]
struct Culprit {
    /// The file to blame, as it is shown.
    file: String,
    /// What is the matter with it.
    what: String,
    /// What to do about it.
    mend: String,
}

impl Culprit {
    fn new(file: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { file: file.into(), what: what.into(), mend: mend.into() }
    }

    fn show(&self) -> String {
        let text = render::paragraph(&format!("✗ {}: {}", self.file, self.what), "    ");
        let mend = render::paragraph(&format!("mend it: {}", self.mend), "      ");
        text.replacen('✗', &render::paint(render::BAD, "✗"), 1) + &mend
    }
}

/// Checks one exercise, or all of them, and what lies next to them.
pub fn run(repository: &Repository, chosen: Option<&str>, fix: bool) -> Result<Outcome> {
    let (names, mut culprits) = match chosen {
        Some(text) => (vec![papers::chosen(repository, text)?], Vec::new()),
        None => papers::inventory(repository)?,
    };
    for culprit in &culprits {
        render::show(&culprit.show());
    }
    // The flags of whoever runs this may turn warnings into errors, or hide
    // them: what an attendee sees is what counts.
    let mut cargo = Cargo::at(repository.root());
    cargo.plain_flags = true;
    for name in &names {
        let found = check(repository, &cargo, name, fix);
        let mark = match found.is_empty() {
            true => render::paint(render::GOOD, "✓"),
            false => render::paint(render::BAD, "✗"),
        };
        let mut text = format!("  {mark} {}\n", render::short(&name.to_string(), 70));
        text.extend(found.iter().map(Culprit::show));
        render::show(&text);
        culprits.extend(found);
    }
    let verified = match names.len() {
        1 => "1 exercise verified".to_owned(),
        number => format!("{number} exercises verified"),
    };
    let (style, verdict) = match culprits.len() {
        0 => (render::GOOD, "all as declared".to_owned()),
        1 => (render::BAD, "1 culprit".to_owned()),
        number => (render::BAD, format!("{number} culprits")),
    };
    render::show(&format!("\n  {verified}: {}\n", render::paint(style, &verdict)));
    Ok(if culprits.is_empty() { Outcome::Green } else { Outcome::Red })
}

fn check(repository: &Repository, cargo: &Cargo, name: &Name, fix: bool) -> Vec<Culprit> {
    let mut culprits = papers::files(repository, name);
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
    culprits.extend(papers::hash(repository, &exercise, fix));
    // Without its package there is nothing to be built.
    match papers::package(repository, &repository.exercise(name), &name.package()) {
        Some(culprit) => culprits.push(culprit),
        None => culprits.extend(starter::check(cargo, &exercise)),
    }
    match papers::package(repository, &repository.solution(name), &name.solution_package()) {
        Some(culprit) => culprits.push(culprit),
        None => culprits.extend(solution::check(repository, cargo, &exercise)),
    }
    culprits
}
