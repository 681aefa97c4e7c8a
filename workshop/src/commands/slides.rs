//! `cargo workshop slides`: which file to open.

use anyhow::{Result, bail};

use crate::outcome::Outcome;
use crate::pages::agenda::{self, Agenda};
use crate::pages::front_matter::{self, Paper};
use crate::repository::{Exercise, Name, Repository};
use crate::terminal;

/// Where the pages are: in a handout, and where `.ci/slides` puts them.
const BUILT: [&str; 2] = ["slides", "target/slides"];

/// Lists the decks, or says which file to open for those that lead to an exercise, or
/// for one of them.
pub fn run(repository: &Repository, deck: Option<&str>) -> Result<Outcome> {
    let page = |name: &str| {
        let paths = BUILT.iter().map(|folder| format!("{folder}/{name}.html"));
        paths.into_iter().find(|path| repository.root().join(path).is_file())
    };
    let index = page("index");
    let names = front_matter::names(repository, "slides");
    let build = terminal::code("bash .ci/slides");
    let Some(deck) = deck else {
        for name in &names {
            let paper = Paper::deck(repository, name)?;
            let minutes = if paper.minutes == 0 { String::new() } else { format!("{} min", paper.minutes) };
            terminal::show(&format!(
                "  {minutes:>6}  {}\n",
                terminal::short(&format!("{name}  {}", paper.title), 66)
            ));
        }
        let said = match (index, names.is_empty()) {
            (Some(index), _) => format!("Open {index} in a browser."),
            (None, false) => format!("{build} makes pages to present; slides/README.md says how."),
            (None, true) => "This copy of the workshop has no slides.".to_owned(),
        };
        let gap = if names.is_empty() { "" } else { "\n" };
        terminal::show(&format!("{gap}{}", terminal::paragraph(&said, "  ")));
        return Ok(Outcome::Green);
    };
    let chosen = chosen(repository, &names, deck)?;
    for name in chosen {
        let said = match page(&name) {
            Some(path) => {
                format!("Open {} in a browser; p shows the notes.", repository.root().join(path).display())
            }
            None => format!("Read slides/{name}.md, or run {build} and open target/slides/{name}.html."),
        };
        terminal::show(&terminal::paragraph(&said, "  "));
    }
    Ok(Outcome::Green)
}

/// The decks that are meant: those that lead to an exercise, by its number, and the one
/// that has this number or name, or this in its name.
fn chosen(repository: &Repository, names: &[String], deck: &str) -> Result<Vec<String>> {
    let exercises = Exercise::all(repository).unwrap_or_default();
    let exercise = Exercise::choose(&exercises, deck).ok();
    let mut found = Vec::new();
    if let Some(exercise) = exercise {
        let cuts =
            agenda::cuts(repository.root()).into_iter().map(|cut| format!("{}/{cut}.toml", agenda::CUTS));
        let files = std::iter::once(agenda::FILE.to_owned()).chain(cuts);
        let agendas = files.filter_map(|file| Agenda::load(repository.root(), &file).ok());
        // Where most is told: elsewhere it may come at another moment, or not at all.
        let before = agendas.map(|agenda| agenda.decks_before(&exercise.name.number));
        let before = before.max_by_key(Vec::len).unwrap_or_default();
        if !before.is_empty() {
            let said = format!("What leads to exercise {}:", exercise.name.number);
            terminal::show(&terminal::paragraph(&said, "  "));
        }
        found.extend(before.into_iter().filter(|name| names.contains(name)));
    }
    if found.is_empty() {
        let known: Vec<Name> = names.iter().filter_map(|name| Name::parse(name)).collect();
        let by_name = Name::choose(&known, deck).ok().map(Name::to_string);
        let part = deck.to_lowercase();
        let in_name = || names.iter().find(|name| !part.is_empty() && name.contains(&part)).cloned();
        found.extend(by_name.or_else(in_name));
    }
    if found.is_empty() {
        let shown: String = deck.chars().take(40).collect();
        let decks = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!("there is no deck {shown:?}; there are {decks}");
    }
    Ok(found)
}
