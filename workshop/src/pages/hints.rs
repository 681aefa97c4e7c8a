//! `hints.md`: questions, and to each an answer in several depths.
//!
//! A question is a heading of the second level. Its depths are `<details>`, one
//! in the other or one after the other, each with a `<summary>`.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::markdown::words;

/// A question, and its answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub title: String,
    /// The answer, deeper and deeper.
    pub depths: Vec<Depth>,
}

/// One depth of an answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Depth {
    /// What is to be found there.
    pub title: String,
    /// What it says, in markdown.
    pub text: String,
    /// The line on which it begins.
    pub line: usize,
}

/// What is wrong with the file, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Something in the file that is more than text, and how far it reaches.
struct Mark {
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Question(String),
    Open,
    Close,
    Summary,
    SummaryEnd,
    Comment,
}

/// Reads the questions.
pub fn parse(file: &str) -> Result<Vec<Question>, Fault> {
    let file = file.replace("\r\n", "\n");
    let line = |place: usize| file[..place].matches('\n').count() + 1;
    let fault = |place: usize, what: &str| Err(Fault { line: line(place), what: what.to_owned() });
    let mut questions: Vec<Question> = Vec::new();
    // The depths that are open, by their numbers, and whether in a summary.
    let mut open: Vec<usize> = Vec::new();
    let mut summary = false;
    let mut done = 0;
    for mark in marks(&file) {
        add(&file[done..mark.start], &mut questions, &open, summary);
        done = mark.end;
        if let (Kind::Question(_), false) = (&mark.kind, open.is_empty()) {
            return fault(mark.start, "a question begins, and a <details> before it is not closed");
        }
        let Some(question) = questions.last_mut() else {
            match mark.kind {
                Kind::Question(title) => questions.push(Question { title, depths: Vec::new() }),
                Kind::Comment => {}
                _ => return fault(mark.start, "there is HTML before the first question (a line with ##)"),
            }
            continue;
        };
        match mark.kind {
            Kind::Question(_) if question.depths.is_empty() => {
                return fault(mark.start, "the question before this one has no answer in <details>");
            }
            Kind::Question(title) => questions.push(Question { title, depths: Vec::new() }),
            Kind::Open if summary => return fault(mark.start, "a <summary> is not closed"),
            Kind::Open => {
                open.push(question.depths.len());
                let depth = Depth { title: String::new(), text: String::new(), line: line(mark.start) };
                question.depths.push(depth);
            }
            Kind::Close => match open.pop() {
                None => return fault(mark.start, "</details> closes nothing"),
                Some(_) if summary => return fault(mark.start, "a <summary> is not closed"),
                Some(depth) if question.depths[depth].title.trim().is_empty() => {
                    return fault(mark.start, "this <details> has no <summary>");
                }
                Some(_) => {}
            },
            Kind::Summary if summary || open.is_empty() => {
                return fault(mark.start, "<summary> is not at the beginning of a <details>");
            }
            Kind::Summary => summary = true,
            Kind::SummaryEnd if !summary => return fault(mark.start, "</summary> closes nothing"),
            Kind::SummaryEnd => summary = false,
            Kind::Comment => {}
        }
    }
    if !open.is_empty() {
        return fault(file.len(), "the file ends, and a <details> is not closed");
    }
    match questions.last() {
        None => return fault(0, "there is no question in it (a line with ##)"),
        Some(last) if last.depths.is_empty() => {
            return fault(file.len(), "the last question has no answer in <details>");
        }
        Some(_) => {}
    }
    for question in &mut questions {
        for depth in &mut question.depths {
            depth.title = words(&depth.title);
            depth.text = depth.text.trim_matches('\n').trim_end().to_owned();
        }
    }
    Ok(questions)
}

fn add(text: &str, questions: &mut [Question], open: &[usize], summary: bool) {
    if let (Some(question), Some(depth)) = (questions.last_mut(), open.last()) {
        let depth = &mut question.depths[*depth];
        let part = if summary { &mut depth.title } else { &mut depth.text };
        part.push_str(text);
    }
}

fn marks(file: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut heading: Option<usize> = None;
    for (event, range) in Parser::new(file).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => heading = Some(range.start),
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                if let Some(start) = heading.take() {
                    let title = words(file[start..range.end].trim_start_matches('#'));
                    marks.push(Mark { start, end: range.end, kind: Kind::Question(title) });
                }
            }
            Event::Html(_) | Event::InlineHtml(_) => tags(&file[range.clone()], range.start, &mut marks),
            _ => {}
        }
    }
    marks
}

fn tags(html: &str, offset: usize, marks: &mut Vec<Mark>) {
    let mut done = 0;
    while let Some(start) = html[done..].find('<').map(|start| done + start) {
        let comment = html[start..].starts_with("<!--");
        let end = if comment { "-->" } else { ">" };
        let Some(length) = html[start..].find(end) else { return };
        done = start + length + end.len();
        let inside = html[start + 1..done - 1].to_ascii_lowercase();
        let kind = match inside.split_ascii_whitespace().next() {
            _ if comment => Kind::Comment,
            Some("details") => Kind::Open,
            Some("/details") => Kind::Close,
            Some("summary") => Kind::Summary,
            Some("/summary") => Kind::SummaryEnd,
            _ => continue,
        };
        marks.push(Mark { start: offset + start, end: offset + done, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Hints\n\nEach opens.\n\n## Who is `it`?\n\n<details><summary>Where <code>x</code></summary>\n\n\
        At it.\n<details>\n<summary>Which\nrule</summary>\n\nThis.\n\n```html\n</details>\n## no question\n```\n\
        </details>\nBack again.\n</details>\n\n<!-- </details> -->\n\n## And?\n\n<details open><summary>A</summary>a</details>\n\
        <details><summary>B</summary>\n\nb\n\n</details>\n";

    #[test]
    fn questions_and_their_depths_are_found() {
        for file in [GOOD.to_owned(), GOOD.replace('\n', "\r\n")] {
            let questions = parse(&file).unwrap();
            let titles: Vec<&str> = questions.iter().map(|question| question.title.as_str()).collect();
            assert_eq!(titles, ["Who is `it`?", "And?"]);
            let depths: Vec<(&str, &str, usize)> = questions
                .iter()
                .flat_map(|question| &question.depths)
                .map(|depth| (depth.title.as_str(), depth.text.as_str(), depth.line))
                .collect();
            assert_eq!(
                depths,
                [
                    ("Where `x`", "At it.\n\nBack again.", 7),
                    ("Which rule", "This.\n\n```html\n</details>\n## no question\n```", 10),
                    ("A", "a", 28),
                    ("B", "b", 29),
                ]
            );
        }
    }

    #[test]
    fn what_is_wrong_is_found_with_its_line() {
        for (from, to, line, what) in [
            ("Back again.\n</details>", "Back again.\n", 26, "a question begins, and a <details>"),
            ("b\n\n</details>", "b\n", 33, "the file ends, and a <details>"),
            ("a</details>", "a</details></details>", 28, "</details> closes nothing"),
            ("<summary>A</summary>", "", 28, "this <details> has no <summary>"),
            ("B</summary>", "B", 33, "a <summary> is not closed"),
            ("A</summary>", "A</summary></summary>", 28, "</summary> closes nothing"),
            ("## Who", "Who", 7, "there is HTML before the first question"),
            ("<!-- </details> -->", "## Really?", 26, "the question before this one has no answer"),
        ] {
            let file = GOOD.replacen(from, to, 1);
            assert_ne!(file, GOOD);
            let fault = parse(&file).unwrap_err();
            assert!(fault.what.starts_with(what) && fault.line == line, "{from:?}: {fault:?}");
        }
        assert_eq!(parse("# Hints\n").unwrap_err().line, 1);
        assert_eq!(parse("## Why?\n").unwrap_err().what, "the last question has no answer in <details>");
    }
}
