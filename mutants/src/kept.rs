//! Puts each kept answer in the place of ours, and asks the tests of its exercise: a
//! right one, in another style, must stay green, and a mistake must not.
//!
//! The tests beside our solution ask the same questions of kept answers, for the sake
//! of their stories; but they are other code than what is asked of whoever does the
//! exercise. Here it is that code.
//!
//! It changes files, and puts them back: run it on a clone.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Ident, ImplItem, Item, Type, Visibility};

use crate::solutions::{Asked, Chosen, Outcome, Solution, draw, run, sources_in};

/// Puts kept answers in the place of ours.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Only those that are right.
    #[arg(long)]
    right: bool,
    /// So many of all kept answers, drawn by lot; all, if not said.
    #[arg(long)]
    sample: Option<usize>,
}

/// A kept answer.
struct Kept {
    /// Which solution it stands in for.
    solution: usize,
    path: PathBuf,
    right: bool,
}

/// Tries them, and says which are not judged as they should be.
///
/// # Errors
///
/// When something cannot be read, written or run.
pub fn run_all(arguments: &Arguments) -> Result<ExitCode> {
    let Chosen { clone, .. } = &arguments.chosen;
    let mut solutions = arguments.chosen.solutions()?;
    solutions.retain(|solution| {
        if solution.needs_a_server {
            println!(
                "{}: its kept answers are asked by the tests beside it, with the same code",
                solution.name
            );
        }
        !solution.needs_a_server
    });
    let mut all = Vec::new();
    for (number, solution) in solutions.iter().enumerate() {
        for (folder, right) in [("alternatives", true), ("mistakes", false)] {
            if arguments.right && !right {
                continue;
            }
            let paths = sources_in(&solution.directory.join(folder))?;
            all.extend(paths.into_iter().map(|path| Kept { solution: number, path, right }));
        }
    }
    if let Some(most) = arguments.sample {
        draw(&mut all, most, &mut arguments.chosen.lot());
    }
    let mut wrong = 0;
    for kept in &all {
        let solution = &solutions[kept.solution];
        let place = kept.path.strip_prefix(clone).unwrap_or(&kept.path).display();
        let (outcome, said) = try_out(clone, solution, &kept.path)?;
        let verdict = match (outcome, kept.right) {
            (Outcome::Survived, true) => "green, as it should be",
            (Outcome::Noticed, false) => "red, as it should be",
            (Outcome::DoesNotCompile, _) => "IS NO PROGRAM IN THE PLACE OF OURS",
            (Outcome::Survived, false) => "GREEN, AND IT IS A MISTAKE",
            (Outcome::Noticed, true) => "RED, AND IT IS RIGHT",
        };
        println!("{place}: {verdict}");
        let expected = if kept.right { Outcome::Survived } else { Outcome::Noticed };
        if outcome != expected {
            wrong += 1;
            print!("{}", said_of(outcome, &said));
        }
    }
    println!("{} kept answers asked, {wrong} judged otherwise than they should be", all.len());
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which tests are red, and the first line of what each says; or what the compiler says.
fn said_of(outcome: Outcome, said: &str) -> String {
    if outcome == Outcome::DoesNotCompile {
        return said.to_owned();
    }
    let mut list = String::new();
    for test in said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")) {
        let own = said.split(&format!("---- {test} stdout ----")).nth(1).unwrap_or_default();
        let words = own.lines().find(|line| !line.is_empty() && !line.starts_with("thread '"));
        _ = writeln!(list, "    {test}: {}", words.unwrap_or_default());
    }
    list
}

/// Tries with everything of theirs that has a name of ours; where that is no program,
/// since ours goes into the details of what is theirs now, with what theirs shows to
/// others.
fn try_out(root: &Path, solution: &Solution, kept: &Path) -> Result<(Outcome, String)> {
    let library = solution.directory.join("src/lib.rs");
    let module = solution.directory.join("src/kept.rs");
    // What only tests depend on elsewhere, an answer may.
    let manifest = solution.directory.join("Cargo.toml");
    let dependencies = fs::read_to_string(&manifest)?;
    let ours = fs::read_to_string(&library)?;
    let theirs = fs::read_to_string(kept)?;
    let mut last = (Outcome::DoesNotCompile, String::new());
    for taken in [Taken::EveryName, Taken::PublicFunctions] {
        let (library_text, module_text) = put_in(&ours, &theirs, &solution.library, taken)
            .with_context(|| format!("{} in the place of {}", kept.display(), library.display()))?;
        fs::write(&manifest, dependencies.replace("\n[dev-dependencies]\n", ""))?;
        fs::write(&library, library_text)?;
        fs::write(&module, module_text)?;
        let outcome = run(root, solution, Asked::ByTheExercise);
        fs::write(&manifest, &dependencies)?;
        fs::write(&library, &ours)?;
        fs::remove_file(&module)?;
        last = outcome?;
        if last.0 != Outcome::DoesNotCompile {
            break;
        }
    }
    Ok(last)
}

/// What of a kept answer takes the place of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Everything that has the name of something public of ours.
    EveryName,
    /// The functions among that which are public.
    PublicFunctions,
}

/// Our library with everything from the kept answer that has the same name, and the
/// kept answer as a module of it, in which these names, and the methods of these types,
/// are public.
fn put_in(ours: &str, theirs: &str, library: &str, taken: Taken) -> syn::Result<(String, String)> {
    let (ours_file, theirs_file) = (syn::parse_file(ours)?, syn::parse_file(theirs)?);
    let of_theirs: BTreeSet<String> = named(&theirs_file)
        .filter(|item| taken == Taken::EveryName || (item.is_function && item.is_public()))
        .map(|item| item.name())
        .collect();
    let shared = || named(&ours_file).filter(|item| item.is_public() && of_theirs.contains(&item.name()));
    if shared().all(|item| item.is_constant) {
        let span = Span::call_site();
        return Err(syn::Error::new(
            span,
            "nothing that is done in it has the name of something public of ours",
        ));
    }
    let names: BTreeSet<String> = shared().map(|item| item.name()).collect();
    let is_theirs = |item: &Item| {
        let name = Named::of(item).map(|named| named.name()).or_else(|| implemented(item));
        name.is_some_and(|name| names.contains(&name))
    };

    // What is left of ours need not be tidy.
    let mut library_text = ours.to_owned();
    for item in ours_file.items.iter().rev().filter(|item| is_theirs(item)) {
        library_text.replace_range(item.span().byte_range(), "");
    }
    library_text.insert_str(0, "#![allow(warnings)]\n");
    _ = write!(library_text, "\nextern crate self as {library};\nmod kept;\n");
    for name in &names {
        _ = writeln!(library_text, "pub use kept::{name};");
    }

    let mut inserted: Vec<(usize, String)> = Vec::new();
    let shown = |visibility: &Visibility, begins: Span| {
        let is_hidden = matches!(visibility, Visibility::Inherited);
        is_hidden.then(|| (begins.byte_range().start, "pub ".to_owned()))
    };
    for item in theirs_file.items.iter().filter(|item| is_theirs(item)) {
        if let Item::Impl(of) = item
            && of.trait_.is_none()
        {
            inserted.extend(of.items.iter().filter_map(|item| match item {
                ImplItem::Fn(method) => shown(&method.vis, method.sig.span()),
                _ => None,
            }));
        }
        let Some(theirs) = Named::of(item) else { continue };
        inserted.extend(shown(theirs.visibility, theirs.begins));
        // What the tests do with a type, they can do with theirs.
        let ours = named(&ours_file).find(|ours| ours.ident == theirs.ident);
        let missing = ours.map(|ours| &ours.derived() - &theirs.derived()).unwrap_or_default();
        if !missing.is_empty() {
            let derive = format!("#[derive({})]\n", missing.into_iter().collect::<Vec<_>>().join(", "));
            inserted.push((item.span().byte_range().start, derive));
        }
    }
    inserted.sort();
    let mut module_text = theirs.to_owned();
    for (place, text) in inserted.into_iter().rev() {
        module_text.insert_str(place, &text);
    }
    Ok((library_text, module_text))
}

/// Something at the top of a source file that has a name.
struct Named<'a> {
    ident: &'a Ident,
    visibility: &'a Visibility,
    attributes: &'a [Attribute],
    /// Where it begins, without what stands before it.
    begins: Span,
    is_function: bool,
    is_constant: bool,
}

impl<'a> Named<'a> {
    fn of(item: &'a Item) -> Option<Self> {
        let (ident, visibility, attributes, begins) = match item {
            Item::Fn(item) => (&item.sig.ident, &item.vis, &item.attrs, item.sig.span()),
            Item::Struct(item) => (&item.ident, &item.vis, &item.attrs, item.struct_token.span()),
            Item::Enum(item) => (&item.ident, &item.vis, &item.attrs, item.enum_token.span()),
            Item::Const(item) => (&item.ident, &item.vis, &item.attrs, item.const_token.span()),
            _ => return None,
        };
        let (is_function, is_constant) = (matches!(item, Item::Fn(_)), matches!(item, Item::Const(_)));
        Some(Self { ident, visibility, attributes, begins, is_function, is_constant })
    }

    fn name(&self) -> String {
        self.ident.to_string()
    }

    fn is_public(&self) -> bool {
        matches!(self.visibility, Visibility::Public(_))
    }

    /// What is derived for it.
    fn derived(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for attribute in self.attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            // What cannot be read, the compiler will speak of.
            _ = attribute.parse_nested_meta(|meta| {
                found.extend(meta.path.segments.last().map(|segment| segment.ident.to_string()));
                Ok(())
            });
        }
        found
    }
}

fn named(file: &syn::File) -> impl Iterator<Item = Named<'_>> {
    file.items.iter().filter_map(Named::of)
}

/// The type of which it implements something.
fn implemented(item: &Item) -> Option<String> {
    let Item::Impl(item) = item else { return None };
    let Type::Path(path) = &*item.self_ty else { return None };
    Some(path.path.segments.last()?.ident.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Taken, put_in};

    #[test]
    fn what_has_the_same_name_is_theirs() {
        let ours = "/// Ours.\npub fn endpoint() -> u8 {\n    view()\n}\npub fn view() -> u8 { 1 }\npub const SIZE: u8 = 3;\nfn help() {}\n#[derive(Debug)]\npub struct R;\nimpl R { fn run() {} }\n";
        let theirs = "fn help() {}\n/// Theirs.\nfn view() -> u8 { 2 }\npub fn endpoint() -> u8 { view() }\n/// R.\nstruct R;\nimpl R { fn run() {} }\nimpl Clone for R { fn clone(&self) -> R { R } }\n";
        let (library, module) = put_in(ours, theirs, "ex", Taken::EveryName).unwrap();
        assert_eq!(
            library.split_whitespace().collect::<Vec<_>>().join(" "),
            "#![allow(warnings)] pub const SIZE: u8 = 3; fn help() {} extern crate self as ex; mod kept; \
             pub use kept::R; pub use kept::endpoint; pub use kept::view;"
        );
        assert!(put_in(ours, "pub fn handler() {}", "ex", Taken::EveryName).is_err());
        assert_eq!(
            module,
            "fn help() {}\n/// Theirs.\npub fn view() -> u8 { 2 }\npub fn endpoint() -> u8 { view() }\n#[derive(Debug)]\n/// R.\n\
             pub struct R;\nimpl R { pub fn run() {} }\nimpl Clone for R { fn clone(&self) -> R { R } }\n"
        );
    }
}
