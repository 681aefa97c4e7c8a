//! Reading a file of predictions: one `key = value` a line, `#` for comments,
//! `?` for what is not predicted yet. Whatever is wrong with it is said in one
//! sentence that names the line.

use std::collections::BTreeMap;

/// A question, and the answers that it can have.
pub struct Question {
    pub key: &'static str,
    pub answers: &'static [&'static str],
}

/// A file in which every line makes sense.
pub struct Predictions {
    /// By key: the line and what it says.
    lines: BTreeMap<&'static str, (usize, String)>,
}

impl Predictions {
    /// Reads a file, the exercise's own.
    pub fn load(path: &str, questions: &'static [Question]) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{path} cannot be read: {error}."))?;
        let text = String::from_utf8(bytes).map_err(|_| format!("{path} is no text in UTF-8."))?;
        Self::parse(&text, questions)
    }

    /// Reads the text of such a file.
    pub fn parse(text: &str, questions: &'static [Question]) -> Result<Self, String> {
        Self::read(text, questions).map_err(|sentence| folded(&sentence))
    }

    fn read(text: &str, questions: &'static [Question]) -> Result<Self, String> {
        let mut lines: BTreeMap<&'static str, (usize, String)> = BTreeMap::new();
        for (line, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let (line, text) = (line + 1, text.split('#').next().unwrap_or_default().trim());
            if text.is_empty() {
                continue;
            }
            let Some((key, value)) = text.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
            else {
                return Err(format!(
                    "predictions.txt, line {line}: `{text}` is not of the form `key = value`."
                ));
            };
            let Some(question) = questions.iter().find(|question| question.key == key) else {
                let keys: Vec<&str> = questions.iter().map(|question| question.key).collect();
                return Err(format!(
                    "predictions.txt, line {line}: there is no question `{key}`; there are {}.",
                    keys.join(", ")
                ));
            };
            if value != "?" && !question.answers.contains(&value) {
                return Err(format!(
                    "predictions.txt, line {line}: `{value}` is no answer to `{key}`; choose one of {}.",
                    question.answers.join(", ")
                ));
            }
            if let Some((first, _)) = lines.insert(question.key, (line, value.to_owned())) {
                return Err(format!(
                    "predictions.txt, line {line}: `{key}` was answered in line {first} already."
                ));
            }
        }
        match questions.iter().find(|question| !lines.contains_key(question.key)) {
            None => Ok(Self { lines }),
            Some(question) => Err(format!(
                "predictions.txt: the line `{} = …` is missing; choose one of {}.",
                question.key,
                question.answers.join(", ")
            )),
        }
    }

    /// What was predicted. An error, in one sentence, where it is still open.
    pub fn answer(&self, question: &Question) -> Result<&str, String> {
        match &self.lines[question.key] {
            (line, value) if value == "?" => Err(folded(&format!(
                "`{}` is not predicted yet: replace the ? in line {line} of predictions.txt by one of {}.",
                question.key,
                question.answers.join(", ")
            ))),
            (_, value) => Ok(value),
        }
    }
}

/// Text in lines of at most 80 characters, broken between words.
pub fn folded(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            *line = word.to_owned();
        } else if line.chars().count() + 1 + word.chars().count() <= 80 {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

/// Fails a test with an answer and nothing else: where in the code it was found
/// out is of no interest.
pub fn fail(answer: &str) -> ! {
    eprintln!("\n{answer}\n");
    std::panic::resume_unwind(Box::new(answer.to_owned()))
}
