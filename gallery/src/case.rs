//! What a search must make of a report: the bug is found, and of its repair nothing is.

use chaos::{Explore, Fault, Property, Report};

/// Which of the two a system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// With the bug.
    AsReported,
    /// Without it.
    Repaired,
}

type Search = Box<dyn Fn() -> Explore + Send + Sync>;

/// A report, and what a search must make of it.
pub struct Case {
    /// Its name: that of its file.
    pub name: &'static str,
    source: &'static str,
    found: Vec<(Search, Property, Vec<Fault>)>,
    repaired: Vec<(Search, u8, Vec<Fault>)>,
}

impl Case {
    /// The report that is in the file of this name, which is this text.
    pub(crate) fn new(name: &'static str, source: &'static str) -> Self {
        Self { name, source, found: Vec::new(), repaired: Vec::new() }
    }

    /// This search finds that the property is violated when these faults strike, and
    /// with one fault less it finds nothing. The first such search is the one whose
    /// story is told.
    pub(crate) fn violates<const N: usize>(
        mut self,
        search: impl Fn() -> Explore + Send + Sync + 'static,
        property: Property,
        struck: [Fault; N],
    ) -> Self {
        self.found.push((Box::new(search), property, struck.into()));
        self
    }

    /// This search finds nothing with so many faults, and these were tried.
    pub(crate) fn holds<const N: usize>(
        mut self,
        search: impl Fn() -> Explore + Send + Sync + 'static,
        faults: u8,
        visited: [Fault; N],
    ) -> Self {
        self.repaired.push((Box::new(search), faults, visited.into()));
        self
    }

    /// What it is called: the first line of its file.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.source.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default()
    }

    /// The paragraph of its file that begins with this word, without the word:
    /// `Reported`, `Repaired` or `Teaches`.
    #[must_use]
    pub fn paragraph(&self, word: &str) -> Option<String> {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        let lines: Vec<&str> = lines.collect();
        let paragraphs = lines.split(|line| line.is_empty()).map(|lines| lines.join(" "));
        paragraphs.into_iter().find_map(|text| Some(text.strip_prefix(&format!("*{word}:* "))?.to_owned()))
    }

    /// The story of what was reported: what its first search finds.
    #[must_use]
    pub fn story(&self) -> Report {
        let (search, _, struck) = self.found.first().expect("a report has something to be found");
        bounded(search(), struck.len()).run()
    }

    /// Demands of every search what was stated of it.
    ///
    /// # Panics
    ///
    /// With what a search has found, or has not.
    #[track_caller]
    pub fn check(&self) {
        assert!(!self.found.is_empty() && !self.repaired.is_empty(), "{}: say both", self.name);
        for (search, property, struck) in &self.found {
            let report = bounded(search(), struck.len()).run();
            let found = (report.violated(), report.struck.clone());
            let wanted = (Some(*property), struck.clone());
            assert!(found == wanted, "{} is to violate {property:?} by {struck:?}: {report}", self.name);
            if !struck.is_empty() {
                let below = bounded(search(), struck.len() - 1).run();
                assert!(below.holds(), "{} is to hold with one fault less: {below}", self.name);
            }
        }
        for (search, faults, visited) in &self.repaired {
            search().faults(*faults).must_visit(visited.iter().copied()).assert_exactly_once();
        }
    }
}

fn bounded(search: Explore, faults: usize) -> Explore {
    search.faults(u8::try_from(faults).expect("a few"))
}
