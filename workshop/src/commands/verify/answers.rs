//! The answers stand apart: whoever has not predicted yet reads the page, and does
//! not meet them there.

use super::culprit::Culprit;
use super::links;
use crate::repository::{ANSWERS, Name, Repository};

/// Checks the page of an exercise. One that is not there is blamed elsewhere.
pub fn check(repository: &Repository, name: &Name) -> Vec<Culprit> {
    let page = repository.exercise(name).join("README.md");
    let Ok(text) = std::fs::read_to_string(&page) else { return Vec::new() };
    let file = repository.show(&page);
    let mut culprits: Vec<Culprit> = folded(&text)
        .map(|line| {
            let what = "what is folded away on the web lies open in an editor";
            Culprit::new(format!("{file}:{line}"), what, format!("move it into {ANSWERS}, beside the page"))
        })
        .collect();
    let leads_there = |(_, link): &(usize, String)| link.split('#').next() == Some(ANSWERS);
    if !text.trim().is_empty() && !links::links(&text).iter().any(leads_there) {
        let what = format!("no link leads to {ANSWERS}, beside it");
        culprits.push(Culprit::new(file, what, format!("end its questions with a link to {ANSWERS}")));
    }
    culprits
}

/// The lines on which something is folded away.
fn folded(text: &str) -> impl Iterator<Item = usize> {
    text.lines().enumerate().filter(|(_, line)| line.contains("<details")).map(|(place, _)| place + 1)
}
