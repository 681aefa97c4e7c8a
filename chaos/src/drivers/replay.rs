//! A run as a replay code, and back: which choice is which depends on everything
//! that could happen at that moment, so only the transition system can tell.

use records::{BadCode, ReplayCode};

use crate::scenario::Scenario;
use crate::world::step::Step;
use crate::world::trace::Trace;
use crate::world::transition_system::TransitionSystem;

/// Whether the code was recorded in this scenario.
pub(crate) fn is_of(code: &ReplayCode, scenario: &Scenario) -> bool {
    code.scenario() == ReplayCode::scenario_of(&scenario.identity())
}

/// Writes down the choices of a run.
pub(crate) fn record(
    transitions: &mut TransitionSystem,
    scenario: &Scenario,
    trace: &Trace,
) -> Option<ReplayCode> {
    transitions.distinguish_workers = true;
    let mut enabled = Vec::new();
    let choices = trace.taken().iter().map(|taken| {
        transitions.enabled(&taken.before, &mut enabled);
        enabled.iter().position(|&other| other == taken.step)
    });
    let choices = choices.collect::<Option<_>>()?;
    Some(ReplayCode::new(exercise(), &scenario.identity(), choices))
}

/// The run that the code stands for.
pub(crate) fn play(code: &ReplayCode, transitions: &mut TransitionSystem) -> Result<Trace, BadCode> {
    transitions.distinguish_workers = true;
    let mut trace = Trace::at(transitions.initial());
    let mut enabled = Vec::new();
    for (index, &choice) in code.choices().iter().enumerate() {
        transitions.enabled(trace.end(), &mut enabled);
        let Some(&step) = enabled.get(choice) else {
            return Err(BadCode::OtherHandler { step: index + 1, choice, available: enabled.len() });
        };
        if !take(&mut trace, transitions, step) {
            return Ok(trace);
        }
    }
    // A handler that was mended may need more steps than the code has; from
    // here on nothing goes wrong any more.
    const LONG_ENOUGH: usize = 1_000;
    while trace.len() < LONG_ENOUGH && !trace.end().at_rest() {
        transitions.enabled(trace.end(), &mut enabled);
        let next = enabled.first().copied();
        let next = next.filter(|&step| transitions.fault(trace.end(), step).is_none());
        let Some(step) = next else { break };
        if !take(&mut trace, transitions, step) {
            break;
        }
    }
    Ok(trace)
}

/// Takes a step. Where the handlers are live, those end that nobody is at any more.
fn take(trace: &mut Trace, transitions: &mut TransitionSystem, step: Step) -> bool {
    let taken = trace.take(transitions, step);
    let busy = || trace.end().workers.iter().filter_map(|worker| worker.busy.as_ref());
    transitions.rehearsal.keep_alive(|history| busy().any(|busy| busy.history == history));
    taken
}

/// The number of the exercise whose tests are running.
fn exercise() -> String {
    std::env::var("CARGO_PKG_NAME")
        .ok()
        .and_then(|package| {
            let number =
                package.strip_prefix("ex").or_else(|| package.strip_prefix("sol"))?.get(..2)?.to_owned();
            number.bytes().all(|byte| byte.is_ascii_digit()).then_some(number)
        })
        .unwrap_or_else(|| "x".to_owned())
}
