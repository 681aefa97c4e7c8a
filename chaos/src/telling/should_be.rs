//! An assertion that says in words what is wrong.

/// Demands that something is as it should be. Where it is not, it says so in words,
/// the way somebody would who explains it.
///
/// ```should_panic
/// // "what was published should be ["tea"], and is ["tea", "tea"]"
/// chaos::should_be!("what was published", vec!["tea", "tea"], ["tea"]);
/// ```
#[macro_export]
macro_rules! should_be {
    ($what:expr, $actual:expr, $expected:expr $(,)?) => {
        match (&$actual, &$expected) {
            (actual, expected) => {
                assert!(*actual == *expected, "{} should be {expected:?}, and is {actual:?}", $what);
            }
        }
    };
}
