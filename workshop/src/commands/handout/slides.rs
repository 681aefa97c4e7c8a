//! The slides of a handout, as pages that need nothing but a browser; and its
//! agenda, which says by itself what it would look up in the decks.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, Item};

use crate::pages::agenda::{Agenda, FILE, Kind};
use crate::repository::{Exercise, Repository};
use crate::terminal;

/// The script that builds the slides.
const SCRIPT: &str = ".ci/slides";
/// Where they are in a handout.
const FOLDER: &str = "slides";

/// Builds the slides into a handout. Where that cannot be done, it says so, and
/// what to do; the handout is none the worse for the rest.
pub fn build(repository: &Repository, stage: &Path) {
    if !repository.root().join(SCRIPT).is_file() || !repository.root().join(FOLDER).is_dir() {
        return;
    }
    let place = stage.join(FOLDER);
    let mut command = Command::new("bash");
    command.arg(SCRIPT).arg("--html").arg(&place).current_dir(repository.root());
    let why = match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() && place.join("index.html").is_file() => return,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let mut lines = said.lines().filter(|line| !line.trim().is_empty());
            lines.next_back().unwrap_or("they were not built").to_owned()
        }
        Err(_) => "bash was not found".to_owned(),
    };
    _ = fs::remove_dir_all(&place);
    let said = format!(
        "This handout has no slides ({}): install Node 20 or newer and run {}, with a network the first \
         time; then copy target/slides to slides in the handout.",
        terminal::short(why.trim().trim_end_matches('.'), 120),
        terminal::code("bash .ci/slides --html target/slides"),
    );
    terminal::show(&(terminal::paragraph(&said, "  ") + "\n"));
}

/// Writes the titles and minutes of decks and sheets, which stay behind, into
/// the agenda of a handout.
pub fn settle_agenda(repository: &Repository, stage: &Path) -> Result<()> {
    let path = stage.join(FILE);
    let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
    let exercises = Exercise::all(repository)?;
    let lines = Agenda::load(repository.root(), FILE)?.lines(repository, &exercises).context(FILE)?;
    let mut agenda: DocumentMut = text.parse().with_context(|| format!("{FILE} makes no sense"))?;
    let blocks = agenda.get_mut("block").and_then(Item::as_array_of_tables_mut);
    let Some(blocks) = blocks else { return Ok(()) };
    for (block, line) in blocks.iter_mut().zip(lines).filter(|(_, line)| line.kind != Kind::Exercise) {
        for name in ["deck", "decks", "sheet"] {
            block.remove(name);
        }
        block.insert("title", toml_edit::value(line.title));
        block.insert("minutes", toml_edit::value(i64::from(line.minutes)));
    }
    fs::write(&path, agenda.to_string()).with_context(|| format!("{FILE} cannot be written"))
}
