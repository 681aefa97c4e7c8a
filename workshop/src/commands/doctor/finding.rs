//! What the doctor finds out, and how it is told.

use crate::terminal;

/// What was found out about one thing.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// All is well.
    Fine(String),
    /// Good to know; nothing fails for it.
    Note(String),
    /// Something is missing: what, and what to do.
    Mend(String, String),
}

impl Finding {
    /// Something to mend, in words of any kind.
    pub fn mend(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Mend(what.into(), mend.into())
    }

    /// The finding as it is shown.
    pub fn show(&self) -> String {
        let (mark, style, sentence) = match self {
            Self::Fine(what) => ("ok  ", terminal::GOOD, what.clone()),
            Self::Note(what) => ("note", terminal::STRONG, what.clone()),
            Self::Mend(what, mend) => ("mend", terminal::BAD, format!("{what}: {mend}")),
        };
        let text = terminal::paragraph(&sentence, "        ");
        format!("  {}  {}", terminal::paint(style, mark), text.trim_start())
    }
}
