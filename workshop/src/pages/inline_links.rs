//! The links that are written into the text of a page, and where exactly: for whoever
//! rewrites them.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

/// A link or a picture, as `[words](destination)` has it.
#[derive(Debug, PartialEq, Eq)]
pub struct InlineLink {
    /// All of it.
    pub range: Range<usize>,
    /// What it says.
    pub words: Range<usize>,
    /// Where its destination is written.
    pub to: Range<usize>,
    /// Where it leads.
    pub destination: String,
    /// Whether it is a picture.
    pub is_picture: bool,
}

/// Those of a page, in the order of their destinations.
pub fn inline_links(text: &str) -> Vec<InlineLink> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let (is_picture, destination) = match event {
            Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. }) => (false, dest_url),
            Event::Start(Tag::Image { link_type: LinkType::Inline, dest_url, .. }) => (true, dest_url),
            _ => continue,
        };
        let written = &text[range.clone()];
        let Some(middle) = written.rfind("](") else { continue };
        let (words, to) = (range.start + 1 + usize::from(is_picture), range.start + middle + 2);
        let length = text[to..range.end - 1].find(char::is_whitespace).unwrap_or(range.end - 1 - to);
        found.push(InlineLink {
            words: words..range.start + middle,
            to: to..to + length,
            range,
            destination: destination.to_string(),
            is_picture,
        });
    }
    found.sort_by_key(|link| link.to.start);
    found
}

/// Whether a link leads to another host, or is no path at all.
pub fn is_elsewhere(path: &str) -> bool {
    let scheme = path.split_once(':').is_some_and(|(scheme, _)| !scheme.contains('/'));
    scheme || path.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_where_they_are_written() {
        let text = "# A\n\nSee [`a` *b*](c.md#d \"e\"), ![f](g.svg) and <https://h.i>.\n\n| [j](k) |\n|---|\n\n\
                    `[no](no)` [![l](m.png)](n.md)\n";
        let found = inline_links(text);
        let found: Vec<_> =
            found.iter().map(|link| (&text[link.words.clone()], &text[link.to.clone()])).collect();
        assert_eq!(
            found,
            [("`a` *b*", "c.md#d"), ("f", "g.svg"), ("j", "k"), ("l", "m.png"), ("![l](m.png)", "n.md")]
        );
    }

    #[test]
    fn what_is_elsewhere_is_not_followed() {
        for link in ["https://rustup.rs", "mailto:x@y.z", "//host/x"] {
            assert!(is_elsewhere(link), "{link}");
        }
        for link in ["README.md", "../a:b/c", ""] {
            assert!(!is_elsewhere(link) || link.contains(':'), "{link}");
        }
    }
}
