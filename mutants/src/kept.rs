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
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use syn::spanned::Spanned;
use syn::{ImplItem, Item, Type, Visibility};

use crate::solutions::{Asked, Outcome, Solution, draw, run_and_listen, solutions};

/// Puts kept answers in the place of ours.
#[derive(Args)]
pub struct Arguments {
    /// A clone of the repository, in which files may be changed.
    clone: PathBuf,
    /// Only the exercises with these numbers.
    #[arg(long)]
    only: Vec<String>,
    /// Only those that are right.
    #[arg(long)]
    right: bool,
    /// So many of all kept answers, drawn by lot; all, if not said.
    #[arg(long)]
    sample: Option<usize>,
    /// The lot.
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
    let mut solutions = solutions(&arguments.clone)?;
    solutions.retain(|solution| {
        arguments.only.is_empty() || arguments.only.iter().any(|number| solution.name.starts_with(number))
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
        draw(&mut all, most, &mut Xoshiro256PlusPlus::seed_from_u64(arguments.seed));
    }
    let mut wrong = 0;
    for kept in &all {
        let solution = &solutions[kept.solution];
        let place = kept.path.strip_prefix(&arguments.clone).unwrap_or(&kept.path).display();
        let (outcome, said) = try_out(&arguments.clone, solution, &kept.path)?;
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

fn sources_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    paths.sort();
    Ok(paths)
}

/// Which tests are red, and the first line of what each says; or what the compiler says.
fn said_of(outcome: Outcome, said: &str) -> String {
    if outcome == Outcome::DoesNotCompile {
        return said.to_owned();
    }
    let mut list = String::new();
    for test in said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")) {
        let own = said.split(&format!("---- {test} stdout ----")).nth(1).unwrap_or_default();
        let words = own.lines().filter(|line| !line.is_empty() && !line.starts_with("thread '"));
        _ = writeln!(list, "    {test}: {}", words.into_iter().next().unwrap_or_default());
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
        let outcome = run_and_listen(root, solution, Asked::ByTheExercise);
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
    let is_taken =
        |item: &&Item| taken == Taken::EveryName || (matches!(item, Item::Fn(_)) && is_public(item));
    let of_theirs: BTreeSet<String> = theirs_file.items.iter().filter(is_taken).filter_map(name_of).collect();
    let names: BTreeSet<String> = ours_file
        .items
        .iter()
        .filter(|item| is_public(item))
        .filter_map(name_of)
        .filter(|name| of_theirs.contains(name))
        .collect();
    let does_something = |item: &&Item| !matches!(item, Item::Const(_));
    let done: BTreeSet<String> = ours_file.items.iter().filter(does_something).filter_map(name_of).collect();
    if names.is_disjoint(&done) {
        let span = proc_macro2::Span::call_site();
        return Err(syn::Error::new(span, "nothing in it has the name of something public of ours"));
    }
    let is_theirs =
        |item: &Item| name_of(item).or_else(|| implemented(item)).is_some_and(|name| names.contains(&name));

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

    let mut hidden = Vec::new();
    for item in theirs_file.items.iter().filter(|item| is_theirs(item)) {
        match item {
            Item::Impl(of) if of.trait_.is_none() => {
                hidden.extend(of.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(method) => hidden_at(&method.vis, method.sig.span()),
                    _ => None,
                }));
            }
            Item::Fn(item) => hidden.extend(hidden_at(&item.vis, item.sig.span())),
            Item::Struct(item) => hidden.extend(hidden_at(&item.vis, item.struct_token.span())),
            Item::Enum(item) => hidden.extend(hidden_at(&item.vis, item.enum_token.span())),
            Item::Const(item) => hidden.extend(hidden_at(&item.vis, item.const_token.span())),
            _ => {}
        }
    }
    let mut inserted: Vec<(usize, String)> =
        hidden.into_iter().map(|place| (place, "pub ".to_owned())).collect();
    // What the tests do with a type, they can do with theirs.
    for item in &theirs_file.items {
        let same = |ours: &&Item| name_of(ours).is_some_and(|name| Some(name) == name_of(item));
        if let Some(ours) = ours_file.items.iter().find(same).filter(|_| is_theirs(item)) {
            let missing: Vec<String> = derived(ours).difference(&derived(item)).cloned().collect();
            if !missing.is_empty() {
                let derive = format!("#[derive({})]\n", missing.join(", "));
                inserted.push((item.span().byte_range().start, derive));
            }
        }
    }
    inserted.sort();
    let mut module_text = theirs.to_owned();
    for (place, text) in inserted.into_iter().rev() {
        module_text.insert_str(place, &text);
    }
    Ok((library_text, module_text))
}

/// What is derived for a type.
fn derived(item: &Item) -> BTreeSet<String> {
    let attributes = match item {
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        _ => return BTreeSet::new(),
    };
    let mut found = BTreeSet::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // What cannot be read, the compiler will speak of.
        _ = attribute.parse_nested_meta(|meta| {
            found.extend(meta.path.segments.last().map(|segment| segment.ident.to_string()));
            Ok(())
        });
    }
    found
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Const(item) => item.ident.to_string(),
        _ => return None,
    })
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Fn(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Const(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

/// The type of which it implements something.
fn implemented(item: &Item) -> Option<String> {
    let Item::Impl(item) = item else { return None };
    let Type::Path(path) = &*item.self_ty else { return None };
    Some(path.path.segments.last()?.ident.to_string())
}

/// Where something begins that only its own module sees.
fn hidden_at(visibility: &Visibility, begins: proc_macro2::Span) -> Option<usize> {
    matches!(visibility, Visibility::Inherited).then(|| begins.byte_range().start)
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
