//! The copies of the starters, with which `reset` works: the same as the
//! exercises, byte by byte.

use crate::repository::{Exercise, Files, Name, Repository, starters};
use crate::terminal;

use super::culprit::Culprit;

/// Compares the copy with the exercise, whose sources are as declared; with
/// `fix`, makes the copy anew.
pub fn check(repository: &Repository, exercise: &Exercise, fix: bool) -> Option<Culprit> {
    let folder = starters::folder(repository, &exercise.name);
    let shown = repository.show(&folder);
    let predictions = exercise.predictions.as_deref();
    let read = || -> anyhow::Result<(Files, Files)> {
        Ok((Files::read(&exercise.directory, predictions)?, Files::read(&folder, predictions)?))
    };
    let (sources, copy) = match read() {
        Ok(both) => both,
        Err(error) => return Some(Culprit::new(shown, format!("{error:#}"), "make it a plain file")),
    };
    if let Some(path) =
        sources.paths().find(|path| sources.get(path).is_some_and(|bytes| bytes.contains(&b'\r')))
    {
        let file = repository.show(&exercise.directory.join(path));
        return Some(Culprit::new(file, "its lines do not end in LF alone", "save it with LF line ends"));
    }
    if sources.say_the_same_as(&copy) {
        return None;
    }
    if fix {
        let error = sources.replace(&folder, &copy).err()?;
        return Some(Culprit::new(shown, format!("{error:#}"), "make it writable"));
    }
    let differs = |path: &&std::path::Path| sources.get(path) != copy.get(path);
    let path = sources.paths().chain(copy.paths()).find(differs).map(|path| folder.join(path));
    let what = if copy.is_empty() {
        "the copy of the starter is not there"
    } else {
        "it is not what the exercise has, byte for byte"
    };
    let file = path.filter(|_| !copy.is_empty()).map_or(shown, |path| repository.show(&path));
    Some(Culprit::new(file, what, format!("run {}", terminal::code("cargo workshop verify --fix"))))
}

/// Copies of what is no exercise.
pub fn orphans(repository: &Repository, names: &[Name]) -> Vec<Culprit> {
    let folder = repository.root().join("workshop").join("starters");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !names.iter().any(|exercise| exercise.to_string() == *name))
        .collect();
    found.sort();
    let culprit = |name: String| {
        let file = format!("workshop/starters/{name}");
        Culprit::new(&file, "there is no exercise of this name", format!("remove {file}"))
    };
    found.into_iter().map(culprit).collect()
}
