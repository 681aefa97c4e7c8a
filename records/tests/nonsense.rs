//! What comes from outside of the process: whatever it is, it is read or refused, and
//! nobody panics.

use records::{Film, Plan, ProgressRecord, Record, ReplayCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[path = "support/mangled.rs"]
mod mangled;
use mangled::mangled;

/// How many texts each is given.
const TEXTS: usize = 20_000;

#[test]
fn replay_codes() {
    let codes = [vec![0, 0, 3], vec![15, 16, 255, 4096], vec![usize::MAX]]
        .map(|choices| ReplayCode::new("03", "a scenario", choices).to_string());
    let samples: Vec<&str> = codes.iter().map(String::as_str).chain(["x-7k2m-0", ""]).collect();
    let mut read = 0;
    for text in mangled(1, &samples, TEXTS) {
        if let Ok(code) = text.parse::<ReplayCode>() {
            assert_eq!(code.to_string().parse(), Ok(code), "{text:?}");
            read += 1;
        }
    }
    assert!((TEXTS / 10..TEXTS).contains(&read), "{read} were read");
}

/// What is read is what is written again.
fn read_and_written<T: Serialize + DeserializeOwned>(seed: u64, samples: &[&str]) {
    for sample in samples {
        serde_json::from_str::<T>(sample).unwrap_or_else(|error| panic!("{sample}: {error}"));
    }
    for text in mangled(seed, samples, TEXTS) {
        let Ok(value) = serde_json::from_str::<T>(&text) else { continue };
        let written = serde_json::to_string(&value).unwrap();
        let again: T = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(serde_json::to_string(&again).unwrap(), written);
    }
}

#[test]
fn records_and_films() {
    let record = serde_json::to_string(&Record { test: "t01".to_owned(), ..Record::default() }).unwrap();
    let film = serde_json::to_string(&Film::default()).unwrap();
    let filmed = Record { film: Some(Box::default()), replay: Some("x".to_owned()), ..Record::default() };
    let filmed = serde_json::to_string(&filmed).unwrap();
    read_and_written::<Record>(2, &[&record, &filmed]);
    read_and_written::<Film>(3, &[&film]);
}

#[test]
fn plans_and_progress() {
    read_and_written::<Plan>(4, &[&serde_json::to_string(&Plan::default()).unwrap()]);
    read_and_written::<ProgressRecord>(5, &["{\"states\":1,\"frontier\":2}"]);
}
