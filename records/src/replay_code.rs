//! Replay codes: a run as a short text.
//!
//! A code is `EXERCISE-SCENARIO-STEPS`: the number of the exercise (or `x`),
//! four characters that name the messages and bounds it belongs to, then one or
//! two characters for each choice (its place in the list of everything that
//! could happen at that moment, the dullest first), and two to catch typing
//! errors.

use xxhash_rust::xxh3::xxh3_64;

/// Crockford's base 32: no letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A replay code, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayCode {
    exercise: String,
    scenario: String,
    choices: Vec<usize>,
}

/// Why a code cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadCode {
    /// It is not a replay code at all.
    #[error(
        "{0:?} is not a replay code: a code looks like 03-7k2m-00402q9, and a single wrong character is noticed. Copy it again from the story"
    )]
    Malformed(String),
    /// It was recorded with another handler.
    #[error(
        "this code was recorded with other code: at step {step} it wants choice {choice}, and there are only {available}. Run the test again, and replay the code that it prints"
    )]
    OtherHandler {
        /// Which step, counting from 1.
        step: usize,
        /// Which choice it wants.
        choice: usize,
        /// How many there are.
        available: usize,
    },
}

impl ReplayCode {
    /// The number of the exercise that the code was recorded in, as in its
    /// name: `03`. `x` outside of the exercises.
    #[must_use]
    pub fn exercise(&self) -> &str {
        &self.exercise
    }

    /// The four characters that name the messages and bounds that it belongs to;
    /// [`ReplayCode::scenario_of`] makes them.
    #[must_use]
    pub fn scenario(&self) -> &str {
        &self.scenario
    }

    /// Its choices: each is a place in the list of everything that could happen at
    /// that moment, the dullest first.
    #[must_use]
    pub fn choices(&self) -> &[usize] {
        &self.choices
    }

    /// Writes down the choices of a run in an exercise (`03`, or `x` outside of
    /// them), in the scenario with this identity.
    #[must_use]
    pub fn new(exercise: impl Into<String>, identity: &str, choices: Vec<usize>) -> Self {
        Self { exercise: exercise.into(), scenario: Self::scenario_of(identity), choices }
    }

    /// Four characters that name a scenario, made from whatever tells it from
    /// others. Nothing depends on their being different but the first sentence that
    /// a reader gets.
    #[must_use]
    pub fn scenario_of(identity: &str) -> String {
        characters(xxh3_64(identity.as_bytes()), 4)
    }
}

fn characters(bits: u64, count: usize) -> String {
    (0..count).map(|place| char::from(ALPHABET[(bits >> (5 * place)) as usize & 31])).collect()
}

impl std::fmt::Display for ReplayCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = format!("{}-{}-", self.exercise, self.scenario);
        for &choice in &self.choices {
            // Four bits to a character; the fifth says that more follow.
            let mut rest = choice;
            loop {
                let more = rest >= 16;
                text.push(char::from(ALPHABET[rest % 16 + if more { 16 } else { 0 }]));
                rest /= 16;
                if !more {
                    break;
                }
            }
        }
        let check = characters(xxh3_64(text.as_bytes()), 2);
        write!(formatter, "{text}{check}")
    }
}

impl std::str::FromStr for ReplayCode {
    type Err = BadCode;

    fn from_str(text: &str) -> Result<Self, BadCode> {
        let bad = || BadCode::Malformed(text.chars().take(60).collect());
        let code = text.trim().to_ascii_lowercase();
        if !code.is_ascii() || code.len() < 2 {
            return Err(bad());
        }
        let (body, check) = code.split_at(code.len() - 2);
        if characters(xxh3_64(body.as_bytes()), 2) != check {
            return Err(bad());
        }
        let mut parts = body.splitn(3, '-');
        let (Some(exercise), Some(scenario), Some(steps)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad());
        };
        let mut choices = Vec::new();
        let (mut choice, mut shift) = (0usize, 0u32);
        for byte in steps.bytes() {
            let digit = ALPHABET.iter().position(|&other| other == byte).ok_or_else(bad)?;
            choice |= (digit % 16).checked_shl(shift).ok_or_else(bad)?;
            shift += 4;
            if digit < 16 {
                choices.push(choice);
                (choice, shift) = (0, 0);
            }
        }
        if shift != 0 {
            return Err(bad());
        }
        Ok(Self { exercise: exercise.to_owned(), scenario: scenario.to_owned(), choices })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(choices: &[usize]) -> ReplayCode {
        ReplayCode { exercise: "03".into(), scenario: "7k2m".into(), choices: choices.to_vec() }
    }

    #[test]
    fn a_code_survives_being_written_down() {
        for choices in [&[][..], &[0, 0, 3], &[15, 16, 17, 255, 256, 4096, 0]] {
            assert_eq!(code(choices).to_string().parse(), Ok(code(choices)));
        }
        assert_eq!(format!(" {} ", code(&[1, 20])).to_uppercase().parse(), Ok(code(&[1, 20])));
    }

    #[test]
    fn a_single_wrong_character_is_noticed() {
        let text = code(&[0, 0, 1, 0, 17, 0, 0, 4]).to_string();
        let mut missed = 0;
        for place in 0..text.len() {
            for &byte in ALPHABET {
                let mut wrong = text.clone().into_bytes();
                if std::mem::replace(&mut wrong[place], byte) != byte {
                    let wrong = String::from_utf8(wrong).unwrap();
                    missed += usize::from(wrong.parse::<ReplayCode>().is_ok());
                }
            }
        }
        assert!(missed <= 3, "ten check bits miss one in a thousand; {missed} were missed");
        for nonsense in ["", "-", "hello", "03-7k2m", "zürich-7k2m-00"] {
            assert!(matches!(nonsense.parse::<ReplayCode>(), Err(BadCode::Malformed(_))), "{nonsense}");
        }
    }
}
