//! The code that tells a room how far somebody is: `A00N-5P2X-9K`, with a name
//! `Ada@A00N-5P2X-9K`.
//!
//! It is in Crockford's base 32: one character with the number of rungs on the
//! ladder, three bits for each of them, and two check characters, which are the
//! rest of the division by 1021 of everything before them, the name included.
//! Since 1021 is prime, no single wrong character and no two swapped neighbours
//! go unnoticed.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PRIME: u32 = 1021;
/// What one character can count.
const MOST_RUNGS: usize = 31;
const LONGEST_NAME: usize = 16;

/// Where somebody is with one exercise, as far as a room wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The sources are as shipped.
    Untouched = 0,
    /// They were edited, and not tested since.
    InProgress = 1,
    /// A test is red, or nothing compiles.
    Red = 2,
    /// There is no verdict.
    Inconclusive = 3,
    /// Every test passes.
    Green = 4,
    /// The sources are those of our solution.
    Ours = 5,
    /// There is no exercise of this number.
    Absent = 7,
}

/// How far somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomCode {
    /// How they want to be called.
    pub name: Option<String>,
    /// The mark of each exercise, by its number.
    pub marks: Vec<Mark>,
}

impl Mark {
    /// Whether there is nothing more to do here.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Green | Self::Ours | Self::Absent)
    }

    fn from_bits(bits: u8) -> Option<Self> {
        use Mark::{Absent, Green, InProgress, Inconclusive, Ours, Red, Untouched};
        let all = [Untouched, InProgress, Red, Inconclusive, Green, Ours, Absent];
        all.into_iter().find(|mark| *mark as u8 == bits)
    }
}

impl RoomCode {
    /// A code for these marks; the name is checked.
    pub fn new(name: Option<&str>, marks: Vec<Mark>) -> Result<Self> {
        let name = name.map(sound_name).transpose()?;
        ensure!(
            (1..=MOST_RUNGS).contains(&marks.len()),
            "a code holds the exercises up to 30, and this ladder has one with number {}",
            marks.len().saturating_sub(1)
        );
        Ok(Self { name, marks })
    }

    /// The exercise to work on: the first that is not done.
    pub fn current(&self) -> Option<usize> {
        self.marks.iter().position(|mark| !mark.is_done())
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = vec![self.marks.len() as u8];
        let bits: Vec<u8> =
            self.marks.iter().flat_map(|mark| (0..3).rev().map(|bit| (*mark as u8 >> bit) & 1)).collect();
        for five in bits.chunks(5) {
            let value = five.iter().fold(0, |value, bit| value << 1 | bit);
            digits.push(value << (5 - five.len()));
        }
        let check = check(self.name.as_deref(), &digits);
        digits.extend([(check / 32) as u8, (check % 32) as u8]);
        if let Some(name) = &self.name {
            write!(formatter, "{name}@")?;
        }
        for (place, digit) in digits.iter().enumerate() {
            let gap = if place > 0 && place % 4 == 0 { "-" } else { "" };
            write!(formatter, "{gap}{}", char::from(ALPHABET[usize::from(*digit)]))?;
        }
        Ok(())
    }
}

impl FromStr for RoomCode {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, code) = match text.trim().split_once('@') {
            Some((name, code)) => (Some(sound_name(name)?), code),
            None => (None, text.trim()),
        };
        let mut digits = Vec::new();
        for character in code.chars().filter(|character| !matches!(character, '-' | ' ')) {
            digits.push(digit(character).with_context(|| format!("{character:?} is in no code"))?);
        }
        let rungs = digits.first().map_or(0, |digit| usize::from(*digit));
        let length = 1 + (3 * rungs).div_ceil(5) + 2;
        if rungs == 0 || digits.len() < 4 {
            bail!("it is too short to be a code");
        }
        if digits.len() != length {
            bail!("it has {} characters where its first one announces {length}", digits.len());
        }
        let (payload, ending) = digits.split_at(length - 2);
        if u32::from(ending[0]) * 32 + u32::from(ending[1]) != check(name.as_deref(), payload) {
            bail!("its last two characters do not fit the others: a character is wrong, or the name is");
        }
        let bits: Vec<u8> =
            payload[1..].iter().flat_map(|digit| (0..5).rev().map(move |bit| (digit >> bit) & 1)).collect();
        let marks = bits.chunks(3).take(rungs).map(|three| {
            let bits = three.iter().fold(0, |value, bit| value << 1 | bit);
            Mark::from_bits(bits).context("it was made by a newer `cargo workshop` than this")
        });
        Ok(Self { name, marks: marks.collect::<Result<_>>()? })
    }
}

/// What people type for a character, too: o for 0, i and l for 1.
fn digit(character: char) -> Option<u8> {
    let letter = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|known| char::from(*known) == letter).map(|place| place as u8)
}

/// The name takes part as it is read aloud: large or small letters are the same.
fn check(name: Option<&str>, digits: &[u8]) -> u32 {
    let name = name.unwrap_or_default().to_lowercase();
    let rest = name.bytes().fold(1, |rest, byte| (rest * 256 + u32::from(byte)) % PRIME);
    digits.iter().fold(rest, |rest, digit| (rest * 32 + u32::from(*digit)) % PRIME)
}

fn sound_name(name: &str) -> Result<String> {
    let sound = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    let length = name.chars().count();
    ensure!(
        (1..=LONGEST_NAME).contains(&length) && name.chars().all(sound),
        "a name has 1 to {LONGEST_NAME} letters, digits, hyphens, dots or underscores, and {:?} has not",
        name.chars().take(40).collect::<String>()
    );
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Mark; 7] = [
        Mark::Green,
        Mark::Ours,
        Mark::Red,
        Mark::InProgress,
        Mark::Inconclusive,
        Mark::Absent,
        Mark::Untouched,
    ];

    #[test]
    fn a_code_survives_being_written_down() {
        for rungs in 1..=MOST_RUNGS {
            let marks: Vec<Mark> = ALL.into_iter().cycle().skip(rungs % 7).take(rungs).collect();
            for name in [None, Some("Ada"), Some("Zoë-2")] {
                let code = RoomCode::new(name, marks.clone()).unwrap();
                let text = code.to_string();
                assert_eq!(text.parse::<RoomCode>().unwrap(), code);
                let sloppy = text.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
                if name.is_none() {
                    assert_eq!(format!(" {sloppy}\n").parse::<RoomCode>().unwrap(), code, "{sloppy}");
                }
            }
        }
    }

    #[test]
    fn ten_exercises_fit_into_a_short_code() {
        let code = RoomCode::new(None, vec![Mark::Green; 10]).unwrap().to_string();
        assert_eq!(code.len(), 11, "{code}");
    }

    #[test]
    fn a_single_wrong_character_and_swapped_neighbours_are_noticed() {
        let marks: Vec<Mark> = ALL.into_iter().cycle().take(10).collect();
        for name in [None, Some("Ada")] {
            let text = RoomCode::new(name, marks.clone()).unwrap().to_string();
            let characters: Vec<char> = text.chars().collect();
            let start = text.find('@').map_or(0, |place| place + 1);
            let parse = |characters: &[char]| characters.iter().collect::<String>().parse::<RoomCode>();
            for place in (start..characters.len()).filter(|place| characters[*place] != '-') {
                for letter in ALPHABET.map(char::from) {
                    let mut wrong = characters.clone();
                    wrong[place] = letter;
                    assert_eq!(parse(&wrong).is_ok(), wrong == characters, "{wrong:?}");
                }
                let mut swapped = characters.clone();
                let next = (place + 1..swapped.len()).find(|next| swapped[*next] != '-');
                if let Some(next) = next {
                    swapped.swap(place, next);
                    assert_eq!(parse(&swapped).is_ok(), swapped == characters, "{swapped:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = RoomCode::new(Some("Ada"), vec![Mark::Green; 10]).unwrap().to_string();
        for (text, reason) in [
            ("", "too short"),
            ("hello", "'U' is in no code"),
            ("A0", "too short"),
            ("0000", "too short"),
            (&good[..good.len() - 1], "it has 8 characters where its first one announces 9"),
            (&good.replace("Ada", "Eve"), "do not fit the others"),
            (&good.replace("Ada", "A a"), "a name has 1 to 16"),
        ] {
            let text = text.replace("hello", "u");
            let error = text.parse::<RoomCode>().unwrap_err().to_string();
            assert!(error.to_lowercase().contains(&reason.to_lowercase()), "{text:?}: {error}");
        }
        assert!(good.to_uppercase().parse::<RoomCode>().is_ok());
        assert!(RoomCode::new(Some(&"x".repeat(17)), vec![Mark::Green]).is_err());
        assert!(RoomCode::new(None, vec![Mark::Green; 32]).is_err());
    }
}
