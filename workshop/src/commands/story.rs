//! `cargo workshop story`: the most telling story of an exercise as it stands.

use std::fs::Permissions;
use std::io::{ErrorKind, Write};
use std::path::{Path, absolute};

use anyhow::{Context, Result, bail};
use records::Record;

use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Exercise, Repository};
use crate::running::{Built, Cargo, ExerciseResult, ExerciseRun, Package};
use crate::terminal;

/// Runs the tests of an exercise, tells one story, and writes it to a file if
/// that is asked for.
pub fn run(repository: &Repository, name: &str, save: Option<&Path>, force: bool) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, name)?;
    if let (Some(file), false) = (save, force)
        && file.symlink_metadata().is_ok()
    {
        bail!("{}", taken(file));
    }
    let package = Package { name: exercise.name.package(), directory: exercise.directory.clone() };
    let cargo = Cargo::at(repository.root());
    if let Built::Errors(text) = cargo.build(&package)? {
        terminal::pass_on(&text);
        terminal::show(&render::compile_errors(exercise));
        return Ok(Outcome::Red);
    }
    let run = ExerciseRun::of(exercise, cargo.test(&package, None, &[])?, false);
    let Some((test, record)) = run.story() else {
        let test = terminal::code(&format!("cargo workshop test {}", exercise.name.number));
        bail!("the tests of {} have no story to tell yet: {test} says what is missing", exercise.name);
    };
    let text = told(exercise, &run, test, record);
    terminal::show(&text);
    if let Some(file) = save {
        write(file, &anstream::adapter::strip_str(&text).to_string(), force)?;
        let saved = format!("Saved as {}.", file.display());
        terminal::show(&format!("\n{}", terminal::paragraph(&saved, "")));
    }
    Ok(run.result.into())
}

/// Where the story comes from, and the story.
fn told(exercise: &Exercise, run: &ExerciseRun, test: &str, record: &Record) -> String {
    let verdict = match run.result {
        ExerciseResult::Green => "green".to_owned(),
        ExerciseResult::Red => format!("red: {} of {} tests", run.failed(), run.counted()),
        ExerciseResult::Inconclusive => "inconclusive".to_owned(),
    };
    let heading = format!("{} is {verdict}. From the test {test}:", exercise.name);
    format!("{}\n{}", terminal::paragraph(&heading, ""), render::record(&record.text))
}

/// Writes a file as a whole or not at all.
fn write(file: &Path, text: &str, force: bool) -> Result<()> {
    let shown = file.display();
    let whole = absolute(file).with_context(|| format!("{shown} is no name for a file"))?;
    let folder = whole.parent().with_context(|| format!("{shown} is no name for a file"))?;
    let written = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".story").suffix(".tmp");
        if let Some(permissions) = usual_permissions() {
            builder.permissions(permissions);
        }
        let mut temporary = builder.tempfile_in(folder)?;
        temporary.write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        match force {
            true => temporary.persist(&whole)?,
            false => temporary.persist_noclobber(&whole)?,
        };
        Ok(())
    };
    match written() {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!("{}", taken(file)),
        Err(error) => Err(error).with_context(|| format!("the story cannot be written to {shown}")),
    }
}

/// Those of any new file: a temporary one would be for its owner alone.
fn usual_permissions() -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    None
}

fn taken(file: &Path) -> String {
    format!(
        "{} exists, and is left as it is: choose another name, or add --force to replace it",
        file.display()
    )
}
