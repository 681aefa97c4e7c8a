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
use syn::{Item, Visibility};

use crate::solutions::{Asked, Outcome, Solution, draw, run, solutions};

/// Puts kept answers in the place of ours.
#[derive(Args)]
pub struct Arguments {
    /// A clone of the repository, in which files may be changed.
    clone: PathBuf,
    /// Only the exercises with these numbers.
    #[arg(long)]
    only: Vec<String>,
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
        let outcome = try_out(&arguments.clone, solution, &kept.path)?;
        let verdict = match (outcome, kept.right) {
            (Outcome::Survived, true) => "green, as it should be",
            (Outcome::Noticed, false) => "red, as it should be",
            (Outcome::DoesNotCompile, _) => "IS NO PROGRAM IN THE PLACE OF OURS",
            (Outcome::Survived, false) => "GREEN, AND IT IS A MISTAKE",
            (Outcome::Noticed, true) => "RED, AND IT IS RIGHT",
        };
        println!("{place}: {verdict}");
        let expected = if kept.right { Outcome::Survived } else { Outcome::Noticed };
        wrong += usize::from(outcome != expected);
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

fn try_out(root: &Path, solution: &Solution, kept: &Path) -> Result<Outcome> {
    let library = solution.directory.join("src/lib.rs");
    let module = solution.directory.join("src/kept.rs");
    let ours = fs::read_to_string(&library)?;
    let theirs = fs::read_to_string(kept)?;
    let (library_text, module_text) = put_in(&ours, &theirs, &solution.library)
        .with_context(|| format!("{} in the place of {}", kept.display(), library.display()))?;
    fs::write(&library, library_text)?;
    fs::write(&module, module_text)?;
    let outcome = run(root, solution, Asked::ByTheExercise);
    fs::write(&library, ours)?;
    fs::remove_file(&module)?;
    outcome
}

/// Our library with everything from the kept answer that has the same name, and the
/// kept answer as a module of it, in which these names are public.
fn put_in(ours: &str, theirs: &str, library: &str) -> syn::Result<(String, String)> {
    let theirs_named = named(theirs)?;
    let of_theirs: BTreeSet<&str> = theirs_named.iter().map(|item| item.name.as_str()).collect();
    let ours_named = named(ours)?;
    let shared: Vec<_> =
        ours_named.iter().filter(|item| item.public && of_theirs.contains(item.name.as_str())).collect();
    let names: BTreeSet<&str> = shared.iter().map(|item| item.name.as_str()).collect();

    let mut library_text = ours.to_owned();
    for item in shared.iter().rev() {
        library_text.replace_range(item.range.clone(), "");
    }
    _ = write!(library_text, "\nextern crate self as {library};\nmod kept;\n");
    for name in &names {
        _ = writeln!(library_text, "pub use kept::{name};");
    }
    let mut module_text = theirs.to_owned();
    for item in theirs_named.iter().rev().filter(|item| !item.public && names.contains(item.name.as_str())) {
        module_text.insert_str(item.begins, "pub ");
    }
    Ok((library_text, module_text))
}

/// Something at the top of a source file that has a name.
struct Named {
    name: String,
    public: bool,
    /// All of it, with what stands before it.
    range: std::ops::Range<usize>,
    /// Where it begins, without its comments and attributes.
    begins: usize,
}

fn named(text: &str) -> syn::Result<Vec<Named>> {
    let file = syn::parse_file(text)?;
    let found = file.items.iter().filter_map(|item| {
        let (name, visibility, begins) = match item {
            Item::Fn(item) => (&item.sig.ident, &item.vis, item.sig.span()),
            Item::Struct(item) => (&item.ident, &item.vis, item.struct_token.span()),
            Item::Enum(item) => (&item.ident, &item.vis, item.enum_token.span()),
            Item::Const(item) => (&item.ident, &item.vis, item.const_token.span()),
            _ => return None,
        };
        Some(Named {
            name: name.to_string(),
            public: matches!(visibility, Visibility::Public(_)),
            range: item.span().byte_range(),
            begins: begins.byte_range().start,
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::put_in;

    #[test]
    fn what_has_the_same_name_is_theirs() {
        let ours = "/// Ours.\npub fn endpoint() -> u8 {\n    view()\n}\npub fn view() -> u8 { 1 }\npub const SIZE: u8 = 3;\nfn help() {}\n";
        let theirs = "fn help() {}\n/// Theirs.\nfn view() -> u8 { 2 }\npub fn endpoint() -> u8 { view() }\n";
        let (library, module) = put_in(ours, theirs, "ex").unwrap();
        assert_eq!(
            library.split_whitespace().collect::<Vec<_>>().join(" "),
            "pub const SIZE: u8 = 3; fn help() {} extern crate self as ex; mod kept; \
             pub use kept::endpoint; pub use kept::view;"
        );
        assert_eq!(
            module,
            "fn help() {}\n/// Theirs.\npub fn view() -> u8 { 2 }\npub fn endpoint() -> u8 { view() }\n"
        );
    }
}
