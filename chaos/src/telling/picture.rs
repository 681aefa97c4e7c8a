//! Lanes and arrows: what a story looks like.

use std::fmt::Write as _;

/// How wide a story may be.
const WIDTH: usize = 80;

/// One line of a story.
pub(super) struct Line {
    /// From which lane, to which lane.
    pub(super) arrow: Option<(usize, usize)>,
    pub(super) fault: bool,
    pub(super) text: String,
}

/// Draws the lines between lanes of these names. Lanes that never appear are
/// left out, but for the first.
pub(super) fn draw(names: &[String], lines: &[Line]) -> String {
    let used = |lane: usize| {
        lane == 0 || lines.iter().any(|line| line.arrow.is_some_and(|(a, b)| a == lane || b == lane))
    };
    let mut centres = vec![None; names.len()];
    let mut header = String::from("  ");
    for (lane, name) in names.iter().enumerate().filter(|(lane, _)| used(*lane)) {
        centres[lane] = Some(header.chars().count() + name.chars().count() / 2);
        header.push_str(name);
        header.push_str("  ");
    }
    let lanes_width = header.chars().count();
    let mut story = format!("{}\n", header.trim_end());
    let mut bare = vec![' '; lanes_width];
    for &centre in centres.iter().flatten() {
        bare[centre] = '│';
    }
    for line in lines {
        let mut row = bare.clone();
        if line.fault {
            row[0] = '✗';
        }
        if let Some((from, to)) = line.arrow
            && let (Some(from), Some(to)) = (centres[from], centres[to])
        {
            row[from.min(to)..=from.max(to)].fill('─');
            row[to] = if to > from { '▶' } else { '◀' };
            row[from] = '●';
        }
        for (number, part) in wrap(&line.text, WIDTH - lanes_width).into_iter().enumerate() {
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
