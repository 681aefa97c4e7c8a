//! `cargo workshop slides`: which file to open.

use anyhow::{Context, Result};

use crate::outcome::Outcome;
use crate::pages::front_matter::{self, Paper};
use crate::repository::{Name, Repository};
use crate::terminal;

/// Where the pages are: in a handout, and where `.ci/slides` puts them.
const BUILT: [&str; 2] = ["slides", "target/slides"];

/// Lists the decks, or says which file to open for one of them.
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
    let known: Vec<Name> = names.iter().filter_map(|name| Name::parse(name)).collect();
    let decks = names.join(", ");
    let name = Name::choose(&known, deck).ok().with_context(|| {
        let shown: String = deck.chars().take(40).collect();
        format!("there is no deck {shown:?}; there are {}", if decks.is_empty() { "none" } else { &decks })
    })?;
    let said = match page(&name.to_string()) {
        Some(path) => {
            format!("Open {} in a browser; p shows the notes.", repository.root().join(path).display())
        }
        None => format!("Read slides/{name}.md, or run {build} and open target/slides/{name}.html."),
    };
    terminal::show(&terminal::paragraph(&said, "  "));
    Ok(Outcome::Green)
}
