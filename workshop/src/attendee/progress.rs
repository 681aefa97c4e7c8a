//! What was tested, and how it ended: `.workshop/progress.json`.
//!
//! The file holds, for each exercise, the fingerprint of the sources that were
//! tested and their verdict; and that of our solution, where `catch-up` has put
//! it in. It is written to a temporary file and renamed, so
//! that the command may be killed at any moment; and it is read again before it
//! is written, under a lock, so that two commands at once lose nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::repository::Name;
use crate::running::ExerciseResult;

const VERSION: u32 = 1;
const FOLDER: &str = ".workshop";
const FILE: &str = "progress.json";

/// The progress of whoever works in this copy of the repository.
#[derive(Debug)]
pub struct Progress {
    folder: PathBuf,
    contents: Contents,
}

#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    version: u32,
    exercises: BTreeMap<String, Tested>,
    /// The fingerprints of our solutions, where they were put in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ours: BTreeMap<String, String>,
}

/// The last complete run of an exercise's tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// The fingerprint of the sources that were tested.
    pub sources: String,
    /// How it ended.
    #[serde(rename = "verdict")]
    pub result: ExerciseResult,
    /// How many tests were red, or had no verdict if none was red.
    pub failed: usize,
    /// How many tests counted; 0 if the sources did not compile.
    pub tests: usize,
}

impl Progress {
    /// Reads the file; there need not be one. A file that makes no sense is
    /// moved aside, and the error says so: the next attempt starts anew.
    pub fn load(root: &Path) -> Result<Self> {
        let folder = root.join(FOLDER);
        match read(&folder) {
            Ok(contents) => Ok(Self { folder, contents }),
            Err(reason) => bail!("{}", set_aside(&folder, &reason)),
        }
    }

    /// The last complete run of this exercise's tests.
    pub fn of(&self, name: &Name) -> Option<&Tested> {
        self.contents.exercises.get(&name.to_string())
    }

    /// Remembers a run of an exercise's tests, on disk too.
    pub fn remember(&mut self, name: &Name, tested: Tested) -> Result<()> {
        self.change(|contents| _ = contents.exercises.insert(name.to_string(), tested.clone()))
    }

    /// The fingerprint of our solution to this exercise, if it was put in.
    pub fn ours(&self, name: &Name) -> Option<&str> {
        self.contents.ours.get(&name.to_string()).map(String::as_str)
    }

    /// Remembers that these sources are our solution; `None` that there are none
    /// of ours any more.
    pub fn set_ours(&mut self, name: &Name, sources: Option<String>) -> Result<()> {
        if self.ours(name) == sources.as_deref() {
            return Ok(());
        }
        self.change(|contents| match &sources {
            Some(sources) => _ = contents.ours.insert(name.to_string(), sources.clone()),
            None => _ = contents.ours.remove(&name.to_string()),
        })
    }

    fn change(&mut self, change: impl Fn(&mut Contents)) -> Result<()> {
        change(&mut self.contents);
        self.save(change).with_context(|| format!("your progress cannot be saved in {FOLDER}/{FILE}"))
    }

    fn save(&mut self, change: impl Fn(&mut Contents)) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        // Where files cannot be locked, two commands at once may lose one
        // verdict, and a second test brings it back.
        let lock = File::create(self.folder.join("progress.lock"))?;
        _ = lock.lock();
        if let Ok(newer) = read(&self.folder) {
            self.contents = newer;
            change(&mut self.contents);
        }
        let mut file =
            tempfile::Builder::new().prefix("progress").suffix(".tmp").tempfile_in(&self.folder)?;
        file.write_all(serde_json::to_string_pretty(&self.contents)?.as_bytes())?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(FILE))?;
        Ok(())
    }
}

fn read(folder: &Path) -> Result<Contents, String> {
    let bytes = match fs::read(folder.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Contents { version: VERSION, exercises: BTreeMap::new(), ours: BTreeMap::new() });
        }
        Err(error) => return Err(error.to_string()),
    };
    let contents: Contents = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if contents.version != VERSION {
        return Err(format!(
            "it is of version {}, and this command knows version {VERSION}",
            contents.version
        ));
    }
    Ok(contents)
}

/// Moves the file to a free name, and says so.
fn set_aside(folder: &Path, reason: &str) -> String {
    let from = folder.join(FILE);
    let free = (1..).map(|n| format!("{FILE}.broken-{n}")).find(|name| !taken(&folder.join(name)));
    let name = free.unwrap_or_default();
    match fs::rename(&from, folder.join(&name)) {
        Ok(()) => format!(
            "{FOLDER}/{FILE} cannot be understood ({reason}), so it was kept as {FOLDER}/{name} and the ladder \
             starts anew: run the command again, and test what you have solved; your code was not touched"
        ),
        Err(error) => format!(
            "{FOLDER}/{FILE} cannot be understood ({reason}), nor can it be moved aside ({error}): rename it \
             or delete it, and run the command again; your code was not touched"
        ),
    }
}

/// Whether something has this name, be it a dangling link.
fn taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
