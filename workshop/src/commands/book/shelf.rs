//! Which pages the book has, in which part, and where each is found.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use super::gallery::Report;
use super::kept::Kept;
use crate::pages::front_matter::{self, FrontMatter};
use crate::pages::markdown;
use crate::repository::{ANSWERS, Exercise, HANDOUT, Repository};

/// What a page is made of.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A page of the repository, by its path.
    Page(String),
    /// What is kept beside our solution of an exercise, as a list.
    List(Box<Exercise>, Vec<Kept>),
    /// A mistake, a wrong prediction or another right answer.
    Kept(Box<Exercise>, Kept),
    /// A published bug.
    Report(Report),
    /// A file or a folder that a page links to.
    Code,
}

/// A page of the book.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is called.
    pub title: String,
    /// Where it is in the book: the path of its chapter.
    pub chapter: String,
    /// What it is made of.
    pub origin: Origin,
    /// Whether it is for those who want it: a search does not find it.
    pub is_hidden: bool,
    /// What belongs to it.
    pub children: Vec<Entry>,
}

impl Entry {
    /// The chapter on a file or a folder.
    pub fn code(path: &str, chapter: String) -> Self {
        Self { title: path.to_owned(), chapter, origin: Origin::Code, is_hidden: true, children: Vec::new() }
    }
}

/// The pages, in parts.
#[derive(Debug)]
pub struct Shelf {
    parts: Vec<(&'static str, Vec<Entry>)>,
    /// The chapter of each file that has one.
    chapters: BTreeMap<String, String>,
}

impl Shelf {
    /// All that there is to be read in this copy of the workshop.
    pub fn of(repository: &Repository) -> Result<Self> {
        let exercises = Exercise::all(repository)?;
        let pages = |paths: Vec<String>| -> Result<Vec<Entry>> {
            let there = paths.into_iter().filter(|path| repository.root().join(path).is_file());
            there.map(|path| page(repository, &path)).collect()
        };
        let in_folder = |folder: &'static str| {
            let names = front_matter::names(repository, folder).into_iter();
            names.map(move |name| format!("{folder}/{name}.md").trim_start_matches('/').to_owned())
        };
        let (mut tasks, mut answers) = (Vec::new(), Vec::new());
        for exercise in &exercises {
            let folder = format!("exercises/{}", exercise.name);
            let mut entries = pages(vec![exercise.page()])?;
            let mut hints = pages(vec![format!("{folder}/hints.md")])?;
            hints.iter_mut().for_each(|hints| hints.is_hidden = true);
            if let Some(page) = entries.first_mut() {
                page.children.append(&mut hints);
            }
            tasks.append(&mut entries);
            let mut found = pages(vec![format!("{folder}/{ANSWERS}")])?;
            found.extend(solution(repository, exercise)?);
            found.iter_mut().for_each(|entry| entry.is_hidden = true);
            answers.append(&mut found);
        }
        let first = ["papers/at-hand.md", "papers/glossary.md"].map(str::to_owned);
        let room = ["INSTRUCTOR.md", "AGENDA.md"].map(str::to_owned);
        let your_own = ["papers/your-own.md", "papers/your-own-answers.md"].map(str::to_owned).to_vec();
        let elsewhere: Vec<&String> = first.iter().chain(&your_own).collect();
        let papers: Vec<String> = in_folder("papers").filter(|path| !elsewhere.contains(&path)).collect();
        let sheets = in_folder("brainstorms");
        let of_slides = ["slides/README.md".to_owned()];
        let read_first = ["README.md".to_owned(), HANDOUT.to_owned()];
        let mut gallery = pages(vec!["gallery/README.md".to_owned()])?;
        if let Some(page) = gallery.first_mut() {
            page.children = Report::all(repository)?.iter().map(report).collect();
        }
        let mut others: Vec<String> = in_folder("").collect();
        others.retain(|path| !read_first.contains(path) && !room.contains(path));
        others.push("solutions/KILLS.md".to_owned());
        let parts = vec![
            ("", pages(read_first.to_vec())?),
            ("At hand", pages(first.to_vec())?),
            ("Exercises", tasks),
            ("Once you are green", answers),
            ("For a handler of your own", pages(your_own)?.into_iter().chain(gallery).collect()),
            ("Slides, to be read", pages(in_folder("slides").collect())?),
            (
                "For whoever teaches",
                pages(room.into_iter().chain(sheets).chain(papers).chain(of_slides).collect())?,
            ),
            ("For maintainers", pages(others)?),
        ];
        let mut shelf = Self { parts, chapters: BTreeMap::new() };
        shelf.chapters = shelf.entries().into_iter().flat_map(files).collect();
        Ok(shelf)
    }

    /// Every page, in the order of the book.
    pub fn entries(&self) -> Vec<&Entry> {
        fn walk<'a>(entries: &'a [Entry], found: &mut Vec<&'a Entry>) {
            for entry in entries {
                found.push(entry);
                walk(&entry.children, found);
            }
        }
        let mut found = Vec::new();
        self.parts.iter().for_each(|(_, entries)| walk(entries, &mut found));
        found
    }

    /// The chapter on a file, or on what is in a folder.
    pub fn chapter_on(&self, path: &str) -> Option<&str> {
        self.chapters.get(path).map(String::as_str)
    }

    /// The table of contents, as mdBook has it; what is in no part comes last.
    pub fn summary(&self, code: &[Entry]) -> String {
        fn list(entries: &[Entry], indent: &str, text: &mut String) {
            for entry in entries {
                *text += &format!("{indent}- {}\n", link(entry));
                list(&entry.children, &format!("{indent}  "), text);
            }
        }
        let mut text = "# Summary\n".to_owned();
        for (part, entries) in
            self.parts.iter().map(|(part, entries)| (*part, &entries[..])).chain([("Code", code)])
        {
            if entries.is_empty() {
                continue;
            }
            text.push('\n');
            if part.is_empty() {
                entries.iter().for_each(|entry| text += &format!("{}\n", link(entry)));
            } else {
                text += &format!("# {part}\n\n");
                list(entries, "", &mut text);
            }
        }
        text
    }
}

fn link(entry: &Entry) -> String {
    format!("[{}]({})", entry.title.replace(['[', ']'], ""), entry.chapter)
}

/// The files that a page is about, and links to which lead to it.
fn files(entry: &Entry) -> Vec<(String, String)> {
    let to = |path: String| (path, entry.chapter.clone());
    match &entry.origin {
        // A link to a folder leads to its page.
        Origin::Page(path) => {
            let folder = path.strip_suffix("/README.md").map(str::to_owned);
            folder.into_iter().chain([path.clone()]).map(to).collect()
        }
        Origin::List(exercise, _) => ["", "/mistakes", "/alternatives"]
            .map(|folder| to(format!("solutions/{}{folder}", exercise.name)))
            .into(),
        Origin::Kept(_, kept) => kept.files().map(to).collect(),
        Origin::Report(report) => report.files().map(to).into(),
        Origin::Code => Vec::new(),
    }
}

/// A page of the repository. README.md is what is shown first of its folder.
fn page(repository: &Repository, path: &str) -> Result<Entry> {
    let text =
        fs::read_to_string(repository.root().join(path)).with_context(|| format!("{path} cannot be read"))?;
    let front = FrontMatter::parse(&text).and_then(|front| front.title()).ok();
    let heading = || text.lines().find_map(|line| line.strip_prefix("# ")).map(markdown::words);
    let title = front.or_else(heading).with_context(|| format!("{path} has no heading"))?;
    Ok(Entry {
        title,
        chapter: match path.strip_suffix("README.md") {
            Some(folder) => format!("{folder}index.md"),
            None => path.to_owned(),
        },
        origin: Origin::Page(path.to_owned()),
        is_hidden: false,
        children: Vec::new(),
    })
}

/// A published bug, which is no secret.
fn report(report: &Report) -> Entry {
    Entry {
        title: report.title(),
        chapter: report.chapter(),
        origin: Origin::Report(report.clone()),
        is_hidden: false,
        children: Vec::new(),
    }
}

/// What is kept of an exercise, below a list of it.
fn solution(repository: &Repository, exercise: &Exercise) -> Result<Option<Entry>> {
    let kept = Kept::all(repository, exercise)?;
    if kept.is_empty() {
        return Ok(None);
    }
    let children = kept.iter().map(|kept| Entry {
        title: kept.title(),
        chapter: kept.chapter(),
        origin: Origin::Kept(Box::new(exercise.clone()), kept.clone()),
        is_hidden: true,
        children: Vec::new(),
    });
    Ok(Some(Entry {
        title: format!("Mistakes and other answers of {}", exercise.name.number),
        chapter: format!("solutions/{}/index.md", exercise.name),
        children: children.collect(),
        origin: Origin::List(Box::new(exercise.clone()), kept),
        is_hidden: true,
    }))
}
