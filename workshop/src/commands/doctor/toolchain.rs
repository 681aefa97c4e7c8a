//! The compiler and cargo: new enough?

use std::path::Path;

use serde::Deserialize;

use super::finding::Finding;
use crate::running::tool::{ask, first_error};

#[derive(Default, Deserialize)]
struct Manifest {
    #[serde(default)]
    workspace: Workspace,
}

#[derive(Default, Deserialize)]
struct Workspace {
    #[serde(default)]
    package: Package,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    rust_version: Option<String>,
}

/// Whether this tool is as new as the workshop's Cargo.toml wants it.
pub fn version(tool: &str, root: &Path) -> Finding {
    let found = match ask(tool, root, &["--version"]) {
        Ok(said) => said.split_whitespace().nth(1).unwrap_or_default().to_owned(),
        Err(why) => {
            return Finding::mend(format!("{tool} does not run"), first_error(&why));
        }
    };
    match wanted(root) {
        Some(wanted) if number(&found) < number(&wanted) => Finding::mend(
            format!("{tool} {found} is too old, {wanted} is needed"),
            format!("run {}", crate::terminal::code("rustup update stable")),
        ),
        Some(wanted) => Finding::Fine(format!("{tool} {found}; {wanted} is needed")),
        None => Finding::Fine(format!("{tool} {found}")),
    }
}

/// Whether a program can be linked: the smallest one is.
pub fn linker() -> Finding {
    let tried = || -> anyhow::Result<Result<String, String>> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("main.rs"), "fn main() {}\n")?;
        Ok(ask("rustc", folder.path(), &["main.rs"]))
    };
    let how = if cfg!(windows) {
        "install the Visual Studio Build Tools (https://rustup.rs says how)"
    } else if cfg!(target_os = "macos") {
        "run xcode-select --install"
    } else {
        "install a C compiler, such as build-essential or gcc"
    };
    match tried() {
        Ok(Ok(_)) => Finding::Fine("programs can be linked".to_owned()),
        // That there is no compiler is said already.
        Ok(Err(said)) if !said.contains("error:") => {
            Finding::Note("whether programs can be linked was not tried".to_owned())
        }
        Ok(Err(said)) => Finding::mend(
            format!("no program can be linked ({})", crate::terminal::short(&first_error(&said), 120)),
            how,
        ),
        // Where nothing can be written is said elsewhere.
        Err(_) => Finding::Note("whether programs can be linked was not tried".to_owned()),
    }
}

fn wanted(root: &Path) -> Option<String> {
    let text = std::fs::read_to_string(root.join("Cargo.toml")).ok()?;
    toml::from_str::<Manifest>(&text).ok()?.workspace.package.rust_version
}

/// `1.89.0-nightly` as numbers.
fn number(version: &str) -> Vec<u32> {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let mut parts: Vec<u32> = plain.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    parts.resize(3, 0);
    parts
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(number("1.100.0") > number("1.89"));
        assert!(number("1.89.0-nightly") >= number("1.89"));
        assert!(number("1.88.9") < number("1.89"));
        assert!(number("") < number("1.89"));
    }
}
