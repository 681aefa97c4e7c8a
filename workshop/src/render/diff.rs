//! What differs between two texts: unified, with the numbers of the lines.

use std::collections::BTreeSet;
use std::path::Path;

use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, TextDiff};

use crate::repository::Files;
use crate::repository::code::{Item, Line};
use crate::terminal::{BAD, FAINT, GOOD, STRONG, columns, paint, width};

/// What changes from some files to others.
pub struct Changes {
    /// It, file by file; nothing, if nothing does.
    pub text: String,
    /// What changes and is not told: files, and comments.
    pub left_out: Vec<String>,
}

/// What changes from some files to others: the code of the task; with `all`, the
/// comments in it, too, and after it the stretch tasks.
pub fn changes(from: &Files, to: &Files, all: bool) -> Changes {
    let paths: BTreeSet<&Path> = from.paths().chain(to.paths()).collect();
    let (code, rest): (Vec<&Path>, Vec<&Path>) = paths.into_iter().partition(|path| is_code(path));
    let mut changes = Changes { text: String::new(), left_out: Vec::new() };
    let mut comments = 0;
    for path in code.into_iter().chain(rest) {
        let told = match all || is_code(path) {
            true => in_file(path, from.get(path), to.get(path), (!all).then_some(&mut comments)),
            false => {
                let different = in_file(path, from.get(path), to.get(path), None).is_some();
                changes.left_out.extend(different.then(|| in_words(path)));
                None
            }
        };
        changes.text += told.as_deref().unwrap_or_default();
    }
    if comments > 0 {
        let lines = if comments == 1 { "line" } else { "lines" };
        changes.left_out.push(format!("{comments} {lines} of comment"));
    }
    changes
}

/// Whether it is part of the task, and not of a stretch task.
fn is_code(path: &Path) -> bool {
    !path.iter().any(|part| part == "stretch")
}

fn in_words(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What changes in a file, if anything does. Where `comments` are counted, they are not
/// told.
fn in_file(
    path: &Path,
    from: Option<&[u8]>,
    to: Option<&[u8]>,
    comments: Option<&mut usize>,
) -> Option<String> {
    if from == to {
        return None;
    }
    let heading = |which: &str| format!("\n{}{}\n", paint(STRONG, &in_words(path)), paint(FAINT, which));
    let Some(to) = to else { return Some(heading("  (gone)")) };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).map(|text| text.replace("\r\n", "\n"));
    match (text(from.unwrap_or_default()), text(to)) {
        (Ok(before), Ok(after)) if before == after && from.is_some() => None,
        (Ok(before), Ok(after)) => {
            let told = hunks(&before, &after, comments);
            let heading = heading(if from.is_none() { "  (new)" } else { "" });
            (!told.is_empty() || from.is_none()).then(|| heading + &told)
        }
        _ => Some(heading("") + "  It differs, and is no text.\n"),
    }
}

/// What changes from some code to other code, with the items that it is in.
pub fn changed_code(from: &[Item], to: &[Item]) -> String {
    let numbers = from.iter().chain(to).flat_map(|item| &item.lines).map(|line| line.number);
    let digits = numbers.max().unwrap_or(0).to_string().len();
    let mut text = String::new();
    for (place, lines) in places(from, to) {
        text += &format!("{}\n", paint(FAINT, &format!("@@ {place} @@")));
        for (tag, number, line) in lines {
            text += &told(tag, line, number, digits);
        }
    }
    text
}

/// The same in plain characters, without numbers: for a page.
pub fn changed_code_on_a_page(from: &[Item], to: &[Item]) -> String {
    let mut text = String::new();
    for (place, lines) in places(from, to) {
        text += &format!("@@ {place} @@\n");
        for (tag, _, line) in lines {
            text += &format!("{tag}{line}\n");
        }
    }
    text
}

/// A line of a difference, with its number: where it was, if it goes, and else where
/// it is.
type Told<'a> = (ChangeTag, Option<usize>, &'a str);

/// What changes, place by place; a place is an item.
fn places<'a>(from: &'a [Item], to: &'a [Item]) -> Vec<(&'a str, Vec<Told<'a>>)> {
    let (from, to) = (Side::of(from), Side::of(to));
    let (before, after) = (from.texts(), to.texts());
    let diff = TextDiff::from_slices(&before, &after);
    let mut places = Vec::new();
    for operations in diff.grouped_ops(3) {
        let changes: Vec<_> = operations.iter().flat_map(|operation| diff.iter_changes(operation)).collect();
        // Where the first difference is, and not where its surroundings begin.
        let first = changes.iter().find(|change| change.tag() != ChangeTag::Equal);
        let place = first.and_then(|change| match (change.old_index(), change.new_index()) {
            (Some(index), None) => from.lines.get(index),
            (_, index) => to.lines.get(index?),
        });
        let place = place.map_or("", |(item, _)| *item);
        let lines = changes.into_iter().map(|change| {
            let line = match change.tag() {
                ChangeTag::Delete => change.old_index().map(|index| from.lines[index].1),
                _ => change.new_index().map(|index| to.lines[index].1),
            };
            (change.tag(), line.map(|line| line.number), line.map_or("", |line| &line.text))
        });
        places.push((place, lines.collect()));
    }
    places
}

/// How many lines of code go, and how many come.
pub fn changed_lines(from: &[Item], to: &[Item]) -> (usize, usize) {
    let (from, to) = (Side::of(from), Side::of(to));
    let (before, after) = (from.texts(), to.texts());
    let diff = TextDiff::from_slices(&before, &after);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    (count(ChangeTag::Delete), count(ChangeTag::Insert))
}

/// Lines of code, each with the name of its item.
struct Side<'a> {
    lines: Vec<(&'a str, &'a Line)>,
}

impl<'a> Side<'a> {
    fn of(items: &'a [Item]) -> Self {
        let lines = |item: &'a Item| item.lines.iter().map(|line| (item.name.as_str(), line));
        Self { lines: items.iter().flat_map(lines).collect() }
    }

    fn texts(&self) -> Vec<&'a str> {
        self.lines.iter().map(|(_, line)| line.text.as_str()).collect()
    }
}

/// Each line has one number: where it was, if it goes, and else where it is. Where
/// `comments` are counted, those that go or come are not told.
fn hunks(from: &str, to: &str, mut comments: Option<&mut usize>) -> String {
    let diff = TextDiff::from_lines(from, to);
    let digits = from.lines().count().max(to.lines().count()).to_string().len();
    let mut text = String::new();
    for operations in diff.grouped_ops(3) {
        let mut changes: Vec<_> =
            operations.iter().flat_map(|operation| diff.iter_changes(operation)).collect();
        if let Some(comments) = &mut comments {
            let before = changes.len();
            changes.retain(|change| {
                change.tag() == ChangeTag::Equal || !change.value().trim_start().starts_with("//")
            });
            **comments += before - changes.len();
            let tells = |change: &similar::Change<&str>| {
                change.tag() != ChangeTag::Equal && !change.value().trim().is_empty()
            };
            if before > changes.len() && !changes.iter().any(tells) {
                continue;
            }
        }
        text += &format!("{}\n", paint(FAINT, &UnifiedHunkHeader::new(&operations).to_string()));
        for change in changes {
            let index = match change.tag() {
                ChangeTag::Delete => change.old_index(),
                _ => change.new_index(),
            };
            text += &told(change.tag(), change.value(), index.map(|index| index + 1), digits);
        }
    }
    text
}

/// One line of a difference, in as many as it takes.
fn told(tag: ChangeTag, line: &str, number: Option<usize>, digits: usize) -> String {
    let (mark, style) = match tag {
        ChangeTag::Delete => ("-", Some(BAD)),
        ChangeTag::Insert => ("+", Some(GOOD)),
        ChangeTag::Equal => (" ", None),
    };
    let mut number = number.map_or(String::new(), |number| number.to_string());
    let mut text = String::new();
    for part in parts(line, width() - digits - 2) {
        let line = format!("{mark}{part}");
        let line = style.map_or(line.clone(), |style| paint(style, &line));
        text += &format!("{} {line}\n", paint(FAINT, &format!("{number:>digits$}")));
        number.clear();
    }
    text
}

/// A line of code, in as many parts as it takes, broken at spaces where there
/// are any; what would move the cursor is shown as something that does not.
fn parts(line: &str, room: usize) -> Vec<String> {
    let line = line.trim_end().replace('\t', "    ");
    let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let margin = " ".repeat((columns(&line) - columns(line.trim_start()) + 4).min(room / 2));
    let mut parts = Vec::new();
    let mut rest = line.as_str();
    let mut indent = "";
    while columns(indent) + columns(rest) > room {
        let limit = rest.char_indices().nth(room - columns(indent)).map_or(rest.len(), |(place, _)| place);
        let head = &rest[..limit];
        let words = head.trim_start();
        let end = match words.rfind(' ') {
            Some(space) => head.len() - words.len() + space + 1,
            None => limit,
        };
        parts.push(format!("{indent}{}", rest[..end].trim_end()));
        rest = &rest[end..];
        indent = &margin;
    }
    parts.push(format!("{indent}{rest}").trim_end().to_owned());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_the_numbers_of_its_lines() {
        let told = hunks("a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nD\x1b[31m\ne\nf\ng\nh\n", None);
        let told = anstream::adapter::strip_str(&told).to_string();
        assert_eq!(
            told,
            "@@ -1,7 +1,8 @@\n1  a\n2  b\n3  c\n4 -d\n4 +D\u{fffd}[31m\n5  e\n6  f\n7  g\n8 +h\n"
        );
    }

    #[test]
    fn a_page_has_the_difference_as_a_diff() {
        let code = |body: &str| crate::repository::code::items(&format!("fn a() {{\n    {body}\n}}\n"));
        let told = changed_code_on_a_page(&code("b();"), &code("c();"));
        assert_eq!(told, "@@ a @@\n fn a() {\n-    b();\n+    c();\n }\n");
    }

    #[test]
    fn long_lines_go_on_in_the_next() {
        for line in [format!("    {}", "x".repeat(150)), "    let word = ".repeat(20), "ü ".repeat(100)] {
            let told = hunks("", &(line.clone() + "\n"), None);
            let told = anstream::adapter::strip_str(&told).to_string();
            let lines: Vec<&str> = told.lines().skip(1).collect();
            assert!(lines.len() > 2 && lines.iter().all(|line| columns(line) <= width()), "{told}");
            assert!(lines[0].starts_with("1 +") && lines[1].starts_with("  +    "), "{told}");
            let squeeze = |text: &str| text.chars().filter(|c| !" +1".contains(*c)).collect::<String>();
            assert_eq!(squeeze(&lines.concat()), squeeze(&line));
        }
    }

    #[test]
    fn comments_are_counted_where_the_code_is_asked_for() {
        let (from, to) = ("a\nb\n", "a\n// Why.\n//! More.\nc\n");
        let mut comments = 0;
        let told = anstream::adapter::strip_str(&hunks(from, to, Some(&mut comments))).to_string();
        assert_eq!((told.as_str(), comments), ("@@ -1,2 +1,4 @@\n1  a\n2 -b\n4 +c\n", 2));
        assert_eq!(hunks("a\n", "// Why.\n\na\n", Some(&mut comments)), "");
        assert!(hunks("a\n", "// Why.\n\na\n", None).contains("// Why."));
    }

    #[test]
    fn files_are_told_apart() {
        let path = Path::new("src").join("lib.rs");
        let told = |from: Option<&[u8]>, to: Option<&[u8]>| {
            in_file(&path, from, to, None).map(|told| anstream::adapter::strip_str(&told).to_string())
        };
        assert_eq!(told(Some(b"a\r\n"), Some(b"a\n")), None);
        assert_eq!(told(Some(b"a"), Some(b"a")), None);
        assert!(told(None, Some(b"a\n")).unwrap().starts_with("\nsrc/lib.rs  (new)\n"));
        assert_eq!(told(Some(b"a\n"), None).unwrap(), "\nsrc/lib.rs  (gone)\n");
        assert!(told(Some(b"\xff"), Some(b"a")).unwrap().contains("is no text"));
    }
}
