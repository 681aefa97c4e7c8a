//! The links on a page: those that stay in the repository lead somewhere.

use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::culprit::Culprit;
use crate::commands::folder::without_detours;
use crate::pages::inline_links::is_elsewhere;
use crate::repository::Repository;

/// Follows the links of a page. One that is not there is blamed elsewhere.
pub fn check(repository: &Repository, page: &Path) -> Vec<Culprit> {
    let Ok(text) = std::fs::read_to_string(page) else { return Vec::new() };
    let mut culprits = Vec::new();
    for (line, link) in links(&text) {
        if let Some(what) = fault(repository, page, &text, &link) {
            let file = format!("{}:{line}", repository.show(page));
            culprits.push(Culprit::new(file, format!("the link to {link:?}: {what}"), "mend the link"));
        }
    }
    culprits
}

/// What is wrong with a link, if it stays here.
fn fault(repository: &Repository, page: &Path, text: &str, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    if is_elsewhere(path) {
        return None;
    }
    let (file, target) = if path.is_empty() {
        (repository.show(page), text.to_owned())
    } else {
        // From the root where it begins with a slash, as it is shown on the web.
        let start = if path.starts_with('/') { repository.root() } else { page.parent()? };
        let Some(place) = resolved(repository, &start.join(path.trim_start_matches('/'))) else {
            return Some("it leads out of the repository".to_owned());
        };
        let file = repository.show(&place);
        if !place.exists() {
            return Some(format!("{file} is not there"));
        }
        // Only the headings of pages are known.
        if place.extension().is_none_or(|extension| extension != "md") {
            return None;
        }
        (file, std::fs::read_to_string(&place).unwrap_or_default())
    };
    let anchor = anchor.filter(|anchor| !anchor.is_empty())?;
    (!anchors(&target).iter().any(|known| known == anchor))
        .then(|| format!("{file} has no heading for #{anchor}"))
}

/// The path without `.` and `..`, if it stays in the repository.
fn resolved(repository: &Repository, path: &Path) -> Option<PathBuf> {
    let plain = without_detours(path);
    plain.starts_with(repository.root()).then_some(plain)
}

/// The links of a page, with the lines on which they stand.
pub fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let line = text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                found.push((line, dest_url.to_string()));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let links = ["href=\"", "src=\""].into_iter().flat_map(|name| values(&html, name));
                found.extend(links.map(|link| (line, link)));
            }
            _ => {}
        }
    }
    found
}

/// The anchors of a page: its headings, as they are named on the web, and those
/// that are written out.
fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::End(TagEnd::Heading(_)), Some(title)) => {
                let slug = slug(title);
                let again = (1..).map(|n| format!("{slug}-{n}")).find(|name| !found.contains(name));
                found.push(if found.contains(&slug) { again.unwrap_or_default() } else { slug });
                heading = None;
            }
            (Event::Text(text) | Event::Code(text), Some(title)) => title.push_str(&text),
            (Event::Html(html) | Event::InlineHtml(html), _) => {
                found.extend(["id=\"", "name=\""].into_iter().flat_map(|name| values(&html, name)));
            }
            _ => {}
        }
    }
    found
}

/// The anchor of a heading.
pub fn slug(title: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
    title.trim().to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn values(html: &str, name: &str) -> Vec<String> {
    let ends = html.split(name).skip(1);
    ends.filter_map(|rest| rest.split_once('"')).map(|(value, _)| value.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_anchors_are_found() {
        let text = "# A `b`, c!\n\n## Same\n## Same\n<a id=\"mine\"></a>\n\n[x](y.md#z) ![i](p.png)\n\n\
                    | a |\n|---|\n| [t](u) |\n\n```\n[no](no)\n```\n<a href=\"h.md\">h</a>\n";
        assert_eq!(anchors(text), ["a-b-c", "same", "same-1", "mine"]);
        let found: Vec<String> =
            links(text).into_iter().map(|(line, link)| format!("{line} {link}")).collect();
        assert_eq!(found, ["7 y.md#z", "7 p.png", "11 u", "16 h.md"]);
        assert_eq!(slug("05 · The state machine runner"), "05--the-state-machine-runner");
    }
}
