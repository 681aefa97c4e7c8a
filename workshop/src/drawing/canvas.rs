//! What every picture has: a frame, a text for those who cannot see it, and the colours.

use std::fmt::Write as _;

/// How wide every picture is: as wide as there is room on a slide, in its pixels.
pub const WIDTH: f64 = 1160.0;

/// Light and dark; the looks of texts. Numbers are sizes on a slide.
const STYLE: &str = "\
svg { --ink: #1f2328; --quiet: #57606a; --line: #8a929b; --board: #f0f1f3; --paper: #fdfcf9; --accent: #0b5cad; \
--good: #0a6b3d; --bad: #b3211c; --lost: #8a5000; }
@media screen and (prefers-color-scheme: dark) { svg { --ink: #e8eaed; --quiet: #a8b1bb; --line: #7d8791; \
--board: #20262d; --paper: #15191e; --accent: #7cb8ff; --good: #7fd6a2; --bad: #ff8f86; --lost: #f0b45c; } }
text { font: 20px Arial, \"Liberation Sans\", sans-serif; fill: var(--ink); }
.paper { fill: var(--paper); }
.quiet { fill: var(--quiet); }
.strong { font-weight: bold; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.board { fill: var(--board); }
";

/// A picture that is being drawn.
pub struct Canvas {
    body: String,
    margin: f64,
}

impl Canvas {
    /// Nothing is on it yet.
    pub fn new() -> Self {
        Self::with_margin(0.0)
    }

    /// Nothing is on it yet, and nothing will be within so many pixels of its edges.
    pub fn with_margin(margin: f64) -> Self {
        Self { body: String::new(), margin }
    }

    /// Puts this on it: markup, in which every text was [escaped](escaped).
    pub fn put(&mut self, markup: &str) {
        self.body += markup;
        self.body.push('\n');
    }

    /// A text of this class, whose line begins, or has its middle or end, there.
    pub fn text(&mut self, x: f64, y: f64, class: &str, words: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let (x, y) = (number(x), number(y));
        self.put(&format!("<text{class} x=\"{x}\" y=\"{y}\">{}</text>", escaped(words)));
    }

    /// The whole picture: so high, with what it is, and what it shows, in words.
    pub fn finished(self, height: f64, title: &str, description: &str, style: &str) -> String {
        let (width, high) = (number(WIDTH + 2.0 * self.margin), number(height + 2.0 * self.margin));
        let start = number(-self.margin);
        let mut svg = String::new();
        _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{start} {start} {width} {high}\" width=\"{width}\" height=\"{high}\" \
             role=\"img\" aria-labelledby=\"title desc\">"
        );
        _ = writeln!(svg, "<title id=\"title\">{}</title>", escaped(title));
        _ = writeln!(svg, "<desc id=\"desc\">{}</desc>", escaped(description));
        _ = writeln!(svg, "<style>\n{STYLE}{style}</style>");
        let corner = if self.margin > 0.0 { format!(" x=\"{start}\" y=\"{start}\"") } else { String::new() };
        _ = writeln!(svg, "<rect class=\"paper\"{corner} width=\"{width}\" height=\"{high}\"/>");
        svg + &self.body + "</svg>\n"
    }
}

/// A text that stands in markup, or between quotation marks there. What no XML may have
/// is left out.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\r' | '\t' => safe.push(' '),
            '\u{FFFE}' | '\u{FFFF}' => {}
            control if control.is_control() => {}
            other => safe.push(other),
        }
    }
    safe
}

/// A length with a tenth of a pixel, in as few letters as can be.
pub fn number(length: f64) -> String {
    let text = format!("{length:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The text in lines that are about so many pixels wide at most, at a size of 20: as wide
/// as Arial has it, or a little less.
pub fn wrapped(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_of(line) + 6.0 + width_of(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// About how wide a text is at a size of 20.
pub fn width_of(text: &str) -> f64 {
    let wide = |character: char| match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | 'I' | 'f' | 't' | 'r' | '(' | ')' => 6.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 17.0,
        upper if upper.is_uppercase() => 14.5,
        _ => 11.2,
    };
    text.chars().map(wide).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_code_has_written_is_no_markup() {
        let hostile = "</text><script>alert(1)</script>\"' onload=\u{0}\u{1b}\n& \u{FFFF}";
        let safe = escaped(hostile);
        assert!(!safe.contains(['<', '>', '"', '\'', '\u{0}', '\u{1b}', '\n', '\u{FFFF}']), "{safe}");
        assert!(safe.starts_with("&lt;/text&gt;&lt;script&gt;") && safe.contains("&amp;"), "{safe}");
        let mut canvas = Canvas::new();
        canvas.text(0.0, 0.0, "", hostile);
        let svg = canvas.finished(10.0, hostile, hostile, "");
        assert!(!svg.contains("<script") && svg.matches("</text>").count() == 1, "{svg}");
    }

    #[test]
    fn lengths_are_short_and_lines_are_not_long() {
        assert_eq!([0.04, -0.04, 12.0, 3.25, 3.26].map(number), ["0", "0", "12", "3.2", "3.3"]);
        let lines = wrapped("one two  three", 60.0);
        assert_eq!(lines, ["one", "two", "three"]);
        assert_eq!(wrapped("one two", 200.0), ["one two"]);
        assert!(wrapped(" ", 9.0).is_empty());
    }
}
