//! The README's price tables are what is measured now: they are kept in
//! snapshots/, and the README names the files there as their sources.

#![allow(missing_docs)]

#[test]
fn round_trips() {
    insta::assert_snapshot!("round-trips", prices::round_trips());
}

#[tokio::test]
async fn storage() {
    insta::assert_snapshot!("storage", prices::storage().await.expect("the solutions process every message"));
}
