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
