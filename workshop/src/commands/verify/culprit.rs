//! What a check finds: the file to blame, what is the matter, and what to do.

use crate::terminal;

/// Something that is not as it should be.
#[derive(Debug)]
pub struct Culprit {
    /// The file to blame, as it is shown.
    pub file: String,
    /// What is the matter with it.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Culprit {
    /// A culprit, of words of any kind.
    pub fn new(file: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { file: file.into(), what: what.into(), mend: mend.into() }
    }

    /// The culprit as it is shown: what is the matter, and under it what to do.
    pub fn show(&self) -> String {
        let text = terminal::paragraph(&format!("✗ {}: {}", self.file, self.what), "    ");
        let mend = terminal::paragraph(&format!("mend it: {}", self.mend), "      ");
        text.replacen('✗', &terminal::paint(terminal::BAD, "✗"), 1) + &mend
    }
}

/// What is wrong on a line of a page.
#[derive(Debug)]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is the matter with it.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Fault {
    /// A fault, of words of any kind.
    pub fn new(line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { line, what: what.into(), mend: mend.into() }
    }

    /// The fault of this file.
    pub fn of(self, file: &str) -> Culprit {
        Culprit::new(format!("{file}:{}", self.line), self.what, self.mend)
    }
}
