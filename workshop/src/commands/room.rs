//! `cargo workshop room`: the codes of a room, added up.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::attendee::{Mark, RoomCode};
use crate::outcome::Outcome;
use crate::repository::{Exercise, Repository};
use crate::terminal;

/// The columns of the table.
const COLUMNS: [(&str, &[Mark]); 5] = [
    ("green", &[Mark::Green]),
    ("ours", &[Mark::Ours]),
    ("red", &[Mark::Red, Mark::Inconclusive]),
    ("in progress", &[Mark::InProgress]),
    ("untouched", &[Mark::Untouched]),
];

/// The codes that make sense, and what is wrong with the others.
#[derive(Debug, Default)]
struct Heard {
    codes: Vec<RoomCode>,
    complaints: Vec<String>,
    notes: Vec<String>,
}

/// Shows how many are where; each argument is a code, or a file of codes.
pub fn run(repository: &Repository, arguments: &[String]) -> Result<Outcome> {
    let exercises = Exercise::all(repository)?;
    let mut heard = Heard::default();
    for argument in arguments {
        let path = Path::new(argument);
        if path.is_file() {
            let text = std::fs::read_to_string(path).with_context(|| format!("{argument} cannot be read"))?;
            for (number, line) in (1..).zip(text.lines()) {
                let code = line.split('#').next().unwrap_or_default().trim();
                if !code.is_empty() {
                    heard.hear(code, &format!("line {number} of {argument}: "));
                }
            }
        } else if argument.contains(['.', '/', '\\']) {
            // No code has any of these in it.
            let file = terminal::short(argument, 60);
            heard.complaints.push(format!("there is no file {file}: name one with a code on each line"));
        } else {
            heard.hear(argument, "");
        }
    }
    if heard.codes.is_empty() && heard.complaints.is_empty() {
        bail!("there is no code in {}: write one on each line", arguments.join(", "));
    }
    if !heard.codes.is_empty() {
        terminal::show(&table(&exercises, &heard.codes));
        terminal::show(&places(&exercises, &heard.codes));
    }
    for note in &heard.notes {
        terminal::show(&format!("\n{}", terminal::paragraph(note, "  ")));
    }
    for complaint in &heard.complaints {
        terminal::complain(complaint);
    }
    Ok(if heard.complaints.is_empty() { Outcome::Green } else { Outcome::Trouble })
}

impl Heard {
    /// Takes a code in. Of two with the same name, the later one counts.
    fn hear(&mut self, text: &str, place: &str) {
        let code: RoomCode = match text.parse() {
            Ok(code) => code,
            Err(error) => {
                let text = terminal::short(text, 40);
                self.complaints.push(format!("{place}{text:?} is no code: {error:#}; ask for it again"));
                return;
            }
        };
        if let Some(name) = &code.name {
            let same = |other: &RoomCode| {
                other.name.as_ref().is_some_and(|other| other.to_lowercase() == name.to_lowercase())
            };
            let before = self.codes.len();
            self.codes.retain(|other| !same(other));
            if self.codes.len() < before {
                self.notes.push(format!("There are two codes of {name}; the later one counts."));
            }
        }
        self.codes.push(code);
    }
}

/// Every exercise, and how many are where with it.
fn table(exercises: &[Exercise], codes: &[RoomCode]) -> String {
    let title = match codes.len() {
        1 => "The room: 1 code".to_owned(),
        number => format!("The room: {number} codes"),
    };
    let mut text = format!("  {}\n\n  {:<32}", terminal::paint(terminal::STRONG, &title), "");
    text += &COLUMNS.map(|(name, _)| format!("  {name:>5}")).concat();
    text.push('\n');
    for (number, shown) in rungs(exercises, codes) {
        text += &format!("  {:<32}", terminal::short(&shown, 32));
        for (name, marks) in COLUMNS {
            let is = |code: &&RoomCode| code.marks.get(number).is_some_and(|mark| marks.contains(mark));
            let count = match codes.iter().filter(is).count() {
                0 => "-".to_owned(),
                count => count.to_string(),
            };
            text += &format!("  {count:>width$}", width = name.len().max(5));
        }
        text.push('\n');
    }
    text
}

/// Where everybody is: at the first exercise that is neither green nor ours.
fn places(exercises: &[Exercise], codes: &[RoomCode]) -> String {
    let mut text = format!("\n  {}\n\n", terminal::paint(terminal::STRONG, "Who is where"));
    for (number, shown) in rungs(exercises, codes) {
        let here: Vec<&RoomCode> = codes.iter().filter(|code| code.current() == Some(number)).collect();
        if here.is_empty() {
            continue;
        }
        text += &format!("  {}\n", terminal::short(&shown, 76));
        for (words, wanted) in [
            ("red", Mark::Red),
            ("no verdict", Mark::Inconclusive),
            ("in progress", Mark::InProgress),
            ("about to begin", Mark::Untouched),
        ] {
            let names = names(here.iter().filter(|code| code.marks[number] == wanted).copied());
            if !names.is_empty() {
                text += &terminal::paragraph(&format!("{words}: {names}"), "    ");
            }
        }
    }
    let through = names(codes.iter().filter(|code| code.current().is_none()));
    if !through.is_empty() {
        text += &terminal::paragraph(&format!("through with everything: {through}"), "  ");
    }
    text
}

/// The names; whoever gave none is counted.
fn names<'a>(codes: impl Iterator<Item = &'a RoomCode>) -> String {
    let (named, unnamed): (Vec<_>, Vec<_>) = codes.partition(|code| code.name.is_some());
    let mut names: Vec<String> = named.iter().filter_map(|code| code.name.clone()).collect();
    names.sort_by_key(|name| name.to_lowercase());
    match unnamed.len() {
        0 => {}
        number if names.is_empty() => names.push(format!("{number} without a name")),
        number => names.push(format!("and {number} without a name")),
    }
    names.join(", ").replace(", and", " and")
}

/// The numbers that occur, and what is shown of each.
fn rungs(exercises: &[Exercise], codes: &[RoomCode]) -> Vec<(usize, String)> {
    let most = codes.iter().map(|code| code.marks.len()).max().unwrap_or(0);
    let known = |number: usize| {
        let name = exercises.iter().map(|exercise| &exercise.name);
        name.into_iter().find(|name| name.number.parse() == Ok(number))
    };
    (0..most.max(exercises.len()))
        .filter_map(|number| match known(number) {
            Some(name) => Some((number, format!("{} {}", name.number, name.slug))),
            None => codes
                .iter()
                .any(|code| code.marks.get(number).is_some_and(|mark| *mark != Mark::Absent))
                .then(|| (number, format!("{number:02} (not in this copy)"))),
        })
        .collect()
}
