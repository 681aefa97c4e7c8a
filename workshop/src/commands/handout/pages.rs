//! The pages of a handout: a link to what has stayed behind is a word there, and
//! no link.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};

use crate::pages::inline_links::inline_links;
use crate::repository::ANSWERS;

/// What is no page of ours.
const NOT_OURS: [&str; 2] = ["vendor", "target"];

/// Goes through all pages below a folder.
pub fn unlink_all(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry.with_context(|| format!("{} cannot be read", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !NOT_OURS.contains(&&*name) && !name.starts_with('.') {
                unlink_all(&path)?;
            }
        } else if name.ends_with(".md") {
            unlink(&path)?;
        }
    }
    Ok(())
}

/// Leaves only the links of a page that lead somewhere.
pub fn unlink(page: &Path) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))?;
    let folder = page.parent().unwrap_or(page);
    let new = without_dead_links(&text, |path| folder.join(path).exists());
    if new == text {
        return Ok(());
    }
    fs::write(page, new).with_context(|| format!("{} cannot be written", page.display()))
}

fn without_dead_links(text: &str, exists: impl Fn(&str) -> bool) -> String {
    let is_dead = |link: &str| {
        let path = link.split('#').next().unwrap_or_default();
        !path.is_empty() && !path.contains(':') && !exists(path)
    };
    let mut dead: Vec<(Range<usize>, String)> = Vec::new();
    for link in inline_links(text) {
        if !link.is_picture && is_dead(&link.destination) {
            let is_answers = link.destination.split('#').next() == Some(ANSWERS);
            let words = match is_answers {
                true => format!("`{ANSWERS}`, which comes with our solution"),
                false => text[link.words].to_owned(),
            };
            dead.push((link.range, words));
        }
    }
    let mut new = text.to_owned();
    for (range, words) in dead.into_iter().rev() {
        new.replace_range(range, &words);
    }
    // The source of a table is a link that is not shown.
    let source = |line: &str| {
        let path = line.strip_prefix("[excerpt]:")?.split_whitespace().next()?;
        is_dead(path).then_some(())
    };
    let mut lines = new.lines().peekable();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if source(line).is_some() {
            lines.next_if(|line| line.trim().is_empty());
        } else {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_words() {
        let text = "# A\n\nSee [the *day*](AGENDA.md#one-day), [here](hints.md#why), [there](https://x.y/z)\n\
                    and [below](#a); `[code](gone.md)`.\n\n[excerpt]: ../gone.snap \"from=| a\"\n\n| a |\n|---|\n\
                    | [b](gone) |\n\nThe answers are in\n[answers.md](answers.md#x).\n";
        let new = without_dead_links(text, |path| path == "hints.md");
        assert_eq!(
            new,
            "# A\n\nSee the *day*, [here](hints.md#why), [there](https://x.y/z)\n\
             and [below](#a); `[code](gone.md)`.\n\n| a |\n|---|\n\
             | b |\n\nThe answers are in\n`answers.md`, which comes with our solution.\n"
        );
        assert_eq!(without_dead_links(text, |_| true), text);
    }
}
