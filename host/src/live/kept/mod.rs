//! The mistakes that are kept beside the solutions, each with the searches that find
//! its story, and the same searches of the solution.

pub mod ex05;
pub mod ex06;
pub mod ex08;
pub mod ex09;

use anyhow::{anyhow, bail, ensure};
use chaos::{Explore, Report, System};

use crate::live::mine;

/// A mistake that is kept, and how its story is found.
#[derive(Clone, Copy)]
pub struct Kept {
    /// Its name.
    pub name: &'static str,
    /// What finds its story.
    pub wrong: fn() -> Told,
    /// The same of the solution.
    pub right: fn() -> Told,
}

/// What finds a story.
pub enum Told {
    /// The first of these searches that does not hold.
    First(Vec<Explore>),
    /// Of these searches, the one with the shortest story.
    Shortest(Vec<Explore>),
    /// Something else, of this system.
    By(fn() -> Option<Report>, Box<System>),
}

/// A story, and how it was found.
pub struct Story {
    /// What was found.
    pub report: Report,
    /// Of the searches, which one has found it.
    pub search: usize,
}

impl Told {
    /// Finds the story. None if there is none.
    pub fn story(self) -> Option<Story> {
        let find = |searches: Vec<Explore>| {
            let stories = searches.into_iter().enumerate();
            let stories = stories.map(|(search, explore)| Story { report: explore.run(), search });
            stories.filter(|story| !story.report.holds())
        };
        match self {
            Self::First(searches) => find(searches).next(),
            Self::Shortest(searches) => find(searches).min_by_key(|story| story.report.steps),
            Self::By(told, _) => told().map(|report| Story { report, search: 0 }),
        }
    }

    /// The system that a search is about.
    pub fn system(self, search: usize) -> anyhow::Result<System> {
        let system = match self {
            Self::By(_, system) => Some(*system),
            searched => searched.searches().get(search).map(|search| search.system().clone()),
        };
        system.ok_or_else(|| anyhow!("there is no search {search}"))
    }

    /// What is searched, in this order.
    pub fn searches(self) -> Vec<Explore> {
        match self {
            Self::First(searches) | Self::Shortest(searches) => searches,
            Self::By(..) => Vec::new(),
        }
    }
}

/// What is kept of an exercise, and which of it has no story, with the reason.
pub struct Shelf {
    /// `06`.
    pub exercise: &'static str,
    /// Whose story can be found, in several lists.
    pub kept: &'static [&'static [Kept]],
    /// Whose story cannot, and why.
    pub without: &'static [(&'static str, &'static str)],
}

impl Shelf {
    /// Whose story can be found.
    pub fn kept(&self) -> impl Iterator<Item = &'static Kept> {
        self.kept.iter().copied().flatten()
    }
}

const SHELVES: [&Shelf; 4] = [&ex05::SHELF, &ex06::SHELF, &ex08::SHELF, &ex09::SHELF];

/// What is kept of an exercise.
pub fn shelf(exercise: &str) -> anyhow::Result<&'static Shelf> {
    let number = |name: &str| name.trim_start_matches("ex").trim_start_matches('0').to_owned();
    let wanted = number(exercise);
    if wanted == "7" {
        bail!(
            "the stories of 07 are about reads that are old, and a single server shows none: they cannot be played"
        );
    }
    let found = SHELVES.into_iter().find(|shelf| number(shelf.exercise) == wanted);
    found.ok_or_else(|| {
        let known: Vec<_> = SHELVES.iter().map(|shelf| shelf.exercise).collect();
        anyhow!("the stories of {exercise} cannot be played: those of {} can", known.join(", "))
    })
}

/// A mistake by its name, `06/marks_before_it_sends` or with dashes; or the reader's own
/// answer, `06/mine`.
pub fn named(name: &str) -> anyhow::Result<(&'static Shelf, &'static Kept)> {
    let parts = name.split_once('/');
    let (exercise, name) = parts.ok_or_else(|| {
        anyhow!("{name} is no story: it is an exercise and a mistake, 06/marks_before_it_sends")
    })?;
    let shelf = shelf(exercise)?;
    let name = name.replace('-', "_");
    if name == mine::NAME {
        return Ok((shelf, mine::answer(shelf.exercise.trim_start_matches('0'))?));
    }
    if let Some((name, reason)) = shelf.without.iter().find(|(known, _)| *known == name) {
        bail!("{exercise}/{name} cannot be played: {reason}");
    }
    let found = shelf.kept().find(|kept| kept.name == name);
    ensure!(found.is_some(), "the stories of {exercise} are\n{}", list(shelf));
    found.map(|kept| (shelf, kept)).ok_or_else(|| anyhow!("there is no such story"))
}

fn list(shelf: &Shelf) -> String {
    let names: Vec<_> = shelf.kept().map(|kept| format!("  {}/{}", shelf.exercise, kept.name)).collect();
    names.join("\n")
}

/// A mistake, by number and name, or the solution in its place; and which search.
pub fn system(story: &str, right: bool, search: usize) -> anyhow::Result<System> {
    let (_, kept) = named(story)?;
    if right { (kept.right)() } else { (kept.wrong)() }.system(search)
}

/// Mistakes whose modules are next to this: what finds the story of each, from the
/// endpoints that it makes, and the same of the solution.
macro_rules! kept {
    ($list:ident: $told:ident of $searches:path, $makes:tt, $right:expr; $($name:ident)*) => {
        const $list: &[Kept] = &[$(Kept {
            name: stringify!($name),
            wrong: || Told::$told(kept!(@wrong $searches, $name $makes)),
            right: || Told::$told($right),
        }),*];
    };
    (@wrong $searches:path, $name:ident (orders, loyalty)) => {
        $searches($name::orders, $name::loyalty)
    };
    (@wrong $searches:path, $name:ident (two machines)) => {
        $searches($name::endpoint_of::<Orders>, $name::endpoint_of::<Loyalty>)
    };
    (@wrong $searches:path, $name:ident (one machine)) => {
        $searches($name::endpoint_of::<Orders>)
    };
    (@wrong $searches:path, $name:ident ($make:ident)) => {
        $searches($name::$make)
    };
}
use kept;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Where the solution of an exercise is.
    fn solution(shelf: &Shelf) -> PathBuf {
        let solutions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../solutions");
        let mut places = fs::read_dir(solutions).expect("the solutions").flatten().map(|entry| entry.path());
        let is_it = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(shelf.exercise))
        };
        places.find(is_it).expect("a solution")
    }

    #[test]
    fn every_mistake_has_a_story_or_a_reason() {
        for shelf in SHELVES {
            let there = fs::read_dir(solution(shelf).join("mistakes")).expect("mistakes").flatten();
            let names =
                there.map(|entry| entry.file_name().to_string_lossy().trim_end_matches(".rs").to_owned());
            let mut there: Vec<String> = names.collect();
            let kept = shelf.kept().map(|kept| kept.name);
            let known = kept.chain(shelf.without.iter().map(|(name, _)| *name)).map(str::to_owned);
            let mut known: Vec<String> = known.collect();
            there.sort();
            known.sort();
            assert!(there == known, "kept of {}: {there:?}; known here: {known:?}", shelf.exercise);
        }
    }

    /// Nobody is to read one story there, and to see another one played here.
    #[test]
    fn the_stories_are_those_that_the_tests_of_the_mistakes_keep() {
        // On a thread without a name no handler is tried in a process of its own first:
        // each such process would begin by making all searches before that once more.
        let compared = std::thread::spawn(compare_the_stories).join();
        compared.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }

    fn compare_the_stories() {
        for shelf in SHELVES {
            let snapshots = solution(shelf).join("tests/snapshots");
            for kept in shelf.kept() {
                let name = kept.name.replace('_', "-");
                let golden = snapshots.join(format!("mistakes__{name}.facts.snap"));
                let golden = fs::read_to_string(golden).expect("a golden file");
                let (_, golden) = golden.trim_start_matches("---").split_once("---").expect("its head");
                let story = (kept.wrong)().story().expect("a story");
                let facts = story.report.facts();
                assert!(facts.trim() == golden.trim(), "{name}: here it is\n{facts}\nand there\n{golden}");
            }
        }
    }

    #[test]
    fn a_story_that_is_not_there_is_a_sentence() {
        let sentence = |name| named(name).err().expect("no such story").to_string();
        assert!(sentence("06").contains("it is an exercise and a mistake"));
        assert!(sentence("07/x").contains("reads that are old"));
        assert!(sentence("06/x").contains("  06/marks_before_it_sends"));
        assert!(sentence("06/keeps-a-diary-of-copies").contains("grows"));
        assert!(sentence("10/x").contains("05, 06, 08, 09"));
    }
}
