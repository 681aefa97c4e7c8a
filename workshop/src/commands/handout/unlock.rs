//! Brings a solution into a handout, and the answers to the questions of its
//! exercise.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{copy, manifest, pages, vendor};
use crate::commands::folder::absolute;
use crate::outcome::Outcome;
use crate::repository::{ANSWERS, Exercise, HANDOUT, Name, Repository};
use crate::terminal;

/// The tests that only our repository can pass: they compare pages, and what is
/// in the exercise, with what was shipped.
pub const OURS: &str = "page";
/// The folder, and the test target, of the tempting wrong answers.
pub const MISTAKES: &str = "mistakes";

/// Adds a solution to a handout, and to what must be green there.
pub fn run(repository: &Repository, directory: &Path, number: &str, mistakes: bool) -> Result<Outcome> {
    let directory = absolute(directory)?;
    let shown = directory.display();
    ensure!(
        directory.join(HANDOUT).is_file() && directory.join("Cargo.toml").is_file(),
        "{shown} is no handout, it has no {HANDOUT}: make one with {}",
        terminal::code("cargo workshop handout DIR")
    );
    let exercises = Exercise::all(repository)?;
    let exercise = Exercise::choose(&exercises, number)?;
    let name = &exercise.name;
    ensure!(
        !exercise.needs_a_server,
        "{name} is in no handout, since it needs what runs our solutions on a server: whoever is to do it \
         needs a clone of this repository"
    );
    let solution = repository.solution(name);
    ensure!(solution.is_dir(), "solutions/{name} is not in this copy: unlock from the one that has it");
    ensure!(
        directory.join("exercises").join(name.to_string()).is_dir(),
        "{shown} has no exercise {name}: make a new handout from this repository"
    );
    let folder = directory.join("solutions");
    fs::create_dir_all(&folder).with_context(|| format!("nothing can be written into {shown}"))?;
    let stage = tempfile::Builder::new()
        .prefix(".unlocked-")
        .tempdir_in(&folder)
        .with_context(|| format!("nothing can be written into {shown}"))?;
    let new = stage.path().join("new");
    copy::tree(&solution, &new)?;
    leave_out(&new, mistakes)?;
    let place = folder.join(name.to_string());
    replace(&new, &place, &stage.path().join("old"))?;
    add(&directory, &format!("solutions/{name}"))
        .inspect_err(|_| _ = fs::rename(&place, stage.path().join("refused")))?;
    bring_the_answers(repository, &directory, name)?;
    let what = if mistakes { "with its mistakes" } else { "without its mistakes" };
    let test = terminal::code(&format!("cargo test -p {}", name.solution_package()));
    let said = format!(
        "solutions/{name}, {what}, is in {shown} now, and the answers to the questions of its page are in \
         exercises/{name}/{ANSWERS}. Try it there: {test}."
    );
    terminal::show(&terminal::paragraph(&said, "  "));
    Ok(Outcome::Green)
}

/// Puts the answers beside the page, and the link to them back onto it.
fn bring_the_answers(repository: &Repository, handout: &Path, name: &Name) -> Result<()> {
    let exercise = handout.join("exercises").join(name.to_string());
    for page in [ANSWERS, "README.md"] {
        let place = exercise.join(page);
        copy::tree(&repository.exercise(name).join(page), &place)?;
        if place.is_file() {
            pages::unlink(handout, &place)?;
        }
    }
    Ok(())
}

/// Makes it a member, if the handout holds together with it.
fn add(handout: &Path, member: &str) -> Result<()> {
    let workspace = handout.join("Cargo.toml");
    let before = fs::read(&workspace).context("the handout's Cargo.toml cannot be read")?;
    manifest::add_member(&workspace, member)?;
    vendor::check(handout).inspect_err(|_| _ = fs::write(&workspace, &before))
}

fn leave_out(solution: &Path, mistakes: bool) -> Result<()> {
    let names: &[&str] = if mistakes { &[OURS] } else { &[OURS, MISTAKES] };
    for file in manifest::cut_tests(&solution.join("Cargo.toml"), names)? {
        fs::remove_file(solution.join(&file)).with_context(|| format!("{file} cannot be left out"))?;
    }
    if !mistakes {
        remove(&solution.join(MISTAKES))?;
        remove_stories(&solution.join("tests").join("snapshots"))?;
    }
    Ok(())
}

/// The stories that break the mistakes.
fn remove_stories(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("mistakes__") {
            fs::remove_file(entry.path()).context("a story cannot be left out")?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match folder.is_dir() {
        true => {
            fs::remove_dir_all(folder).with_context(|| format!("{} cannot be left out", folder.display()))
        }
        false => Ok(()),
    }
}

/// Puts a folder in the place of another one, which may be there.
fn replace(new: &Path, place: &Path, old: &Path) -> Result<()> {
    if place.exists() {
        fs::rename(place, old).with_context(|| format!("{} cannot be replaced", place.display()))?;
    }
    fs::rename(new, place).with_context(|| format!("{} cannot be written", place.display()))
}
