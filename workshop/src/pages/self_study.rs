//! `agendas/self-study.toml`: a reader's way through the workshop at home, in
//! sittings.
//!
//! ```toml
//! sitting = [
//!   { title = "The outbox", read = ["06-outbox"], think = ["2-where-else"], exercises = ["04"] },
//! ]
//! ```

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::agenda::SELF_STUDY;
use super::front_matter::Paper;
use crate::repository::{Exercise, Repository};

/// One evening, or one lunch break that grew.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sitting {
    /// What it is about.
    pub title: String,
    /// The decks to be read, by their names.
    #[serde(default)]
    pub read: Vec<String>,
    /// The sheets whose questions are to be answered after that.
    #[serde(default)]
    pub think: Vec<String>,
    /// Those that are to be answered before, as the decks tell.
    #[serde(default)]
    pub think_first: Vec<String>,
    /// The exercises, by their numbers.
    #[serde(default)]
    pub exercises: Vec<String>,
}

/// A sitting, with all that its pages say.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The decks.
    pub read: Vec<Paper>,
    /// The sheets that come before them.
    pub think_first: Vec<Paper>,
    /// The sheets that come after them.
    pub think: Vec<Paper>,
    /// The exercises.
    pub exercises: Vec<&'a Exercise>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sitting: Vec<Sitting>,
}

/// Reads the sittings.
pub fn load(root: &Path) -> Result<Vec<Sitting>> {
    let path = SELF_STUDY.split('/').fold(root.to_owned(), |path, part| path.join(part));
    let text = std::fs::read_to_string(path).with_context(|| format!("{SELF_STUDY} cannot be read"))?;
    let file: Result<File, _> = toml::from_str(&text);
    let file = file.map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        anyhow::anyhow!("{SELF_STUDY}: line {line}: {}", error.message().trim().replace('\n', ", "))
    })?;
    for sitting in &file.sitting {
        ensure!(!sitting.title.trim().is_empty(), "{SELF_STUDY}: a title is empty");
    }
    Ok(file.sitting)
}

impl Sitting {
    /// What its pages say; an error names what is not there.
    pub fn plan<'a>(&self, repository: &Repository, exercises: &'a [Exercise]) -> Result<Plan<'a>> {
        let sheet = |name: &String| Paper::sheet(repository, name);
        Ok(Plan {
            read: self.read.iter().map(|name| Paper::deck(repository, name)).collect::<Result<_>>()?,
            think_first: self.think_first.iter().map(sheet).collect::<Result<_>>()?,
            think: self.think.iter().map(sheet).collect::<Result<_>>()?,
            exercises: self
                .exercises
                .iter()
                .map(|number| Exercise::choose(exercises, number))
                .collect::<Result<_>>()?,
        })
    }
}

impl Plan<'_> {
    /// How long it takes.
    pub fn minutes(&self) -> u32 {
        let papers = self.read.iter().chain(&self.think_first).chain(&self.think).map(|paper| paper.minutes);
        papers.chain(self.exercises.iter().map(|exercise| exercise.minutes)).sum()
    }
}
