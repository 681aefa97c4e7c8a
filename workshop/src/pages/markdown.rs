//! Markdown as plain text: what the terminal shows of a page or a hint; and without what
//! is not for every reader.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::terminal;

/// The text without its marks: paragraphs wrapped, code indented, no HTML.
pub fn plain(markdown: &str, indent: &str) -> String {
    let mut writer = Writer { indent: indent.to_owned(), ..Writer::default() };
    for event in Parser::new(markdown) {
        writer.take(event);
    }
    writer.end_paragraph();
    writer.text.trim_end().to_owned() + "\n"
}

/// The words of a heading or a summary, in one line.
pub fn words(markdown: &str) -> String {
    let mut writer = Writer { one_line: true, ..Writer::default() };
    for event in Parser::new(markdown) {
        writer.take(event);
    }
    writer.end_paragraph();
    writer.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page without its comments, such as the notes below a slide.
pub fn without_comments(text: &str) -> String {
    let mut new = text.to_owned();
    let found: Vec<_> = Parser::new_ext(text, Options::ENABLE_TABLES)
        .into_offset_iter()
        .filter(|(event, range)| {
            matches!(event, Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_))
                && text[range.clone()].starts_with("<!--")
                && text[range.clone()].trim_end().ends_with("-->")
        })
        .map(|(_, range)| range)
        .collect();
    for range in found.into_iter().rev() {
        new.replace_range(range, "\n");
    }
    new
}

#[derive(Default)]
struct Writer {
    text: String,
    indent: String,
    paragraph: String,
    /// What stands before the next paragraph: the mark of a list item.
    mark: String,
    /// The lists that this is in, with the next number of each that has one.
    lists: Vec<Option<u64>>,
    /// Where the links lead that this is in.
    links: Vec<String>,
    code: Option<String>,
    one_line: bool,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.paragraph.push_str(&text),
            },
            Event::Code(code) => {
                let code = if self.one_line { format!("`{code}`") } else { terminal::code(&code) };
                self.paragraph.push_str(&code);
            }
            Event::Html(html) | Event::InlineHtml(html) => self.paragraph.push_str(&without_tags(&html)),
            Event::SoftBreak | Event::HardBreak => self.paragraph.push(' '),
            Event::Rule => self.end_paragraph(),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.end_paragraph();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.end_paragraph();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_paragraph();
                self.mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.links.push(dest_url.to_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                let indent = format!("{}  ", self.margin());
                self.text += &(terminal::lines(&code, &indent) + "\n");
            }
            TagEnd::List(_) => {
                self.end_paragraph();
                self.lists.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                let to = self.links.pop().unwrap_or_default();
                if !to.is_empty() && !self.paragraph.ends_with(&to) {
                    self.paragraph.push_str(&format!(" ({to})"));
                }
            }
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::HtmlBlock => self.end_paragraph(),
            _ => {}
        }
    }

    fn margin(&self) -> String {
        self.indent.clone() + &"  ".repeat(self.lists.len())
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        if text.trim().is_empty() {
            return;
        }
        let mark = std::mem::take(&mut self.mark);
        let margin = self.margin();
        // The mark of a list item hangs out of its text.
        let hang = margin.len().saturating_sub(mark.len()).max(self.indent.len());
        self.text += &terminal::hanging(&mark, &text, &margin[..hang]);
        self.text.push('\n');
    }
}

/// What HTML says: code is marked as such, and all else is left out.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text += &rest[..start];
        let end = if rest[start..].starts_with("<!--") { "-->" } else { ">" };
        let Some(length) = rest[start..].find(end) else { return text };
        let tag = &rest[start..start + length + end.len()];
        if ["<code>", "</code>"].contains(&tag) {
            text.push('`');
        }
        rest = &rest[start + tag.len()..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_shown_as_plain_text() {
        let markdown = "At `a b` and **there**,\nsee [the page](README.md#x) &lt; *it*<!-- no -->.\n\n\
                        ```rust\nlet a = 1; // <b>\n\n    b\n```\n\n- one\n  more\n- two\n\n3. three\n4. four\n\n\
                        <p>Why <code>async</code>?</p>\n";
        assert_eq!(
            plain(markdown, "  "),
            "  At `a b` and there, see the page (README.md#x) < it.\n\n    let a = 1; // <b>\n\n        b\n\n\
             \x20 - one more\n\n  - two\n\n  3. three\n\n  4. four\n\n  Why `async`?\n"
        );
        assert_eq!(words("Is `it` *a*\n<code>x</code>?"), "Is `it` a `x`?");
    }

    #[test]
    fn nothing_is_wider_than_80_columns() {
        let markdown = format!("{0}\n\n```\n{0}\n{1}\n```\n\n- {0}\n", "word ".repeat(40), "x".repeat(200));
        assert!(plain(&markdown, "    ").lines().all(|line| line.chars().count() <= 80));
    }
}
