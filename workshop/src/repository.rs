//! Where everything is: the repository, its exercises, and how a user may name
//! one of them.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::exercise::Exercise;

/// The workshop repository.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
}

/// The name of an exercise: `03-point-in-time-state`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Two digits.
    pub number: String,
    /// What follows them.
    pub slug: String,
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

    /// Every exercise, in the order of the ladder.
    pub fn exercises(&self) -> Result<Vec<Exercise>> {
        let names: Vec<Name> = self.directories("exercises")?.into_iter().filter_map(Result::ok).collect();
        if names.is_empty() {
            bail!("there are no exercises in exercises/ yet");
        }
        if let Some(twins) = names.windows(2).find(|pair| pair[0].number == pair[1].number) {
            bail!("exercises/{} and exercises/{} have the same number", twins[0], twins[1]);
        }
        names.into_iter().map(|name| Exercise::load(self, name)).collect()
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

impl Name {
    /// The name that a directory has, if it is that of an exercise.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, slug) = text.split_once('-')?;
        let two_digits = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (two_digits && !slug.is_empty() && slug.bytes().all(plain))
            .then(|| Self { number: number.to_owned(), slug: slug.to_owned() })
    }

    /// The package with the starter.
    pub fn package(&self) -> String {
        format!("ex{self}")
    }

    /// The package with the solution.
    pub fn solution_package(&self) -> String {
        format!("sol{self}")
    }

    /// The one of these names that the user means.
    pub fn choose<'a>(names: &'a [Self], text: &str) -> Result<&'a Self> {
        names.iter().find(|name| name.is_meant_by(text)).with_context(|| {
            let names: Vec<String> = names.iter().map(Self::to_string).collect();
            let shown: String = text.chars().take(40).collect();
            format!("there is no exercise {shown:?}; there are {}", names.join(", "))
        })
    }

    /// Whether a user who types this means this exercise: `3`, `03`, `ex03`,
    /// `03-point-in-time-state`, its package, or its path.
    fn is_meant_by(&self, text: &str) -> bool {
        let text = text.trim_end_matches(['/', '\\']);
        let text = text.rsplit(['/', '\\']).next().unwrap_or(text).to_ascii_lowercase();
        let text = text.strip_prefix("ex").unwrap_or(&text);
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            text.parse::<u32>().ok() == self.number.parse().ok()
        } else {
            text == self.to_string()
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.number, self.slug)
    }
}

/// The exercise that the user means.
pub fn choose<'a>(exercises: &'a [Exercise], text: &str) -> Result<&'a Exercise> {
    let names: Vec<Name> = exercises.iter().map(|exercise| exercise.name.clone()).collect();
    let name = Name::choose(&names, text)?;
    exercises.iter().find(|exercise| exercise.name == *name).context("it has just been there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_has_several_names() {
        let name = Name::parse("03-point-in-time-state").unwrap();
        for text in [
            "3",
            "03",
            "003",
            "ex03",
            "ex3",
            "EX03",
            "03-point-in-time-state",
            "ex03-point-in-time-state",
            "exercises/03-point-in-time-state/",
            ".\\exercises\\03-point-in-time-state\\",
        ] {
            assert!(name.is_meant_by(text), "{text}");
        }
        for text in ["", "ex", "13", "30", "03-point", "point-in-time-state", "-3", "+3", "99999999999", "3x"]
        {
            assert!(!name.is_meant_by(text), "{text}");
        }
    }

    #[test]
    fn other_directories_are_no_exercises() {
        for text in ["3-x", "003-x", "03", "03-", "notes", "03-Big", "03-a b", "ab-cd"] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }
}
