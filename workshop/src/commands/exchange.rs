//! Other files in the place of an attendee's: what was there is saved first.
//! `reset`, `restore` and `catch-up` share it.

use anyhow::Result;

use crate::attendee::{Progress, Saved};
use crate::repository::{Exercise, Files, Repository, fingerprint, starters};

/// What it takes to put other files in.
pub struct Exchange<'a> {
    /// Where.
    pub repository: &'a Repository,
    /// What is saved, and kept from others meanwhile.
    pub saved: &'a Saved,
    /// Which of it is ours.
    pub progress: &'a mut Progress,
}

/// What became of the files that were there.
#[derive(Debug, PartialEq, Eq)]
pub enum Before {
    /// They are the same.
    Same,
    /// They were as shipped, or there were none: there was nothing to save.
    Untouched,
    /// They are this version, and were before if it is not new.
    Saved {
        /// Its number.
        version: u64,
        /// Whether it is new.
        new: bool,
    },
}

impl Exchange<'_> {
    /// Saves what is there, and puts these files in; `ours` says whether they
    /// are our solution.
    pub fn put_in(&mut self, exercise: &Exercise, files: &Files, ours: bool, why: &str) -> Result<Before> {
        let present = Files::read(&exercise.directory, exercise.predictions.as_deref())?;
        let mut before = Before::Same;
        if present != *files {
            before = self.save(exercise, &present, why)?;
            files.replace(&exercise.directory, &present)?;
        }
        let sources = ours.then(|| fingerprint(exercise));
        self.progress.set_ours(&exercise.name, sources)?;
        Ok(before)
    }

    fn save(&self, exercise: &Exercise, present: &Files, why: &str) -> Result<Before> {
        if starters::of(self.repository, exercise).is_ok_and(|starter| starter.say_the_same_as(present)) {
            return Ok(Before::Untouched);
        }
        let ours = self.progress.ours(&exercise.name) == Some(&*fingerprint(exercise));
        Ok(match self.saved.save(exercise, present, why, ours)? {
            Some((version, new)) => Before::Saved { version, new },
            None => Before::Untouched,
        })
    }
}

impl Before {
    /// What is to be said of it, after what is there now.
    pub fn in_words(&self) -> String {
        match self {
            Self::Same | Self::Untouched => String::new(),
            Self::Saved { version, new: true } => format!("; what was there is saved as version {version}"),
            Self::Saved { version, new: false } => {
                format!("; what was there is version {version}, saved before")
            }
        }
    }
}
