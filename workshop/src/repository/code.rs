//! The code of a Rust source, without what is said about it: comments, blank
//! lines, imports, visibility and lints are left out, and what is left is told
//! apart into items.
//!
//! The sources are our own, and formatted: an item begins at the margin, a member
//! of an `impl` or a `trait` four columns further in. So this need not be a
//! parser, and every line keeps its number.

/// A line of code, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the source, from 1.
    pub number: usize,
    /// What it says, with its indentation.
    pub text: String,
}

/// An item, or a member of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is called: `process`; an `impl`, and what closes it, as it begins.
    pub name: String,
    /// The `impl` or `trait` that it is a member of, as that begins.
    pub owner: Option<String>,
    /// Its lines, with its attributes.
    pub lines: Vec<Line>,
}

impl Item {
    /// Whether two items say the same, wherever they stand.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.lines.iter().map(|line| &line.text).eq(other.lines.iter().map(|line| &line.text))
    }

    /// The `impl` or `trait` that it frames, or is a member of.
    pub fn home(&self) -> Option<&str> {
        match &self.owner {
            None if has_members(&self.name) => Some(&self.name),
            owner => owner.as_deref(),
        }
    }

    /// Whether this name stands in it by itself, and is not that of a function
    /// that begins there.
    pub fn mentions(&self, name: &str) -> bool {
        self.says(name, |before| {
            !before.ends_with('.') && !before.ends_with("::") && !before.ends_with("fn ")
        })
    }

    /// Whether a member of this name is asked for in it.
    pub fn mentions_member(&self, name: &str) -> bool {
        self.says(name, |before| before.ends_with('.') || before.ends_with("::"))
    }

    fn says(&self, name: &str, after: impl Fn(&str) -> bool) -> bool {
        self.lines.iter().any(|line| {
            let mut places = line.text.match_indices(name);
            places.any(|(place, _)| {
                let (before, rest) = (&line.text[..place], &line.text[place + name.len()..]);
                !before.ends_with(is_of_a_word) && !rest.starts_with(is_of_a_word) && after(before)
            })
        })
    }
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The names in a text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_of_a_word(c)).filter(|word| !word.is_empty())
}

/// What is imported: each `use`, on one line.
pub fn imports(source: &str) -> Vec<String> {
    let mut imports = Vec::new();
    let mut lines = lines_of(source).into_iter().map(|line| line.text);
    while let Some(mut text) = lines.next() {
        if text.starts_with("use ") {
            while !text.ends_with(';') {
                let Some(more) = lines.next() else { break };
                text = format!("{text} {}", more.trim());
            }
            imports.push(text);
        }
    }
    imports
}

/// The items of a source, in order.
pub fn items(source: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut owner: Option<String> = None;
    let mut attributes: Vec<Line> = Vec::new();
    let mut lines = lines_of(source).into_iter().peekable();
    while let Some(line) = lines.next() {
        let margin = line.text.len() - line.text.trim_start().len();
        let text = line.text.trim_start().to_owned();
        let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '#')
            && text != "where"
            && (margin == 0 || (margin == 4 && owner.is_some()));
        if margin == 0 && text == "}" && owner.is_some() {
            let name = owner.take().unwrap_or_default();
            items.push(Item { name, owner: None, lines: vec![line] });
        } else if begins && (text.starts_with("use ") || is_a_file(&text)) {
            let mut end = text;
            while !end.ends_with(';') {
                let Some(more) = lines.next() else { break };
                end = more.text;
            }
            attributes.clear();
        } else if begins && text.starts_with('#') {
            if !says_nothing(&text) {
                attributes.push(line);
            }
        } else if begins {
            let mut whole = std::mem::take(&mut attributes);
            whole.push(line);
            if margin == 0 && has_members(&text) {
                let mut head = text;
                while !head.ends_with(['{', '}']) {
                    let Some(more) = lines.next() else { break };
                    head = format!("{head} {}", more.text.trim());
                    whole.push(more);
                }
                let name = head.trim_end_matches(['{', '}', ' ']).to_owned();
                owner = head.ends_with('{').then(|| name.clone());
                items.push(Item { name, owner: None, lines: whole });
            } else {
                let owner = owner.clone().filter(|_| margin == 4);
                items.push(Item { name: name_of(&text), owner, lines: whole });
            }
        } else if let Some(item) = items.last_mut() {
            item.lines.push(line);
        }
    }
    items
}

/// Whether this begins an item that has members.
fn has_members(text: &str) -> bool {
    ["impl ", "impl<", "trait "].iter().any(|word| text.starts_with(word))
}

/// Whether this says that a module is in a file.
fn is_a_file(text: &str) -> bool {
    text.starts_with("mod ") && text.ends_with(';')
}

/// Whether an attribute makes no difference to what is done.
fn says_nothing(attribute: &str) -> bool {
    ["#[must_use", "#[allow(", "#[expect(", "#[path", "#!["].iter().any(|word| attribute.starts_with(word))
}

/// What an item is called, by its first line.
fn name_of(text: &str) -> String {
    let kinds = ["fn", "struct", "enum", "const", "static", "type", "mod", "union", "macro_rules"];
    let mut words = words(text).skip_while(|word| !kinds.contains(word)).peekable();
    // A `const fn` is a function.
    while words.next_if(|word| kinds.contains(word)).is_some() {}
    words.next().unwrap_or(text).to_owned()
}

/// The lines that are left without comments and visibility.
fn lines_of(source: &str) -> Vec<Line> {
    let source = without_comments(&source.replace("\r\n", "\n"));
    let lines = source.lines().enumerate();
    lines
        .map(|(index, text)| Line { number: index + 1, text: without_visibility(text.trim_end()) })
        .filter(|line| !line.text.is_empty())
        .collect()
}

fn without_visibility(line: &str) -> String {
    let text = line.trim_start();
    let margin = &line[..line.len() - text.len()];
    let Some(rest) = text.strip_prefix("pub") else { return line.to_owned() };
    let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    match rest.strip_prefix(' ') {
        Some(rest) => format!("{margin}{rest}"),
        None => line.to_owned(),
    }
}

/// The source with every comment taken out of it, and its line ends left in.
fn without_comments(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (taken, is_code) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if first == '"' {
            (text(rest), true)
        } else if first == '\'' {
            (character(rest), true)
        } else if is_of_a_word(first) {
            // A word as a whole, so that the `r` of a raw text is one.
            let word = rest.find(|c: char| !is_of_a_word(c)).unwrap_or(rest.len());
            let raw = matches!(&rest[..word], "r" | "br" | "cr").then(|| raw_text(&rest[word..])).flatten();
            (word + raw.unwrap_or(0), true)
        } else {
            (first.len_utf8(), true)
        };
        if is_code {
            code += &rest[..taken];
        } else {
            code.extend(rest[..taken].chars().filter(|c| *c == '\n'));
        }
        rest = &rest[taken..];
    }
    code
}

/// How long the comment is with which this begins; comments may be in it.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut place = 0;
    while let Some(two) = rest.as_bytes().get(place..place + 2) {
        match two {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                place += 1;
                continue;
            }
        }
        place += 2;
        if depth == 0 {
            return place;
        }
    }
    rest.len()
}

/// How long the text is, in quotes, with which this begins.
fn text(rest: &str) -> usize {
    let mut escaped = false;
    for (place, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    rest.len()
}

/// How long the raw text is, if this is what follows its `r`.
fn raw_text(rest: &str) -> Option<usize> {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let inner = rest[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(inner.find(&end).map_or(rest.len(), |place| hashes + 1 + place + end.len()))
}

/// How long the character is with which this begins; of a lifetime, its mark.
fn character(rest: &str) -> usize {
    let mut inner = rest[1..].chars();
    match inner.next() {
        Some('\\') => {
            rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(1, |(place, _)| place + 3)
        }
        Some(c) if inner.next() == Some('\'') => 2 + c.len_utf8(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r##"//! What it is.

use std::fmt::{
    self, Debug,
};

/// Provided.
#[path = "there.rs"]
pub mod provided;

/// The store.
pub const STORE: &str = "http://store"; // not a comment, a comment

#[derive(Debug)]
#[allow(dead_code)]
pub struct Thing<'a> {
    /// A field.
    pub name: &'a str,

    quote: char, /* and /* so */ on */
}

impl<'a> Thing<'a> {
    /// Says it.
    ///
    /// # Errors
    #[must_use]
    pub(crate) async fn say(
        &self,
    ) -> String
    where
        Self: Debug,
    {
        // Why.
        let quote = ['"', '\'', '\\'];

        format!(r#"// "{}" is {quote:?}"#, self.name)
    }

    const fn len() -> usize {
        1
    }
}

pub fn outside() {}
"##;

    #[test]
    fn code_is_left_and_what_is_said_about_it_is_not() {
        let items = items(SOURCE);
        let names: Vec<(&str, bool)> =
            items.iter().map(|item| (item.name.as_str(), item.owner.is_some())).collect();
        let frame = ("impl<'a> Thing<'a>", false);
        assert_eq!(
            names,
            [
                ("STORE", false),
                ("Thing", false),
                frame,
                ("say", true),
                ("len", true),
                frame,
                ("outside", false)
            ]
        );
        let told = |item: &Item| item.lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
        assert_eq!(told(&items[0]), ["const STORE: &str = \"http://store\";"]);
        assert_eq!(
            told(&items[1]),
            ["#[derive(Debug)]", "struct Thing<'a> {", "    name: &'a str,", "    quote: char,", "}"]
        );
        assert_eq!(
            told(&items[3]),
            [
                "    async fn say(",
                "        &self,",
                "    ) -> String",
                "    where",
                "        Self: Debug,",
                "    {",
                "        let quote = ['\"', '\\'', '\\\\'];",
                "        format!(r#\"// \"{}\" is {quote:?}\"#, self.name)",
                "    }"
            ]
        );
        let first = &items[3].lines[0];
        assert_eq!(SOURCE.lines().nth(first.number - 1), Some("    pub(crate) async fn say("));
        assert_eq!(imports(SOURCE), ["use std::fmt::{ self, Debug, };"]);
    }

    #[test]
    fn what_is_said_about_it_makes_no_difference() {
        let (one, other) =
            ("/// A.\npub fn a() {\n\n    1\n}\n", "fn a() {\n    // B.\n    1 /* c\n */\n}\n");
        assert!(items(one)[0].says_the_same_as(&items(other)[0]));
        assert!(!items(one)[0].says_the_same_as(&items("fn a() {\n    2\n}\n")[0]));
        let item = &items("fn a() { b::c_d(e).f() }\n")[0];
        assert!(
            !item.mentions("a")
                && item.mentions("b")
                && item.mentions("e")
                && !item.mentions("c_d")
                && !item.mentions("d")
        );
        assert!(item.mentions_member("c_d") && item.mentions_member("f") && !item.mentions_member("e"));
    }
}
