//! What the pages of the exercise show is what the harness prints.

use chaos::{Explore, headlines};
use ex12_real_infrastructure::ours;

#[path = "../../../exercises/12-real-infrastructure/tests/bench/mod.rs"]
mod bench;
#[path = "../../../exercises/12-real-infrastructure/tests/checks/mod.rs"]
mod checks;

/// `t02`, `t03` and `t04`.
#[test]
fn the_verdicts() {
    let reports = checks::documents::searches(ours()).map(Explore::run);
    insta::assert_snapshot!("verdicts", headlines(reports));
}
