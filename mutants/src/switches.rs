//! All changes to a source file at once, each behind a switch.
//!
//! To build the engine anew for each of a thousand changes would take a day. So it is
//! built once, with every change in it (Untch, Offutt and Harrold, "Mutation Analysis
//! Using Mutant Schemata", ISSTA 1993), and an environment variable says at run time
//! which of them is on.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::changes::{Change, Kind};

/// The module that knows which change is on; the changed crate gets it as `mutant`.
pub const MODULE: &str = r#"//! Which change is on.

use std::sync::LazyLock;

static ON: LazyLock<usize> =
    LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0));

#[inline]
pub fn on(number: usize) -> bool {
    *ON == number
}
"#;

/// A source file with changes behind switches.
pub struct Switched {
    /// The new text.
    pub text: String,
    /// Where each change has come to stand in it.
    pub places: Vec<(usize, Range<usize>)>,
}

/// Puts each change behind the switch with its number, but for those that cannot be
/// put behind one.
pub fn switched(text: &str, changes: &[(usize, &Change)], without: &BTreeSet<usize>) -> Switched {
    let mut all: Vec<_> = changes
        .iter()
        .filter(|(number, change)| {
            !without.contains(number) && !matches!(change.kind, Kind::Fixed | Kind::Swap)
        })
        .copied()
        .collect();
    // The outer ones first. What is inserted comes before what begins there.
    all.sort_by_key(|(number, change)| {
        (change.range.start, change.kind != Kind::Return, std::cmp::Reverse(change.range.end), *number)
    });
    let mut writer = Writer { text, out: String::new(), places: Vec::new() };
    writer.write(0..text.len(), &all);
    Switched { text: writer.out, places: writer.places }
}

struct Writer<'a> {
    text: &'a str,
    out: String,
    places: Vec<(usize, Range<usize>)>,
}

impl Writer<'_> {
    /// Writes a range of the text, with the changes that lie in it.
    fn write(&mut self, range: Range<usize>, mut inside: &[(usize, &Change)]) {
        let mut at = range.start;
        while let Some(((number, change), rest)) = inside.split_first() {
            self.out.push_str(&self.text[at..change.range.start]);
            let within = rest.iter().take_while(|(_, next)| next.range.end <= change.range.end).count();
            let (within, rest) =
                if change.kind == Kind::Return { (&rest[..0], rest) } else { rest.split_at(within) };
            let from = self.out.len();
            let by = &change.by;
            match change.kind {
                Kind::Return => self.out.push_str(&format!("if crate::mutant::on({number}) {{ {by} }} ")),
                Kind::Statement if by.is_empty() => {
                    self.out.push_str(&format!("if !crate::mutant::on({number}) {{ "));
                    self.write(change.range.clone(), within);
                    self.out.push_str(" }");
                }
                _ => {
                    let open = if change.kind == Kind::Expression { "(" } else { "" };
                    let close = if change.kind == Kind::Expression { ")" } else { "" };
                    self.out.push_str(&format!("{open}if crate::mutant::on({number}) {{ {by} }} else {{ "));
                    self.write(change.range.clone(), within);
                    self.out.push_str(&format!(" }}{close}"));
                }
            }
            self.places.push((*number, from..self.out.len()));
            at = change.range.end;
            inside = rest;
        }
        self.out.push_str(&self.text[at..range.end]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::all_changes;

    fn with_switches(text: &str, without: &[usize]) -> String {
        let changes = all_changes(text).expect("Rust");
        let numbered: Vec<(usize, &Change)> = changes.iter().enumerate().collect();
        let out = switched(text, &numbered, &without.iter().copied().collect()).text;
        syn::parse_file(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
        out
    }

    #[test]
    fn each_change_is_behind_its_switch() {
        assert_eq!(
            with_switches("fn f(a: u8) -> bool { g(); a < 2 }", &[]),
            "fn f(a: u8) -> bool {if crate::mutant::on(0) { return true; } \
             if crate::mutant::on(1) { return false; }  if !crate::mutant::on(2) { g(); } \
             (if crate::mutant::on(3) { a <= 2 } else { a < (if crate::mutant::on(4) { 3 } else { 2 }) }) }"
        );
    }

    #[test]
    fn what_cannot_be_switched_is_left_alone() {
        let text = "const A: u8 = 1; fn f(a: R) -> R { match a { B(2) => g(), c => c } }";
        assert_eq!(with_switches(text, &[]), text);
    }

    #[test]
    fn nested_changes_each_have_their_place() {
        let text = "fn f(a: bool, b: bool) { if a && b == c { g(1); h()?; } }";
        let all = with_switches(text, &[]);
        // The ninth is the two statements that change places.
        assert!(!all.contains("on(9)"), "{all}");
        for number in (0..9).chain([10]) {
            assert_eq!(all.matches(&format!("on({number})")).count(), 1, "{number}: {all}");
        }
        let fewer = with_switches(text, &[1, 3]);
        assert!(!fewer.contains("on(1)") && !fewer.contains("on(3)"), "{fewer}");
    }
}
