//! Takes from the Cargo.toml files what a handout has not: members that stayed
//! behind, benches, and real stores with their tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table};

/// Cuts all that does not stay whole by itself.
pub fn cut(stage: &Path) -> Result<()> {
    edit(&stage.join("Cargo.toml"), |manifest| {
        for list in ["members", "default-members"] {
            if let Some(list) = members(manifest, list) {
                list.retain(|member| {
                    let folder = member.as_str().and_then(|member| member.split('/').next());
                    folder.is_none_or(|folder| stage.join(folder).is_dir())
                });
            }
        }
        Vec::new()
    })?;
    let own = ["ports", "shared", "records", "chaos", "closing"]
        .map(|package| (stage.join(package), cut_package as fn(&mut _) -> _));
    let exercises = fs::read_dir(stage.join("exercises")).into_iter().flatten().flatten();
    let exercises = exercises.map(|entry| (entry.path(), cut_exercise as fn(&mut _) -> _));
    for (folder, cut) in own.into_iter().chain(exercises) {
        if folder.join("Cargo.toml").is_file() {
            let gone = edit(&folder.join("Cargo.toml"), cut)?;
            for file in gone {
                fs::remove_file(folder.join(&file)).with_context(|| format!("{file} cannot be left out"))?;
            }
        }
    }
    Ok(())
}

/// Adds a member to the workspace, once, and to what must be green.
pub fn add_member(workspace: &Path, member: &str) -> Result<()> {
    edit(workspace, |manifest| {
        for list in ["members", "default-members"] {
            if let Some(list) = members(manifest, list)
                && !list.iter().any(|known| known.as_str() == Some(member))
            {
                list.push(member);
            }
        }
        Vec::new()
    })?;
    Ok(())
}

/// Takes test targets from a solution; returns their files.
pub fn cut_tests(manifest: &Path, names: &[&str]) -> Result<Vec<String>> {
    edit(manifest, |manifest| {
        let named = |test: &Table| test.get("name").and_then(Item::as_str).unwrap_or_default().to_owned();
        drop_tests(manifest, |test| names.contains(&named(test).as_str()))
    })
}

fn members<'a>(manifest: &'a mut DocumentMut, list: &str) -> Option<&'a mut Array> {
    manifest.get_mut("workspace")?.get_mut(list)?.as_array_mut()
}

/// Changes a manifest, and what is not changed stays as it is written.
fn edit(path: &Path, change: impl FnOnce(&mut DocumentMut) -> Vec<String>) -> Result<Vec<String>> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?;
    let mut manifest: DocumentMut = text.parse().with_context(|| format!("{shown} makes no sense"))?;
    let gone = change(&mut manifest);
    let folder = path.parent().context("it is in no directory")?;
    let mut file =
        tempfile::NamedTempFile::new_in(folder).with_context(|| format!("{shown} is in the way"))?;
    std::io::Write::write_all(&mut file, manifest.to_string().as_bytes())?;
    file.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    file.persist(path).with_context(|| format!("{shown} cannot be written"))?;
    Ok(gone)
}

/// Without benches and other people's optional dependencies; the features that
/// ask for those stay as names, so that the code that has them still compiles.
fn cut_package(manifest: &mut DocumentMut) -> Vec<String> {
    manifest.remove("bench");
    let mut optional = Vec::new();
    if let Some(dependencies) = manifest.get_mut("dependencies").and_then(Item::as_table_like_mut) {
        let is_true = |item: &Item, key: &str| item.get(key).and_then(Item::as_bool) == Some(true);
        // What belongs to the workspace is in the handout.
        let is_optional = |item: &Item| is_true(item, "optional") && !is_true(item, "workspace");
        optional = dependencies
            .iter()
            .filter(|(_, item)| is_optional(item))
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in &optional {
            dependencies.remove(name);
        }
    }
    let mut without = Vec::new();
    if let Some(features) = manifest.get_mut("features").and_then(Item::as_table_like_mut) {
        for (feature, wants) in features.iter_mut() {
            let asks = |want: &str| {
                let want = want.strip_prefix("dep:").unwrap_or(want);
                optional.iter().any(|name| want.split(['/', '?']).next() == Some(name))
            };
            let list = wants.as_array().into_iter().flatten();
            if list.into_iter().filter_map(|want| want.as_str()).any(asks) {
                without.push(feature.get().to_owned());
                *wants = toml_edit::value(Array::new());
            }
        }
    }
    drop_tests(manifest, |test| {
        let needs = test.get("required-features").and_then(Item::as_array);
        needs.is_some_and(|needs| {
            needs.iter().any(|need| without.iter().any(|name| need.as_str() == Some(name)))
        })
    })
}

/// Without the features that ask for a real server, and the tests behind them:
/// cargo says in one sentence that there is no such feature.
fn cut_exercise(manifest: &mut DocumentMut) -> Vec<String> {
    let mut gone = Vec::new();
    if let Some(features) = manifest.get_mut("features").and_then(Item::as_table_like_mut) {
        let asks = |item: &Item| {
            let list = item.as_array().into_iter().flatten();
            list.into_iter().filter_map(|want| want.as_str()).any(|want| want.starts_with("shared/"))
        };
        gone = features.iter().filter(|(_, item)| asks(item)).map(|(name, _)| name.to_owned()).collect();
        for name in &gone {
            features.remove(name);
        }
        if features.is_empty() {
            manifest.remove("features");
        }
    }
    drop_tests(manifest, |test| {
        let needs = test.get("required-features").and_then(Item::as_array);
        needs
            .is_some_and(|needs| needs.iter().any(|need| gone.iter().any(|name| need.as_str() == Some(name))))
    })
}

/// Drops test targets; returns the files they were in, inside of the package.
fn drop_tests(manifest: &mut DocumentMut, unwanted: impl Fn(&Table) -> bool) -> Vec<String> {
    let mut gone = Vec::new();
    let tests = manifest.get_mut("test").and_then(Item::as_array_of_tables_mut);
    if let Some(tests) = tests {
        gone = tests.iter().filter(|test| unwanted(test)).filter_map(file_of).collect();
        tests.retain(|test| !unwanted(test));
        if ArrayOfTables::is_empty(tests) {
            manifest.remove("test");
        }
    }
    gone
}

fn file_of(test: &Table) -> Option<String> {
    match test.get("path").and_then(Item::as_str) {
        Some(path) => (!path.starts_with("..")).then(|| path.to_owned()),
        None => Some(format!("tests/{}.rs", test.get("name")?.as_str()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_is_left_without_its_real_server() {
        let mut manifest: DocumentMut = "[package]\nname = \"ex\"\n\n[[test]]\nname = \"all\"\n\n\
            [[test]]\nname = \"real\"\npath = \"tests/real.rs\"\nrequired-features = [\"real\"]\n\n\
            [features]\nreal = [\"shared/net\"]\n"
            .parse()
            .unwrap();
        assert_eq!(cut_exercise(&mut manifest), ["tests/real.rs"]);
        assert_eq!(manifest.to_string(), "[package]\nname = \"ex\"\n\n[[test]]\nname = \"all\"\n");
    }

    #[test]
    fn real_stores_go_and_their_names_stay() {
        let mut manifest: DocumentMut = "[package]\nname = \"shared\" # ours\n\n[features]\n\
            sql = [\"dep:sql-db\", \"uuid/v4\"]\nnet = [\"sql\", \"sql-db/net\"]\nplain = [\"uuid/v4\"]\n\n\
            [[test]]\nname = \"real\"\nrequired-features = [\"net\"]\n\n[[test]]\nname = \"all\"\n\n\
            [[bench]]\nname = \"fast\"\n\n[dependencies]\n# for all\nuuid = \"1\"\n\
            sql-db = { version = \"3\", optional = true }\n\
            shop = { workspace = true, optional = true }\n"
            .parse()
            .unwrap();
        assert_eq!(cut_package(&mut manifest), ["tests/real.rs"]);
        assert_eq!(
            manifest.to_string(),
            "[package]\nname = \"shared\" # ours\n\n[features]\nsql = []\nnet = []\nplain = [\"uuid/v4\"]\n\n\
             [[test]]\nname = \"all\"\n\n[dependencies]\n# for all\nuuid = \"1\"\n\
             shop = { workspace = true, optional = true }\n"
        );
    }
}
