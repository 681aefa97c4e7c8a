//! `cargo workshop report`: everything that somebody else needs to see the same, in one
//! file, for whoever thinks that the harness is wrong.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::written;
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Exercise, Files, Repository, fingerprint};
use crate::running::tool::ask;
use crate::running::{Built, Cargo, ExerciseRun, Package};
use crate::terminal;

/// Runs the tests of an exercise, and writes what came of it, with the code and the
/// versions, to a file.
pub fn run(repository: &Repository, name: &str, file: Option<&Path>, force: bool) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    let file =
        file.map_or_else(|| PathBuf::from(format!("report-{}.md", exercise.name.number)), Path::to_owned);
    written::must_be_free("report", &file, force)?;
    let package = Package::of(exercise);
    let cargo = Cargo::at(repository.root());
    let came_to = match cargo.build(&package)? {
        Built::Errors(text) => format!("It does not compile.\n\n{}", fenced("text", &plain(&text))),
        Built::Done { .. } => told(&ExerciseRun::of(exercise, cargo.test(&package, None, &[])?, false)),
    };
    let mut text = format!("# A report on {}\n\n", exercise.name);
    text += "What I expected, and what I think is wrong:\n\n(your words)\n\n## Versions\n\n";
    text += &fenced("text", &versions(repository, exercise));
    text += &format!("\n## The tests\n\n{came_to}\n## The code\n\n");
    let files = Files::read(&exercise.directory, exercise.predictions.as_deref())?;
    for path in files.paths() {
        let shown = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let kind = if shown.ends_with(".rs") { "rust" } else { "text" };
        let body = String::from_utf8_lossy(files.get(path).unwrap_or_default());
        text += &format!("`{shown}`\n\n{}\n", fenced(kind, &body));
    }
    written::write("report", &file, &text, force)?;
    let said = format!(
        "Written to {}: versions, verdicts with their codes, and all of your code for {}. Look through it, say \
         in it what you think is wrong, and send it to whoever gave you the workshop.",
        file.display(),
        exercise.name
    );
    terminal::show(&terminal::paragraph(&said, "  "));
    Ok(Outcome::Green)
}

/// What each test came to, with everything that was recorded.
fn told(run: &ExerciseRun) -> String {
    let mut text = String::new();
    for test in &run.tests {
        text += &format!(
            "- `{}`: {}\n",
            test.name,
            match test.in_short() {
                words if words.is_empty() => "green".to_owned(),
                words => words,
            }
        );
        for record in &test.records {
            text += &format!("  - {}", plain(&record.headline));
            if let Some(code) = &record.replay {
                text += &format!(" (`{code}`)");
            }
            text.push('\n');
        }
    }
    if let Some(crash) = &run.crash {
        text += &format!("\n{}", fenced("text", crash));
    }
    if let Some((test, record)) = run.story() {
        text +=
            &format!("\nThe story of `{test}`:\n\n{}", fenced("text", &plain(&render::record(&record.text))));
    }
    text
}

fn versions(repository: &Repository, exercise: &Exercise) -> String {
    let root = repository.root();
    let asked = |tool: &str, arguments: &[&str]| match ask(tool, root, arguments) {
        Ok(said) => said.trim().to_owned(),
        Err(why) => why.lines().next().unwrap_or_default().to_owned(),
    };
    let at = match ask("git", root, &["log", "-1", "--format=%h of %cs"]) {
        Ok(said) => said.trim().to_owned(),
        Err(_) => "not known (this is no clone)".to_owned(),
    };
    format!(
        "workshop {} at {at}\n{}\n{}\n{} {}\nstarter {}, this code {}\n",
        env!("CARGO_PKG_VERSION"),
        asked("rustc", &["-vV"]),
        asked("cargo", &["--version"]),
        std::env::consts::OS,
        std::env::consts::ARCH,
        exercise.starter,
        fingerprint(exercise)
    )
}

/// A block that ends where it should, whatever is in it.
fn fenced(kind: &str, text: &str) -> String {
    let longest = text.lines().map(|line| line.chars().take_while(|&sign| sign == '`').count()).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{fence}{kind}\n{}\n{fence}\n", text.trim_end())
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::fenced;

    #[test]
    fn a_block_holds_what_looks_like_its_end() {
        assert_eq!(fenced("rust", "a\n"), "```rust\na\n```\n");
        assert_eq!(fenced("text", "```\nb\n"), "````text\n```\nb\n````\n");
    }
}
