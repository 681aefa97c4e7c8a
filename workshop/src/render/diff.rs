//! What differs between two texts: unified, with the numbers of the lines.

use std::collections::BTreeSet;
use std::path::Path;

use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, TextDiff};

use super::style::{BAD, FAINT, GOOD, STRONG, paint};
use super::wrap::{WIDTH, columns};
use crate::files::Files;

/// What changes from some files to others, file by file; nothing, if nothing
/// does.
pub fn changes(from: &Files, to: &Files) -> String {
    let paths: BTreeSet<&Path> = from.paths().chain(to.paths()).collect();
    paths.into_iter().filter_map(|path| in_file(path, from.get(path), to.get(path))).collect()
}

fn in_file(path: &Path, from: Option<&[u8]>, to: Option<&[u8]>) -> Option<String> {
    if from == to {
        return None;
    }
    let name: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let which = match (from, to) {
        (None, _) => "  (new)",
        (_, None) => "  (gone)",
        _ => "",
    };
    let heading = format!("\n{}{}\n", paint(STRONG, &name.join("/")), paint(FAINT, which));
    let text = |bytes: Option<&[u8]>| {
        String::from_utf8(bytes.unwrap_or_default().to_owned()).map(|text| text.replace("\r\n", "\n"))
    };
    match (text(from), text(to)) {
        (Ok(from), Ok(to)) if from == to && which.is_empty() => None,
        (Ok(from), Ok(to)) => Some(heading + &hunks(&from, &to)),
        _ => Some(heading + "  It differs, and is no text.\n"),
    }
}

fn hunks(from: &str, to: &str) -> String {
    let diff = TextDiff::from_lines(from, to);
    let mut text = String::new();
    for operations in diff.grouped_ops(3) {
        text += &format!("{}\n", paint(FAINT, &UnifiedHunkHeader::new(&operations).to_string()));
        for change in operations.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (mark, style) = match change.tag() {
                ChangeTag::Delete => ("-", Some(BAD)),
                ChangeTag::Insert => ("+", Some(GOOD)),
                ChangeTag::Equal => (" ", None),
            };
            let number = |index: Option<usize>| index.map_or(String::new(), |index| (index + 1).to_string());
            let gutter = format!("{:>4} {:>4} ", number(change.old_index()), number(change.new_index()));
            for (place, part) in parts(change.value(), WIDTH - columns(&gutter) - 1).into_iter().enumerate() {
                let gutter = if place == 0 { gutter.clone() } else { " ".repeat(columns(&gutter)) };
                let line = format!("{mark}{part}");
                let line = style.map_or(line.clone(), |style| paint(style, &line));
                text += &format!("{}{line}\n", paint(FAINT, &gutter));
            }
        }
    }
    text
}

/// A line of code, in as many parts as it takes; what would move the cursor is
/// shown as something that does not.
fn parts(line: &str, room: usize) -> Vec<String> {
    let line = line.trim_end().replace('\t', "    ");
    let characters: Vec<char> = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if characters.is_empty() {
        return vec![String::new()];
    }
    characters.chunks(room).map(|part| part.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_the_numbers_of_its_lines() {
        let told = hunks("a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nD\x1b[31m\ne\nf\ng\nh\n");
        let told = anstream::adapter::strip_str(&told).to_string();
        assert_eq!(
            told,
            "@@ -1,7 +1,8 @@\n   1    1  a\n   2    2  b\n   3    3  c\n   4      -d\n        4 +D\u{fffd}[31m\n\
             \x20  5    5  e\n   6    6  f\n   7    7  g\n        8 +h\n"
        );
    }

    #[test]
    fn long_lines_go_on_in_the_next() {
        let told = hunks("", &("x".repeat(150) + "\n"));
        let told = anstream::adapter::strip_str(&told).to_string();
        let widths: Vec<usize> = told.lines().skip(1).map(columns).collect();
        assert_eq!(widths, [80, 80, 23]);
        assert_eq!(told.matches('+').count(), 4);
    }

    #[test]
    fn files_are_told_apart() {
        let path = Path::new("src").join("lib.rs");
        let told = |from: Option<&[u8]>, to: Option<&[u8]>| {
            in_file(&path, from, to).map(|told| anstream::adapter::strip_str(&told).to_string())
        };
        assert_eq!(told(Some(b"a\r\n"), Some(b"a\n")), None);
        assert_eq!(told(Some(b"a"), Some(b"a")), None);
        assert!(told(None, Some(b"a\n")).unwrap().starts_with("\nsrc/lib.rs  (new)\n"));
        assert!(told(Some(b"a\n"), None).unwrap().starts_with("\nsrc/lib.rs  (gone)\n"));
        assert!(told(Some(b"\xff"), Some(b"a")).unwrap().contains("is no text"));
    }
}
