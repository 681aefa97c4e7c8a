//! One file with everything in it: markup, style, script, and the run as data.

use records::{Film, Record};
use serde::Serialize;

const MARKUP: &str = include_str!("player.html");
const STYLE: &str = include_str!("player.css");
const SCRIPT: &str = include_str!("player.js");

/// How every such page begins.
const BEGINNING: &str = "<!doctype html>\n<!-- A story of cargo workshop.";

/// What the script is told.
#[derive(Serialize)]
struct Data<'a> {
    title: &'a str,
    headline: &'a str,
    bad: bool,
    film: &'a Film,
    #[serde(skip_serializing_if = "Option::is_none")]
    beside: Option<OtherSide<'a>>,
}

/// What it is told of the right answer.
#[derive(Serialize)]
struct OtherSide<'a> {
    headline: &'a str,
    bad: bool,
    film: &'a Film,
    counterparts: &'a [Option<usize>],
    /// The first step in which the two are not alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<usize>,
    remarks: &'a [String],
}

/// The page that shows the film of a record under this title, and the right answer beside
/// it, if the record has that.
pub fn page(title: &str, record: &Record, film: &Film) -> String {
    let is_bad = |verdict: &str| !matches!(verdict, "holds" | "inconclusive");
    let beside = record.beside.as_deref().map(|beside| OtherSide {
        headline: &beside.headline,
        bad: is_bad(&beside.verdict),
        film: &beside.film,
        counterparts: &beside.counterparts,
        parts: beside.parts_at(film),
        remarks: &beside.remarks,
    });
    let bad = is_bad(&record.verdict);
    let data = Data { title, headline: &record.headline, bad, film, beside };
    let data = serde_json::to_string(&data).expect("texts, numbers and lists can be written as JSON");
    filled(&[("CSS", STYLE), ("DATA", &harmless(&data)), ("JS", SCRIPT)])
}

/// Whether a file that begins with these bytes is such a page.
pub fn is_ours(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").starts_with(BEGINNING)
}

/// The JSON without what means something to a browser: the end of a script, the
/// beginning of a comment, and ends of lines that are none in JSON.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // They stand in strings only, where they can be written like this.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => text.push(other),
        }
    }
    text
}

/// The markup, each of its gaps filled once, in their order: what is put in has none.
fn filled(parts: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = MARKUP;
    for (name, text) in parts {
        let (before, after) = rest.split_once(&format!("{{{{{name}}}}}")).expect("the markup has this gap");
        page.push_str(before);
        page.push_str(text);
        rest = after;
    }
    page + rest
}

#[cfg(test)]
mod tests {
    use records::Beside;
    use records::film::{Scene, State};

    use super::*;

    const HOSTILE: &str = "</script><img src=x onerror=alert(1)><!-- <script> {{JS}} & \u{2028}\u{2029}";

    #[test]
    fn what_code_has_written_stays_data() {
        let line = records::film::Line { words: HOSTILE.to_owned(), ..Default::default() };
        let film = Film {
            steps: vec![Scene { lines: vec![line], ..Scene::default() }],
            texts: vec![HOSTILE.to_owned()],
            start: State::default(),
            ..Film::default()
        };
        let beside = Beside {
            headline: HOSTILE.to_owned(),
            film: film.clone(),
            remarks: vec![HOSTILE.to_owned()],
            ..Beside::default()
        };
        let record = Record {
            headline: HOSTILE.to_owned(),
            beside: Some(Box::new(beside.clone())),
            ..Record::default()
        };
        let page = page(HOSTILE, &record, &film);
        let harmless_page = super::page("", &Record::default(), &Film::default());
        for mark in ["</script", "<script", "<img", "<!--"] {
            assert_eq!(page.matches(mark).count(), harmless_page.matches(mark).count(), "{mark}");
        }
        assert!(!page.contains(['\u{2028}', '\u{2029}']));
        let (_, data) = page.split_once("id=\"data\">").unwrap();
        let (data, _) = data.split_once("</script>").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!((&data["title"], &data["headline"]), (&HOSTILE.into(), &HOSTILE.into()));
        assert_eq!(serde_json::from_value::<Film>(data["film"].clone()).unwrap(), film);
        let other = &data["beside"];
        assert_eq!((&other["headline"], &other["remarks"][0]), (&HOSTILE.into(), &HOSTILE.into()));
        assert_eq!(serde_json::from_value::<Film>(other["film"].clone()).unwrap(), beside.film);
    }

    /// Nothing is fetched, nothing is run but the one script, and nothing that comes
    /// from the run is taken for markup.
    #[test]
    fn the_page_needs_nothing_and_makes_no_markup_of_data() {
        let page = page("", &Record::default(), &Film::default());
        for bad in ["http:", "https:", "url(", "@import", "innerHTML", "outerHTML", "insertAdjacent", "eval("]
        {
            assert!(!page.contains(bad), "{bad}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(is_ours(page.as_bytes()) && is_ours(page.replace('\n', "\r\n").as_bytes()));
        assert!(!is_ours(b"<!doctype html>\n<title>My notes</title>"));
    }
}
