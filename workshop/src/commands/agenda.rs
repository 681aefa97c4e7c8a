//! `cargo workshop agenda`: the day, block by block, with the clock.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::agenda::{Agenda, Block, Clock, Kind};
use crate::exercise::Exercise;
use crate::outcome::Outcome;
use crate::render;
use crate::repository::{Repository, choose};

/// A line of the day.
struct Line {
    kind: Kind,
    title: String,
    minutes: u32,
}

/// Shows the day. `start` is another time to begin than the agenda has.
pub fn run(repository: &Repository, start: Option<&str>) -> Result<Outcome> {
    let agenda = Agenda::load(repository.root())?;
    let start = match start {
        Some(text) => text.parse()?,
        None => agenda.start,
    };
    let exercises = repository.exercises()?;
    let lines: Vec<Line> =
        agenda.blocks.iter().map(|block| line(block, &exercises)).collect::<Result<_>>()?;
    render::show(&day(start, &lines)?);
    Ok(Outcome::Green)
}

fn line(block: &Block, exercises: &[Exercise]) -> Result<Line> {
    Ok(match block {
        Block::Exercise(number) => {
            let exercise = choose(exercises, number)
                .with_context(|| format!("{} names exercise {number}", crate::agenda::FILE))?;
            let title = format!("{number} {}", exercise.title);
            Line { kind: Kind::Exercise, title, minutes: exercise.minutes }
        }
        Block::Other { kind, title, minutes } => {
            Line { kind: *kind, title: title.clone(), minutes: *minutes }
        }
    })
}

fn day(start: Clock, lines: &[Line]) -> Result<String> {
    let total: u32 = lines.iter().map(|line| line.minutes).sum();
    let end = start.after(total).with_context(|| {
        format!("a day of {total} minutes that begins at {start} does not end before midnight: begin earlier")
    })?;
    let title = format!("The day, {start} to {end}");
    let mut text = format!("  {}\n\n", render::paint(render::STRONG, &title));
    let mut clock = start;
    for Line { kind, title, minutes } in lines {
        let words = render::short(&format!("{kind:<13}  {title}"), 62);
        let words = if *kind == Kind::Exercise { render::paint(render::STRONG, &words) } else { words };
        text += &format!("  {clock}  {minutes:>3} min  {words}\n");
        clock = clock.after(*minutes).unwrap_or(end);
    }
    Ok(text + &format!("  {end}           the end\n\n") + &render::paragraph(&sums(lines, total), "  "))
}

/// How many minutes go where.
fn sums(lines: &[Line], total: u32) -> String {
    let mut sums: BTreeMap<Kind, u32> = BTreeMap::new();
    for line in lines {
        *sums.entry(line.kind).or_default() += line.minutes;
    }
    let sums: Vec<String> = sums.iter().map(|(kind, minutes)| format!("{kind} {minutes}")).collect();
    format!("{total} minutes: {}.", sums.join(", "))
}
