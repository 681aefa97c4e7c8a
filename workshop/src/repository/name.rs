//! The name of an exercise, and how a user may write it.

use std::fmt;

use anyhow::{Context, Result};

/// The name of an exercise: `03-point-in-time-state`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Two digits.
    pub number: String,
    /// What follows them.
    pub slug: String,
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
            let verb = if names.len() == 1 { "is" } else { "are" };
            format!("there is no exercise {shown:?}; there {verb} {}", names.join(", "))
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
