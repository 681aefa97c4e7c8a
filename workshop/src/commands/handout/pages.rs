//! The pages of a handout: a link to what has stayed behind is a word there, and
//! no link; what they show of it stands there by itself.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};

use crate::pages::excerpt::without_sources;
use crate::pages::inline_links::inline_links;
use crate::repository::ANSWERS;

/// What is no page of ours.
const NOT_OURS: [&str; 2] = ["vendor", "target"];

/// Goes through all pages of a handout.
pub fn unlink_all(handout: &Path) -> Result<()> {
    unlink_below(handout, handout)
}

fn unlink_below(handout: &Path, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry.with_context(|| format!("{} cannot be read", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !NOT_OURS.contains(&&*name) && !name.starts_with('.') {
                unlink_below(handout, &path)?;
            }
        } else if name.ends_with(".md") {
            unlink(handout, &path)?;
        }
    }
    Ok(())
}

/// Leaves only the links of a page that lead somewhere, and names only sources that are
/// there.
pub fn unlink(handout: &Path, page: &Path) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))?;
    let folder = page.parent().unwrap_or(page);
    let parts = folder.strip_prefix(handout).unwrap_or(folder).iter().map(|part| part.to_string_lossy());
    let shown = parts.collect::<Vec<_>>().join("/");
    let new = without_dead_links(&text, |path| folder.join(path).exists());
    let new = without_sources(&shown, &new, |path| !handout.join(path).exists());
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
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_words() {
        let text = "# A\n\nSee [the *day*](AGENDA.md#one-day), [here](hints.md#why), [there](https://x.y/z)\n\
                    and [below](#a); `[code](gone.md)`.\n\n| a |\n|---|\n\
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
