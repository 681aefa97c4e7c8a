//! Copies what belongs into a handout: as it was shipped.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::repository::{ANSWERS, Exercise, Repository, fingerprint};

/// The rule of each step, for the end of the day.
const RULES: &str = "rules.md";
/// What nobody wants a copy of, wherever it is, and what comes later.
const LEFT_BEHIND: [&str; 4] = ["target", "benches", ANSWERS, RULES];
/// What is not a file of the workshop, by its ending.
const DROPPINGS: [&str; 6] = [".pending-snap", ".snap.new", ".tmp", ".orig", ".rej", "~"];

/// Copies a file, or a folder with all that is in it; nothing, if it is not
/// there. Hidden files inside of a folder are an editor's.
pub fn tree(from: &Path, to: &Path) -> Result<()> {
    let Ok(kind) = fs::metadata(from) else { return Ok(()) };
    let shown = from.display();
    if !kind.is_dir() {
        fs::copy(from, to).with_context(|| format!("{shown} cannot be copied"))?;
        return Ok(());
    }
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("{shown} cannot be read"))? {
        let name = entry.with_context(|| format!("{shown} cannot be read"))?.file_name();
        let text = name.to_string_lossy();
        let dropping = text.starts_with('.') || DROPPINGS.iter().any(|ending| text.ends_with(ending));
        if !dropping && !LEFT_BEHIND.contains(&&*text) {
            tree(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

/// Puts the starters into the exercises of a handout, whatever was edited in the
/// repository; what is not as shipped after that is refused.
pub fn starters(repository: &Repository, stage: &Path) -> Result<()> {
    for mut exercise in Exercise::all(repository)? {
        let folder = stage.join("exercises").join(exercise.name.to_string());
        let starter = repository.root().join("workshop").join("starters").join(exercise.name.to_string());
        exercise.directory = folder;
        if fingerprint(&exercise) != exercise.starter && starter.is_dir() {
            put_back(&starter, &exercise)?;
        }
        if fingerprint(&exercise) != exercise.starter {
            bail!(
                "exercises/{} was edited, and a handout has the starter: take back what was edited, and \
                 try again",
                exercise.name
            );
        }
    }
    Ok(())
}

/// Takes the exercises away that need a server, and what runs on one: that has our solutions
/// in it. Whoever wants them has the repository.
pub fn leave_out_what_needs_a_server(repository: &Repository, stage: &Path) -> Result<()> {
    for exercise in Exercise::all(repository)?.into_iter().filter(|exercise| exercise.needs_a_server) {
        let name = exercise.name.to_string();
        for folder in [stage.join("exercises").join(&name), stage.join("workshop/starters").join(&name)] {
            if folder.is_dir() {
                fs::remove_dir_all(&folder)
                    .with_context(|| format!("{} cannot be left out", folder.display()))?;
            }
        }
    }
    Ok(())
}

/// Replaces what attendees edit.
fn put_back(starter: &Path, exercise: &Exercise) -> Result<()> {
    let sources = exercise.directory.join("src");
    if starter.join("src").is_dir() {
        fs::remove_dir_all(&sources).with_context(|| format!("{} cannot be emptied", sources.display()))?;
        tree(&starter.join("src"), &sources)?;
    }
    if let Some(file) = &exercise.predictions {
        tree(&starter.join(file), &exercise.directory.join(file))?;
    }
    Ok(())
}

/// A temporary folder is private to its owner; a handout is for others.
pub fn open_to_others(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
            .context("the handout cannot be opened to others")?;
    }
    _ = folder;
    Ok(())
}
