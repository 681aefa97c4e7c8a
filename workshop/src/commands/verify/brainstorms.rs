//! The sheets of the brainstorms and the retrospective.

use super::culprit::Culprit;
use super::{commands_named, excerpts, links};
use crate::pages::front_matter::{self, FrontMatter};
use crate::repository::Repository;

/// Where the sheets are.
const FOLDER: &str = "brainstorms";

/// Checks what each sheet says of itself, its links, its commands and what it
/// shows; with `fix`, rewrites that.
pub fn check(repository: &Repository, fix: bool) -> Vec<Culprit> {
    let mut culprits = Vec::new();
    for name in front_matter::names(repository, FOLDER) {
        let path = repository.root().join(FOLDER).join(format!("{name}.md"));
        let file = repository.show(&path);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        match FrontMatter::parse(&text) {
            Ok(front) => {
                let faults = [front.title().err(), front.minutes().err()];
                culprits.extend(faults.into_iter().flatten().map(|error| {
                    Culprit::new(&file, format!("{error:#}"), "write it into the front matter")
                }));
            }
            Err(error) => {
                culprits.push(Culprit::new(&file, format!("{error:#}"), "write its front matter"));
            }
        }
        culprits.extend(excerpts::check(repository, &path, fix));
        culprits.extend(links::check(repository, &path));
        culprits.extend(commands_named::check(repository, &path));
    }
    culprits
}
