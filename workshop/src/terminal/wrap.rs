//! Fits text into the columns that there are.

use std::io::IsTerminal;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// The width that sentences fit into: 80 columns, or what a narrower terminal has.
pub fn width() -> usize {
    story_width().min(80)
}

/// The width that stories fit into: as wide as the terminal, within reason; 80 columns
/// where there is none.
pub fn story_width() -> usize {
    const WITHIN: RangeInclusive<usize> = 60..=140;
    static COLUMNS: LazyLock<usize> = LazyLock::new(|| {
        let asked = || std::env::var("COLUMNS").ok()?.parse::<usize>().ok();
        let is_there = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        // The unit tests are about 80 columns, wherever they run.
        let told = std::io::stdout().is_terminal() && !cfg!(test);
        let columns = told.then(|| asked().or_else(is_there)).flatten();
        columns.map_or(80, |columns| columns.clamp(*WITHIN.start(), *WITHIN.end()))
    });
    *COLUMNS
}

/// A space at which no line is broken.
const TIED: char = '\u{a0}';

/// A command within a sentence: in backticks, and on one line if it fits there.
pub fn code(command: &str) -> String {
    format!("`{}`", command.replace(' ', &TIED.to_string()))
}

/// A paragraph: wrapped at spaces, every line indented, with a line end.
pub fn paragraph(text: &str, indent: &str) -> String {
    fill(text, indent, width())
}

/// The same in other widths.
fn fill(text: &str, indent: &str, width: usize) -> String {
    let mut wrapped = String::new();
    let mut line = String::new();
    let room = width - columns(indent);
    let words = text.split_ascii_whitespace().flat_map(|word| {
        // What is tied together and does not fit into a line is untied.
        let wide = columns(word) > room;
        word.split(move |character| wide && character == TIED)
    });
    for mut word in words {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
            wrapped.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        // A word that is wider than a line is broken: there is no better place.
        while columns(word) > room {
            let (head, tail) = split(word, room);
            wrapped.push_str(&format!("{indent}{head}\n"));
            word = tail;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    wrapped.push_str(&format!("{indent}{line}\n"));
    wrapped.replace(TIED, " ")
}

/// A paragraph whose first line begins with a mark, and the others under it.
pub fn hanging(mark: &str, text: &str, indent: &str) -> String {
    let margin = format!("{indent}{}", " ".repeat(columns(mark)));
    let text = paragraph(text, &margin);
    format!("{indent}{mark}{}", text.strip_prefix(&margin).unwrap_or(&text))
}

/// Text that has its lines already: each is left as it is if it fits, and
/// wrapped under its own beginning if it does not.
///
/// A line to be copied into a shell stays whole, since half a command is none;
/// that with the environment variable is left out if it is too wide, for the one
/// above it does the same everywhere.
pub fn lines(text: &str, indent: &str) -> String {
    let mut wrapped = String::new();
    for line in text.trim_end().lines() {
        let line = line.trim_end();
        if line.is_empty() {
            wrapped.push('\n');
        } else if columns(indent) + columns(line) <= story_width()
            || line.starts_with("cargo workshop replay ")
        {
            wrapped.push_str(&format!("{indent}{line}\n"));
        } else if !line.starts_with("CHAOS_REPLAY=") {
            let own = columns(line) - columns(line.trim_start());
            let margin = format!("{indent}{}", " ".repeat(own.min(width() / 2)));
            wrapped.push_str(&fill(line, &margin, story_width()));
        }
    }
    wrapped
}

/// The text, cut to so many columns.
pub fn short(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let (head, _) = split(text, room.saturating_sub(1));
    format!("{}…", head.trim_end())
}

/// How wide a text is.
pub fn columns(text: &str) -> usize {
    text.chars().count()
}

fn split(text: &str, columns: usize) -> (&str, &str) {
    let place = text.char_indices().nth(columns).map_or(text.len(), |(place, _)| place);
    text.split_at(place)
}

/// A number with its thousands set apart.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let threes = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    threes.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_80_columns() {
        let long = "x".repeat(200);
        let text =
            format!("{}\n    {}\n{long}\n      ünï {long}\n", "word ".repeat(30), "tea cake ".repeat(20));
        for wrapped in [paragraph(&text, "  "), lines(&text, "    ")] {
            assert!(wrapped.lines().all(|line| columns(line) <= width()), "{wrapped}");
            let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            assert_eq!(squeeze(&wrapped), squeeze(&text));
        }
    }

    #[test]
    fn lines_that_fit_are_left_alone() {
        assert_eq!(lines("a   b\n\n  │ c\n\n", "  "), "  a   b\n\n    │ c\n");
    }

    #[test]
    fn a_command_stays_whole() {
        let code = "0".repeat(90);
        let text = format!("cargo workshop replay {code}\nCHAOS_REPLAY={code} cargo test -p x\n");
        assert_eq!(lines(&text, ""), format!("cargo workshop replay {code}\n"));
    }

    #[test]
    fn a_command_in_a_sentence_is_not_broken() {
        let sentence = format!("{}{}.", "word ".repeat(13), code("cargo workshop test 03"));
        let expected = format!("{}\n`cargo workshop test 03`.\n", "word ".repeat(13).trim_end());
        assert_eq!(paragraph(&sentence, ""), expected);
        let wide = paragraph(&format!("see {}", code(&["cargo"; 20].join(" "))), "");
        assert_eq!(wide, format!("see `{}\n{}`\n", ["cargo"; 12].join(" "), ["cargo"; 8].join(" ")));
    }

    #[test]
    fn short_text_ends_in_an_ellipsis() {
        assert_eq!((short("tea", 3), short("tea cake", 5)), ("tea".into(), "tea…".into()));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([7, 999, 1000, 1_234_567].map(grouped), ["7", "999", "1,000", "1,234,567"]);
    }
}
