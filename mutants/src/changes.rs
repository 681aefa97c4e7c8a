//! The small changes that one can make to a source file.

use std::ops::Range;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ImplItemFn, ItemFn, Lit, Stmt};

/// One change to a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is changed, in words. It has no line number in it, so it stays what it is
    /// when other lines come and go.
    pub what: String,
    /// The bytes that are replaced.
    pub range: Range<usize>,
    /// What they are replaced by.
    pub by: String,
}

impl Change {
    /// The text with this change.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        format!("{}{}{}", &text[..self.range.start], self.by, &text[self.range.end..])
    }
}

/// All changes to a source file, in its order. Those that mean the same by their
/// words are numbered.
///
/// # Errors
///
/// When the file is no Rust.
pub fn changes(text: &str) -> syn::Result<Vec<Change>> {
    let file = syn::parse_file(text)?;
    let mut finder = Finder { text, function: String::new(), found: Vec::new() };
    finder.visit_file(&file);
    let mut found = finder.found;
    for place in 0..found.len() {
        let before = found[..place].iter().filter(|other| base(&other.what) == found[place].what).count();
        if before > 0 {
            found[place].what = format!("{} ({})", found[place].what, before + 1);
        }
    }
    Ok(found)
}

fn base(what: &str) -> &str {
    match what.rsplit_once(" (") {
        Some((base, number)) if number.trim_end_matches(')').parse::<usize>().is_ok() => base,
        _ => what,
    }
}

struct Finder<'a> {
    text: &'a str,
    /// The function that is being looked at.
    function: String,
    found: Vec<Change>,
}

impl Finder<'_> {
    fn add(&mut self, range: Range<usize>, by: impl Into<String>, what: String) {
        let what = format!("{}: {what}", self.function);
        self.found.push(Change { what, range, by: by.into() });
    }

    fn text_of(&self, spanned: &impl Spanned) -> &str {
        &self.text[spanned.span().byte_range()]
    }

    /// The text on one line, cut where it gets long.
    fn short(&self, spanned: &impl Spanned) -> String {
        const MOST: usize = 70;
        let line = self.text_of(spanned).split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= MOST { line } else { line.chars().take(MOST).collect::<String>() + "…" }
    }

    fn in_function(&mut self, name: String, look: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.function, name);
        look(self);
        self.function = outer;
    }

    /// A condition is turned round, and each half of an "and" or an "or" left out.
    fn condition(&mut self, condition: &Expr) {
        if matches!(condition, Expr::Let(_)) {
            return;
        }
        let range = condition.span().byte_range();
        let (text, short) = (self.text_of(condition).to_owned(), self.short(condition));
        self.add(range.clone(), format!("!({text})"), format!("if not {short}"));
        if let Expr::Binary(both) = condition
            && matches!(both.op, BinOp::And(_) | BinOp::Or(_))
        {
            for half in [&both.left, &both.right] {
                let (kept, what) = (self.text_of(half).to_owned(), self.short(half));
                self.add(range.clone(), kept, format!("if {what} alone"));
            }
        }
    }
}

/// What a statement does when it is dropped: a value that is named later can't be.
fn can_be_dropped(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(_, semicolon) => semicolon.is_some(),
        Stmt::Macro(call) => call.semi_token.is_some() && !call.mac.path.is_ident("todo"),
        Stmt::Local(_) | Stmt::Item(_) => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.in_function(item.sig.ident.to_string(), |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.in_function(item.sig.ident.to_string(), |this| visit::visit_impl_item_fn(this, item));
    }

    fn visit_block(&mut self, block: &'ast Block) {
        for statement in &block.stmts {
            if can_be_dropped(statement) {
                self.add(statement.span().byte_range(), "", format!("without {}", self.short(statement)));
            }
            // An error is swallowed.
            if let Stmt::Expr(Expr::Try(tried), Some(_)) = statement {
                let kept = self.text_of(&tried.expr).to_owned();
                self.add(
                    statement.span().byte_range(),
                    format!("_ = {kept};"),
                    format!("whatever comes of {}", self.short(&tried.expr)),
                );
            }
        }
        for pair in block.stmts.windows(2) {
            if pair.iter().all(can_be_dropped) {
                let [one, two] = [&pair[0], &pair[1]];
                let range = one.span().byte_range().start..two.span().byte_range().end;
                let swapped = format!("{} {}", self.text_of(two), self.text_of(one));
                self.add(range, swapped, format!("{} after {}", self.short(one), self.short(two)));
            }
        }
        visit::visit_block(self, block);
    }

    fn visit_expr_if(&mut self, expr: &'ast syn::ExprIf) {
        self.condition(&expr.cond);
        visit::visit_expr_if(self, expr);
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        self.condition(&expr.cond);
        visit::visit_expr_while(self, expr);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.condition(guard);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        let other = match expr.op {
            BinOp::Eq(_) => Some("!="),
            BinOp::Ne(_) => Some("=="),
            BinOp::Lt(_) => Some("<="),
            BinOp::Le(_) => Some("<"),
            BinOp::Gt(_) => Some(">="),
            BinOp::Ge(_) => Some(">"),
            BinOp::Add(_) => Some("-"),
            BinOp::Sub(_) => Some("+"),
            _ => None,
        };
        if let Some(other) = other {
            self.add(expr.op.span().byte_range(), other, format!("{other} in {}", self.short(expr)));
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_lit(&mut self, expr: &'ast syn::ExprLit) {
        if let Lit::Int(number) = &expr.lit
            && let Ok(value) = number.base10_parse::<u64>()
        {
            let more = format!("{}{}", value + 1, number.suffix());
            self.add(number.span().byte_range(), more, format!("{} for {number}", value + 1));
        }
        visit::visit_expr_lit(self, expr);
    }

    /// A write without its condition.
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if (call.method == "put" || call.method == "delete")
            && let Some(condition) = call.args.last()
            && condition.to_token_stream().to_string() != "Precondition :: None"
        {
            self.add(
                condition.span().byte_range(),
                "Precondition::None",
                format!("no condition for {}", self.short(call)),
            );
        }
        visit::visit_expr_method_call(self, call);
    }

    /// Tests and documentation are no part of what is tested.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(text: &str) -> Vec<String> {
        changes(text).expect("Rust").into_iter().map(|change| change.what).collect()
    }

    #[test]
    fn each_kind_of_change_is_found() {
        let text = "fn save(a: bool, b: bool) -> R { log(1); put(2)?; if a && b { return; } x == y }";
        assert_eq!(
            whats(text),
            [
                "save: without log(1);",
                "save: without put(2)?;",
                "save: whatever comes of put(2)",
                "save: log(1); after put(2)?;",
                "save: 2 for 1",
                "save: 3 for 2",
                "save: if not a && b",
                "save: if a alone",
                "save: if b alone",
                "save: without return;",
                "save: != in x == y",
            ]
        );
    }

    #[test]
    fn a_change_is_applied_to_its_place_alone() {
        let text = "fn f() { ü(); g(); ü(); }";
        let found = changes(text).expect("Rust");
        assert_eq!(found[1].apply(text), "fn f() { ü();  ü(); }");
        let numbered: Vec<&str> = found.iter().map(|change| change.what.as_str()).collect();
        assert!(numbered.contains(&"f: without ü(); (2)"), "{numbered:?}");
    }

    #[test]
    fn a_write_loses_its_condition() {
        let text = "fn f() { store.put(key, body, as_read).await?; store.put(k, b, Precondition::None); }";
        let lost: Vec<String> =
            whats(text).into_iter().filter(|what| what.contains(": no condition")).collect();
        assert_eq!(lost, ["f: no condition for store.put(key, body, as_read)"]);
    }
}
