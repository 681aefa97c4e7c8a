//! `cargo workshop slides`: which file to open. A handout has no decks, and the pages that
//! were made of them.

use std::fs;

use anyhow::{Result, bail};

use crate::outcome::Outcome;
use crate::pages::agenda::{self, Agenda};
use crate::pages::front_matter::{self, Paper};
use crate::pages::markdown;
use crate::repository::{Exercise, Name, Repository};
use crate::terminal;

/// Where the pages are: in a handout, and where `.ci/slides` puts them.
const BUILT: [&str; 2] = ["slides", "target/slides"];
/// What a page has where its slides have notes.
const NOTES: &str = "class=\"bespoke-marp-note\"";

/// Lists the decks, or says which file to open for those that lead to an exercise, or
/// for one of them.
pub fn run(repository: &Repository, deck: Option<&str>) -> Result<Outcome> {
    let page = |name: &str| {
        let paths = BUILT.iter().map(|folder| format!("{folder}/{name}.html"));
        paths.into_iter().find(|path| repository.root().join(path).is_file())
    };
    let index = page("index");
    let decks = decks(repository)?;
    let names: Vec<String> = decks.iter().map(|deck| deck.name.clone()).collect();
    let build = terminal::code("bash .ci/slides");
    let Some(deck) = deck else {
        for Deck { name, title, minutes } in &decks {
            let minutes = if *minutes == 0 { String::new() } else { format!("{minutes} min") };
            terminal::show(&format!(
                "  {minutes:>6}  {}\n",
                terminal::short(&format!("{name}  {title}"), 66)
            ));
        }
        let said = match (index, names.is_empty()) {
            (Some(index), _) => format!("Open {index} in a browser."),
            (None, false) => format!("{build} makes pages to present; slides/README.md says how."),
            (None, true) => NONE.to_owned(),
        };
        let gap = if names.is_empty() { "" } else { "\n" };
        terminal::show(&format!("{gap}{}", terminal::paragraph(&said, "  ")));
        return Ok(Outcome::Green);
    };
    let chosen = chosen(repository, &names, deck)?;
    for name in chosen {
        let said = match page(&name) {
            Some(path) => {
                let path = repository.root().join(path);
                let has_notes = fs::read_to_string(&path).is_ok_and(|page| page.contains(NOTES));
                let notes = if has_notes { "; p shows the notes" } else { "" };
                format!("Open {} in a browser{notes}.", path.display())
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
        if found.is_empty() {
            // No agenda leads to it by its decks alone: the one of its name does.
            let is_its = |name: &&String| Name::parse(name).is_some_and(|it| it.slug == exercise.name.slug);
            found.extend(names.iter().find(is_its).cloned());
        }
    }
    if found.is_empty() {
        let known: Vec<Name> = names.iter().filter_map(|name| Name::parse(name)).collect();
        let by_name = Name::choose(&known, deck).ok().map(Name::to_string);
        let part = deck.to_lowercase();
        let in_name = || names.iter().find(|name| !part.is_empty() && name.contains(&part)).cloned();
        found.extend(by_name.or_else(in_name));
    }
    if names.is_empty() {
        bail!("{NONE}");
    }
    if found.is_empty() {
        let shown: String = deck.chars().take(40).collect();
        bail!("there is no deck {shown:?}; there are {}", names.join(", "));
    }
    Ok(found)
}

/// What is said where there are none.
const NONE: &str = "This copy of the workshop has no slides.";

/// A deck, as far as it is listed.
struct Deck {
    name: String,
    title: String,
    /// None, if it has none, or is only there as a page.
    minutes: u32,
}

/// The decks; or in a handout, the pages that were made of them.
fn decks(repository: &Repository) -> Result<Vec<Deck>> {
    let names = front_matter::names(repository, BUILT[0]);
    if !names.is_empty() {
        let deck = |name: String| {
            let Paper { title, minutes, .. } = Paper::deck(repository, &name)?;
            Ok(Deck { name, title, minutes })
        };
        return names.into_iter().map(deck).collect();
    }
    let entries = fs::read_dir(repository.root().join(BUILT[0])).into_iter().flatten().flatten();
    let mut pages: Vec<Deck> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().strip_suffix(".html")?.to_owned();
            // Others lead to them.
            Name::parse(&name)?;
            let page = fs::read_to_string(entry.path()).ok()?;
            let title = page.split_once("<title>")?.1.split_once("</title>")?.0;
            Some(Deck { name, title: markdown::words(title), minutes: 0 })
        })
        .collect();
    pages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(pages)
}
