//! The starter that goes on from a solution (`builds_on`): what both have is the
//! same code, but for what is declared as `changed`. Whoever has solved the one
//! finds in the other what they know, or is told what is new in it.

use std::path::Path;

use super::culprit::Culprit;
use crate::repository::{Exercise, Files, Repository, code, solutions};

/// Compares the starter with the solution that it builds on, if it does.
pub fn check(repository: &Repository, exercise: &Exercise) -> Vec<Culprit> {
    let Some(number) = &exercise.builds_on else { return Vec::new() };
    let file = format!("exercises/{}/exercise.toml", exercise.name);
    let names = repository.directories("exercises").unwrap_or_default();
    let Some(before) = names.into_iter().flatten().find(|name| name.number == *number) else {
        let what = format!("it builds on {number}, and there is no such exercise");
        return vec![Culprit::new(&file, what, format!("edit {file}"))];
    };
    // What cannot be read is blamed where it is.
    let compared = || -> anyhow::Result<Compared> {
        let solution = solutions::of(repository, &Exercise::load(repository, before.clone())?)?;
        Ok(Compared::of(&solution, &Files::read(&exercise.directory, None)?))
    };
    let Ok(compared) = compared() else { return Vec::new() };
    let mut culprits = Vec::new();
    for item in compared.differ.iter().filter(|item| !exercise.changed.contains(&item.name)) {
        let place = format!("exercises/{}/{}", exercise.name, item.path);
        let what = format!("{:?} is not what it is in our solution of {before}", item.name);
        let mend = format!(
            "write there what solutions/{before}/{} has, or declare it under `changed` in {file}",
            item.path
        );
        culprits.push(Culprit::new(place, what, mend));
    }
    for name in &exercise.changed {
        if !compared.differ.iter().any(|item| item.name == *name) {
            let what =
                format!("it declares {name:?} as changed since {number}, and it is the same, or not in both");
            culprits.push(Culprit::new(&file, what, format!("take {name:?} out of `changed`")));
        }
    }
    culprits
}

/// What a solution and a starter have both, and not alike.
struct Compared {
    differ: Vec<Named>,
}

/// An item, and the file that it is in.
struct Named {
    path: String,
    name: String,
}

impl Compared {
    /// Compares the items of the same name, in files of the same path.
    fn of(solution: &Files, starter: &Files) -> Self {
        let mut differ: Vec<Named> = Vec::new();
        for path in starter.paths().filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        {
            let (theirs, ours) = (items(starter, path), items(solution, path));
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            for item in &theirs {
                let twins =
                    || ours.iter().filter(|ours| (&ours.owner, &ours.name) == (&item.owner, &item.name));
                let is_there = twins().next().is_some();
                let named = differ.iter().any(|named| named.name == item.name);
                if is_there && !named && !twins().any(|ours| ours.says_the_same_as(item)) {
                    differ.push(Named { path: parts.join("/"), name: item.name.clone() });
                }
            }
        }
        Self { differ }
    }
}

fn items(files: &Files, path: &Path) -> Vec<code::Item> {
    files.get(path).map_or_else(Vec::new, |bytes| code::items(&String::from_utf8_lossy(bytes)))
}
