//! What stands at the top of a deck or of a sheet, between two lines `---`:
//! a name and a value on each line.
//!
//! ```text
//! ---
//! title: The outbox
//! minutes: 5
//! ---
//! ```

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::repository::Repository;

/// The fields at the top of a page.
#[derive(Debug)]
pub struct FrontMatter {
    fields: Vec<Field>,
    /// How many lines it has, with those that begin and end it.
    pub lines: usize,
}

#[derive(Debug)]
struct Field {
    name: String,
    value: String,
    line: usize,
}

/// A deck or a sheet, as far as an agenda knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Where it is, from the root of the repository.
    pub path: String,
    /// What it is about.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
}

impl FrontMatter {
    /// Reads the fields of a page.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        ensure!(lines.next() == Some("---"), "line 1: it does not begin with front matter, after a line ---");
        let mut fields: Vec<Field> = Vec::new();
        for (place, line) in lines.enumerate() {
            let number = place + 2;
            if line == "---" {
                return Ok(Self { fields, lines: number });
            }
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) =
                line.split_once(':').with_context(|| format!("line {number}: it is no `name: value`"))?;
            let value = value.trim();
            let quoted =
                ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
            let name = name.trim().to_owned();
            ensure!(!fields.iter().any(|field| field.name == name), "line {number}: {name} is there twice");
            fields.push(Field { name, value: quoted.unwrap_or(value).to_owned(), line: number });
        }
        bail!("its front matter does not end with a line ---")
    }

    /// The value of a field, and the line it is on.
    pub fn get(&self, name: &str) -> Option<(&str, usize)> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        Some((&field.value, field.line))
    }

    /// The title, which is not empty.
    pub fn title(&self) -> Result<String> {
        let (title, line) = self.get("title").context("its front matter has no title")?;
        ensure!(!title.is_empty(), "line {line}: title is empty");
        Ok(title.to_owned())
    }

    /// The minutes, as a number.
    pub fn minutes(&self) -> Result<u32> {
        let (minutes, line) = self.get("minutes").context("its front matter has no minutes")?;
        let number = minutes.parse().ok().filter(|number: &u32| *number <= 60);
        number.with_context(|| format!("line {line}: minutes is {minutes:?}, and no number up to 60"))
    }
}

impl Paper {
    /// The deck of this name: `06-outbox`.
    pub fn deck(repository: &Repository, name: &str) -> Result<Self> {
        Self::load(repository, "slides", "deck", name)
    }

    /// The sheet of this name, of a brainstorm or the retrospective.
    pub fn sheet(repository: &Repository, name: &str) -> Result<Self> {
        Self::load(repository, "brainstorms", "sheet", name)
    }

    fn load(repository: &Repository, folder: &str, kind: &str, name: &str) -> Result<Self> {
        let file = repository.root().join(folder).join(format!("{name}.md"));
        let path = repository.show(&file);
        ensure!(
            Path::new(name).file_name().is_some_and(|file| file == name) && file.is_file(),
            "there is no {kind} {name}: {path} is not there"
        );
        let text = std::fs::read_to_string(&file).with_context(|| format!("{path} cannot be read"))?;
        let read = || -> Result<Self> {
            let front = FrontMatter::parse(&text)?;
            Ok(Self { path: path.clone(), title: front.title()?, minutes: front.minutes()? })
        };
        read().with_context(|| path.clone())
    }
}

/// The pages of a folder, `slides` or `brainstorms`, without their ending and in
/// order. Its README is none of them.
pub fn names(repository: &Repository, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(repository.root().join(folder)).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = files
        .filter(|file| !file.starts_with('.') && file != "README.md")
        .filter_map(|file| file.strip_suffix(".md").map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_a_value_and_a_line() {
        let front = FrontMatter::parse("---\nmarp: true\n\ntitle: \"A: b\"\nminutes: 5\n---\n# x\n").unwrap();
        assert_eq!((front.title().unwrap().as_str(), front.minutes().unwrap(), front.lines), ("A: b", 5, 6));
        assert_eq!(front.get("marp"), Some(("true", 2)));
        assert_eq!(front.get("theme"), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, sentence) in [
            ("# x\n", "line 1: it does not begin"),
            ("---\ntitle: x\n", "does not end"),
            ("---\ntitle\n---\n", "line 2: it is no"),
            ("---\ntitle: a\ntitle: b\n---\n", "line 3: title is there twice"),
            ("---\ntitle:\nminutes: 5\n---\n", "line 2: title is empty"),
            ("---\nminutes: 5\n---\n", "no title"),
            ("---\ntitle: x\n---\n", "no minutes"),
            ("---\ntitle: x\nminutes: five\n---\n", "line 3: minutes is \"five\""),
            ("---\ntitle: x\nminutes: -5\n---\n", "line 3: minutes is \"-5\""),
            ("---\ntitle: x\nminutes: 61\n---\n", "line 3: minutes is \"61\""),
        ] {
            let read = FrontMatter::parse(text).and_then(|front| Ok((front.title()?, front.minutes()?)));
            let error = format!("{:#}", read.unwrap_err());
            assert!(error.contains(sentence), "{error:?} does not say {sentence:?}");
        }
    }
}
