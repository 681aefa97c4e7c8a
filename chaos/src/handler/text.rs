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
//! equality, derives from them with [`MessageId::derive`], and stores them whole,
//! in one of the spellings that are [recognised](spelling). It does not order by
//! them. What becomes of a handler that does is seen by an [`Assignment`] of other
//! ids (argument 2 in [`how_it_works`](crate::how_it_works)).

mod spelling;

use std::sync::Arc;

use ports::ids::{Guise, Order};
use ports::{Message, MessageId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

pub(crate) use self::spelling::spellings;
use self::spelling::{Alphabet, Form, Found};
use crate::environment;

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

    /// The id, if the text is nothing but that.
    pub(crate) fn sole_id(&self) -> Option<Id> {
        (self.template == Texts::ETAG).then(|| self.ids[0])
    }
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

/// What a text consists of, in whatever order.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bag {
    bytes: Vec<u8>,
    ids: Vec<(Id, u8, Vec<String>)>,
}

/// Which ids the numbers of one delivery stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// Later ids are larger.
    #[default]
    Ascending,
    /// Later ids are smaller.
    Descending,
    /// Later ids are larger or smaller, and differ in every byte.
    Scrambled,
}

impl Naming {
    /// The one that `CHAOS_NAMING` asks for: with `descending` or `scrambled`,
    /// every search of a test run is made with other ids than usual, for
    /// comparison.
    pub(crate) fn asked_for() -> Self {
        match std::env::var(environment::NAMING).as_deref() {
            Ok("descending") => Self::Descending,
            Ok("scrambled") => Self::Scrambled,
            _ => Self::Ascending,
        }
    }

    fn assignment(self) -> Assignment {
        match self {
            Self::Ascending => Assignment::Rising,
            Self::Descending => Assignment::Falling,
            Self::Scrambled => Assignment::In(Guise { order: Order::Scrambled, salt: 0 }),
        }
    }

    /// Ids of which no byte is as in this naming, in the same order.
    pub(crate) fn in_the_same_order(self, turn: usize) -> Assignment {
        let (order, salts) = match self {
            Self::Ascending => (Order::Rising, Guise::SALTS),
            Self::Descending => (Order::Falling, Guise::SALTS),
            // With other salts, the order is another.
            Self::Scrambled => (Order::Scrambled, 8),
        };
        Assignment::In(Guise { order, salt: 1 + (turn % usize::from(salts - 1)) as u8 })
    }

    /// The same ids in another order, now this one, now that.
    pub(crate) fn in_another_order(self, turn: usize) -> Assignment {
        Assignment::In(match (self, turn % 4) {
            (Self::Ascending | Self::Scrambled, 0) => Guise { order: Order::Reversed, salt: 0 },
            (Self::Descending, 0) | (Self::Scrambled, 1) => Guise { order: Order::Rising, salt: 0 },
            (_, turn) => Guise { order: Order::Scrambled, salt: 8 * turn as u8 },
        })
    }
}

/// Which ids all numbers stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assignment {
    Rising,
    Falling,
    In(Guise),
}

impl Assignment {
    const TOP: u64 = (1 << 40) - 1;
    /// Any two ids are in this order in one of these, and in that order in another.
    pub(crate) const LASTING: [Self; 4] = [
        Self::In(Guise { order: Order::Reversed, salt: 0 }),
        Self::In(Guise { order: Order::Scrambled, salt: 8 }),
        Self::In(Guise { order: Order::Scrambled, salt: 16 }),
        Self::In(Guise { order: Order::Rising, salt: 0 }),
    ];

    /// The id that a number stands for.
    pub(crate) fn id(self, number: Id) -> MessageId {
        let rising = || MessageId::fresh(u64::from(number) + 1);
        match self {
            Self::Rising => rising(),
            Self::Falling => MessageId::fresh(Self::TOP - u64::from(number)),
            // There are few ids in a guise, and a delivery with more of them than
            // that is not looked at in one.
            Self::In(guise) => MessageId::in_guise(number, guise).unwrap_or_else(rising),
        }
    }

    fn number(self, id: MessageId) -> Option<Id> {
        let serial = id.serial()?;
        let number = match self {
            Self::Rising | Self::In(_) => serial.checked_sub(1)?,
            Self::Falling => Self::TOP.checked_sub(serial)?,
        };
        Id::try_from(number).ok().filter(|&number| self.id(number) == id)
    }
}

/// All templates of one search.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    index: FxHashMap<Arc<Template>, TextId>,
    templates: Vec<Arc<Template>>,
    naming: Naming,
    assignment: Assignment,
    /// Templates that were met while other ids were tried on. They are numbered
    /// downwards, and soon forgotten.
    tried_on: Vec<Template>,
    /// Whether other ids are tried on just now.
    trying_on: bool,
    /// In whose texts ids of larger numbers are nobody's.
    numbers: Id,
    /// Ids that look fresh, and that nobody handed out.
    strangers: FxHashSet<MessageId>,
    /// Those that were met just now.
    newcomers: Vec<MessageId>,
    /// In which alphabet ids are written in base 64, as far as it was seen.
    alphabet: Option<Alphabet>,
    /// Whether an id was written in an alphabet that had to be guessed.
    guessed: std::cell::Cell<bool>,
}

impl Texts {
    /// The template of an etag, always interned first.
    const ETAG: TextId = 0;

    pub(crate) fn new(naming: Naming) -> Self {
        let mut texts = Self {
            index: FxHashMap::default(),
            templates: Vec::new(),
            naming,
            assignment: naming.assignment(),
            tried_on: Vec::new(),
            trying_on: false,
            numbers: Id::MAX,
            strangers: FxHashSet::default(),
            newcomers: Vec::new(),
            alphabet: None,
            guessed: std::cell::Cell::new(false),
        };
        let etag = Template {
            bytes: Vec::new(),
            holes: vec![Hole { at: 0, form: Form::Hyphenated, derivation: Vec::new() }],
        };
        assert_eq!(texts.intern_template(etag), Self::ETAG);
        texts
    }

    pub(crate) fn naming(&self) -> Naming {
        self.naming
    }

    pub(crate) fn assignment(&self) -> Assignment {
        self.assignment
    }

    /// Lets all numbers stand for other ids. What is interned until
    /// [`as_usual`](Self::as_usual) leaves no trace.
    pub(crate) fn try_on(&mut self, assignment: Assignment) {
        self.assignment = assignment;
        self.trying_on = true;
    }

    /// Lets all numbers stand for the usual ids again.
    pub(crate) fn as_usual(&mut self) {
        self.assignment = self.naming.assignment();
        self.trying_on = false;
        self.tried_on.clear();
    }

    /// The same texts, in which all numbers stand for other ids from now on.
    pub(crate) fn with(&self, assignment: Assignment) -> Self {
        Self { assignment, ..self.clone() }
    }

    /// Interns what is there before anything happens. An id in it that looks like
    /// one of ours is one of ours, unless it would be a very late one.
    pub(crate) fn intern_at_the_start(&mut self, text: &[u8]) -> Text {
        self.numbers = Guise::NUMBERS;
        let interned = self.intern(text);
        self.strangers.extend(self.newcomers.drain(..));
        self.numbers = Id::MAX;
        interned
    }

    /// Interns what a handler wrote that knows so many ids. The other result is
    /// an id that looks fresh, and that nobody can have told it.
    pub(crate) fn of_a_handler<T>(
        &mut self,
        numbers: Id,
        intern: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, MessageId> {
        self.numbers = numbers;
        let interned = intern(self);
        self.numbers = Id::MAX;
        match std::mem::take(&mut self.newcomers).first() {
            Some(&stranger) => Err(stranger),
            None => Ok(interned),
        }
    }

    /// Whether ids in base 64 were written in an alphabet that was guessed. If
    /// so, the next guess is another one.
    pub(crate) fn guess_again(&mut self) -> bool {
        let guessed = self.guessed.take();
        if guessed {
            self.alphabet = Some(Alphabet::ForUrls);
        }
        guessed
    }

    /// Cuts the ids out of a text and interns the rest.
    pub(crate) fn intern(&mut self, text: &[u8]) -> Text {
        let mut template = Template { bytes: Vec::with_capacity(text.len()), holes: Vec::new() };
        let mut ids = Ids::new();
        // Up to where the text was copied, and up to where it was read.
        let (mut copied, mut read) = (0, 0);
        let disguised = matches!(self.assignment, Assignment::In(_));
        while let Some(Found { at, length, form, id, alphabet }) = spelling::find(text, read, disguised) {
            read = at + 1;
            match self.ancestry(id) {
                Ok((number, derivation)) => {
                    template.bytes.extend_from_slice(&text[copied..at]);
                    template.holes.push(Hole { at: template.bytes.len(), form, derivation });
                    ids.push(number);
                    (copied, read) = (at + length, at + length);
                    self.alphabet = alphabet.or(self.alphabet);
                }
                Err(stranger) if self.numbers == Id::MAX => _ = self.strangers.insert(stranger),
                Err(stranger) if self.strangers.contains(&stranger) => {}
                Err(stranger) => self.newcomers.push(stranger),
            }
        }
        template.bytes.extend_from_slice(&text[copied..]);
        Text { template: self.intern_template(template), ids }
    }

    fn intern_template(&mut self, template: Template) -> TextId {
        if let Some(&id) = self.index.get(&template) {
            return id;
        }
        if self.trying_on {
            let known = self.tried_on.iter().position(|other| *other == template);
            let place = known.unwrap_or_else(|| {
                self.tried_on.push(template);
                self.tried_on.len() - 1
            });
            return TextId::MAX - place as TextId;
        }
        let id = TextId::try_from(self.templates.len()).expect("fewer than 2^32 different texts");
        let template = Arc::new(template);
        self.templates.push(Arc::clone(&template));
        self.index.insert(template, id);
        id
    }

    fn template(&self, id: TextId) -> &Template {
        match self.templates.get(id as usize) {
            Some(template) => template,
            None => &self.tried_on[(TextId::MAX - id) as usize],
        }
    }

    /// The number of the fresh id that `id` goes back to, and how; or that id, if
    /// nobody has handed it out.
    fn ancestry(&self, id: MessageId) -> Result<(Id, Vec<String>), MessageId> {
        let mut derivation = Vec::new();
        let mut ancestor = id;
        while let Some((parent, name)) = ancestor.descent() {
            derivation.push(name);
            ancestor = parent;
        }
        derivation.reverse();
        let number = self.assignment.number(ancestor).filter(|&number| number < self.numbers);
        Ok((number.ok_or(ancestor)?, derivation))
    }

    /// Writes the ids back into a text.
    pub(crate) fn bytes(&self, text: &Text) -> Vec<u8> {
        let template = self.template(text.template);
        let mut bytes = Vec::with_capacity(template.bytes.len() + 36 * template.holes.len());
        let mut from = 0;
        for (hole, &number) in template.holes.iter().zip(&text.ids) {
            bytes.extend_from_slice(&template.bytes[from..hole.at]);
            from = hole.at;
            let id = self.id_in(hole, number).as_uuid();
            if hole.form == Form::Base64 && self.alphabet.is_none() {
                self.guessed.set(true);
            }
            hole.form.write(id, self.alphabet.unwrap_or_default(), &mut bytes);
        }
        bytes.extend_from_slice(&template.bytes[from..]);
        bytes
    }

    /// The id that is written in a hole.
    fn id_in(&self, hole: &Hole, number: Id) -> MessageId {
        hole.derivation.iter().fold(self.assignment.id(number), |id, name| id.derive(name))
    }

    /// Whether this very id is written in a text, in any spelling. One that was derived
    /// from it is another one.
    pub(crate) fn names(&self, text: &Text, id: MessageId) -> bool {
        let template = self.template(text.template);
        if self.ancestry(id).is_ok() {
            return template
                .holes
                .iter()
                .zip(&text.ids)
                .any(|(hole, &number)| self.id_in(hole, number) == id);
        }
        // Nearly always the first byte decides: some documents have a hundred thousand.
        let bytes = &template.bytes;
        let begins = |at: usize, it: &[u8]| bytes[at] == it[0] && bytes[at..].starts_with(it);
        spellings(id).any(|it| (0..(bytes.len() + 1).saturating_sub(it.len())).any(|at| begins(at, &it)))
    }

    /// What these texts consist of, in whatever order: the bytes, and the ids.
    /// Two calls that differ only in the order in which a map was written have
    /// this in common.
    pub(crate) fn bag<'a>(&self, texts: impl IntoIterator<Item = &'a Text>) -> Bag {
        let Bag { mut bytes, mut ids } = Bag::default();
        for text in texts {
            let template = self.template(text.template);
            bytes.extend_from_slice(&template.bytes);
            let holes = template.holes.iter().zip(&text.ids);
            ids.extend(holes.map(|(hole, &id)| (id, hole.form as u8, hole.derivation.clone())));
        }
        bytes.sort_unstable();
        ids.sort_unstable();
        Bag { bytes, ids }
    }

    /// The message that a text is.
    pub(crate) fn message(&self, text: &Text) -> serde_json::Result<Message> {
        serde_json::from_slice(&self.bytes(text))
    }

    /// The text as a string; what is not UTF-8 is replaced.
    pub(crate) fn string(&self, text: &Text) -> String {
        String::from_utf8_lossy(&self.bytes(text)).into_owned()
    }

    /// Whether texts of this template have fresh ids in them.
    pub(crate) fn has_ids(&self, template: TextId) -> bool {
        !self.template(template).holes.is_empty()
    }

    /// How many bytes the text has.
    pub(crate) fn len(&self, text: &Text) -> usize {
        let template = self.template(text.template);
        template.holes.iter().map(|hole| hole.form.length()).sum::<usize>() + template.bytes.len()
    }

    /// How many templates there are.
    pub(crate) fn count(&self) -> usize {
        self.templates.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(naming: Naming, text: &[u8], ids: &[Id]) {
        let mut texts = Texts::new(naming);
        let interned = texts.intern(text);
        assert_eq!(interned.ids.as_slice(), ids, "{:?}", String::from_utf8_lossy(text));
        assert_eq!(texts.bytes(&interned), text);
    }

    #[test]
    fn an_id_is_named_by_itself_and_not_by_what_was_derived_from_it() {
        let mut texts = Texts::new(Naming::Ascending);
        let id = texts.assignment().id(3);
        // One of ours, one derived from it, and one of the sender's own.
        let ids = [id, id.derive("said"), MessageId::named("mine")];
        for written in ids {
            for bytes in spellings(written) {
                let text = texts.intern(&bytes);
                for asked in ids {
                    let told = String::from_utf8_lossy(&bytes);
                    assert_eq!(texts.names(&text, asked), asked == written, "{asked} in {told:?}");
                }
            }
        }
    }

    const NAMINGS: [Naming; 3] = [Naming::Ascending, Naming::Descending, Naming::Scrambled];

    /// The id in every spelling that there is, with something around it.
    fn spellings(id: MessageId) -> Vec<Vec<u8>> {
        let id = id.as_uuid();
        let written = |form: Form, alphabet| {
            let mut bytes = b"<".to_vec();
            form.write(id, alphabet, &mut bytes);
            bytes.push(b'>');
            bytes
        };
        let text = |text: String| text.into_bytes();
        let mut raw = b"x".to_vec();
        raw.extend_from_slice(id.as_bytes());
        vec![
            text(format!("order-1/{id}/3")),
            text(format!("order-1/{}/3", id.to_string().to_uppercase())),
            text(format!("k{}", id.simple())),
            text(format!("k{:X}", id.simple())),
            text(format!("{}", id.braced())),
            text(format!("{:X}", id.braced())),
            text(format!("{}", id.urn())),
            text(serde_json::to_string(id.as_bytes()).unwrap()),
            text(format!("{:?}", id.as_bytes())),
            text(format!("{{\"id\":{},\"n\":17}}", id.as_u128())),
            raw,
            written(Form::Base64, Alphabet::Standard),
            written(Form::Base64, Alphabet::ForUrls),
        ]
    }

    #[test]
    fn every_spelling_of_an_id_is_found_and_put_back() {
        for naming in NAMINGS {
            let id = |number| naming.assignment().id(number);
            for (id, number) in [(id(0), 0), (id(3), 3), (id(300), 300), (id(8).derive("x").derive("y"), 8)] {
                for text in spellings(id) {
                    round_trip(naming, &text, &[number]);
                }
            }
            let (a, b) = (id(3), id(8).derive("x").derive("y"));
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
    fn what_could_not_be_written_back_is_left_alone() {
        let id = Assignment::Rising.id(3).to_string();
        let mixed = format!("F{}", &id[1..]);
        round_trip(Naming::Ascending, mixed.as_bytes(), &[]);
        round_trip(Naming::Ascending, &id.as_bytes()[..30], &[]);
        let number = format!("1{}", Assignment::Rising.id(3).as_uuid().as_u128());
        round_trip(Naming::Ascending, number.as_bytes(), &[]);
        for foreign in [MessageId::fresh(1 << 50), MessageId::fresh(0)] {
            round_trip(Naming::Ascending, foreign.to_string().as_bytes(), &[]);
        }
    }

    #[test]
    fn other_ids_are_tried_on_without_a_trace() {
        for naming in NAMINGS {
            let mut texts = Texts::new(naming);
            let say = |assignment: Assignment| spellings(assignment.id(5).derive("out"));
            let usual: Vec<Text> = say(naming.assignment()).iter().map(|text| texts.intern(text)).collect();
            let count = texts.count();
            for turn in 0..40 {
                for other in [naming.in_the_same_order(turn), naming.in_another_order(turn)] {
                    texts.try_on(other);
                    let tried: Vec<Text> = say(other).iter().map(|text| texts.intern(text)).collect();
                    assert_eq!(tried, usual);
                    let new = texts.intern(b"nothing like it");
                    assert_eq!(texts.bytes(&new), b"nothing like it");
                    texts.as_usual();
                }
            }
            assert_eq!(texts.count(), count);
        }
    }

    #[test]
    fn a_bag_knows_no_order() {
        let mut texts = Texts::new(Naming::Ascending);
        let id = |number| Assignment::Rising.id(number);
        let mut of = |a: Id, b: Id| texts.intern(format!("{{\"{}\":1,\"{}\":1}}", id(a), id(b)).as_bytes());
        let (one, other, third) = (of(0, 1), of(1, 0), of(0, 2));
        let less = texts.intern(b"{}");
        assert!(texts.bag([&one]) == texts.bag([&other]));
        assert!(texts.bag([&one, &less]) == texts.bag([&less, &one]));
        assert!(texts.bag([&one]) != texts.bag([&third]));
        assert!(texts.bag([&one]) != texts.bag([&less]));
    }

    #[test]
    fn the_same_text_under_other_names_is_the_same_template() {
        let mut texts = Texts::new(Naming::Ascending);
        let id = |n: Id| Assignment::Rising.id(n);
        let of = |n: Id| format!("{{\"id\":\"{}\"}}", id(n).derive("out"));
        let (one, two) = (texts.intern(of(1).as_bytes()), texts.intern(of(2).as_bytes()));
        assert_eq!(one.template, two.template);
        assert_ne!(one.ids, two.ids);
        let renamed = one.map(|id| id + 1);
        assert_eq!(renamed, two);
        assert_eq!(texts.string(&renamed), of(2));
        let other_name = texts.intern(id(1).derive("in").to_string().as_bytes());
        let plain = texts.intern(id(1).to_string().as_bytes());
        assert_ne!(other_name.template, plain.template);
        assert_eq!(plain, Text::etag(1));
    }
}
