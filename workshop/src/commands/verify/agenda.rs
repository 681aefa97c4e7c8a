//! The agenda and its cuts: what they name is there, every exercise from 01 on
//! has its place in the day, once, and the minutes add up. `AGENDA.md` says the
//! same to people.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::culprit::Culprit;
use crate::pages::agenda::{self, Agenda, Block, FILE, Length, SELF_STUDY};
use crate::pages::front_matter::{self, FrontMatter};
use crate::pages::self_study;
use crate::repository::{Exercise, Name, Repository};
use crate::terminal;

/// Exercise 00 is for the time before the day.
const BEFORE_THE_DAY: &str = "00";
/// After the last exercise of the day, there is more to do at home.
const LAST_OF_THE_DAY: &str = "09";
/// How many minutes a sitting at home may take.
const SITTING: std::ops::RangeInclusive<u32> = 25..=60;
/// The page with all of them.
const PAGE: &str = "AGENDA.md";

/// Checks the agendas, if the workshop has any; with `fix`, rewrites what the
/// page takes from them.
pub fn check(repository: &Repository, names: &[Name], fix: bool) -> Vec<Culprit> {
    if !repository.root().join(FILE).exists() {
        return Vec::new();
    }
    // Where a description is missing, that is a culprit of its own.
    let exercises: Vec<Exercise> =
        names.iter().filter_map(|name| Exercise::load(repository, name.clone()).ok()).collect();
    let complete = exercises.len() == names.len();
    let mut culprits = Vec::new();
    let cuts = agenda::cuts(repository.root()).into_iter().map(|cut| format!("{}/{cut}.toml", agenda::CUTS));
    for file in std::iter::once(FILE.to_owned()).chain(cuts) {
        match Agenda::load(repository.root(), &file) {
            Ok(agenda) => {
                let mut found = places(&file, &agenda, names);
                found.extend(pages(repository, &file, &agenda));
                if found.is_empty() && complete {
                    found.extend(total(repository, &file, &agenda, &exercises));
                }
                culprits.extend(found);
            }
            Err(error) => culprits.push(broken(&file, &error)),
        }
    }
    if complete && repository.root().join(SELF_STUDY).exists() {
        culprits.extend(sittings(repository, &exercises));
    }
    if complete && culprits.is_empty() && repository.root().join(PAGE).exists() {
        culprits.extend(page(repository, &exercises, fix));
    }
    culprits
}

fn broken(file: &str, error: &anyhow::Error) -> Culprit {
    let what = format!("{error:#}");
    let what = what.strip_prefix(file).unwrap_or(&what).trim_start_matches([':', ' ']);
    Culprit::new(file, what, format!("edit {file}"))
}

/// Whether every exercise of the day is there once, and no other; a cut may
/// leave out what it likes.
fn places(file: &str, agenda: &Agenda, names: &[Name]) -> Vec<Culprit> {
    let number = |block: &Block| match block {
        Block::Exercise(number) => Some(number.clone()),
        _ => None,
    };
    let numbers: Vec<String> = agenda.blocks.iter().filter_map(number).collect();
    let mut culprits = Vec::new();
    for name in names {
        let number = name.number.as_str();
        let expected = file == FILE && number > BEFORE_THE_DAY && number <= LAST_OF_THE_DAY;
        match numbers.iter().filter(|other| *other == number).count() {
            0 if expected => culprits.push(Culprit::new(
                file,
                format!("exercise {name} is not in it"),
                format!("add a block with exercise = \"{number}\""),
            )),
            0 | 1 => {}
            times => culprits.push(Culprit::new(
                file,
                format!("exercise {name} is in it {times} times"),
                "keep one of the blocks",
            )),
        }
    }
    for number in numbers {
        if !names.iter().any(|name| name.number == number) {
            let what = format!("there is no exercise {number}");
            culprits.push(Culprit::new(file, what, "remove the block, or add the exercise"));
        }
    }
    culprits
}

/// Whether the decks and sheets are there, each in one block.
fn pages(repository: &Repository, file: &str, agenda: &Agenda) -> Vec<Culprit> {
    let mut culprits = Vec::new();
    let mut seen = BTreeSet::new();
    for block in &agenda.blocks {
        let Block::Pages { decks, sheet, .. } = block else { continue };
        for name in decks.iter().chain(sheet) {
            if !seen.insert(name) {
                culprits.push(Culprit::new(file, format!("{name} is in it twice"), "keep one of the blocks"));
            }
        }
        if let Err(error) = block.line(repository, &[]) {
            culprits.push(Culprit::new(file, format!("{error:#}"), "write the page, or change the block"));
        }
    }
    culprits
}

fn total(repository: &Repository, file: &str, agenda: &Agenda, exercises: &[Exercise]) -> Option<Culprit> {
    let lines = match agenda.lines(repository, exercises) {
        Ok(lines) => lines,
        Err(error) => return Some(broken(file, &error)),
    };
    let total: u32 = lines.iter().map(|line| line.minutes).sum();
    let (fits, has) = match agenda.length {
        Length::Exactly(minutes) => (total == minutes, format!("{minutes}")),
        Length::AtMost(minutes) => (total <= minutes, format!("{minutes} at most")),
    };
    let what = format!("the blocks take {total} minutes, and the day has {has}");
    let mend = "change the minutes of a block, of its deck or exercise, or those of the day";
    (!fits).then(|| Culprit::new(file, what, mend))
}

/// Whether whoever works alone comes past everything there is, once.
fn sittings(repository: &Repository, exercises: &[Exercise]) -> Vec<Culprit> {
    let sittings = match self_study::load(repository.root()) {
        Ok(sittings) => sittings,
        Err(error) => return vec![broken(SELF_STUDY, &error)],
    };
    let mut culprits = Vec::new();
    for sitting in &sittings {
        let title = &sitting.title;
        match sitting.plan(repository, exercises).map(|plan| plan.minutes()) {
            Ok(minutes) if SITTING.contains(&minutes) => {}
            Ok(minutes) => {
                let (least, most) = (SITTING.start(), SITTING.end());
                let what = format!("{title:?} takes {minutes} minutes, not between {least} and {most}");
                culprits.push(Culprit::new(SELF_STUDY, what, "divide it, or join it with another"));
            }
            Err(error) => culprits.push(Culprit::new(
                SELF_STUDY,
                format!("{title:?}: {error:#}"),
                "write the page, or change the sitting",
            )),
        }
    }
    let there = |kind: &str, all: Vec<String>, listed: Vec<&String>| -> Vec<Culprit> {
        let fault = |name: &String| {
            let what = match listed.iter().filter(|other| **other == name).count() {
                0 => "is in no sitting",
                1 => return None,
                _ => "is in it twice",
            };
            Some(Culprit::new(SELF_STUDY, format!("{kind} {name} {what}"), "put it into one"))
        };
        all.iter().filter_map(fault).collect()
    };
    let numbers = exercises.iter().map(|exercise| exercise.name.number.clone()).collect();
    culprits.extend(there(
        "deck",
        read_at_home(repository),
        sittings.iter().flat_map(|sitting| &sitting.read).collect(),
    ));
    culprits.extend(there(
        "sheet",
        front_matter::names(repository, "brainstorms"),
        sittings.iter().flat_map(|sitting| sitting.think_first.iter().chain(&sitting.think)).collect(),
    ));
    culprits.extend(there(
        "exercise",
        numbers,
        sittings.iter().flat_map(|sitting| &sitting.exercises).collect(),
    ));
    culprits
}

/// The decks that somebody alone reads: not those with nothing but the question of
/// a brainstorm, which is on its sheet.
fn read_at_home(repository: &Repository) -> Vec<String> {
    let mut names = front_matter::names(repository, "slides");
    names.retain(|name| {
        let deck = repository.root().join("slides").join(format!("{name}.md"));
        let front = FrontMatter::parse(&std::fs::read_to_string(deck).unwrap_or_default());
        !front.is_ok_and(|front| front.get("block").is_some_and(|(block, _)| block == "brainstorm"))
    });
    names
}

/// Whether the page says what the agendas say.
fn page(repository: &Repository, exercises: &[Exercise], fix: bool) -> Option<Culprit> {
    let path = repository.root().join(PAGE);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let new = match filled(&text, |file| table(repository, exercises, file)) {
        Ok(new) => new,
        Err(error) => return Some(Culprit::new(PAGE, format!("{error:#}"), format!("edit {PAGE}"))),
    };
    if new == text || (fix && std::fs::write(&path, &new).is_ok()) {
        return None;
    }
    let differs = new.lines().zip(text.lines().chain([""])).take_while(|(new, old)| new == old).count();
    let what = "a table is not what the agendas say";
    let run = format!("run {}", terminal::code("cargo workshop verify --fix"));
    Some(Culprit::new(format!("{PAGE}:{}", differs + 1), what, run))
}

/// The page with everything between `<!-- agenda: FILE -->` and `<!-- end -->`
/// made anew.
fn filled(text: &str, make: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut new = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        new += &format!("{line}\n");
        let marked = line.strip_prefix("<!-- agenda: ").and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(file) = marked {
            let end = lines.by_ref().any(|line| line == "<!-- end -->");
            end.then_some(()).with_context(|| format!("{line} has no <!-- end -->"))?;
            new += &format!("{}<!-- end -->\n", make(file)?);
        }
    }
    Ok(new)
}

fn table(repository: &Repository, exercises: &[Exercise], file: &str) -> Result<String> {
    if file == SELF_STUDY {
        return sitting_table(repository, exercises);
    }
    let agenda = Agenda::load(repository.root(), file)?;
    let lines = agenda.lines(repository, exercises)?;
    let mut text = "| time | min | kind | what |\n|---|--:|---|---|\n".to_owned();
    let mut clock = agenda.start;
    for line in &lines {
        // The first page is what the block is about; a sheet before its deck.
        let mut pages = line.pages.iter().rev();
        let title = match pages.next() {
            Some((_, path)) => format!("[{}]({path})", line.title),
            None => line.title.clone(),
        };
        let others: Vec<String> = pages.map(|(name, path)| format!("[{name}]({path})")).collect();
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        text += &format!("| {clock} | {} | {} | {title}{others} |\n", line.minutes, line.kind);
        clock = clock.after(line.minutes).context("it does not end before midnight")?;
    }
    Ok(text + &format!("| {clock} | | the end | |\n\n{}\n", agenda::sums(&lines)))
}

fn sitting_table(repository: &Repository, exercises: &[Exercise]) -> Result<String> {
    let mut text = String::new();
    let mut total = 0;
    let sittings = self_study::load(repository.root())?;
    for (place, sitting) in sittings.iter().enumerate() {
        let plan = sitting.plan(repository, exercises)?;
        total += plan.minutes();
        text += &format!("**{} · {}** ({} minutes)\n\n", place + 1, sitting.title, plan.minutes());
        let links = |papers: &[crate::pages::front_matter::Paper]| {
            let links = papers.iter().map(|paper| format!("[{}]({})", paper.title, paper.path));
            links.collect::<Vec<_>>().join(" · ")
        };
        let steps = [
            ("Answer, before you read on", &plan.think_first),
            ("Read", &plan.read),
            ("Answer, before you read on", &plan.think),
        ];
        for (word, papers) in steps.into_iter().filter(|(_, papers)| !papers.is_empty()) {
            text += &format!("- {word}: {}\n", links(papers));
        }
        let predictions: Vec<String> =
            plan.exercises.iter().filter_map(|exercise| predictions(repository, exercise)).collect();
        if !predictions.is_empty() {
            text += &format!("- Predict: {}\n", predictions.join(" · "));
        }
        for exercise in &plan.exercises {
            let number = &exercise.name.number;
            let (title, page) = (&exercise.title, exercise.page());
            let answers = exercise.answers().map(|file| format!("; then read [its answers]({file})"));
            text += &format!(
                "- Do: [{number} {title}]({page}), `cargo workshop test {number}`{}\n",
                answers.unwrap_or_default()
            );
        }
        text.push('\n');
    }
    Ok(text + &format!("{} sittings, {total} minutes.\n", sittings.len()))
}

/// Where an exercise asks for predictions, if it does.
fn predictions(repository: &Repository, exercise: &Exercise) -> Option<String> {
    let number = &exercise.name.number;
    let folder = format!("exercises/{}", exercise.name);
    if let Some(file) = &exercise.predictions {
        return Some(format!("[{file} of {number}]({folder}/{file})"));
    }
    let page = std::fs::read_to_string(repository.root().join(exercise.page())).ok()?;
    let heading = page.lines().find(|line| line.starts_with("## Predict"))?;
    let words = heading.trim_start_matches("## ");
    Some(format!("[the questions of {number}]({}#{})", exercise.page(), super::links::slug(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_made_anew() {
        let text = "# a\n<!-- agenda: x.toml -->\nold\n<!-- end -->\nkept\n";
        let made = |file: &str| Ok(format!("new {file}\n"));
        let new = filled(text, made).unwrap();
        assert_eq!(new, "# a\n<!-- agenda: x.toml -->\nnew x.toml\n<!-- end -->\nkept\n");
        assert_eq!(filled(&new, made).unwrap(), new);
        assert!(filled("<!-- agenda: x.toml -->\n", made).is_err());
    }
}
