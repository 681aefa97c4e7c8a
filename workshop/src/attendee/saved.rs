//! Versions of an exercise that were put aside: `.workshop/saved/<n>-NN-name/`.
//!
//! Next to the files (`files/…`) stands `why.json`: when, and why. A version is
//! written under another name, and gets its own when all of it is on the disk;
//! only then is anything changed in the exercise. So a command that is killed
//! has lost nothing, and can be repeated.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::repository::{Exercise, Files, Name, Repository, sync, write_whole};

/// How the name of a version begins that is not complete.
const UNFINISHED: &str = ".unfinished-";
const WHY: &str = "why.json";

/// The saved versions, while no other command changes them.
#[derive(Debug)]
pub struct Saved {
    folder: PathBuf,
    _lock: Option<File>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number: a later one has a higher number, whatever the exercise.
    pub number: u64,
    /// The exercise it is of.
    pub name: Name,
    /// When and why it was saved, if that can be read.
    pub note: Option<Note>,
    folder: PathBuf,
}

/// When and why a version was saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Note {
    /// The time, in UTC.
    pub when: String,
    /// The reason, in a few words.
    pub why: String,
    /// Whether it is our solution, and not the attendee's.
    #[serde(default)]
    pub ours: bool,
}

impl Saved {
    /// Opens them in order to change them.
    pub fn open(repository: &Repository) -> Result<Self> {
        let folder = folder(repository);
        let open = || -> Result<File> {
            fs::create_dir_all(&folder)?;
            Ok(File::create(folder.join(".lock"))?)
        };
        let lock = open().context("nothing can be saved in .workshop/saved, so nothing was changed")?;
        // Where files cannot be locked, two commands at once have to be lucky.
        _ = lock.lock();
        let saved = Self { folder, _lock: Some(lock) };
        saved.sweep();
        Ok(saved)
    }

    /// Looks at them.
    pub fn look(repository: &Repository) -> Self {
        Self { folder: folder(repository), _lock: None }
    }

    /// All of them, the newest first.
    pub fn versions(&self) -> Result<Vec<Version>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error).context(".workshop/saved cannot be read"),
        };
        let mut versions: Vec<Version> =
            entries.flatten().filter_map(|entry| Version::at(&entry.path())).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        Ok(versions)
    }

    /// Saves the files of an exercise, unless its newest version is the same;
    /// says which version it is, and whether it is new. No files are no version.
    pub fn save(
        &self,
        exercise: &Exercise,
        files: &Files,
        why: &str,
        ours: bool,
    ) -> Result<Option<(u64, bool)>> {
        self.try_to_save(exercise, files, why, ours).with_context(|| {
            format!(
                "your version of {} cannot be saved in .workshop/saved, so nothing was changed in it",
                exercise.name
            )
        })
    }

    fn try_to_save(
        &self,
        exercise: &Exercise,
        files: &Files,
        why: &str,
        ours: bool,
    ) -> Result<Option<(u64, bool)>> {
        if files.is_empty() {
            return Ok(None);
        }
        let versions = self.versions()?;
        if let Some(newest) = versions.iter().find(|version| version.name == exercise.name)
            && newest.files(exercise).is_ok_and(|saved| saved == *files)
        {
            return Ok(Some((newest.number, false)));
        }
        let number = versions.first().map_or(1, |newest| newest.number + 1);
        let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&self.folder)?;
        files.write_into(&unfinished.path().join("files"))?;
        let when = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let note = Note { when, why: why.to_owned(), ours };
        let text = serde_json::to_string_pretty(&note)? + "\n";
        write_whole(&unfinished.path().join(WHY), text.as_bytes())?;
        sync(unfinished.path());
        fs::rename(unfinished.path(), self.folder.join(format!("{number}-{}", exercise.name)))?;
        _ = unfinished.keep();
        sync(&self.folder);
        Ok(Some((number, true)))
    }

    /// Removes what commands have left that were killed.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Version {
    fn at(folder: &Path) -> Option<Self> {
        let name = folder.file_name()?.to_str()?;
        let (number, name) = name.split_once('-')?;
        let note = fs::read(folder.join(WHY)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Some(Self { number: number.parse().ok()?, name: Name::parse(name)?, note, folder: folder.to_owned() })
    }

    /// Its files.
    pub fn files(&self, exercise: &Exercise) -> Result<Files> {
        Files::read(&self.folder.join("files"), exercise.predictions.as_deref())
    }
}

fn folder(repository: &Repository) -> PathBuf {
    repository.root().join(".workshop").join("saved")
}
