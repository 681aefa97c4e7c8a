//! The mistakes of an exercise: tempting wrong answers, each a file of our
//! solution, and what is wrong with it told in the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::code::{self, Item};
use super::exercise::Exercise;
use super::paths::Repository;
use super::solutions;
use crate::terminal;

/// A mistake that was made on purpose.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// Its name, as that of a module.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    source: String,
}

/// The code of our solution, and that of a mistake, as far as they are to be
/// compared.
#[derive(Debug)]
pub struct Compared {
    /// Ours.
    pub ours: Vec<Item>,
    /// The mistake's.
    pub theirs: Vec<Item>,
}

impl Mistake {
    /// Every mistake of an exercise that is code, in the order of their names.
    pub fn all(repository: &Repository, exercise: &Exercise) -> Result<Vec<Self>> {
        Self::all_in(repository, exercise, "mistakes")
    }

    /// The other right answers, which are kept, and compared with ours, as mistakes are.
    pub fn alternatives(repository: &Repository, exercise: &Exercise) -> Result<Vec<Self>> {
        Self::all_in(repository, exercise, "alternatives")
    }

    fn all_in(repository: &Repository, exercise: &Exercise, folder: &str) -> Result<Vec<Self>> {
        let folder = repository.solution(&exercise.name).join(folder);
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
        paths.sort();
        let read = |path: PathBuf| {
            let source = fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", repository.show(&path)))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Self { name, path, source: source.replace("\r\n", "\n") })
        };
        paths.into_iter().map(read).collect()
    }

    /// The one that the user means: with `_`, with `-` or with spaces, as in the
    /// sentence that its name is. An error, if this copy has none.
    pub fn choose(repository: &Repository, exercise: &Exercise, text: &str) -> Result<Self> {
        let name = &exercise.name;
        let mistakes = Self::all(repository, exercise)?;
        if mistakes.is_empty() {
            // In a handout, the solution may be missing, too.
            solutions::of(repository, exercise)?;
            bail!(
                "there are no mistakes of {} here: in a handout, ask the instructor to unlock them with {}",
                name,
                terminal::code(&format!("cargo workshop handout DIR --unlock {} --mistakes", name.number))
            );
        }
        let plain =
            |text: &str| text.trim().trim_end_matches(".rs").to_ascii_lowercase().replace(['-', ' '], "_");
        let names: Vec<String> = mistakes.iter().map(|mistake| mistake.name.clone()).collect();
        mistakes.into_iter().find(|mistake| mistake.name == plain(text)).with_context(|| {
            let shown: String = text.chars().take(60).collect();
            format!("{name} has no mistake {shown:?}; there are {}", names.join(", "))
        })
    }

    /// What is wrong with it, and why it is tempting: the comment at its top, in
    /// paragraphs.
    pub fn comment(&self) -> Vec<String> {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        let text: Vec<&str> = lines.collect();
        let paragraphs = text.split(|line| line.is_empty()).map(|lines| lines.join(" "));
        paragraphs.filter(|paragraph| !paragraph.is_empty()).collect()
    }

    /// Its code, and what there is of our solution to compare it with.
    ///
    /// That is what the mistake has as well, and what this needs, unless the
    /// mistake takes it from our library. The rest (an endpoint that the mistake
    /// is not asked for, a stretch) says nothing about it.
    pub fn compared(&self, repository: &Repository, exercise: &Exercise) -> Result<Compared> {
        let theirs = code::items(&self.source);
        let names: BTreeSet<&str> = theirs.iter().map(|item| item.name.as_str()).collect();
        let files = sources(repository, exercise)?;
        let common = |items: &[Item]| items.iter().filter(|item| names.contains(item.name.as_str())).count();
        // The last of the greatest: our library, if it has as much as another file.
        let place = (0..files.len()).max_by_key(|&place| common(&files[place])).unwrap_or(0);
        let main: BTreeSet<String> =
            files.get(place).into_iter().flatten().map(|item| item.name.clone()).collect();
        let ours: Vec<Item> = files
            .into_iter()
            .enumerate()
            .flat_map(|(at, items)| items.into_iter().map(move |item| (at, item)))
            .filter(|(at, item)| *at == place || !main.contains(&item.name))
            .map(|(_, item)| item)
            .collect();
        let imported = self.imported(exercise);
        let wanted = needed(&ours, &theirs, &imported);
        let ours = ours
            .into_iter()
            .enumerate()
            .filter(|(at, _)| wanted.contains(at))
            .map(|(_, item)| item)
            .collect();
        Ok(Compared { ours, theirs })
    }

    /// What it takes from our library.
    fn imported(&self, exercise: &Exercise) -> BTreeSet<String> {
        let library = exercise.name.package().replace('-', "_");
        let imports = code::imports(&self.source);
        let from_us = imports.iter().filter(|import| import.starts_with(&format!("use {library}::")));
        from_us.flat_map(|import| code::words(import)).map(str::to_owned).collect()
    }
}

/// The places of those of ours that stand next to the mistake's: the same ones,
/// and what they need.
fn needed(ours: &[Item], theirs: &[Item], imported: &BTreeSet<String>) -> BTreeSet<usize> {
    let in_common = |item: &Item| {
        // `react` of one machine is not that of another.
        let is_same = |other: &Item| match implements(item) {
            Some(_) => (&other.name, &other.owner) == (&item.name, &item.owner),
            None => other.name == item.name && other.owner.is_some() == item.owner.is_some(),
        };
        theirs.iter().any(is_same)
    };
    let is_imported = |item: &Item| match item.home() {
        Some(home) => code::words(home).any(|word| imported.contains(word)),
        None => imported.contains(&item.name),
    };
    let mut needed = BTreeSet::new();
    let mut next: Vec<usize> = (0..ours.len()).filter(|&at| in_common(&ours[at])).collect();
    while let Some(at) = next.pop() {
        if !needed.insert(at) {
            continue;
        }
        let item = &ours[at];
        let needs = |other: &Item| match (&other.owner, implements(other)) {
            (_, Some(of)) => item.mentions(of),
            (Some(_), None) => item.home() == other.home() && item.mentions_member(&other.name),
            (None, None) => item.owner.as_ref() == Some(&other.name) || item.mentions(&other.name),
        };
        next.extend((0..ours.len()).filter(|&at| needs(&ours[at]) && !is_imported(&ours[at])));
    }
    needed
}

/// The type for which an item implements a trait: it is needed where that is.
fn implements(item: &Item) -> Option<&str> {
    let (_, of) = item.home()?.split_once(" for ")?;
    code::words(of).next()
}

/// What we have written of a solution, a file each; the library is the last.
fn sources(repository: &Repository, exercise: &Exercise) -> Result<Vec<Vec<Item>>> {
    let ours = solutions::written(repository, exercise)?;
    let library = Path::new("src").join("lib.rs");
    let mut paths: Vec<_> =
        ours.paths().filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect();
    paths.sort_by_key(|path| (*path == library, path.to_path_buf()));
    let text = |path| String::from_utf8_lossy(ours.get(path).unwrap_or_default()).into_owned();
    Ok(paths.into_iter().map(|path| code::items(&text(path))).collect())
}
