//! The slides of a handout, as pages that need nothing but a browser, without what is
//! for the teacher or gives an answer; and its agendas, which say by themselves what they
//! would look up in the decks.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use toml_edit::{Array, DocumentMut, Item, TableLike};

use super::Slides;
use crate::pages::agenda::{self, Agenda, Block, Kind};
use crate::pages::excerpt::{Source, blocks};
use crate::pages::front_matter;
use crate::pages::markdown::without_comments;
use crate::repository::{Exercise, Repository};
use crate::terminal;

/// The script that builds the slides.
const SCRIPT: &str = ".ci/slides";
/// Where they are in a handout.
const FOLDER: &str = "slides";

/// Builds the slides into a handout. Where that cannot be done, it says so, and
/// what to do; the handout is none the worse for the rest.
pub fn build(repository: &Repository, stage: &Path, wanted: Slides) -> Result<()> {
    let here = repository.root().join(SCRIPT).is_file() && repository.root().join(FOLDER).is_dir();
    if wanted == Slides::None || !here {
        return Ok(());
    }
    let place = stage.join(FOLDER);
    let mut command = Command::new("bash");
    command.arg(SCRIPT).arg("--html").arg(&place).current_dir(repository.root());
    let decks = tempfile::tempdir().context("there is no place for the slides")?;
    if wanted == Slides::ForAttendees {
        for name in front_matter::names(repository, FOLDER) {
            let file = format!("{name}.md");
            let text = fs::read_to_string(repository.root().join(FOLDER).join(&file))
                .with_context(|| format!("{FOLDER}/{file} cannot be read"))?;
            fs::write(decks.path().join(&file), for_attendees(&text.replace("\r\n", "\n")))
                .with_context(|| format!("{file} cannot be written"))?;
        }
        command.arg("--from").arg(decks.path());
    }
    let why = match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() && place.join("index.html").is_file() => return Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let mut lines = said.lines().filter(|line| !line.trim().is_empty());
            lines.next_back().unwrap_or("they were not built").to_owned()
        }
        Err(_) => "bash was not found".to_owned(),
    };
    _ = fs::remove_dir_all(&place);
    let said = format!(
        "This handout has no slides ({}): install Node 20 or newer, run {} once, with a network, and make \
         the handout again, into another folder. (What that command has built is for you: it has your \
         notes and our code.)",
        terminal::short(why.trim().trim_end_matches('.'), 120),
        terminal::code("bash .ci/slides --html target/slides"),
    );
    terminal::show(&(terminal::paragraph(&said, "  ") + "\n"));
    Ok(())
}

/// A deck as the room is to see it: without notes, and with a word in the place of our
/// code. Its slides keep their numbers.
fn for_attendees(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut new: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for block in blocks(&lines).into_iter().rev() {
        if let Ok(Some(Source { path, .. })) = block.source(FOLDER, &lines)
            && let Some((solution, _)) = path.split_once("/src/").filter(|_| path.starts_with("solutions/"))
        {
            // With the line that ends it.
            let said = format!("Our code is shown in the room; it comes in `{solution}`.");
            new.splice(block.named..=block.shown.end.min(lines.len() - 1), [said]);
        }
    }
    without_comments(&(new.join("\n") + "\n"))
}

/// Writes the titles and minutes of decks and sheets, which stay behind, into the agendas
/// of a handout. The way for readers at home leads through decks, and stays behind, too.
pub fn settle_agendas(repository: &Repository, stage: &Path) -> Result<()> {
    let self_study = stage.join(agenda::SELF_STUDY);
    if self_study.is_file() {
        fs::remove_file(&self_study).with_context(|| format!("{} cannot be left out", agenda::SELF_STUDY))?;
    }
    let exercises = Exercise::all(repository)?;
    let cuts = agenda::cuts(stage).into_iter().map(|cut| format!("{}/{cut}.toml", agenda::CUTS));
    for file in [agenda::FILE.to_owned()].into_iter().chain(cuts) {
        if stage.join(&file).is_file() {
            settle(repository, &exercises, stage, &file).context(file)?;
        }
    }
    Ok(())
}

fn settle(repository: &Repository, exercises: &[Exercise], stage: &Path, file: &str) -> Result<()> {
    let agenda = Agenda::load(repository.root(), file)?;
    let lines = agenda.lines(repository, exercises)?;
    let path = stage.join(file);
    let text = fs::read_to_string(&path).context("it cannot be read")?;
    let mut settled: DocumentMut = text.parse().context("it makes no sense")?;
    let place = settled.get_mut("block").context("it has no blocks")?;
    // As a table each, or in one list.
    let blocks: Box<dyn Iterator<Item = &mut dyn TableLike>> = match place {
        Item::ArrayOfTables(tables) => Box::new(tables.iter_mut().map(|table| table as &mut dyn TableLike)),
        other => {
            let list = other.as_array_mut().into_iter().flat_map(|list| list.iter_mut());
            Box::new(list.filter_map(|value| Some(value.as_inline_table_mut()? as &mut dyn TableLike)))
        }
    };
    let known = agenda.blocks.iter().zip(lines).filter(|(_, line)| line.kind != Kind::Exercise);
    let mut known = known.map(|(block, line)| (block.clone(), line));
    for block in blocks.filter(|block| !block.contains_key("exercise")) {
        let Some((told, line)) = known.next() else { break };
        for name in ["deck", "decks", "sheet"] {
            block.remove(name);
        }
        block.insert("title", toml_edit::value(line.title));
        block.insert("minutes", toml_edit::value(i64::from(line.minutes)));
        if let Block::Pages { decks, .. } = told
            && !decks.is_empty()
        {
            block.insert("of", toml_edit::value(decks.iter().collect::<Array>()));
        }
    }
    fs::write(&path, settled.to_string()).context("it cannot be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attendees_see_no_notes_and_no_code_of_ours() {
        let deck = "---\nmarp: true\n---\n\n# A\n\n```rust solutions/04-outbox/src/lib.rs#handle\nfn handle() {}\n```\n\n\
                    So.\n\n<!--\nSay: so.\n\nAsk: why?\n-->\n\n---\n\n## B\n\n\
                    ```text solutions/04-outbox/tests/snapshots/mistakes__a.snap\n<!-- a story -->\n```\n\n\
                    ```rust ports/src/lib.rs#Ports\nstruct Ports;\n```\n\n<!-- Demo: no -->\n";
        let shown: Vec<String> =
            for_attendees(deck).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        assert_eq!(
            shown,
            [
                "---",
                "marp: true",
                "---",
                "# A",
                "Our code is shown in the room; it comes in `solutions/04-outbox`.",
                "So.",
                "---",
                "## B",
                "```text solutions/04-outbox/tests/snapshots/mistakes__a.snap",
                "<!-- a story -->",
                "```",
                "```rust ports/src/lib.rs#Ports",
                "struct Ports;",
                "```"
            ]
        );
    }
}
