//! A page of the repository as a chapter of the book: without what only tools read, and
//! with links that lead to chapters.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use super::kept;
use super::shelf::{Entry, Origin, Shelf};
use crate::pages::excerpt::{from_the_root, without_sources};
use crate::pages::front_matter::FrontMatter;
use crate::pages::inline_links::{inline_links, is_elsewhere};
use crate::pages::markdown::without_comments;
use crate::repository::{ANSWERS, Repository};

/// The chapters as they are written, and what turns out to be needed for them.
pub struct Library<'a> {
    repository: &'a Repository,
    shelf: &'a Shelf,
    /// Files and folders that are linked to and have no chapter yet.
    code: RefCell<BTreeSet<String>>,
    pictures: RefCell<BTreeSet<String>>,
}

impl<'a> Library<'a> {
    /// Nothing is written yet.
    pub fn new(repository: &'a Repository, shelf: &'a Shelf) -> Self {
        Self { repository, shelf, code: RefCell::default(), pictures: RefCell::default() }
    }

    /// The text of a chapter.
    pub fn chapter(&self, entry: &Entry) -> Result<String> {
        let text = match &entry.origin {
            Origin::Page(path) => {
                let text = fs::read_to_string(self.repository.root().join(path))
                    .with_context(|| format!("{path} cannot be read"))?;
                let text = plain(&text.replace("\r\n", "\n"), folder_of(path));
                if path.ends_with(ANSWERS) { folded(&text) } else { text }
            }
            Origin::List(exercise, kept) => kept::list(self.repository, exercise, kept)?,
            Origin::Kept(exercise, kept) => kept.page(self.repository, exercise)?,
            Origin::Report(report) => report.page(self.repository)?,
            // It is written when all others are.
            Origin::Code => String::new(),
        };
        self.linked(&text, &entry.chapter)
    }

    /// The files and folders that chapters link to, and that are no pages.
    pub fn code(&self) -> BTreeSet<String> {
        self.code.borrow().clone()
    }

    /// The pictures that chapters show.
    pub fn pictures(&self) -> BTreeSet<String> {
        self.pictures.borrow().clone()
    }

    /// A page whose links lead to chapters.
    fn linked(&self, text: &str, chapter: &str) -> Result<String> {
        let mut new = text.to_owned();
        for link in inline_links(text).into_iter().rev() {
            let to = self
                .leads_to(&link.destination, chapter, link.is_picture)
                .with_context(|| format!("{chapter}: the link to {:?}", link.destination))?;
            new.replace_range(link.to, &to);
        }
        Ok(new)
    }

    /// Where a link of a page is to lead in the book: chapters stand in the folders of
    /// what they are about.
    fn leads_to(&self, link: &str, chapter: &str, is_picture: bool) -> Result<String> {
        let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
        if path.is_empty() || is_elsewhere(path) {
            return Ok(link.to_owned());
        }
        let folder = folder_of(chapter);
        let path = from_the_root(folder, path)?;
        let path = path.trim_end_matches('/');
        ensure!(self.repository.root().join(path).exists(), "{path} is not there");
        if is_picture {
            self.pictures.borrow_mut().insert(path.to_owned());
            return Ok(link.to_owned());
        }
        let Some(to) = self.shelf.chapter_on(path) else {
            self.code.borrow_mut().insert(path.to_owned());
            return Ok(relative(folder, &code_chapter(path)));
        };
        let anchor = anchor.map_or(String::new(), |anchor| format!("#{anchor}"));
        Ok(relative(folder, to) + &anchor)
    }
}

/// The chapter on a file that is no page.
pub fn code_chapter(path: &str) -> String {
    format!("{path}.md")
}

/// A block of code, in a fence that nothing in it ends.
pub fn fenced(language: &str, text: &str) -> String {
    let longest = text.lines().map(|line| line.trim_start().chars().take_while(|c| *c == '`').count()).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// The folder that a file is in.
fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The way from a folder to a file.
fn relative(folder: &str, file: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = file.split('/').collect();
    let shared = from.iter().zip(&to[..to.len() - 1]).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// A page without front matter, without comments (such as a speaker's notes), and
/// without the sources of what it shows.
fn plain(text: &str, folder: &str) -> String {
    let text = without_sources(folder, text, |_| true);
    let front = FrontMatter::parse(&text).map_or(0, |front| front.lines);
    let lines: Vec<&str> = text.lines().skip(front).collect();
    without_comments(&(lines.join("\n") + "\n"))
}

/// Answers, each folded away below its heading.
fn folded(text: &str) -> String {
    let headings: Vec<_> = Parser::new_ext(text, Options::ENABLE_TABLES)
        .into_offset_iter()
        .filter(|(event, _)| matches!(event, Event::Start(Tag::Heading { level: HeadingLevel::H2, .. })))
        .map(|(_, range)| range)
        .collect();
    let mut new = text[..headings.first().map_or(text.len(), |heading| heading.start)].to_owned();
    for (place, heading) in headings.iter().enumerate() {
        let end = headings.get(place + 1).map_or(text.len(), |next| next.start);
        new += &format!(
            "<details>\n<summary>\n\n{}\n\n</summary>\n\n{}\n\n</details>\n\n",
            text[heading.clone()].trim(),
            text[heading.end..end].trim()
        );
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tools_read_is_left_out() {
        let page = "---\nmarp: true\n---\n\n# A\n\n```text a.snap from=\"b\"\nx <!-- kept -->\n```\n\n\
                    [excerpt]: ../a.md \"from=| a\"\n\n| a |\n|---|\n\n<!--\nSay: no.\n\nAsk: no.\n-->\n\nb <!-- no --> c\n";
        let plain = plain(page, "slides");
        assert_eq!(
            plain.split_whitespace().collect::<Vec<_>>().join(" "),
            "# A ```text x <!-- kept --> ``` | a | |---| b c"
        );
    }

    #[test]
    fn answers_are_folded_below_their_headings() {
        let page = "# Answers\n\nFor after.\n\n## One\n\n1. a\n\n### More\n\nb\n\n## Two\n\nc\n";
        assert_eq!(
            folded(page),
            "# Answers\n\nFor after.\n\n<details>\n<summary>\n\n## One\n\n</summary>\n\n1. a\n\n### More\n\nb\n\n\
             </details>\n\n<details>\n<summary>\n\n## Two\n\n</summary>\n\nc\n\n</details>\n\n"
        );
        assert_eq!(folded("# A\n\nb\n"), "# A\n\nb\n");
    }

    #[test]
    fn ways_are_relative() {
        assert_eq!(relative("", "a/b.md"), "a/b.md");
        assert_eq!(relative("a/b", "a/c.md"), "../c.md");
        assert_eq!(relative("a", "a/c.md"), "c.md");
        assert_eq!(relative("a/b", "c.md"), "../../c.md");
        assert_eq!(relative("a/b", "a"), "../../a");
    }

    #[test]
    fn no_fence_is_ended_by_what_is_in_it() {
        assert_eq!(fenced("text", "a\n  ```\n"), "````text\na\n  ```\n````\n");
        assert_eq!(fenced("text", "a\n"), "```text\na\n```\n");
    }
}
