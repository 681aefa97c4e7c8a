//! The README's price tables are what is measured now.
//!
//! `PRICES=write cargo test -p prices` writes them anew.

#![allow(missing_docs)]

use std::path::PathBuf;

fn readme() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join("README.md")
}

/// Compares what stands between the marks with the table, or replaces it.
#[track_caller]
fn in_step(name: &str, table: &str) {
    let text = std::fs::read_to_string(readme()).expect("there is a README").replace("\r\n", "\n");
    let mark = format!("<!-- table: {name} -->\n");
    let start = text.find(&mark).unwrap_or_else(|| panic!("README.md has no mark {mark:?}")) + mark.len();
    let length = text[start..].find("<!-- end -->").expect("README.md has no end to the table");
    if &text[start..start + length] == table {
        return;
    }
    if std::env::var_os("PRICES").is_some_and(|wish| wish == "write") {
        let text = format!("{}{table}{}", &text[..start], &text[start + length..]);
        std::fs::write(readme(), text).expect("README.md can be written");
    } else {
        panic!("README.md shows another table than this; run `cargo workshop verify --fix`:\n\n{table}");
    }
}

/// One test, since both tables are in one file.
#[tokio::test]
async fn the_tables_of_the_readme() {
    in_step("round-trips", &prices::round_trips());
    in_step("storage", &prices::storage().await.expect("the solutions process every message"));
}
