//! Which hints were opened: `.workshop/hints.json`.
//!
//! For each exercise and each question, how many depths. A file that cannot be
//! understood counts as none: all that is lost is how far somebody has read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::repository::{Name, write_whole};

type Depths = BTreeMap<String, BTreeMap<String, usize>>;

/// How many depths of each question were opened.
#[derive(Debug)]
pub struct OpenedHints {
    folder: PathBuf,
    depths: Depths,
}

impl OpenedHints {
    /// Reads the file; there need not be one.
    pub fn load(root: &Path) -> Self {
        let folder = root.join(".workshop");
        let depths = read(&folder);
        Self { folder, depths }
    }

    /// How many depths of a question were opened.
    pub fn of(&self, name: &Name, question: &str) -> usize {
        let questions = self.depths.get(&name.to_string());
        questions.and_then(|questions| questions.get(question)).copied().unwrap_or(0)
    }

    /// Remembers that so many were opened, on disk too.
    pub fn remember(&mut self, name: &Name, question: &str, depths: usize) -> Result<()> {
        if depths <= self.of(name, question) {
            return Ok(());
        }
        self.save(name, question, depths)
            .context("which hints are open cannot be saved in .workshop/hints.json")
    }

    fn save(&mut self, name: &Name, question: &str, depths: usize) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join("hints.lock"))?;
        _ = lock.lock();
        self.depths = read(&self.folder);
        self.depths.entry(name.to_string()).or_default().insert(question.to_owned(), depths);
        let text = serde_json::to_string_pretty(&self.depths)? + "\n";
        write_whole(&self.folder.join("hints.json"), text.as_bytes())
    }
}

fn read(folder: &Path) -> Depths {
    let bytes = fs::read(folder.join("hints.json")).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
