//! The few colours.

use anstyle::{AnsiColor, Style};

/// What is well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is not.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What nobody can tell.
pub const UNSURE: Style = AnsiColor::Yellow.on_default();
/// What the eye should find.
pub const STRONG: Style = Style::new().bold();
/// What it may skip.
pub const FAINT: Style = Style::new().dimmed();

/// The text in a style. The stream leaves the colours out where none are wanted.
pub fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}
