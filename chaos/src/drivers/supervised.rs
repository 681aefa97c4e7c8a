//! What every driver does around its work: it is watched, and if the handler does
//! not come back, takes too long, or ends the process, that is the verdict.

use std::sync::Arc;

use super::trial;
use crate::handler::rehearsal::last;
use crate::handler::watchdog::{Pulse, supervise};
use crate::judging::verdict::Verdict;
use crate::scenario::Scenario;
use crate::telling::record::mark_running;

/// Does `work` on a thread of its own, watched, after the handlers of this scenario
/// were [tried](trial) in another process.
///
/// # Errors
///
/// The verdict, if there is one on the handler itself.
pub(crate) fn supervised<T: Send + 'static>(
    scenario: &Scenario,
    work: impl FnOnce(Arc<Pulse>) -> T + Send + 'static,
) -> Result<T, Verdict> {
    let _mark = mark_running();
    let work = |pulse| {
        let _end = last::until_here();
        work(pulse)
    };
    trial::before(scenario)
        .and_then(|kind| supervise(kind, work))
        .map_err(|blocked| Verdict::on_blocked(&blocked))
}
