//! Where everything is: the repository, and the folders of its exercises and
//! solutions.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::name::Name;

/// The file that a handout is known by.
pub const HANDOUT: &str = "HANDOUT.md";

/// The workshop repository.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the repository from the current directory upwards.
    pub fn find() -> Result<Self> {
        let start = std::env::current_dir().context("the current directory cannot be read")?;
        start
            .ancestors()
            .find(|directory| directory.join("Cargo.toml").is_file() && directory.join("exercises").is_dir())
            .map(|root| Self { root: root.to_owned() })
            .context(
                "this is not the workshop: neither this directory nor one above it has a Cargo.toml \
                 next to exercises/; change into the repository and try again",
            )
    }

    /// The repository in this directory.
    #[cfg(test)]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Whether this is a copy for attendees: what it shows of what has stayed behind
    /// stands there by itself.
    pub fn is_handout(&self) -> bool {
        self.root.join(HANDOUT).is_file()
    }

    /// The directory of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path as it is shown: from the root of the repository, with slashes.
    pub fn show(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    }

    /// The directory of an exercise.
    pub fn exercise(&self, name: &Name) -> PathBuf {
        self.root.join("exercises").join(name.to_string())
    }

    /// The directory of a solution.
    pub fn solution(&self, name: &Name) -> PathBuf {
        self.root.join("solutions").join(name.to_string())
    }

    /// The directories of `exercises/` or `solutions/`, in order: as names, or
    /// as they are if they are none.
    pub fn directories(&self, folder: &str) -> Result<Vec<Result<Name, String>>> {
        let mut found = Vec::new();
        let path = self.root.join(folder);
        for entry in std::fs::read_dir(&path).with_context(|| format!("{folder}/ cannot be read"))? {
            let entry = entry.with_context(|| format!("{folder}/ cannot be read"))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && !name.starts_with('.') {
                found.push(Name::parse(&name).ok_or(name));
            }
        }
        found.sort();
        Ok(found)
    }
}
