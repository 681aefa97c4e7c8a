//! What can be checked by reading: which files there are, and what they say.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::culprit::Culprit;
use crate::repository::{ANSWERS, Exercise, Name, Repository, fingerprint};
use crate::terminal;

/// The exercises there are, and what is wrong with the folders as such.
pub fn inventory(repository: &Repository) -> Result<(Vec<Name>, Vec<Culprit>)> {
    let mut culprits = Vec::new();
    let mut names: Vec<Name> = Vec::new();
    for found in repository.directories("exercises")? {
        match found {
            Ok(name) => {
                if let Some(twin) = names.last().filter(|twin| twin.number == name.number) {
                    culprits.push(Culprit::new(
                        format!("exercises/{name}"),
                        format!("exercises/{twin} has the same number"),
                        "give each exercise a number of its own",
                    ));
                }
                names.push(name);
            }
            Err(other) => culprits.push(Culprit::new(
                format!("exercises/{other}"),
                "it is not called NN-name (two digits, then small letters, digits and hyphens)",
                "rename the directory, or move it elsewhere",
            )),
        }
    }
    let solutions = match repository.root().join("solutions").is_dir() {
        true => repository.directories("solutions")?,
        false => Vec::new(),
    };
    for found in solutions {
        let name = found.map_or_else(|other| other, |name| name.to_string());
        if !names.iter().any(|exercise| exercise.to_string() == name) {
            culprits.push(Culprit::new(
                format!("solutions/{name}"),
                "there is no exercise of this name",
                format!("add exercises/{name}, or remove the solution"),
            ));
        }
    }
    if names.is_empty() {
        bail!("there are no exercises in exercises/ yet");
    }
    Ok((names, culprits))
}

/// The exercise that is meant; it need not be in order.
pub fn chosen(repository: &Repository, text: &str) -> Result<Name> {
    let (names, _) = inventory(repository)?;
    Name::choose(&names, text).cloned()
}

/// The files that every exercise has.
pub fn present(repository: &Repository, name: &Name) -> Vec<Culprit> {
    let directory = repository.exercise(name);
    let mut culprits = Vec::new();
    for file in ["README.md", ANSWERS, "hints.md", "src/lib.rs"] {
        let path = file.split('/').fold(directory.clone(), |path, part| path.join(part));
        let shown = repository.show(&path);
        match std::fs::read_to_string(&path) {
            Ok(text) if text.trim().is_empty() => {
                culprits.push(Culprit::new(&shown, "it is empty", format!("write {shown}")));
            }
            Ok(_) => {}
            Err(error) => {
                culprits.push(Culprit::new(
                    &shown,
                    format!("it cannot be read: {error}"),
                    format!("write {shown}"),
                ));
            }
        }
    }
    culprits
}

/// Whether the sources are those that `exercise.toml` declares; with `fix`, it
/// declares those that are there.
pub fn hash(repository: &Repository, exercise: &Exercise, fix: bool) -> Option<Culprit> {
    if let Some(predictions) = &exercise.predictions
        && !exercise.directory.join(predictions).is_file()
    {
        let file = format!("exercises/{}/{predictions}", exercise.name);
        return Some(Culprit::new(
            &file,
            "exercise.toml names it, and it is not there",
            format!("write {file}"),
        ));
    }
    let sources = fingerprint(exercise);
    if sources == exercise.starter {
        return None;
    }
    let path = exercise.directory.join("exercise.toml");
    let shown = repository.show(&path);
    if fix {
        return match rewrite(&path, exercise, &sources) {
            Ok(()) => None,
            Err(error) => Some(Culprit::new(
                shown,
                format!("the starter hash cannot be rewritten: {error:#}"),
                format!("write starter = \"{sources}\""),
            )),
        };
    }
    Some(Culprit::new(
        shown,
        format!("starter is {:?}, and the hash of the sources is {sources:?}", exercise.starter),
        format!(
            "take back what was edited ({}), or, if the starter is meant to change, run {}",
            terminal::code(&format!("cargo workshop reset {}", exercise.name.number)),
            terminal::code("cargo workshop verify --fix")
        ),
    ))
}

/// Replaces the hash, and nothing else.
fn rewrite(path: &Path, exercise: &Exercise, sources: &str) -> Result<()> {
    let mut text = std::fs::read_to_string(path)?;
    text.replace_range(exercise.starter_at.clone(), &format!("\"{sources}\""));
    let folder = path.parent().context("it is in no directory")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    // A temporary file is private to its owner; this one takes another's place.
    file.as_file().set_permissions(std::fs::metadata(path)?.permissions())?;
    file.persist(path)?;
    Ok(())
}

/// Whether a directory holds the package that it should.
pub fn package(repository: &Repository, directory: &Path, name: &str) -> Option<Culprit> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let shown = repository.show(&directory.join("Cargo.toml"));
    if !directory.is_dir() {
        let folder = repository.show(directory);
        return Some(Culprit::new(&folder, "it is not there", format!("add the package {name} in {folder}")));
    }
    let mend = format!("write name = \"{name}\" under [package] in {shown}");
    match std::fs::read_to_string(directory.join("Cargo.toml")).map(|text| toml::from_str::<Manifest>(&text))
    {
        Ok(Ok(manifest)) if manifest.package.name == name => None,
        Ok(Ok(manifest)) => {
            let what = format!("the package is called {}, not {name}", manifest.package.name);
            Some(Culprit::new(shown, what, mend))
        }
        Ok(Err(error)) => Some(Culprit::new(shown, error.message().replace('\n', ", "), mend)),
        Err(error) => Some(Culprit::new(shown, format!("it cannot be read: {error}"), mend)),
    }
}
