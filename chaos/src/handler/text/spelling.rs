//! The spellings in which a fresh id is recognised.
//!
//! A handler may write an id down as it likes, as long as it writes the whole of
//! it. What is recognised here is cut out of a text and renamed; braces and
//! `urn:uuid:` around it simply stay where they are.

use ports::MessageId;
use ports::ids::Guise;
use uuid::Uuid;

/// How a fresh id is written in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// The usual 36 characters.
    Hyphenated,
    HyphenatedCapitals,
    /// 32 hexadecimal digits.
    Simple,
    SimpleCapitals,
    /// The 16 bytes themselves.
    Bytes,
    /// 22 characters; `=` that may follow are none of ours.
    Base64,
    /// The 16 bytes as decimal numbers with commas, as in a JSON array.
    Numbers,
    /// The same with a space after each comma.
    NumbersApart,
    /// One decimal number of 128 bits.
    Decimal,
}

/// The last two digits of base 64. Ids in which neither occurs are the same in
/// both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Alphabet {
    /// `+` and `/`.
    #[default]
    Standard,
    /// `-` and `_`.
    ForUrls,
}

impl Form {
    const ALL: [Self; 9] = [
        Self::Hyphenated,
        Self::HyphenatedCapitals,
        Self::Simple,
        Self::SimpleCapitals,
        Self::Bytes,
        Self::Base64,
        Self::Numbers,
        Self::NumbersApart,
        Self::Decimal,
    ];

    /// The length of an id in this form; of what has no fixed length, the most
    /// there may be.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Hyphenated | Self::HyphenatedCapitals => 36,
            Self::Simple | Self::SimpleCapitals => 32,
            Self::Bytes => 16,
            Self::Base64 => 22,
            Self::Numbers => 63,
            Self::NumbersApart => 78,
            Self::Decimal => 39,
        }
    }

    /// Writes an id down.
    pub(super) fn write(self, id: Uuid, alphabet: Alphabet, bytes: &mut Vec<u8>) {
        let mut buffer = Uuid::encode_buffer();
        let numbers = |comma: &str| id.as_bytes().map(|byte| byte.to_string()).join(comma).into_bytes();
        match self {
            Self::Hyphenated => bytes.extend_from_slice(id.hyphenated().encode_lower(&mut buffer).as_bytes()),
            Self::HyphenatedCapitals => {
                bytes.extend_from_slice(id.hyphenated().encode_upper(&mut buffer).as_bytes());
            }
            Self::Simple => bytes.extend_from_slice(id.simple().encode_lower(&mut buffer).as_bytes()),
            Self::SimpleCapitals => bytes.extend_from_slice(id.simple().encode_upper(&mut buffer).as_bytes()),
            Self::Bytes => bytes.extend_from_slice(id.as_bytes()),
            Self::Base64 => bytes.extend_from_slice(&to_base64(id, alphabet)),
            Self::Numbers => bytes.extend_from_slice(&numbers(",")),
            Self::NumbersApart => bytes.extend_from_slice(&numbers(", ")),
            Self::Decimal => bytes.extend_from_slice(id.as_u128().to_string().as_bytes()),
        }
    }
}

/// An id in each of its spellings, in the same order for every id.
pub(crate) fn spellings(id: MessageId) -> impl Iterator<Item = Vec<u8>> {
    let forms = Form::ALL.into_iter().map(|form| (form, Alphabet::Standard));
    forms.chain([(Form::Base64, Alphabet::ForUrls)]).map(move |(form, alphabet)| {
        let mut bytes = Vec::new();
        form.write(id.as_uuid(), alphabet, &mut bytes);
        bytes
    })
}

/// An id that was found in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) form: Form,
    pub(super) id: MessageId,
    /// For base 64, which alphabet it is, if that can be seen.
    pub(super) alphabet: Option<Alphabet>,
}

/// The first fresh id in `text` at `from` or behind. Ids in a guise are looked for
/// only if `disguised`.
pub(super) fn find(text: &[u8], from: usize, disguised: bool) -> Option<Found> {
    (from..text.len().saturating_sub(15)).find_map(|at| {
        let read = usual(text, at).or_else(|| if disguised { in_guise(text, at) } else { None })?;
        let (length, form, id, alphabet) = read;
        Some(Found { at, length, form, id: id.into(), alphabet })
    })
}

type Read = (usize, Form, Uuid, Option<Alphabet>);

/// The marked id here, if there is one. The mark is what it begins with, so that
/// nearly always the first byte decides: a text is looked through whenever it is
/// interned.
fn usual(text: &[u8], at: usize) -> Option<Read> {
    const { assert!(matches!(MessageId::FRESH_MARK, [0xf5, 0xe5, 0x4f, 0x1d]), "the mark in each spelling") };
    let here = || &text[at..];
    match text[at] {
        b'f' if here().starts_with(b"f5e54f1d") => hexadecimal(here()),
        b'F' if here().starts_with(b"F5E54F1D") => hexadecimal(here()),
        0xf5 if here().starts_with(&MessageId::FRESH_MARK) => raw(here()),
        b'9' if here().starts_with(b"9eVPH") => from_base64(here()),
        b'2' if here().starts_with(b"245,229,79,29,") || here().starts_with(b"245, 229, 79, 29, ") => {
            numbers(text, at)
        }
        b'3' => decimal(text, at),
        _ => None,
    }
    .filter(|(_, _, id, _)| id.as_bytes()[..4] == MessageId::FRESH_MARK)
}

/// The id in a guise here, if there is one. Its mark is in the middle.
fn in_guise(text: &[u8], at: usize) -> Option<Read> {
    const { assert!(matches!(Guise::MARK, [0xfb, 0xe5, 0x4f, 0x1d]), "the mark in each spelling") };
    let here = &text[at..];
    // One byte decides nearly always.
    let begins = |at: usize, mark: u8| here.get(at).is_some_and(|byte| byte.eq_ignore_ascii_case(&mark));
    let has = |at: usize, mark: &[u8]| {
        begins(at, mark[0]) && here.get(at..at + mark.len()).is_some_and(|it| it.eq_ignore_ascii_case(mark))
    };
    if has(9, &Guise::MARK) {
        raw(here)
    } else if has(18, b"fbe54f1d") || has(21, b"fb-e54f1d") {
        hexadecimal(here)
    } else if has(12, b"++VPH") || has(12, b"--VPH") {
        from_base64(here)
    } else if here[0].is_ascii_digit() {
        numbers(text, at).or_else(|| decimal(text, at))
    } else {
        None
    }
    .filter(|(_, _, id, _)| MessageId::from(*id).is_fresh())
}

fn raw(here: &[u8]) -> Option<Read> {
    Some((16, Form::Bytes, Uuid::from_slice(here.get(..16)?).ok()?, None))
}

fn hexadecimal(here: &[u8]) -> Option<Read> {
    let hyphens = here.get(8) == Some(&b'-');
    let length = if hyphens { 36 } else { 32 };
    let digits = here.get(..length)?;
    let id = Uuid::try_parse_ascii(digits).ok()?;
    let form = match (hyphens, digits.iter().any(u8::is_ascii_uppercase)) {
        (true, false) => Form::Hyphenated,
        (false, false) => Form::Simple,
        // Neither small nor capital letters: what would have to be written back?
        (_, true) if digits.iter().any(u8::is_ascii_lowercase) => return None,
        (true, true) => Form::HyphenatedCapitals,
        (false, true) => Form::SimpleCapitals,
    };
    Some((length, form, id, None))
}

fn numbers(text: &[u8], at: usize) -> Option<Read> {
    let (mut bytes, mut next) = ([0; 16], at);
    if !text[at].is_ascii_digit() || at > 0 && text[at - 1].is_ascii_digit() {
        return None;
    }
    let comma: &[u8] = if text[at..].iter().take(5).any(|&byte| byte == b' ') { b", " } else { b"," };
    for (place, byte) in bytes.iter_mut().enumerate() {
        if place > 0 {
            next += text[next..].starts_with(comma).then_some(comma.len())?;
        }
        let digits = text[next..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        *byte = canonical_number(&text[next..next + digits])?;
        next += digits;
    }
    let form = if comma.len() == 1 { Form::Numbers } else { Form::NumbersApart };
    Some((next - at, form, Uuid::from_bytes(bytes), None))
}

fn decimal(text: &[u8], at: usize) -> Option<Read> {
    if !text[at].is_ascii_digit() || at > 0 && text[at - 1].is_ascii_digit() {
        return None;
    }
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = if digits < 30 { return None } else { canonical_number(&text[at..at + digits])? };
    Some((digits, Form::Decimal, Uuid::from_u128(number), None))
}

/// A decimal number without zeros in front.
fn canonical_number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    let zeros = digits.len() > 1 && digits[0] == b'0';
    if zeros { None } else { std::str::from_utf8(digits).ok()?.parse().ok() }
}

fn to_base64(id: Uuid, alphabet: Alphabet) -> [u8; 22] {
    let bits = id.as_u128();
    std::array::from_fn(|place| {
        // Of the 132 bits of 22 digits, the last four are zero.
        let digit = if place == 21 { bits << 4 } else { bits >> (122 - 6 * place) } as u8 & 0x3f;
        match (digit, alphabet) {
            (0..26, _) => b'A' + digit,
            (26..52, _) => b'a' + digit - 26,
            (52..62, _) => b'0' + digit - 52,
            (62, Alphabet::Standard) => b'+',
            (62, Alphabet::ForUrls) => b'-',
            (_, Alphabet::Standard) => b'/',
            (_, Alphabet::ForUrls) => b'_',
        }
    })
}

fn from_base64(here: &[u8]) -> Option<Read> {
    let (mut bits, mut alphabet) = (0u128, None);
    for (place, &character) in here.get(..22)?.iter().enumerate() {
        let (digit, seen) = match character {
            b'A'..=b'Z' => (character - b'A', None),
            b'a'..=b'z' => (character - b'a' + 26, None),
            b'0'..=b'9' => (character - b'0' + 52, None),
            b'+' => (62, Some(Alphabet::Standard)),
            b'/' => (63, Some(Alphabet::Standard)),
            b'-' => (62, Some(Alphabet::ForUrls)),
            b'_' => (63, Some(Alphabet::ForUrls)),
            _ => return None,
        };
        if seen.is_some() && alphabet.is_some() && seen != alphabet {
            return None;
        }
        alphabet = alphabet.or(seen);
        if place < 21 {
            bits = bits << 6 | u128::from(digit);
        } else if digit & 0xf != 0 {
            return None;
        } else {
            bits = bits << 2 | u128::from(digit >> 4);
        }
    }
    Some((22, Form::Base64, Uuid::from_u128(bits), alphabet))
}
