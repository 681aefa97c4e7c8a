//! Texts that nobody has written: some that somebody could have, changed here and
//! there. The same seed gives the same texts.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// What parsers stumble over, wherever it stands.
const STUMBLES: [&str; 24] = [
    "",
    "\0",
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "\t",
    "\"",
    "'",
    "\\",
    "`",
    "```",
    "---\n",
    ":",
    "#",
    "<",
    ">",
    "](",
    "-1",
    "18446744073709551616",
    "é",
    "\u{301}",
    "🐒",
    "\u{feff}",
];

/// So many texts, each made of one of the samples: up to four times, a piece of it goes,
/// comes twice, is put elsewhere, or makes way for a piece of another sample or for
/// something to stumble over.
pub fn mangled(seed: u64, samples: &[&str], count: usize) -> Vec<String> {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let mut text: Vec<char> = pick(&mut dice, samples).chars().collect();
            for _ in 0..dice.random_range(0..=4) {
                let piece = piece(&mut dice, &text);
                match dice.random_range(0..5) {
                    0 => _ = text.drain(piece),
                    1 => {
                        let twice: Vec<char> = text[piece.clone()].to_vec();
                        text.splice(piece.end..piece.end, twice);
                    }
                    2 => {
                        let moved: Vec<char> = text.drain(piece).collect();
                        let place = dice.random_range(0..=text.len());
                        text.splice(place..place, moved);
                    }
                    3 => {
                        let other: Vec<char> = pick(&mut dice, samples).chars().collect();
                        let from_other = self::piece(&mut dice, &other);
                        text.splice(piece, other[from_other].iter().copied());
                    }
                    _ => {
                        let stumble: Vec<char> = pick(&mut dice, &STUMBLES).chars().collect();
                        text.splice(piece, stumble);
                    }
                }
            }
            text.into_iter().collect()
        })
        .collect()
}

fn pick<'a>(dice: &mut Xoshiro256PlusPlus, texts: &[&'a str]) -> &'a str {
    texts[dice.random_range(0..texts.len())]
}

/// A short piece more often than a long one.
fn piece(dice: &mut Xoshiro256PlusPlus, text: &[char]) -> std::ops::Range<usize> {
    let start = dice.random_range(0..=text.len());
    let most = (text.len() - start).min(if dice.random_range(0..4) == 0 { usize::MAX } else { 6 });
    start..start + dice.random_range(0..=most)
}
