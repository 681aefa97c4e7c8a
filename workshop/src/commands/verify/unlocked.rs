//! A solution that is unlocked in a handout stands alone: the others are not there,
//! and its mistakes may have stayed behind, too.

use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::folder::without_detours;
use crate::commands::handout;
use crate::repository::{Exercise, Name, Repository};

use super::commands_named::sources;
use super::culprit::{Culprit, Fault};

/// Looks at each path that is written in the solution's sources. One to an exercise that
/// needs a server is in no handout, and never unlocked.
pub fn check(repository: &Repository, name: &Name) -> Vec<Culprit> {
    if Exercise::load(repository, name.clone()).is_ok_and(|exercise| exercise.needs_a_server) {
        return Vec::new();
    }
    let solution = repository.solution(name);
    let mut files = sources(&solution);
    files.sort();
    let mut culprits = Vec::new();
    for file in files {
        let (Ok(within), Ok(text)) = (file.strip_prefix(&solution), fs::read_to_string(&file)) else {
            continue;
        };
        let place = Path::new("solutions").join(name.to_string()).join(within);
        let shown = repository.show(&file);
        culprits.extend(faults(&place, &text).into_iter().map(|fault| fault.of(&shown)));
    }
    culprits
}

/// What a file, which lies at `place` in the repository, asks for and may not have.
fn faults(place: &Path, text: &str) -> Vec<Fault> {
    let mut parts = place.iter().skip(2);
    let (folder, target) = (parts.next(), parts.next());
    let is_test = |name: &str| {
        folder.is_some_and(|folder| folder == "tests")
            && target.is_some_and(|file| Path::new(file).file_stem().is_some_and(|stem| stem == name))
    };
    // It stays here, with all that it compares.
    if is_test(handout::OURS) {
        return Vec::new();
    }
    let with_mistakes = is_test(handout::MISTAKES) || folder.is_some_and(|f| f == handout::MISTAKES);
    let own: PathBuf = place.iter().take(2).collect();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        for path in code.split('"').skip(1).step_by(2).filter(|text| text.starts_with("../")) {
            let Some(folder) = place.parent() else { continue };
            let target = without_detours(&folder.join(path));
            let what = if let Ok(within) = target.strip_prefix(&own) {
                if with_mistakes || !within.starts_with(handout::MISTAKES) {
                    continue;
                }
                format!("{path:?} is one of the mistakes, which may not be unlocked")
            } else if handout::CONTENTS.iter().any(|there| target.starts_with(there)) {
                continue;
            } else {
                format!("{path:?} is in no handout where only this solution is unlocked")
            };
            let mend = format!("move it to tests/{}.rs, which is never unlocked", handout::OURS);
            found.push(Fault::new(number + 1, what, mend));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(place: &str, text: &str) -> Vec<(usize, String)> {
        faults(Path::new(place), text).into_iter().map(|fault| (fault.line, fault.what)).collect()
    }

    #[test]
    fn what_may_stay_behind_is_asked_for_by_no_test_that_comes() {
        let text = "#[path = \"../alternatives/a.rs\"]\nmod a;\n#[path = \"../../03-b/mistakes/b.rs\"]\nmod b;\n\
                    // \"../../03-b/src/lib.rs\"\n#[path = \"../../../exercises/02-a/tests/support/mod.rs\"]\n\
                    mod support;\nlet text = include_str!(\"../mistakes/c.txt\");\n";
        let other = "\"../../03-b/mistakes/b.rs\" is in no handout where only this solution is unlocked";
        let mistake = "\"../mistakes/c.txt\" is one of the mistakes, which may not be unlocked";
        let of = |line, what: &str| (line, what.to_owned());
        assert_eq!(whats("solutions/02-a/tests/alternatives.rs", text), [of(3, other), of(8, mistake)]);
        assert_eq!(whats("solutions/02-a/tests/mistakes.rs", text), [of(3, other)]);
        assert_eq!(whats("solutions/02-a/tests/page.rs", text), []);
        // An other file of a target that comes with the mistakes.
        assert_eq!(whats("solutions/02-a/mistakes/d.rs", "include!(\"../mistakes/e.rs\")"), []);
        assert_eq!(whats("solutions/02-a/src/lib.rs", "include!(\"../../../prices/x.rs\")").len(), 1);
    }
}
