//! The drawings that are made of what was kept: each says in its first line of what, and
//! shows what that has now.
//!
//! ~~~text
//! <!-- drawn as="bars" from="prices/tests/snapshots/readme__round-trips.snap" to="05 runner" new="04 outbox" -->
//! ~~~
//!
//! `as` is `bars` or `curves`, of a table, or `space`, of the states of a search. Of a
//! table, `to` is the last row that is shown, and `new` the first that is marked. A file
//! with this line alone is a drawing that is still to be made.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::culprit::Culprit;
use crate::drawing::{self, Caption, Table};
use crate::pages::excerpt::{Source, fields};
use crate::repository::Repository;
use crate::terminal;

/// Where drawings are.
const FOLDERS: [&str; 2] = ["slides/img", "papers/charts"];

/// Compares all drawings that name their sources with these; with `fix`, draws them anew.
/// (In a handout, what was kept has stayed behind.)
pub fn check(repository: &Repository, fix: bool) -> Vec<Culprit> {
    let mut culprits = Vec::new();
    if repository.is_handout() {
        return culprits;
    }
    for path in FOLDERS.iter().flat_map(|folder| drawings(&repository.root().join(folder))) {
        let file = repository.show(&path);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let text = text.replace("\r\n", "\n");
        let Some(line) = text.lines().next().filter(|line| line.starts_with("<!-- drawn ")) else { continue };
        match drawn(repository.root(), line) {
            Err(error) => {
                let what = format!("its first line: {error:#}");
                culprits.push(Culprit::new(&file, what, "mend the line, or what it names"));
            }
            Ok(new) if new == text => {}
            Ok(new) if fix => {
                if let Err(error) = std::fs::write(&path, new) {
                    let what = format!("it cannot be drawn anew: {error}");
                    culprits.push(Culprit::new(&file, what, "see that it can be written"));
                }
            }
            Ok(_) => {
                let run = format!("run {}", terminal::code("cargo workshop verify --pages --fix"));
                culprits.push(Culprit::new(&file, "it does not show what its source has", run));
            }
        }
    }
    culprits
}

fn drawings(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "svg")).collect();
    found.sort();
    found
}

/// The drawing that a first line speaks of, that line included.
fn drawn(root: &Path, line: &str) -> Result<String> {
    let fields = fields_of(line)?;
    let field = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let from = field("from").context("it does not say from what it is drawn")?;
    let source = Source { path: from.to_owned(), ..Source::default() };
    let lines = source.lines(root)?;
    let table = || Table::read(&lines)?.up_to(field("to"));
    let drawing = match field("as") {
        Some("bars") => drawing::bars(&table()?, field("new")),
        Some("curves") => drawing::curves(&table()?, field("new")),
        Some("space") => {
            let space: records::Space =
                serde_json::from_str(&lines.join("\n")).context("it has no states of a search")?;
            space.check().map_err(anyhow::Error::msg)?;
            Ok(drawing::space(&space, &Caption::default()))
        }
        other => bail!("it is drawn as {:?}, and not as bars, curves or space", other.unwrap_or("nothing")),
    };
    Ok(format!("{line}\n{}", drawing.with_context(|| from.to_owned())?))
}

/// The fields of a first line, each once.
fn fields_of(line: &str) -> Result<Vec<(&str, &str)>> {
    let within = line.strip_prefix("<!-- drawn ").and_then(|rest| rest.strip_suffix("-->"));
    let found = fields(within.unwrap_or_default(), "after `drawn` there is only name=\"value\"")?;
    for (place, (name, _)) in found.iter().enumerate() {
        ensure!(["as", "from", "to", "new"].contains(name), "{name} is none of as, from, to and new");
        ensure!(!found[..place].iter().any(|(known, _)| known == name), "{name} is there twice");
    }
    ensure!(!found.is_empty(), "it does not end with -->, or says nothing");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "<!-- drawn as=\"bars\" from=\"a.snap\" to=\"04 two\" new=\"04 two\" -->";
    const TABLE: &str = "---\nsource: x\n---\n| variant | reads | writes | publishes | all | a copy, later |\n\
                         |---|---|---|---|---|---|\n| 03 one | 1 | 1 | 1 | 3 | 2 |\n| 04 two | 1 | 2 | 1 | 4 | 1 |\n\
                         | 05 three | 9 | 9 | 9 | 27 | 9 |\n";

    fn root() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in FOLDERS {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        std::fs::write(root.path().join("a.snap"), TABLE).unwrap();
        root
    }

    #[test]
    fn a_drawing_out_of_step_is_noticed_and_drawn_anew() {
        let root = root();
        let repository = Repository::at(root.path());
        let file = root.path().join("papers/charts/a.svg");
        let by_hand = root.path().join("slides/img/b.svg");
        std::fs::write(&file, LINE).unwrap();
        std::fs::write(&by_hand, "<svg/>").unwrap();
        let found = check(&repository, false);
        let [culprit] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (&*culprit.file, &*culprit.what),
            ("papers/charts/a.svg", "it does not show what its source has")
        );
        assert!(check(&repository, true).is_empty() && check(&repository, false).is_empty());
        let drawn = std::fs::read_to_string(&file).unwrap();
        assert!(
            drawn.starts_with(LINE) && drawn.contains("04 two") && !drawn.contains("05 three"),
            "{drawn}"
        );
        assert_eq!(std::fs::read_to_string(&by_hand).unwrap(), "<svg/>");

        // Another number, and then one more row that is not shown.
        std::fs::write(root.path().join("a.snap"), TABLE.replace("| 1 | 2 | 1 | 4 |", "| 1 | 3 | 1 | 5 |"))
            .unwrap();
        assert_eq!(check(&repository, false).len(), 1);
        std::fs::write(root.path().join("a.snap"), TABLE.to_owned() + "| 06 four | 1 | 1 | 1 | 3 | 1 |\n")
            .unwrap();
        assert!(check(&repository, false).is_empty());
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        let root = root();
        std::fs::write(root.path().join("b.snap"), "{\"bounds\": 3}").unwrap();
        for (from, to, sentence) in [
            ("a.snap", "gone.snap", "gone.snap is not there"),
            ("a.snap", "../a.snap", "leads out of the repository"),
            ("bars", "pie", "drawn as \"pie\""),
            ("bars", "space", "no states of a search"),
            ("to=\"04 two\"", "to=\"07\"", "no row \"07\""),
            ("new=\"04 two\"", "new=\"07\"", "no row \"07\""),
            ("from=\"a.snap\"", "", "from what it is drawn"),
            ("as=", "like=", "like is none of"),
            ("new=", "to=", "to is there twice"),
            ("two\" -->", "two -->", "not closed"),
            (" -->", "", "does not end with -->"),
        ] {
            let line = LINE.replacen(from, to, 1);
            let error = format!("{:#}", drawn(root.path(), &line).unwrap_err());
            assert!(error.contains(sentence), "{line}: {error:?} does not say {sentence:?}");
        }
    }

    #[test]
    fn the_states_of_a_search_are_drawn_from_a_file() {
        let root = root();
        let spot = records::space::Spot::default();
        let space = records::Space {
            bounds: "1 message".to_owned(),
            found: 1,
            states: vec![spot],
            ..Default::default()
        };
        std::fs::write(root.path().join("b.snap"), format!("---\nsource: x\n---\n{}", space.by_lines()))
            .unwrap();
        let svg = drawn(root.path(), "<!-- drawn as=\"space\" from=\"b.snap\" -->").unwrap();
        assert!(svg.contains("1 message. 1 state drawn"), "{svg}");
        let wrong = records::Space { way: vec![1], ..space };
        std::fs::write(root.path().join("b.snap"), wrong.by_lines()).unwrap();
        assert!(drawn(root.path(), "<!-- drawn as=\"space\" from=\"b.snap\" -->").is_err());
    }
}
