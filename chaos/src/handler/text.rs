//! Opaque texts with the fresh ids taken out.
//!
//! Ids that are drawn at random make one and the same state appear under many
//! names. So the engine never stores a message, document or event as it is: it
//! cuts the fresh ids out (they are recognisable by their mark, see
//! [`MessageId::FRESH_MARK`]), interns what is left as a *template*, and keeps
//! the ids beside it as small numbers. Renaming the ids of a whole world is
//! then a matter of renumbering, and hashing it never touches a text.
//!
//! **Assumption.** The handler treats fresh ids as names: it compares them for
//! equality, derives from them with [`MessageId::derive`], and stores them as
//! UUID text (with or without hyphens, lower case) or as their 16 bytes. It
//! does not order by them. [`Naming`] lets a test repeat a search with another
//! assignment of ids; a handler that keeps to the assumption gives the same
//! counts and verdicts.

use std::sync::Arc;

use ports::MessageId;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use uuid::Uuid;

/// A fresh id: a number within a world, or within one delivery.
pub(crate) type Id = u32;

/// A few fresh ids, in order of appearance.
pub(crate) type Ids = SmallVec<[Id; 4]>;

/// An interned template.
pub(crate) type TextId = u32;

/// A text: its template, and the ids that go into the holes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Text {
    pub(crate) template: TextId,
    pub(crate) ids: Ids,
}

impl Text {
    /// The text with its ids renumbered.
    pub(crate) fn map(&self, mut renumber: impl FnMut(Id) -> Id) -> Self {
        Self { template: self.template, ids: self.ids.iter().map(|&id| renumber(id)).collect() }
    }

    /// The text of an etag: nothing but one id.
    pub(crate) fn etag(id: Id) -> Self {
        Self { template: Texts::ETAG, ids: SmallVec::from_slice(&[id]) }
    }
}

/// How a fresh id is written in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Hyphenated,
    Simple,
    Bytes,
}

/// A place in a template where an id goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Hole {
    /// Where in the bytes of the template.
    at: usize,
    form: Form,
    /// The names by which the id that is written here was derived from the
    /// fresh one, outermost last.
    derivation: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
struct Template {
    bytes: Vec<u8>,
    holes: Vec<Hole>,
}

/// Which ids the numbers of one delivery stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// Later ids are larger.
    #[default]
    Ascending,
    /// Later ids are smaller.
    Descending,
}

impl Naming {
    const TOP: u64 = 1 << 40;

    /// The one that `CHAOS_NAMING` asks for: with `descending`, every search of
    /// a test run is made with other ids than usual, for comparison.
    pub(crate) fn asked_for() -> Self {
        match std::env::var("CHAOS_NAMING") {
            Ok(naming) if naming == "descending" => Self::Descending,
            _ => Self::Ascending,
        }
    }

    /// The id that a number stands for, all of them moved by `offset`.
    pub(crate) fn id(self, number: Id, offset: u64) -> MessageId {
        MessageId::fresh(match self {
            Self::Ascending => offset + u64::from(number) + 1,
            Self::Descending => offset + Self::TOP - u64::from(number),
        })
    }

    fn number(self, id: MessageId, offset: u64) -> Option<Id> {
        let serial = id.serial()?.checked_sub(offset)?;
        let number = match self {
            Self::Ascending => serial.checked_sub(1)?,
            Self::Descending => Self::TOP.checked_sub(serial)?,
        };
        Id::try_from(number).ok()
    }
}

/// All templates of one search.
#[derive(Debug)]
pub(crate) struct Texts {
    index: FxHashMap<Arc<Template>, TextId>,
    templates: Vec<Arc<Template>>,
    naming: Naming,
    /// By how much all ids are moved just now.
    offset: u64,
}

impl Texts {
    /// The template of an etag, always interned first.
    const ETAG: TextId = 0;
    /// A move of all ids to others, in the same order.
    const ELSEWHERE: u64 = 0x0123_4567_89ab << 8;

    pub(crate) fn new(naming: Naming) -> Self {
        let mut texts = Self { index: FxHashMap::default(), templates: Vec::new(), naming, offset: 0 };
        let etag = Template {
            bytes: Vec::new(),
            holes: vec![Hole { at: 0, form: Form::Hyphenated, derivation: Vec::new() }],
        };
        assert_eq!(texts.intern_template(etag), Self::ETAG);
        texts
    }

    pub(crate) fn naming(&self) -> (Naming, u64) {
        (self.naming, self.offset)
    }

    /// Lets all numbers stand for other ids, or for the usual ones again.
    pub(crate) fn rename_all(&mut self, elsewhere: bool) {
        self.offset = if elsewhere { Self::ELSEWHERE } else { 0 };
    }

    /// Cuts the ids out of a text and interns the rest.
    pub(crate) fn intern(&mut self, text: &[u8]) -> Text {
        let mut template = Template { bytes: Vec::with_capacity(text.len()), holes: Vec::new() };
        let mut ids = Ids::new();
        let mut rest = text;
        while let Some((skipped, length, form, id)) = find_mark(rest) {
            let (before, from_mark) = rest.split_at(skipped);
            template.bytes.extend_from_slice(before);
            match self.ancestry(id) {
                Some((number, derivation)) => {
                    template.holes.push(Hole { at: template.bytes.len(), form, derivation });
                    ids.push(number);
                    rest = &from_mark[length..];
                }
                None => {
                    template.bytes.push(from_mark[0]);
                    rest = &from_mark[1..];
                }
            }
        }
        template.bytes.extend_from_slice(rest);
        Text { template: self.intern_template(template), ids }
    }

    fn intern_template(&mut self, template: Template) -> TextId {
        if let Some(&id) = self.index.get(&template) {
            return id;
        }
        let id = TextId::try_from(self.templates.len()).expect("fewer than 2^32 different texts");
        let template = Arc::new(template);
        self.templates.push(Arc::clone(&template));
        self.index.insert(template, id);
        id
    }

    /// The number of the fresh id that `id` goes back to, and how.
    fn ancestry(&self, id: MessageId) -> Option<(Id, Vec<String>)> {
        let mut derivation = Vec::new();
        let mut ancestor = id;
        while let Some((parent, name)) = ancestor.descent() {
            derivation.push(name);
            ancestor = parent;
        }
        derivation.reverse();
        Some((self.naming.number(ancestor, self.offset)?, derivation))
    }

    /// Writes the ids back into a text.
    pub(crate) fn bytes(&self, text: &Text) -> Vec<u8> {
        let template = &self.templates[text.template as usize];
        let mut bytes = Vec::with_capacity(template.bytes.len() + 36 * template.holes.len());
        let mut from = 0;
        for (hole, &number) in template.holes.iter().zip(&text.ids) {
            bytes.extend_from_slice(&template.bytes[from..hole.at]);
            from = hole.at;
            let id = hole
                .derivation
                .iter()
                .fold(self.naming.id(number, self.offset), |id, name| id.derive(name))
                .as_uuid();
            match hole.form {
                Form::Hyphenated => bytes.extend_from_slice(id.hyphenated().to_string().as_bytes()),
                Form::Simple => bytes.extend_from_slice(id.simple().to_string().as_bytes()),
                Form::Bytes => bytes.extend_from_slice(id.as_bytes()),
            }
        }
        bytes.extend_from_slice(&template.bytes[from..]);
        bytes
    }

    /// The text as a string; what is not UTF-8 is replaced.
    pub(crate) fn string(&self, text: &Text) -> String {
        String::from_utf8_lossy(&self.bytes(text)).into_owned()
    }

    /// Whether texts of this template have fresh ids in them.
    pub(crate) fn has_ids(&self, template: TextId) -> bool {
        !self.templates[template as usize].holes.is_empty()
    }

    /// How many bytes the text has.
    pub(crate) fn len(&self, text: &Text) -> usize {
        let template = &self.templates[text.template as usize];
        template
            .holes
            .iter()
            .map(|hole| match hole.form {
                Form::Hyphenated => 36,
                Form::Simple => 32,
                Form::Bytes => 16,
            })
            .sum::<usize>()
            + template.bytes.len()
    }

    /// How many templates there are.
    pub(crate) fn count(&self) -> usize {
        self.templates.len()
    }
}

/// The first id with the fresh mark in `text`: its place, length, form and
/// value.
fn find_mark(text: &[u8]) -> Option<(usize, usize, Form, MessageId)> {
    const MARK: [u8; 4] = MessageId::FRESH_MARK;
    const HEX: &[u8; 8] = b"f5e54f1d";
    (0..text.len().saturating_sub(15)).find_map(|at| {
        let here = &text[at..];
        if here.starts_with(HEX) {
            let parse = |length: usize| Uuid::try_parse_ascii(here.get(..length)?).ok();
            if let Some(id) = parse(36) {
                return Some((at, 36, Form::Hyphenated, id.into()));
            }
            return parse(32).map(|id| (at, 32, Form::Simple, id.into()));
        }
        here.starts_with(&MARK)
            .then(|| (at, 16, Form::Bytes, Uuid::from_slice(&here[..16]).expect("16 bytes").into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(naming: Naming, text: &[u8], ids: &[Id]) {
        let mut texts = Texts::new(naming);
        let interned = texts.intern(text);
        assert_eq!(interned.ids.as_slice(), ids);
        assert_eq!(texts.bytes(&interned), text);
        assert_eq!(texts.len(&interned), text.len());
    }

    #[test]
    fn every_form_of_an_id_is_found_and_put_back() {
        for naming in [Naming::Ascending, Naming::Descending] {
            let (a, b) = (naming.id(3, 0), naming.id(8, 0).derive("x").derive("y"));
            let mut text = format!("a {a}, b {}{a} ", b.as_uuid().simple()).into_bytes();
            text.extend_from_slice(b.as_uuid().as_bytes());
            text.extend_from_slice(b" f5e54f1d and out");
            round_trip(naming, &text, &[3, 8, 3, 8]);
            round_trip(naming, b"", &[]);
            round_trip(naming, &MessageId::FRESH_MARK, &[]);
            round_trip(naming, MessageId::named("plain").to_string().as_bytes(), &[]);
        }
    }

    #[test]
    fn the_same_text_under_other_names_is_the_same_template() {
        let mut texts = Texts::new(Naming::Ascending);
        let of = |n: Id| format!("{{\"id\":\"{}\"}}", Naming::Ascending.id(n, 0).derive("out"));
        let (one, two) = (texts.intern(of(1).as_bytes()), texts.intern(of(2).as_bytes()));
        assert_eq!(one.template, two.template);
        assert_ne!(one.ids, two.ids);
        let renamed = one.map(|id| id + 1);
        assert_eq!(renamed, two);
        assert_eq!(texts.string(&renamed), of(2));
        let other_name = texts.intern(Naming::Ascending.id(1, 0).derive("in").to_string().as_bytes());
        let plain = texts.intern(Naming::Ascending.id(1, 0).to_string().as_bytes());
        assert_ne!(other_name.template, plain.template);
        assert_eq!(plain, Text::etag(1));
    }
}
