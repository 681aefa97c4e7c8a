//! `cargo workshop new exercise`: one that is there already, with its solution, under
//! another number and name. It is green and red as that one is, and all that is in it is
//! to be written anew.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::outcome::Outcome;
use crate::repository::{Exercise, Name, Repository, starters};
use crate::terminal;

/// What of a solution is kept of its own exercise, and of no other.
const OF_ITS_OWN: [&str; 2] = ["mistakes", "alternatives"];

/// Makes an exercise like another one: the last, if none is named.
pub fn run(repository: &Repository, name: &str, like: Option<&str>) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let Some(new) = Name::parse(name) else {
        bail!("{name:?} is no name for an exercise: it is a number of two digits and a word, as in 12-sagas");
    };
    if let Some(twin) = exercises.iter().find(|exercise| exercise.name.number == new.number) {
        bail!("exercises/{} has this number already", twin.name);
    }
    let like = match like {
        Some(like) => Exercise::choose(&exercises, like)?,
        None => exercises.last().context("there is no exercise yet")?,
    };
    if let Some(number) = &like.builds_on {
        ensure!(
            *number < new.number,
            "{} builds on {number}, and {new} comes before that: make it --like another one",
            like.name
        );
    }
    let folders = [
        (repository.exercise(&like.name), repository.exercise(&new)),
        (repository.solution(&like.name), repository.solution(&new)),
        (starters::folder(repository, &like.name), starters::folder(repository, &new)),
    ];
    // Before anything is made: a half of an exercise would be in the way.
    for (_, to) in &folders {
        ensure!(!to.exists(), "{} is there already", repository.show(to));
    }
    for (from, to) in folders.iter().filter(|(from, _)| from.is_dir()) {
        copy(from, to, &like.name, &new).with_context(|| repository.show(to))?;
    }
    let manifest = repository.solution(&new).join("Cargo.toml");
    if manifest.is_file() {
        without_tests(&manifest, &OF_ITS_OWN).with_context(|| repository.show(&manifest))?;
    }
    let steps = [
        format!(
            "exercises/{new} and solutions/{new} are those of {}, without its mistakes and other right \
                 answers. CONTRIBUTING.md says what belongs into each file, and in which order.",
            like.name
        ),
        format!(
            "{} is red, and {} green, from the start.",
            terminal::code(&format!("cargo test -p {}", new.package())),
            terminal::code(&format!("cargo test -p {}", new.solution_package()))
        ),
        format!(
            "Once there is a handler that is wrong, {} needs a test to be made like: write the first \
                 one by hand.",
            terminal::code(&format!("cargo workshop new mistake {} NAME", new.number))
        ),
        format!(
            "A row in the ladder of the README, and a block in agenda.toml; then {} says what is left.",
            terminal::code(&format!("cargo workshop verify {} --fix", new.number))
        ),
    ];
    super::show_steps(&steps);
    Ok(Outcome::Green)
}

/// Copies a folder, with another name wherever the old one stands.
fn copy(from: &Path, to: &Path, old: &Name, new: &Name) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let of_a_mistake = name.starts_with("mistakes__") || name.starts_with("alternatives__");
        let is_test = OF_ITS_OWN.iter().any(|kept| name == format!("{kept}.rs"));
        if name.starts_with('.')
            || OF_ITS_OWN.contains(&&*name)
            || of_a_mistake
            || is_test
            || name == "target"
        {
            continue;
        }
        let place = to.join(&name);
        if entry.path().is_dir() {
            copy(&entry.path(), &place, old, new)?;
        } else {
            let bytes = fs::read(entry.path())?;
            match String::from_utf8(bytes) {
                Ok(text) => fs::write(&place, renamed(&text, old, new))?,
                Err(error) => fs::write(&place, error.into_bytes())?,
            }
        }
    }
    Ok(())
}

/// In paths, packages, libraries, commands and headings.
fn renamed(text: &str, old: &Name, new: &Name) -> String {
    let (number, to) = (&old.number, &new.number);
    let plain = |name: &Name| name.to_string().replace('-', "_");
    [
        (old.to_string(), new.to_string()),
        (plain(old), plain(new)),
        (format!("{number} · "), format!("{to} · ")),
        (format!("Hints for {number}"), format!("Hints for {to}")),
        (format!("Exercise {number}"), format!("Exercise {to}")),
    ]
    .into_iter()
    .chain(["test", "hint", "story", "explore", "diff", "watch", "predict"].map(|command| {
        (format!("cargo workshop {command} {number}"), format!("cargo workshop {command} {to}"))
    }))
    .fold(text.to_owned(), |text, (from, to)| text.replace(&from, &to))
}

/// A manifest without the test targets of these names.
fn without_tests(manifest: &Path, names: &[&str]) -> Result<()> {
    let text = fs::read_to_string(manifest)?;
    let mut document: toml_edit::DocumentMut = text.parse()?;
    if let Some(tests) = document.get_mut("test").and_then(toml_edit::Item::as_array_of_tables_mut) {
        tests.retain(|test| {
            let name = test.get("name").and_then(toml_edit::Item::as_str);
            !name.is_some_and(|name| names.contains(&name))
        });
    }
    fs::write(manifest, document.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_wherever_it_stands() {
        let name = |text: &str| Name::parse(text).unwrap();
        let text = "# 04 · The outbox\n\n`cargo test -p ex04-outbox`, `cargo workshop test 04`, sol04_outbox\n\
                    ```text solutions/04-outbox/a.snap\n0x04 and [05](../05-runner)\n";
        assert_eq!(
            renamed(text, &name("04-outbox"), &name("12-long-sagas")),
            "# 12 · The outbox\n\n`cargo test -p ex12-long-sagas`, `cargo workshop test 12`, sol12_long_sagas\n\
             ```text solutions/12-long-sagas/a.snap\n0x04 and [05](../05-runner)\n"
        );
    }
}
