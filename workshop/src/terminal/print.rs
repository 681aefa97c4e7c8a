//! What is printed, and where: answers on standard output, complaints and the
//! words of other programs on standard error.

use std::io::{IsTerminal, Write};

use super::style::{BAD, paint};
use super::wrap::paragraph;

/// Prints to standard output. A reader that has gone away is no error.
pub fn show(text: &str) {
    let mut out = anstream::stdout().lock();
    _ = write!(out, "{text}");
    _ = out.flush();
}

/// Empties the terminal, if standard output is one.
pub fn clear() {
    if std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb") {
        show("");
        // Whatever somebody thinks of colours.
        let mut out = std::io::stdout().lock();
        _ = write!(out, "\x1b[2J\x1b[H");
        _ = out.flush();
    }
}

/// Says in a sentence what is wrong, on standard error.
pub fn complain(sentence: &str) {
    let sentence = sentence.trim_end().trim_end_matches('.');
    let text = paragraph(&format!("error: {sentence}."), "");
    let rest = text.strip_prefix("error:").unwrap_or(&text);
    _ = write!(anstream::stderr(), "{}{rest}", paint(BAD, "error:"));
}

/// Passes on what another program said, as it is, on standard error.
pub fn pass_on(text: &str) {
    let text = text.trim_end();
    if !text.is_empty() {
        _ = writeln!(anstream::stderr(), "{text}\n");
    }
}
