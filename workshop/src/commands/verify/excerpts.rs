//! The excerpts: what a page, a sheet or a slide shows of another file is what
//! that file has; and what was printed says where it is kept.

use std::path::Path;

use super::culprit::{Culprit, Fault};
use crate::pages::excerpt::{Block, Kind, blocks, fixed};
use crate::repository::Repository;
use crate::terminal;

/// The language of stories and verdicts.
const PRINTED: &str = "text";

/// Compares a page with the sources of what it shows; with `fix`, rewrites it.
/// A page that is not there is blamed elsewhere.
pub fn check(repository: &Repository, page: &Path, fix: bool) -> Vec<Culprit> {
    let file = repository.show(page);
    let Ok(text) = read(repository, page, fix) else { return Vec::new() };
    let found = faults(repository, folder(&file), &text);
    found.into_iter().map(|fault| fault.of(&file)).collect()
}

/// Reads a page; with `fix`, what it shows is taken from its sources first.
pub fn read(repository: &Repository, page: &Path, fix: bool) -> std::io::Result<String> {
    let text = std::fs::read_to_string(page)?;
    if fix {
        let new = fixed(repository.root(), folder(&repository.show(page)), &text);
        if new != text && std::fs::write(page, &new).is_ok() {
            return Ok(new);
        }
    }
    Ok(text)
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn faults(repository: &Repository, folder: &str, text: &str) -> Vec<Fault> {
    let lines: Vec<&str> = text.lines().collect();
    blocks(&lines)
        .iter()
        .filter_map(|block| match (&block.kind, block.source(folder, &lines)) {
            (Kind::Code(info), Ok(None)) if info == PRINTED => {
                (!repository.is_handout()).then(|| without_source(block, PRINTED))
            }
            _ => fault(repository.root(), folder, &lines, block),
        })
        .collect()
}

/// What is wrong with a block that names a source, if it does.
pub fn fault(root: &Path, folder: &str, lines: &[&str], block: &Block) -> Option<Fault> {
    let named = block.named + 1;
    let shown = &lines[block.shown.clone()];
    let source = match block.source(folder, lines) {
        Ok(source) => source?,
        Err(error) => return Some(Fault::new(named, format!("the source: {error:#}"), "mend the line")),
    };
    match source.lines(root) {
        Err(error) => Some(Fault::new(named, format!("the source: {error:#}"), "mend the line")),
        Ok(wanted) if wanted == shown => None,
        Ok(_) => {
            let run = format!("run {}", terminal::code("cargo workshop verify --pages --fix"));
            Some(Fault::new(named, "it is not what its source has", run))
        }
    }
}

/// A block that shows what it has from elsewhere, and does not say from where.
pub fn without_source(block: &Block, language: &str) -> Fault {
    let what = format!("{language} that does not say where it was taken from");
    Fault::new(block.named + 1, what, "name its source after the language: a path, #item, from, to")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Do it\n\n```text solutions/01-a/tests/snapshots/page__verdicts.snap\nHOLDS: 2\n```\n\n\
        ```sh\nls\n```\n\n[excerpt]: ../../solutions/01-a/tests/snapshots/page__price.snap\n\n| a |\n|---|\n| 1 |\n\nMore.\n";

    #[test]
    fn a_page_is_compared_with_what_was_kept() {
        let root = tempfile::tempdir().unwrap();
        let snapshots = root.path().join("solutions/01-a/tests/snapshots");
        std::fs::create_dir_all(&snapshots).unwrap();
        let keep = |name: &str, text: &str| {
            std::fs::write(snapshots.join(name), format!("---\nsource: x\n---\n{text}\n")).unwrap();
        };
        keep("page__verdicts.snap", "HOLDS: 2");
        keep("page__price.snap", "| a |\n|---|\n| 1 |");
        let folder = "exercises/01-a";
        let found = |text: &str| faults(&Repository::at(root.path()), folder, text);
        assert!(found(PAGE).is_empty(), "{:?}", found(PAGE));

        keep("page__verdicts.snap", "HOLDS: 3");
        keep("page__price.snap", "| a |\n|---|\n| 1 |\n| 2 |");
        let both = found(PAGE);
        assert_eq!(both.iter().map(|fault| fault.line).collect::<Vec<_>>(), [3, 11], "{both:?}");
        assert!(both.iter().all(|fault| fault.what == "it is not what its source has"), "{both:?}");
        let new = fixed(root.path(), folder, PAGE);
        assert_eq!(new, PAGE.replace("HOLDS: 2", "HOLDS: 3").replace("| 1 |\n", "| 1 |\n| 2 |\n"));
        assert!(found(&new).is_empty(), "{:?}", found(&new));
    }

    #[test]
    fn what_was_printed_says_where_it_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let repository = Repository::at(root.path());
        for (text, sentence) in [
            ("```text\nHOLDS: 2\n```\n", "text that does not say where it was taken from"),
            ("```text gone.snap\nHOLDS: 2\n```\n", "the source: gone.snap is not there"),
            ("[excerpt]: ../x.snap\n\n| a |\n", "leads out of the repository"),
        ] {
            let found = faults(&repository, "", text);
            let [fault] = &found[..] else { panic!("{text:?}: {found:?}") };
            assert!(fault.what.contains(sentence) && fault.line == 1, "{fault:?}");
        }
        assert!(faults(&repository, "", "```\na -> b\n```\n\n```sh\nls\n```\n").is_empty());
        // In a handout, what was kept has stayed behind.
        std::fs::write(root.path().join("HANDOUT.md"), "").unwrap();
        assert!(faults(&repository, "", "```text\nHOLDS: 2\n```\n").is_empty());
    }
}
