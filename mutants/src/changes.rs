//! The small changes that one can make to a source file.

use std::ops::Range;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ImplItemFn, ItemFn, Lit, ReturnType, Signature, Stmt};

/// What it is that a change replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An expression that is worked out when the program runs.
    Expression,
    /// A statement.
    Statement,
    /// Two statements that change places.
    Swap,
    /// A literal the compiler wants to know: in a pattern, a constant, a type.
    Fixed,
    /// Nothing is replaced: a function is left at its beginning.
    Return,
}

/// One change to a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is replaced.
    pub kind: Kind,
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
    find(text, false)
}

/// As [`changes`], and more: functions that give a simple answer at once, and every
/// "and" an "or".
///
/// # Errors
///
/// When the file is no Rust.
pub fn all_changes(text: &str) -> syn::Result<Vec<Change>> {
    find(text, true)
}

fn find(text: &str, thorough: bool) -> syn::Result<Vec<Change>> {
    let file = syn::parse_file(text)?;
    let mut finder = Finder { text, thorough, fixed: 0, function: String::new(), found: Vec::new() };
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
    thorough: bool,
    /// In how many things we are that are worked out when the program is compiled.
    fixed: usize,
    /// The function that is being looked at.
    function: String,
    found: Vec<Change>,
}

impl Finder<'_> {
    fn add(&mut self, kind: Kind, range: Range<usize>, by: impl Into<String>, what: String) {
        let what = format!("{}: {what}", self.function);
        let kind = if self.fixed > 0 { Kind::Fixed } else { kind };
        self.found.push(Change { kind, what, range, by: by.into() });
    }

    fn fixed(&mut self, look: impl FnOnce(&mut Self)) {
        self.fixed += 1;
        look(self);
        self.fixed -= 1;
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

    fn in_function(&mut self, signature: &Signature, block: &Block, look: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.function, signature.ident.to_string());
        if self.thorough {
            let start = block.brace_token.span.open().byte_range().end;
            for answer in answers(&signature.output) {
                let what = format!("answers {} at once", if answer.is_empty() { "nothing" } else { answer });
                self.add(Kind::Return, start..start, format!("return {answer};"), what);
            }
        }
        if signature.constness.is_some() {
            self.fixed(look)
        } else {
            look(self)
        }
        self.function = outer;
    }

    /// A condition is turned round, and each half of an "and" or an "or" left out.
    fn condition(&mut self, condition: &Expr) {
        if matches!(condition, Expr::Let(_)) || self.thorough && has_let_within(condition) {
            return;
        }
        let range = condition.span().byte_range();
        let (text, short) = (self.text_of(condition).to_owned(), self.short(condition));
        self.add(Kind::Expression, range.clone(), format!("!({text})"), format!("if not {short}"));
        if let Expr::Binary(both) = condition
            && matches!(both.op, BinOp::And(_) | BinOp::Or(_))
        {
            for half in [&both.left, &both.right] {
                let (kept, what) = (self.text_of(half).to_owned(), self.short(half));
                self.add(Kind::Expression, range.clone(), kept, format!("if {what} alone"));
            }
        }
    }
}

/// What a function could answer without doing anything.
fn answers(output: &ReturnType) -> &'static [&'static str] {
    let ReturnType::Type(_, output) = output else { return &[""] };
    let text = output.to_token_stream().to_string();
    let head = text.split(' ').next().unwrap_or_default();
    match head {
        "bool" => &["true", "false"],
        "Option" => &["None"],
        "Vec" | "BTreeSet" | "BTreeMap" | "String" | "usize" | "u64" | "u32" | "u8" => {
            &["Default::default()"]
        }
        _ => &[],
    }
}

fn has_let(expr: &syn::ExprBinary) -> bool {
    has_let_within(&expr.left) || has_let_within(&expr.right)
}

/// Whether there is a `let` among what is joined by "and".
fn has_let_within(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(both) => matches!(both.op, BinOp::And(_)) && has_let(both),
        _ => false,
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
        self.in_function(&item.sig, &item.block, |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.in_function(&item.sig, &item.block, |this| visit::visit_impl_item_fn(this, item));
    }

    fn visit_block(&mut self, block: &'ast Block) {
        for statement in &block.stmts {
            if can_be_dropped(statement) {
                let what = format!("without {}", self.short(statement));
                self.add(Kind::Statement, statement.span().byte_range(), "", what);
            }
            // An error is swallowed.
            if let Stmt::Expr(Expr::Try(tried), Some(_)) = statement {
                let kept = self.text_of(&tried.expr).to_owned();
                self.add(
                    Kind::Statement,
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
                self.add(
                    Kind::Swap,
                    range,
                    swapped,
                    format!("{} after {}", self.short(one), self.short(two)),
                );
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
            BinOp::And(_) if self.thorough && !has_let(expr) => Some("||"),
            BinOp::Or(_) if self.thorough => Some("&&"),
            _ => None,
        };
        if let Some(other) = other {
            let [left, right] = [&expr.left, &expr.right].map(|side| self.text_of(side).to_owned());
            let changed = format!("{left} {other} {right}");
            let what = format!("{other} in {}", self.short(expr));
            self.add(Kind::Expression, expr.span().byte_range(), changed, what);
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_lit(&mut self, expr: &'ast syn::ExprLit) {
        if let Lit::Int(number) = &expr.lit
            && let Ok(value) = number.base10_parse::<u64>()
        {
            let more = format!("{}{}", value + 1, number.suffix());
            self.add(
                Kind::Expression,
                number.span().byte_range(),
                more,
                format!("{} for {number}", value + 1),
            );
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
                Kind::Expression,
                condition.span().byte_range(),
                "Precondition::None",
                format!("no condition for {}", self.short(call)),
            );
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        self.fixed(|this| visit::visit_pat(this, pattern));
    }

    fn visit_type(&mut self, of: &'ast syn::Type) {
        self.fixed(|this| visit::visit_type(this, of));
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.fixed(|this| visit::visit_item_const(this, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.fixed(|this| visit::visit_impl_item_const(this, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.fixed(|this| visit::visit_item_static(this, item));
    }

    /// The length of an array.
    fn visit_expr_repeat(&mut self, expr: &'ast syn::ExprRepeat) {
        self.visit_expr(&expr.expr);
        self.fixed(|this| this.visit_expr(&expr.len));
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
