//! `agenda.toml`: the day, block by block; and the cuts in `agendas/`.
//!
//! ```toml
//! start = "09:00"
//! minutes_of_the_day = 480   # or minutes_at_most
//! [[block]]
//! kind = "break"       # lunch, and any other kind but an exercise
//! title = "Coffee"
//! minutes = 10
//! [[block]]
//! kind = "exercise"    # its title and minutes are in its exercise.toml
//! exercise = "04"
//! [[block]]
//! kind = "lecture"     # brainstorm, retrospective: theirs are in their pages
//! deck = "06-outbox"   # or decks = […], or sheet, or both
//! ```
//!
//! In a handout, which has no decks to look into, a block says by itself what they are
//! about, and which ones it has been `of`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use toml::Spanned;

use super::front_matter::Paper;
use crate::repository::{Exercise, Repository};

/// The name of the file with the day.
pub const FILE: &str = "agenda.toml";
/// The folder of shorter and longer ones.
pub const CUTS: &str = "agendas";
/// The one of them that is no day, but a reader's way at home.
pub const SELF_STUDY: &str = "agendas/self-study.toml";

/// The day.
#[derive(Debug)]
pub struct Agenda {
    /// What it is called.
    pub title: String,
    /// When it begins.
    pub start: Clock,
    /// How long it is meant to be.
    pub length: Length,
    /// What happens, in order.
    pub blocks: Vec<Block>,
}

/// How long a day is, in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So long.
    Exactly(u32),
    /// No longer than that.
    AtMost(u32),
}

/// One thing after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// An exercise, by its number.
    Exercise(String),
    /// What decks and a sheet are about.
    Pages {
        /// What kind of thing.
        kind: Kind,
        /// The decks, by their names.
        decks: Vec<String>,
        /// The sheet, by its name.
        sheet: Option<String>,
    },
    /// Anything else.
    Other {
        /// What kind of thing.
        kind: Kind,
        /// What it is about.
        title: String,
        /// How long it takes.
        minutes: u32,
        /// In a handout: the decks that are shown in it, by their names.
        of: Vec<String>,
    },
}

/// The kinds of blocks, in the order in which they are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Everybody works.
    Exercise,
    /// Everybody works on something of their own.
    Handler,
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

/// A block, with all that its pages say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What kind of thing.
    pub kind: Kind,
    /// What it is about.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// The pages to it, from the root of the repository, each with a name.
    pub pages: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: Option<String>,
    start: String,
    minutes_of_the_day: Option<u32>,
    minutes_at_most: Option<u32>,
    block: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Kind,
    title: Option<String>,
    minutes: Option<u32>,
    exercise: Option<String>,
    deck: Option<String>,
    decks: Option<Vec<String>>,
    sheet: Option<String>,
    #[serde(default)]
    of: Vec<String>,
}

impl Agenda {
    /// Reads the agenda of a workshop, or one of its cuts, by its path.
    pub fn load(root: &Path, file: &str) -> Result<Self> {
        let path = file.split('/').fold(root.to_owned(), |path, part| path.join(part));
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{file} cannot be read; it belongs next to Cargo.toml"))?;
        Self::parse(&text).with_context(|| file.to_owned())
    }

    /// The decks that come between an exercise and whatever was worked on before it.
    pub fn decks_before(&self, exercise: &str) -> Vec<String> {
        let mut decks = Vec::new();
        for block in &self.blocks {
            match block {
                Block::Exercise(number) if number == exercise => return decks,
                Block::Exercise(_) => decks.clear(),
                Block::Pages { decks: here, .. } | Block::Other { of: here, .. } => {
                    decks.extend(here.iter().cloned());
                }
            }
        }
        Vec::new()
    }

    /// The blocks with what their pages say; an error names what is not there.
    pub fn lines(&self, repository: &Repository, exercises: &[Exercise]) -> Result<Vec<Line>> {
        self.blocks.iter().map(|block| block.line(repository, exercises)).collect()
    }

    /// Reads an agenda.
    pub fn parse(text: &str) -> Result<Self> {
        let line = |place: usize| text[..place.min(text.len())].matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| {
            let sentence = error.message().trim().replace('\n', ", ");
            match error.span() {
                Some(span) => anyhow::anyhow!("line {}: {sentence}", line(span.start)),
                None => anyhow::anyhow!("{sentence}"),
            }
        })?;
        let start = file.start.parse().context("start")?;
        let length = match (file.minutes_of_the_day, file.minutes_at_most) {
            (Some(minutes), None) => Length::Exactly(minutes),
            (None, Some(minutes)) => Length::AtMost(minutes),
            _ => bail!("it has either minutes_of_the_day or minutes_at_most"),
        };
        ensure!(!file.block.is_empty(), "there is no [[block]]");
        let mut blocks = Vec::new();
        for written in file.block {
            let place = line(written.span().start);
            blocks.push(block(written.into_inner()).with_context(|| format!("line {place}"))?);
        }
        let title = file.title.unwrap_or_else(|| "The day".to_owned());
        Ok(Self { title, start, length, blocks })
    }
}

/// The cuts that there are, by their names and in order.
pub fn cuts(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(CUTS)).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = files
        .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
        .filter(|name| !name.starts_with('.') && format!("{CUTS}/{name}.toml") != SELF_STUDY)
        .collect();
    names.sort();
    names
}

impl Block {
    /// What its pages say; an error names what is not there.
    pub fn line(&self, repository: &Repository, exercises: &[Exercise]) -> Result<Line> {
        Ok(match self {
            Self::Exercise(number) => {
                let exercise =
                    Exercise::choose(exercises, number).with_context(|| format!("exercise {number}"))?;
                Line {
                    kind: Kind::Exercise,
                    title: format!("{number} {}", exercise.title),
                    minutes: exercise.minutes,
                    pages: vec![("page".to_owned(), exercise.page())],
                }
            }
            Self::Pages { kind, decks, sheet } => {
                let decks: Vec<Paper> =
                    decks.iter().map(|name| Paper::deck(repository, name)).collect::<Result<_>>()?;
                let sheet = sheet.as_ref().map(|name| Paper::sheet(repository, name)).transpose()?;
                let minutes = decks.iter().chain(&sheet).map(|paper| paper.minutes).sum();
                // What the sheet asks is what the block is about.
                let titles: Vec<&str> = match &sheet {
                    Some(sheet) => vec![&sheet.title],
                    None => decks.iter().map(|deck| deck.title.as_str()).collect(),
                };
                let title = titles.join("; ");
                let pages = decks.into_iter().map(|paper| ("deck".to_owned(), paper.path));
                let pages = pages.chain(sheet.into_iter().map(|paper| ("sheet".to_owned(), paper.path)));
                Line { kind: *kind, title, minutes, pages: pages.collect() }
            }
            Self::Other { kind, title, minutes, of: _ } => {
                Line { kind: *kind, title: title.clone(), minutes: *minutes, pages: Vec::new() }
            }
        })
    }
}

/// How many minutes go where, in a sentence.
pub fn sums(lines: &[Line]) -> String {
    let mut sums: BTreeMap<Kind, u32> = BTreeMap::new();
    for line in lines {
        *sums.entry(line.kind).or_default() += line.minutes;
    }
    let total: u32 = sums.values().sum();
    let sums: Vec<String> = sums.iter().map(|(kind, minutes)| format!("{kind} {minutes}")).collect();
    format!("{total} minutes: {}.", sums.join(", "))
}

fn block(written: Written) -> Result<Block> {
    let Written { kind, title, minutes, exercise, deck, decks, sheet, of } = written;
    let has_pages = deck.is_some() || decks.is_some() || sheet.is_some();
    let has_words = title.is_some() || minutes.is_some();
    if kind == Kind::Exercise {
        let Some(number) = exercise.filter(|_| !has_pages && !has_words && of.is_empty()) else {
            bail!("an exercise has its number, exercise = \"NN\"; title and minutes are in its exercise.toml")
        };
        let sound = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
        ensure!(sound, "exercise is {number:?}, not two digits");
        return Ok(Block::Exercise(number));
    }
    ensure!(exercise.is_none(), "a {kind} has no exercise");
    if has_pages {
        ensure!(
            !has_words && of.is_empty(),
            "the title and the minutes of a {kind} are in its deck or sheet"
        );
        ensure!(deck.is_none() || decks.is_none(), "a {kind} has either a deck or decks");
        let decks = deck.map(|deck| vec![deck]).or(decks).unwrap_or_default();
        ensure!(!decks.is_empty() || sheet.is_some(), "decks is empty");
        return Ok(Block::Pages { kind, decks, sheet });
    }
    match (title, minutes) {
        (Some(title), Some(minutes)) => {
            ensure!(!title.trim().is_empty(), "title is empty");
            ensure!((1..=480).contains(&minutes), "minutes is {minutes}, not between 1 and 480");
            Ok(Block::Other { kind, title, minutes, of })
        }
        _ => bail!("a {kind} has a title and minutes, or a deck, decks or a sheet"),
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Exercise => "exercise",
            Self::Handler => "handler",
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
        assert_eq!((agenda.start.to_string().as_str(), agenda.length), ("09:00", Length::Exactly(40)));
        let lecture =
            Block::Other { kind: Kind::Lecture, title: "Why".to_owned(), minutes: 10, of: Vec::new() };
        assert_eq!(agenda.blocks, [lecture, Block::Exercise("01".to_owned())]);
    }

    #[test]
    fn a_block_may_be_a_line_and_name_its_pages() {
        let agenda = Agenda::parse(
            "title = \"Half\"\nstart = \"13:00\"\nminutes_at_most = 40\nblock = [\n\
             { kind = \"lecture\", decks = [\"01-a\", \"02-b\"] },\n\
             { kind = \"retrospective\", deck = \"17-c\", sheet = \"end\" },\n]\n",
        )
        .unwrap();
        assert_eq!((agenda.title.as_str(), agenda.length), ("Half", Length::AtMost(40)));
        let pages = |kind, decks: &[&str], sheet: Option<&str>| Block::Pages {
            kind,
            decks: decks.iter().map(|deck| (*deck).to_owned()).collect(),
            sheet: sheet.map(str::to_owned),
        };
        let lecture = pages(Kind::Lecture, &["01-a", "02-b"], None);
        assert_eq!(agenda.blocks, [lecture, pages(Kind::Retrospective, &["17-c"], Some("end"))]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, sentence) in [
            ("\"lecture\"", "\"sermon\"", "line 4: unknown variant `sermon`"),
            ("minutes = 10", "minutes = 0", "line 3: minutes is 0"),
            ("minutes = 10\n", "", "line 3: a lecture has a title and minutes"),
            ("minutes = 10", "deck = \"01-a\"", "line 3: the title and the minutes of a lecture are in"),
            (
                "title = \"Why\"\nminutes = 10",
                "deck = \"a\"\ndecks = [\"b\"]",
                "line 3: a lecture has either",
            ),
            ("title = \"Why\"\nminutes = 10", "decks = []", "line 3: decks is empty"),
            ("minutes = 10", "minutes = 10\nexercise = \"01\"", "line 3: a lecture has no exercise"),
            ("minutes_of_the_day = 40\n", "", "it has either minutes_of_the_day or"),
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
