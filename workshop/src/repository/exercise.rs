//! `exercise.toml`: what is to be known of an exercise without building it.
//!
//! ```toml
//! title = "Point-in-time state"
//! minutes = 30
//! summary = "rebuild the order as it was when first processed"
//! starter = "9c1d…"              # 16 digits; `verify --fix` writes them
//! predictions = "predictions.txt" # optional: a file that attendees edit too
//! builds_on = "02"                # optional: whose solution the starter goes on from
//! changed = ["view"]              # and which items of that are not as they were
//! needs = "nats-server"           # optional: a program without which not all can be green
//! [tests]                         # every test of the untouched starter
//! "happy_path" = "green"
//! "every_schedule" = "red: not done yet: step 2"
//! "stretch_snapshots" = "ignored"
//! ```
//!
//! The text after `red: ` must occur in what the test says when it fails. The
//! order of the tests is the order in which they are shown.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Once;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use toml::Spanned;

use super::name::Name;
use super::paths::Repository;
use crate::terminal::{code, paragraph, pass_on};

/// The answers to the questions of an exercise, beside its page: for afterwards.
pub const ANSWERS: &str = "answers.md";

/// Whether there is anything that says what this exercise is.
fn described(repository: &Repository, name: &Name) -> bool {
    repository.exercise(name).join("exercise.toml").exists()
}

fn left_out_because(repository: &Repository, name: &Name) -> String {
    let folder = repository.show(&repository.exercise(name));
    let restore = code(&format!("git checkout {folder}/exercise.toml"));
    format!(
        "note: {folder} has no exercise.toml, so it is left out. If that was lost, {restore} brings it \
         back; a folder of your own is better off elsewhere."
    )
}

/// An exercise, as its `exercise.toml` describes it.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its number and name.
    pub name: Name,
    /// Where it is.
    pub directory: PathBuf,
    /// Its title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// What it asks for, in one short line.
    pub summary: String,
    /// The fingerprint of the sources as shipped.
    pub starter: String,
    /// Where in the file that is written, its quotes included.
    pub starter_at: Range<usize>,
    /// The files that attendees edit, from its folder.
    pub edit: Vec<String>,
    /// The file with the attendee's predictions, if the exercise has one.
    pub predictions: Option<String>,
    /// The number of the exercise whose solution its starter goes on from.
    pub builds_on: Option<String>,
    /// The items of that solution which the starter has otherwise.
    pub changed: Vec<String>,
    /// Whether it needs a nats-server: without one, not all of its tests can be green, and
    /// a handout, which has not what runs on one, leaves it out.
    pub needs_a_server: bool,
    /// Its tests, in the order in which they are declared.
    pub tests: Vec<(String, Declared)>,
}

/// What a test of the untouched starter comes to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Declared {
    /// It passes.
    Green,
    /// It fails, and says this.
    Red(String),
    /// It is switched off.
    Ignored,
}

impl TryFrom<String> for Declared {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match (text.as_str(), text.strip_prefix("red: ").map(str::trim)) {
            ("green", _) => Ok(Self::Green),
            ("ignored", _) => Ok(Self::Ignored),
            (_, Some(reason)) if !reason.is_empty() => Ok(Self::Red(reason.to_owned())),
            _ => Err(format!("{text:?} is none of \"green\", \"ignored\" and \"red: <what the test says>\"")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    minutes: u32,
    summary: String,
    starter: Spanned<String>,
    edit: Option<Vec<String>>,
    predictions: Option<String>,
    builds_on: Option<String>,
    #[serde(default)]
    changed: Vec<String>,
    needs: Option<String>,
    tests: BTreeMap<String, Spanned<Declared>>,
}

impl Exercise {
    /// Every exercise, in the order of the ladder. A folder that has a name like one and
    /// does not say what it is, is left out, and that is said once.
    pub fn all(repository: &Repository) -> Result<Vec<Self>> {
        static SAID: Once = Once::new();
        let mut names: Vec<Name> =
            repository.directories("exercises")?.into_iter().filter_map(Result::ok).collect();
        let left_out: Vec<Name> = names.extract_if(.., |name| !described(repository, name)).collect();
        if !left_out.is_empty() {
            SAID.call_once(|| {
                for name in &left_out {
                    pass_on(&paragraph(&left_out_because(repository, name), ""));
                }
            });
        }
        if names.is_empty() {
            bail!("there are no exercises in exercises/ yet");
        }
        if let Some(twins) = names.windows(2).find(|pair| pair[0].number == pair[1].number) {
            bail!("exercises/{} and exercises/{} have the same number", twins[0], twins[1]);
        }
        names.into_iter().map(|name| Self::load(repository, name)).collect()
    }

    /// The one of these exercises that the user means.
    pub fn choose<'a>(exercises: &'a [Self], text: &str) -> Result<&'a Self> {
        let names: Vec<Name> = exercises.iter().map(|exercise| exercise.name.clone()).collect();
        let name = Name::choose(&names, text)?;
        exercises.iter().find(|exercise| exercise.name == *name).context("it has just been there")
    }

    /// Reads the description of an exercise.
    pub fn load(repository: &Repository, name: Name) -> Result<Self> {
        let directory = repository.exercise(&name);
        let path = directory.join("exercise.toml");
        let shown = repository.show(&path);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{shown} cannot be read"))?;
        Self::parse(name, directory, &text).with_context(|| shown)
    }

    /// Reads the description of the exercise of this name, in this directory.
    pub fn parse(name: Name, directory: PathBuf, text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| {
            let sentence = error.message().trim().replace('\n', ", ");
            match error.span() {
                // Something that is missing is missing from the file, not from a line.
                Some(span) if !sentence.starts_with("missing field") => {
                    let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
                    anyhow::anyhow!("line {line}: {sentence}")
                }
                _ => anyhow::anyhow!("{sentence}"),
            }
        })?;
        ensure!(!file.title.trim().is_empty(), "title is empty");
        ensure!((1..=480).contains(&file.minutes), "minutes is {}, not between 1 and 480", file.minutes);
        let length = file.summary.chars().count();
        ensure!(
            (1..=60).contains(&length) && !file.summary.contains('\n'),
            "summary has {length} characters, not between 1 and 60 on one line"
        );
        if file.tests.is_empty() {
            bail!("[tests] is empty: it lists every test of the untouched starter");
        }
        if let Some(predictions) = &file.predictions {
            let plain =
                !predictions.is_empty() && !predictions.contains(['/', '\\', ':']) && predictions != "..";
            ensure!(plain, "predictions is {predictions:?}, not the name of a file in the exercise");
        }
        if let Some(number) = &file.builds_on {
            let is_number = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
            ensure!(
                is_number && *number < name.number,
                "builds_on is {number:?}, not the number of an exercise before {}",
                name.number
            );
        }
        ensure!(
            file.changed.is_empty() || file.builds_on.is_some(),
            "changed says what is otherwise than in a solution, and there is no builds_on that says in which"
        );
        if let Some(program) = &file.needs {
            ensure!(program == "nats-server", "needs is {program:?}, and only \"nats-server\" is known");
        }
        let edit = file.edit.unwrap_or_else(|| vec!["src/lib.rs".to_owned()]);
        ensure!(
            !edit.is_empty() && edit.iter().all(|file| file.starts_with("src/") && file.ends_with(".rs")),
            "edit is {edit:?}, and not the files in src/ that are to be written"
        );
        let mut tests: Vec<(String, Spanned<Declared>)> = file.tests.into_iter().collect();
        tests.sort_by_key(|(_, declared)| declared.span().start);
        Ok(Self {
            name,
            directory,
            title: file.title,
            minutes: file.minutes,
            summary: file.summary,
            starter_at: file.starter.span(),
            starter: file.starter.into_inner(),
            edit,
            predictions: file.predictions,
            builds_on: file.builds_on,
            changed: file.changed,
            needs_a_server: file.needs.is_some(),
            tests: tests.into_iter().map(|(test, declared)| (test, declared.into_inner())).collect(),
        })
    }

    /// The exercise that this one leads on from: the one whose solution it builds
    /// on, or else the one before it; none, if it is the first.
    pub fn leads_on_from<'a>(&self, exercises: &'a [Self]) -> Result<Option<&'a Self>> {
        let Some(number) = &self.builds_on else {
            return Ok(exercises.iter().rfind(|exercise| exercise.name < self.name));
        };
        let found = exercises.iter().find(|exercise| exercise.name.number == *number);
        let file = format!("exercises/{}/exercise.toml", self.name);
        found
            .map(Some)
            .with_context(|| format!("{file}: it builds on {number}, and there is no such exercise"))
    }

    /// The files that attendees edit, as they are shown.
    pub fn source(&self) -> String {
        match self.edit.as_slice() {
            [one] => format!("exercises/{}/{one}", self.name),
            several => format!("{} in exercises/{}", several.join(" and "), self.name),
        }
    }

    /// The answers to its questions, as they are shown, where they have come. (In a
    /// handout, they come with the solution.)
    pub fn answers(&self) -> Option<String> {
        self.directory.join(ANSWERS).is_file().then(|| format!("exercises/{}/{ANSWERS}", self.name))
    }

    /// The page of the exercise, as it is shown.
    pub fn page(&self) -> String {
        format!("exercises/{}/README.md", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"title = "Outbox" # why
minutes = 30
summary = "state and messages in one put"
starter = "0123456789abcdef"
[tests]
"z_first" = "green"
"a_second" = "red: not done yet: step 2"
third = "ignored"
"#;

    fn parse(text: &str) -> Result<Exercise, String> {
        let name = Name { number: "04".into(), slug: "outbox".into() };
        Exercise::parse(name, PathBuf::new(), text).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_complete_file_is_read_in_order() {
        let exercise = parse(GOOD).unwrap();
        assert_eq!((exercise.title.as_str(), exercise.minutes), ("Outbox", 30));
        assert_eq!(&GOOD[exercise.starter_at], "\"0123456789abcdef\"");
        let tests: Vec<&str> = exercise.tests.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(tests, ["z_first", "a_second", "third"]);
        assert_eq!(exercise.tests[1].1, Declared::Red("not done yet: step 2".into()));
        assert_eq!((exercise.builds_on, exercise.changed), (None, Vec::new()));
        let on =
            parse(&GOOD.replace("[tests]", "builds_on = \"02\"\nchanged = [\"view\"]\n[tests]")).unwrap();
        assert_eq!((on.builds_on.as_deref(), on.changed), (Some("02"), vec!["view".to_owned()]));
    }

    #[test]
    fn the_files_to_be_edited_are_shown() {
        let edit = |files: &str| parse(&GOOD.replace("[tests]", &format!("edit = {files}\n[tests]")));
        assert_eq!(parse(GOOD).unwrap().source(), "exercises/04-outbox/src/lib.rs");
        let two = edit(r#"["src/documents.rs", "src/consumer.rs"]"#).unwrap();
        assert_eq!(two.source(), "src/documents.rs and src/consumer.rs in exercises/04-outbox");
        for wrong in ["[]", r#"["lib.rs"]"#, r#"["src/notes.md"]"#] {
            assert!(edit(wrong).unwrap_err().starts_with("edit is ["), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, sentence) in [
            ("minutes = 30", "minutes = 30\nlevel = 3", "line 3: unknown field `level`"),
            ("minutes = 30\n", "", "missing field `minutes`"),
            ("minutes = 30", "minutes = 0", "minutes is 0"),
            ("minutes = 30", "minutes = \"long\"", "line 2: invalid type"),
            ("state and", &"state and ".repeat(9), "summary has 11"),
            ("\"green\"", "\"gren\"", "line 6: \"gren\" is none of"),
            ("\"red: not done yet: step 2\"", "\"red: \"", "line 7: \"red: \" is none of"),
            ("[tests]", "predictions = \"../x\"\n[tests]", "predictions is \"../x\""),
            ("[tests]", "builds_on = \"4\"\n[tests]", "builds_on is \"4\""),
            (
                "[tests]",
                "builds_on = \"04\"\n[tests]",
                "builds_on is \"04\", not the number of an exercise before",
            ),
            ("[tests]", "changed = [\"view\"]\n[tests]", "there is no builds_on"),
            ("title =", "title", "line 1: "),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD);
            let error = parse(&text).map(|exercise| exercise.name).unwrap_err();
            assert!(error.contains(sentence) && !error.contains('\n'), "{error:?} does not say {sentence:?}");
        }
    }
}
