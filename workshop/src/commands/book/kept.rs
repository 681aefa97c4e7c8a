//! What is kept beside our solutions, a chapter each: what it is, the story that it
//! comes to, and how it differs from ours.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::page::fenced;
use crate::pages::excerpt::Source;
use crate::render;
use crate::repository::{Compared, Exercise, Mistake, Repository, solutions};

/// Wrong answers that are no code: predictions, where an exercise asks for them.
const PREDICTION: &str = "txt";

/// Something that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    kind: Kind,
    /// Its name, as that of a module.
    name: String,
    /// Where it is, from the root of the repository.
    path: String,
    /// The golden files with its stories.
    stories: Vec<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    Mistake(Mistake),
    Alternative(Mistake),
    Prediction,
}

impl Kept {
    /// All of an exercise: mistakes, wrong predictions, and other right answers.
    pub fn all(repository: &Repository, exercise: &Exercise) -> Result<Vec<Self>> {
        let kept = |kind: Kind, name: &str, path: &Path| Self {
            kind,
            name: name.to_owned(),
            path: repository.show(path),
            stories: Vec::new(),
        };
        let mut all: Vec<Self> = Mistake::all(repository, exercise)?
            .into_iter()
            .map(|mistake| kept(Kind::Mistake(mistake.clone()), &mistake.name, &mistake.path))
            .collect();
        for path in sorted(&repository.solution(&exercise.name).join("mistakes")) {
            if path.extension().is_some_and(|extension| extension == PREDICTION) {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                all.push(kept(Kind::Prediction, &name, &path));
            }
        }
        let snapshots = repository.solution(&exercise.name).join("tests").join("snapshots");
        for path in sorted(&snapshots) {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let story = file.strip_prefix("mistakes__").and_then(|file| file.strip_suffix(".snap"));
            let Some(story) = story.filter(|story| !story.ends_with(".facts")) else { continue };
            // One may have several, and begin as another one does.
            let owner = all.iter_mut().filter(|kept| story.starts_with(&kept.name.replace('_', "-")));
            if let Some(owner) = owner.max_by_key(|kept| kept.name.len()) {
                owner.stories.push(repository.show(&path));
            }
        }
        let others = Mistake::alternatives(repository, exercise)?;
        all.extend(
            others.into_iter().map(|other| kept(Kind::Alternative(other.clone()), &other.name, &other.path)),
        );
        Ok(all)
    }

    /// Its name, as the sentence that it is.
    pub fn title(&self) -> String {
        let words = self.name.replace('_', " ");
        match self.kind {
            Kind::Prediction => format!("Predicted: {words}"),
            Kind::Mistake(_) => format!("It {words}"),
            Kind::Alternative(_) => format!("Also right: it {words}"),
        }
    }

    /// Where it is in the book.
    pub fn chapter(&self) -> String {
        Path::new(&self.path).with_extension("md").to_string_lossy().into_owned()
    }

    /// The files that it is about.
    pub fn files(&self) -> impl Iterator<Item = String> {
        let facts = self.stories.iter().map(|story| story.replace(".snap", ".facts.snap"));
        [self.path.clone()].into_iter().chain(self.stories.clone()).chain(facts.collect::<Vec<_>>())
    }

    /// The page on it, as it would stand beside its file.
    pub fn page(&self, repository: &Repository, exercise: &Exercise) -> Result<String> {
        let number = &exercise.name.number;
        let title = self.title();
        let of = format!("[{number} · {}](../../../{})", exercise.title, exercise.page());
        let mut text = format!("# {title}\n\n");
        let read = || {
            fs::read_to_string(repository.root().join(&self.path))
                .with_context(|| format!("{} cannot be read", self.path))
        };
        match &self.kind {
            Kind::Mistake(mistake) => {
                text += &format!("A mistake in {of}.\n\n{}", paragraphs(mistake));
                text += &self.told(repository)?;
                text += &difference(repository, exercise, mistake, "to the mistake")?;
                text += &format!(
                    "## See it live\n\n```sh\ncargo workshop story {number} --mistake {0}\ncargo workshop diff \
                     {number} --mistake {0} --spoil\n```\n",
                    self.name
                );
            }
            Kind::Alternative(other) => {
                text += &format!("Another right answer to {of}.\n\n{}", paragraphs(other));
                text += &difference(repository, exercise, other, "to this one")?;
            }
            Kind::Prediction => {
                text += &format!("A wrong prediction of {of}.\n\n{}\n", fenced("text", &read()?));
                text += &self.told(repository)?;
            }
        }
        Ok(text)
    }

    /// Its stories, or that there is none.
    fn told(&self, repository: &Repository) -> Result<String> {
        let mut text = String::new();
        for path in &self.stories {
            let source = Source { path: path.clone(), ..Source::default() };
            let lines = source.lines(repository.root())?.join("\n") + "\n";
            let heading = if text.is_empty() { "## What it comes to\n\n" } else { "" };
            text += &format!("{heading}{}\n", fenced("text", &lines));
        }
        if text.is_empty() {
            text =
                "No story of it is kept: [its test](../tests/mistakes.rs) says what finds it.\n\n".to_owned();
        }
        Ok(text)
    }

    fn list_item(&self) -> String {
        let file = Path::new(&self.path).strip_prefix("solutions").unwrap_or(Path::new(&self.path));
        let file: Vec<_> = file.components().skip(1).map(|part| part.as_os_str().to_string_lossy()).collect();
        format!("- [{}]({})\n", self.title(), file.join("/"))
    }
}

/// The page that lists what is kept of an exercise, as it would stand beside its
/// solution.
pub fn list(repository: &Repository, exercise: &Exercise, kept: &[Kept]) -> Result<String> {
    let mut text = format!(
        "# Mistakes and other answers of {0}\n\nFor after [{0} · {1}](../../{2}) is green.\n\n",
        exercise.name.number,
        exercise.title,
        exercise.page()
    );
    let items = |wanted: fn(&Kind) -> bool| -> String {
        kept.iter().filter(|kept| wanted(&kept.kind)).map(Kept::list_item).collect()
    };
    for (heading, items) in [
        ("Tempting, and wrong", items(|kind| matches!(kind, Kind::Mistake(_)))),
        ("Wrong predictions", items(|kind| matches!(kind, Kind::Prediction))),
        ("Right, in another way", items(|kind| matches!(kind, Kind::Alternative(_)))),
    ] {
        if !items.is_empty() {
            text += &format!("## {heading}\n\n{items}\n");
        }
    }
    let ours = solutions::written(repository, exercise)?;
    let mut files = String::new();
    for path in ours.paths() {
        let path: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let path = path.join("/");
        files += &format!("- [`{path}`]({path})\n");
    }
    Ok(text + &format!("## Our solution\n\n{files}"))
}

fn paragraphs(answer: &Mistake) -> String {
    answer.comment().iter().map(|paragraph| format!("{paragraph}\n\n")).collect()
}

/// How it differs from ours, for whoever unfolds it.
fn difference(repository: &Repository, exercise: &Exercise, answer: &Mistake, to: &str) -> Result<String> {
    let Compared { ours, theirs } = answer.compared(repository, exercise)?;
    let (go, come) = render::changed_lines(&ours, &theirs);
    let diff = fenced("diff", &render::changed_code_on_a_page(&ours, &theirs));
    let whole = fs::read_to_string(&answer.path)
        .with_context(|| format!("{} cannot be read", repository.show(&answer.path)))?;
    let unfolded = |summary: &str, code: &str| {
        format!("<details>\n<summary>{summary}</summary>\n\n{code}\n</details>\n\n")
    };
    let lines = format!("From our solution (-) {to} (+): lines that go: {go}, that come: {come}");
    Ok("## How it differs\n\n".to_owned()
        + &unfolded(&lines, &diff)
        + &unfolded("The whole file", &fenced("rust", &whole)))
}

fn sorted(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
