//! Golden files of what a search finds.

/// Holds a [`Report`](crate::Report) against two golden files: `NAME.facts`,
/// what was found and how, and `NAME`, the story in words. A change of words
/// shows in the second alone. Where the system knows the right answer, that must hold
/// under the same script.
///
/// The files are `insta` snapshots, so whoever uses this has `insta` among the
/// dependencies.
#[macro_export]
macro_rules! assert_golden {
    ($name:literal, $report:expr) => {
        insta::assert_snapshot!($name, $report.diagnosis());
        insta::assert_snapshot!(concat!($name, ".facts"), $report.facts());
        $report.assert_the_answer_holds();
    };
}
