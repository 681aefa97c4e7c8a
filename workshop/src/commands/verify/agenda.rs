//! The agenda: every exercise from 01 on has its place in the day, once, and
//! the minutes add up.

use super::Culprit;
use crate::agenda::{Agenda, Block, FILE};
use crate::exercise::Exercise;
use crate::repository::{Name, Repository};

/// Exercise 00 is for the time before the day.
const BEFORE_THE_DAY: &str = "00";
/// After the last exercise of the day, there is more to do at home.
const LAST_OF_THE_DAY: &str = "09";

/// Checks the agenda, if the workshop has one.
pub fn check(repository: &Repository, names: &[Name]) -> Vec<Culprit> {
    if !repository.root().join(FILE).exists() {
        return Vec::new();
    }
    let agenda = match Agenda::load(repository.root()) {
        Ok(agenda) => agenda,
        Err(error) => {
            let what = format!("{error:#}");
            let what = what.strip_prefix(FILE).unwrap_or(&what).trim_start_matches([':', ' ']);
            return vec![Culprit::new(FILE, what, format!("edit {FILE}"))];
        }
    };
    let mut culprits = places(&agenda, names);
    // Where a description is missing, that is a culprit of its own.
    if let Some(total) = total(repository, &agenda, names)
        && culprits.is_empty()
        && total != agenda.minutes_of_the_day
    {
        let what = format!("the blocks take {total} minutes, and the day has {}", agenda.minutes_of_the_day);
        let mend = "change the minutes of a block, of an exercise, or minutes_of_the_day";
        culprits.push(Culprit::new(FILE, what, mend));
    }
    culprits
}

/// Whether every exercise of the day is there once, and no other.
fn places(agenda: &Agenda, names: &[Name]) -> Vec<Culprit> {
    let numbers: Vec<&str> = agenda
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Exercise(number) => Some(number.as_str()),
            Block::Other { .. } => None,
        })
        .collect();
    let mut culprits = Vec::new();
    for name in names {
        let number = name.number.as_str();
        let expected = number > BEFORE_THE_DAY && number <= LAST_OF_THE_DAY;
        match numbers.iter().filter(|other| **other == number).count() {
            0 if expected => culprits.push(Culprit::new(
                FILE,
                format!("exercise {name} is not in it"),
                format!("add a block with exercise = \"{number}\""),
            )),
            0 | 1 => {}
            times => culprits.push(Culprit::new(
                FILE,
                format!("exercise {name} is in it {times} times"),
                "keep one of the blocks",
            )),
        }
    }
    for number in numbers {
        if !names.iter().any(|name| name.number == number) {
            let what = format!("there is no exercise {number}");
            culprits.push(Culprit::new(FILE, what, "remove the block, or add the exercise"));
        }
    }
    culprits
}

fn total(repository: &Repository, agenda: &Agenda, names: &[Name]) -> Option<u32> {
    let minutes = agenda.blocks.iter().map(|block| match block {
        Block::Other { minutes, .. } => Some(*minutes),
        Block::Exercise(number) => {
            let name = names.iter().find(|name| name.number == *number)?;
            Some(Exercise::load(repository, name.clone()).ok()?.minutes)
        }
    });
    minutes.sum()
}
