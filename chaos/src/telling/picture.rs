//! Lanes and arrows: what a story looks like.

use std::fmt::Write as _;

use crate::environment;

/// How wide a story is, unless `CHAOS_WIDTH` says otherwise: whoever shows it knows
/// how much room there is.
const WIDTH: usize = 80;

/// How many columns there are.
pub(crate) fn width() -> usize {
    const RANGE: std::ops::RangeInclusive<usize> = 60..=160;
    let asked = std::env::var(environment::WIDTH).ok().and_then(|text| text.parse::<usize>().ok());
    asked.map_or(WIDTH, |asked| asked.clamp(*RANGE.start(), *RANGE.end()))
}

/// One line of a story.
#[derive(Clone)]
pub(super) struct Line {
    /// From which lane, to which lanes.
    pub(super) arrow: Option<(usize, Vec<usize>)>,
    pub(super) fault: bool,
    /// Whether this is the step after which nothing ends right.
    pub(super) turns: bool,
    /// The lanes that know the message that is followed.
    pub(super) know: Vec<usize>,
    pub(super) text: String,
}

/// How much room a text has beside these lanes, of those that appear.
fn room(lanes_width: usize) -> usize {
    width().saturating_sub(lanes_width)
}

/// Puts lines of one worker into one, as long as they fit and nothing changes in
/// between about who knows what.
fn joined(lines: &[Line], room: usize) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    for line in lines {
        if let (Some(last), Some((from, to))) = (all.last_mut(), &line.arrow)
            && let Some((last_from, last_to)) = &mut last.arrow
            && last_from == from
            && *from != 0
            && !to.contains(from)
            && !last_to.contains(from)
            && !(last.fault || last.turns || line.fault || line.turns)
            && last.know == line.know
            && last.text.chars().count() + line.text.chars().count() + 2 <= room
        {
            last_to.extend(to);
            last.text = format!("{}; {}", last.text, line.text);
            continue;
        }
        all.push(line.clone());
    }
    all
}

/// Draws the lines between lanes of these names. Lanes that never appear are
/// left out, but for the first.
pub(super) fn draw(names: &[String], lines: &[Line]) -> String {
    let used = |lane: usize| {
        let touches = |line: &Line| line.arrow.as_ref().is_some_and(|(a, b)| *a == lane || b.contains(&lane));
        lane == 0 || lines.iter().any(touches)
    };
    let mut centres = vec![None; names.len()];
    let mut header = String::from("  ");
    for (lane, name) in names.iter().enumerate().filter(|(lane, _)| used(*lane)) {
        centres[lane] = Some(header.chars().count() + name.chars().count() / 2);
        header.push_str(name);
        header.push(' ');
    }
    // The names of the lanes may reach over the texts: there is none beside them.
    let lanes_width = centres.iter().flatten().max().map_or(2, |last| last + 3);
    let mut story = format!("{}\n", header.trim_end());
    for line in &joined(lines, room(lanes_width)) {
        let mut bare = vec![' '; lanes_width];
        for (lane, centre) in centres.iter().enumerate() {
            if let Some(centre) = *centre {
                bare[centre] = if line.know.contains(&lane) { '┃' } else { '│' };
            }
        }
        let mut row = bare.clone();
        if line.fault {
            row[0] = '✗';
        }
        if line.turns {
            row[1] = '◆';
        }
        if let Some((from, targets)) = &line.arrow
            && let Some(from) = centres[*from]
        {
            let targets: Vec<usize> = targets.iter().filter_map(|&to| centres[to]).collect();
            for &to in &targets {
                row[from.min(to)..=from.max(to)].fill('─');
            }
            for to in targets {
                row[to] = if to > from { '▶' } else { '◀' };
            }
            row[from] = '●';
        }
        for (number, part) in wrap(&line.text, room(lanes_width)).into_iter().enumerate() {
            let lanes: String = if number == 0 { &row } else { &bare }.iter().collect();
            _ = writeln!(story, "{lanes}{part}");
        }
    }
    story
}

/// Breaks a text into lines of at most `width` characters, at spaces where
/// there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        // A word may be a megabyte long.
        let length = word.chars().take(width + 1).count();
        if !line.is_empty() && line.chars().count() + 1 + length > width {
            lines.push(std::mem::take(&mut line));
        }
        while let Some((at, _)) = word.char_indices().nth(width) {
            lines.push(word[..at].to_owned());
            word = &word[at..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
