//! `agenda.toml`: the day, block by block.
//!
//! ```toml
//! start = "09:00"
//! minutes_of_the_day = 480
//! [[block]]
//! kind = "lecture"     # brainstorm, break, lunch, retrospective
//! title = "The outbox"
//! minutes = 10
//! [[block]]
//! kind = "exercise"    # its title and minutes are in its exercise.toml
//! exercise = "04"
//! ```

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use toml::Spanned;

/// The name of the file.
pub const FILE: &str = "agenda.toml";

/// The day.
#[derive(Debug)]
pub struct Agenda {
    /// When it begins.
    pub start: Clock,
    /// How long it is meant to be.
    pub minutes_of_the_day: u32,
    /// What happens, in order.
    pub blocks: Vec<Block>,
}

/// One thing after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// An exercise, by its number.
    Exercise(String),
    /// Anything else.
    Other {
        /// What kind of thing.
        kind: Kind,
        /// What it is about.
        title: String,
        /// How long it takes.
        minutes: u32,
    },
}

/// The kinds of blocks, in the order in which they are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Everybody works.
    Exercise,
    /// One talks.
    Lecture,
    /// Everybody talks.
    Brainstorm,
    /// Nobody has to.
    Break,
    /// Nor here.
    Lunch,
    /// What was that?
    Retrospective,
}

/// A time of day, in minutes after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock(u32);

const MIDNIGHT: u32 = 24 * 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    start: String,
    minutes_of_the_day: u32,
    block: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Kind,
    title: Option<String>,
    minutes: Option<u32>,
    exercise: Option<String>,
}

impl Agenda {
    /// Reads the agenda of a workshop.
    pub fn load(root: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(root.join(FILE))
            .with_context(|| format!("{FILE} cannot be read; it belongs next to Cargo.toml"))?;
        Self::parse(&text).context(FILE)
    }

    fn parse(text: &str) -> Result<Self> {
        let line = |place: usize| text[..place.min(text.len())].matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| {
            let sentence = error.message().trim().replace('\n', ", ");
            match error.span() {
                Some(span) => anyhow::anyhow!("line {}: {sentence}", line(span.start)),
                None => anyhow::anyhow!("{sentence}"),
            }
        })?;
        let start = file.start.parse().context("start")?;
        ensure!(!file.block.is_empty(), "there is no [[block]]");
        let mut blocks = Vec::new();
        for written in file.block {
            let place = line(written.span().start);
            blocks.push(block(written.into_inner()).with_context(|| format!("line {place}"))?);
        }
        Ok(Self { start, minutes_of_the_day: file.minutes_of_the_day, blocks })
    }
}

fn block(written: Written) -> Result<Block> {
    match written {
        Written { kind: Kind::Exercise, title: None, minutes: None, exercise: Some(number) } => {
            let sound = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
            ensure!(sound, "exercise is {number:?}, not two digits");
            Ok(Block::Exercise(number))
        }
        Written { kind: Kind::Exercise, .. } => {
            bail!("an exercise has its number, exercise = \"NN\"; title and minutes are in its exercise.toml")
        }
        Written { kind, title: Some(title), minutes: Some(minutes), exercise: None } => {
            ensure!(!title.trim().is_empty(), "title is empty");
            ensure!((1..=480).contains(&minutes), "minutes is {minutes}, not between 1 and 480");
            Ok(Block::Other { kind, title, minutes })
        }
        Written { kind, .. } => bail!("a {kind} has a title and minutes, and nothing else"),
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Exercise => "exercise",
            Self::Lecture => "lecture",
            Self::Brainstorm => "brainstorm",
            Self::Break => "break",
            Self::Lunch => "lunch",
            Self::Retrospective => "retrospective",
        })
    }
}

impl Clock {
    /// So many minutes later, if that is the same day.
    pub fn after(self, minutes: u32) -> Option<Self> {
        let later = self.0.checked_add(minutes)?;
        (later <= MIDNIGHT).then_some(Self(later))
    }
}

impl std::str::FromStr for Clock {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let part = |part: &str, most: u32| {
            let digits = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|number: &u32| digits && *number < most)
        };
        let clock = text.split_once(':').and_then(|(hours, minutes)| {
            (minutes.len() == 2).then_some(())?;
            Some(Self(part(hours, 24)? * 60 + part(minutes, 60)?))
        });
        let shown: String = text.chars().take(20).collect();
        clock.with_context(|| format!("{shown:?} is no time of day: write it as 09:00, up to 23:59"))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "start = \"9:00\"\nminutes_of_the_day = 40\n[[block]]\nkind = \"lecture\"\n\
                        title = \"Why\"\nminutes = 10\n[[block]]\nkind = \"exercise\"\nexercise = \"01\"\n";

    #[test]
    fn a_complete_agenda_is_read_in_order() {
        let agenda = Agenda::parse(GOOD).unwrap();
        assert_eq!((agenda.start.to_string().as_str(), agenda.minutes_of_the_day), ("09:00", 40));
        let lecture = Block::Other { kind: Kind::Lecture, title: "Why".to_owned(), minutes: 10 };
        assert_eq!(agenda.blocks, [lecture, Block::Exercise("01".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, sentence) in [
            ("\"lecture\"", "\"sermon\"", "line 4: unknown variant `sermon`"),
            ("minutes = 10", "minutes = 0", "line 3: minutes is 0"),
            ("minutes = 10\n", "", "line 3: a lecture has a title and minutes"),
            ("\"01\"", "\"1\"", "line 7: exercise is \"1\""),
            ("exercise = \"01\"", "exercise = \"01\"\nminutes = 5", "line 7: an exercise has its number"),
            ("9:00", "25:00", "start: \"25:00\" is no time of day"),
            ("= 40", "= 40\nroom = 7", "line 3: unknown field `room`"),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD);
            let error = format!("{:#}", Agenda::parse(&text).unwrap_err());
            assert!(error.contains(sentence) && !error.contains('\n'), "{error:?} does not say {sentence:?}");
        }
    }

    #[test]
    fn a_clock_runs_until_midnight() {
        let clock: Clock = "23:50".parse().unwrap();
        assert_eq!(clock.after(10).map(|clock| clock.to_string()).as_deref(), Some("24:00"));
        assert_eq!(clock.after(11), None);
        for nonsense in
            ["", "9", "9:0", "24:00", "12:60", "-1:00", "+9:00", "009:00", "9:00:00", "nine", "9:٣٠"]
        {
            assert!(nonsense.parse::<Clock>().is_err(), "{nonsense}");
        }
    }
}
