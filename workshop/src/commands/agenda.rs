//! `cargo workshop agenda`: the day, block by block, with the clock.

use anyhow::{Context, Result};

use crate::outcome::Outcome;
use crate::pages::agenda::{self, Agenda, Clock, Kind, Line};
use crate::repository::{Exercise, Repository};
use crate::terminal;

/// Shows the day, or a cut of it. `start` is another time to begin than the
/// agenda has.
pub fn run(repository: &Repository, cut: Option<&str>, start: Option<&str>) -> Result<Outcome> {
    let file = file(repository, cut)?;
    let agenda = Agenda::load(repository.root(), &file)?;
    let start = match start {
        Some(text) => text.parse()?,
        None => agenda.start,
    };
    let exercises = Exercise::all(repository)?;
    let lines =
        agenda.lines(repository, &exercises).with_context(|| format!("{file} names what is not there"))?;
    terminal::show(&day(&agenda.title, start, &lines)?);
    Ok(Outcome::Green)
}

/// The file of a cut.
fn file(repository: &Repository, cut: Option<&str>) -> Result<String> {
    let Some(cut) = cut else { return Ok(agenda::FILE.to_owned()) };
    let cuts = agenda::cuts(repository.root());
    let there = cuts.iter().any(|name| name == cut);
    let shown: String = cut.chars().take(40).collect();
    let others = if cuts.is_empty() { "none".to_owned() } else { cuts.join(", ") };
    let file = there.then(|| format!("{}/{cut}.toml", agenda::CUTS));
    file.with_context(|| format!("there is no cut {shown:?} in {}/; there are {others}", agenda::CUTS))
}

fn day(title: &str, start: Clock, lines: &[Line]) -> Result<String> {
    let total: u32 = lines.iter().map(|line| line.minutes).sum();
    let end = start.after(total).with_context(|| {
        format!("a day of {total} minutes that begins at {start} does not end before midnight: begin earlier")
    })?;
    let title = format!("{title}, {start} to {end}");
    let mut text = format!("  {}\n\n", terminal::paint(terminal::STRONG, &title));
    let mut clock = start;
    for Line { kind, title, minutes, .. } in lines {
        let words = terminal::short(&format!("{kind:<13}  {title}"), 62);
        let words = if *kind == Kind::Exercise { terminal::paint(terminal::STRONG, &words) } else { words };
        text += &format!("  {clock}  {minutes:>3} min  {words}\n");
        clock = clock.after(*minutes).unwrap_or(end);
    }
    Ok(text + &format!("  {end}           the end\n\n") + &terminal::paragraph(&agenda::sums(lines), "  "))
}
