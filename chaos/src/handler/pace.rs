//! Judges how a handler spends its time: measurements in, judgement out.
//!
//! Nothing here looks at a clock, so every case can be made up, and is. What is
//! measured, and by whom, is told in [`watchdog`](super::watchdog).
//!
//! The times of one step of a handler add up:
//!
//! > wall clock = computing + waiting for a processor + everything else
//!
//! Only *everything else* is a sleep, a lock, a file or a network. On a machine with
//! more to do than processors, the second term is anything; where it is not known,
//! nothing may rest on it.

use std::time::Duration;

/// One step of a handler, from the moment it is entered until it comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// So long it was away.
    pub(super) wall: Duration,
    /// So long it was on a processor, where that is known.
    pub(super) cpu: Option<Duration>,
    /// So long it waited for one, where that is known and was looked at.
    pub(super) queued: Option<Duration>,
}

/// Several steps of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(super) steps: u32,
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
}

impl Sum {
    fn add(&mut self, step: Step) {
        self.steps += 1;
        self.wall += step.wall;
        self.cpu += step.cpu.unwrap_or_default();
    }
}

/// The steps of one run or search that took their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Those that computed for long.
    pub(super) computing: Sum,
    /// Those that were off the processor for a while, for whatever reason.
    pub(super) off: Sum,
    /// Those of them of which is known how long they waited for a processor; that
    /// is taken off their time.
    pub(super) seen: Sum,
    /// Those of which is known how long they took, and no more.
    pub(super) unknown: Sum,
}

/// From here on a step counts as one that takes its time.
pub(super) const NOTICED: Duration = Duration::from_millis(1);
/// From here on a step computes for long.
const LONG: Duration = Duration::from_millis(5);

impl Tally {
    /// Counts a step.
    pub(super) fn add(&mut self, step: Step) {
        match step.cpu {
            Some(cpu) => {
                if cpu >= LONG {
                    self.computing.add(step);
                }
                if step.wall.saturating_sub(cpu) >= NOTICED {
                    self.off.add(step);
                    if let Some(queued) = step.queued {
                        self.seen.add(Step { wall: step.wall.saturating_sub(queued), ..step });
                    }
                }
            }
            None if step.wall >= LONG => self.unknown.add(step),
            None => {}
        }
    }
}

/// After how much of it a handler is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// So long it may stay away for one step; `None` for as long as it likes.
    pub(super) away: Option<Duration>,
    /// So long the steps that compute for long may compute, all together.
    pub(super) computing: Option<Duration>,
    /// So long the steps that sleep may sleep, all together.
    pub(super) sleeping: Option<Duration>,
}

/// What is known of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// It tells how long a thread waits for a processor, so that is taken off.
    Tells,
    /// It does not; but somebody who computed for `cpu` just now took `wall` for it.
    Tried { wall: Duration, cpu: Duration },
}

impl Machine {
    /// Whether others had the processors, for all that is known.
    fn may_be_busy(self) -> bool {
        match self {
            Self::Tells => false,
            Self::Tried { wall, cpu } => wall > cpu + cpu / 2,
        }
    }
}

/// A handler that comes back, and takes too long for a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    /// It computes.
    Computes(Sum),
    /// It is neither on a processor nor waits for one: for as long as the wall clock
    /// of the sum says, at least.
    Sleeps(Sum),
    /// One of the two.
    Either(Sum),
}

/// From here on it is worth its price to look how long each step waits for a
/// processor.
pub(super) fn is_suspicious(tally: &Tally, limits: &Limits) -> bool {
    let off = tally.off.wall.saturating_sub(tally.off.cpu);
    limits.sleeping.is_some_and(|limit| off >= limit / 10)
}

/// How much of the limits is reached. Less than a whole is no reason to find out
/// what the machine is doing.
pub(super) fn worth_a_look(tally: &Tally, limits: &Limits) -> bool {
    let reached = |time: Duration, limit: Option<Duration>| limit.is_some_and(|limit| time >= limit);
    reached(tally.computing.cpu, limits.computing)
        || reached(tally.off.wall.saturating_sub(tally.off.cpu), limits.sleeping)
        || reached(tally.unknown.wall, limits.computing)
}

/// Judges a handler that comes back each time. `late` is by how much the watchdog's
/// own looks came too late: so long the machine did nothing for us at all.
pub(super) fn judge_steps(
    tally: &Tally,
    steps: u64,
    late: Duration,
    machine: Machine,
    limits: &Limits,
) -> Option<Slow> {
    /// To sleep once or twice may be a disk that was asleep.
    const OFTEN: u32 = 3;
    let Tally { computing, off, seen, unknown } = tally;
    if limits.computing.is_some_and(|limit| computing.cpu >= limit) {
        return Some(Slow::Computes(*computing));
    }
    let off = if machine == Machine::Tells { seen } else { off };
    let asleep = off.wall.saturating_sub(off.cpu).saturating_sub(late);
    // A thread that is only ever sent away by others has computed for a while
    // each time, and most of its steps are too short for that to happen.
    let by_itself = machine == Machine::Tells
        || (off.cpu <= off.steps * NOTICED && u64::from(off.steps) * 10 >= steps && !machine.may_be_busy());
    if limits.sleeping.is_some_and(|limit| asleep >= limit)
        && off.steps >= OFTEN
        && asleep >= off.wall / 2
        && by_itself
    {
        return Some(Slow::Sleeps(Sum { wall: asleep, ..*off }));
    }
    let took = unknown.wall.saturating_sub(late);
    let long = limits.computing.is_some_and(|limit| took >= limit);
    (long && unknown.steps >= OFTEN && !machine.may_be_busy()).then_some(Slow::Either(*unknown))
}

/// A handler that has not come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Absence {
    /// So long it has been away: of the time in which the watchdog looked, and
    /// came to look.
    pub(super) away: Duration,
    /// So long its thread was on a processor since, where that can be seen.
    pub(super) ran: Option<Duration>,
    /// So long its thread was ready to run and did not, where that can be seen.
    pub(super) queued: Option<Duration>,
    /// So long this process, all its threads, was on a processor since.
    pub(super) process: Option<Duration>,
    /// Whether no other engine runs in this process.
    pub(super) alone: bool,
}

/// A handler that is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(super) away: Duration,
    /// So long it computed, where that is known.
    pub(super) ran: Option<Duration>,
    /// So long it was ready to run, and others had the processors.
    pub(super) queued: Option<Duration>,
    pub(super) why: Why,
    /// Whether it had the time: if not, others may be to blame.
    pub(super) had_the_time: bool,
}

/// Why a handler does not come back, as far as can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It computes: a loop.
    Computes,
    /// It does not: a call that blocks.
    Waits,
    /// One of the two.
    Either,
}

/// So long a watchdog waits on a busy machine, if its patience is shorter than that.
const AT_MOST: Duration = Duration::from_secs(9);

/// Whether there may be something to say of an absence.
pub(super) fn is_long(absence: &Absence, patience: Duration) -> bool {
    absence.away.saturating_sub(absence.queued.unwrap_or_default()) >= patience
        || absence.away >= patience.max(AT_MOST)
}

/// Judges an absence that [is long](is_long).
pub(super) fn judge_absence(absence: &Absence, patience: Duration, machine: Machine) -> Option<Gone> {
    let Absence { away, ran, queued, process, alone } = *absence;
    let gone = |why, had_the_time| Some(Gone { away, ran, queued, why, had_the_time });
    if let (Some(ran), Some(queued)) = (ran, queued) {
        let could = away.saturating_sub(queued);
        let why = if ran >= could / 2 { Why::Computes } else { Why::Waits };
        return match could >= patience {
            true => gone(why, true),
            false if away >= patience.max(AT_MOST) => gone(why, false),
            false => None,
        };
    }
    let why = match process {
        Some(process) if process <= away / 20 => Why::Waits,
        Some(process) if alone && process >= away / 2 => Why::Computes,
        _ => Why::Either,
    };
    match machine.may_be_busy() {
        false if away >= patience => gone(why, true),
        // What waits on a busy machine may only wait for its turn.
        true if away >= patience.max(AT_MOST) => gone(if alone { why } else { Why::Either }, false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { away: Some(seconds(5)), computing: Some(seconds(5)), sleeping: Some(seconds(1)) };

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// So many steps that each take so many microseconds, of which they compute.
    fn steps(number: u32, wall: u64, cpu: u64) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..number {
            let cpu = Some(Duration::from_micros(cpu));
            tally.add(Step { wall: Duration::from_micros(wall), cpu, queued: Some(Duration::ZERO) });
        }
        tally
    }

    /// The same, having waited for a processor for so long each time.
    fn queued(number: u32, wall: u64, cpu: u64, queued: u64) -> Tally {
        let mut tally = Tally::default();
        let [wall, cpu, queued] = [wall, cpu, queued].map(Duration::from_micros);
        for _ in 0..number {
            tally.add(Step { wall, cpu: Some(cpu), queued: Some(queued) });
        }
        tally
    }

    fn judged(tally: &Tally, steps: u64, machine: Machine) -> Option<Slow> {
        judge_steps(tally, steps, Duration::ZERO, machine, &LIMITS)
    }

    const TELLS: Machine = Machine::Tells;
    const FREE: Machine = Machine::Tried { wall: millis(21), cpu: millis(20) };
    const BUSY: Machine = Machine::Tried { wall: millis(90), cpu: millis(20) };

    #[test]
    fn what_sleeps_is_told_from_what_computes() {
        let sleeps = steps(20, 60_000, 100);
        let computes = steps(200, 30_000, 29_000);
        for machine in [TELLS, FREE] {
            assert!(matches!(judged(&sleeps, 100, machine), Some(Slow::Sleeps(Sum { steps: 20, .. }))));
            assert!(matches!(judged(&computes, 900, machine), Some(Slow::Computes(_))));
        }
        assert_eq!(judged(&steps(10, 60_000, 100), 100, TELLS), None, "six tenths of a second are not much");
        assert_eq!(judged(&steps(100, 30_000, 29_000), 900, TELLS), None, "nor is this");
    }

    #[test]
    fn what_waits_for_a_processor_does_not_sleep() {
        // Eight others want two processors: 30 ms of computing take 135 ms.
        let starved = queued(40, 135_000, 30_000, 105_000);
        for machine in [TELLS, BUSY] {
            assert_eq!(judged(&starved, 400, machine), None);
        }
        assert_eq!(judged(&starved, 400, FREE), None, "the machine may have had a rest just now");
        // Tiny steps are sent away now and then, and most of them are not.
        let tiny = queued(40, 50_000, 20, 49_900);
        assert_eq!(judged(&tiny, 4_000, FREE), None);
        assert_eq!(judged(&tiny, 4_000, TELLS), None);
        // What sleeps does so on a busy machine, too.
        let sleeps = queued(40, 90_000, 100, 30_000);
        assert!(matches!(judged(&sleeps, 100, TELLS), Some(Slow::Sleeps(_))));
        assert_eq!(judged(&sleeps, 100, BUSY), None, "where nobody can tell, nothing is said");
    }

    #[test]
    fn a_machine_that_stood_still_is_nobodys_fault() {
        let stopped = steps(3, 1_000_000, 100);
        assert!(judged(&stopped, 30, TELLS).is_some());
        assert_eq!(judge_steps(&stopped, 30, millis(2_900), TELLS, &LIMITS), None);
        assert_eq!(judged(&steps(1, 60_000_000, 100), 30, TELLS), None, "once is a disk that wakes up");
    }

    #[test]
    fn where_no_processor_time_is_known_less_is_said() {
        let mut tally = Tally::default();
        for _ in 0..100 {
            tally.add(Step { wall: millis(60), ..Step::default() });
        }
        assert!(matches!(judged(&tally, 100, FREE), Some(Slow::Either(_))));
        assert_eq!(judged(&tally, 100, BUSY), None);
    }

    #[test]
    fn a_search_that_is_to_take_its_time_takes_it() {
        let limits = Limits { away: None, computing: None, sleeping: None };
        let tally = steps(100_000, 30_000, 29_000);
        assert!(!worth_a_look(&tally, &limits) && worth_a_look(&tally, &LIMITS));
        assert_eq!(judge_steps(&tally, 100_000, Duration::ZERO, TELLS, &limits), None);
    }

    fn absent(away: u64, ran: u64, queued: u64) -> Absence {
        let (away, ran, queued) = (millis(away), Some(millis(ran)), Some(millis(queued)));
        Absence { away, ran, queued, process: None, alone: false }
    }

    fn gone(absence: Absence, machine: Machine) -> Option<(Why, bool)> {
        judge_absence(&absence, seconds(5), machine).map(|gone| (gone.why, gone.had_the_time))
    }

    #[test]
    fn a_loop_is_told_from_a_wait() {
        assert_eq!(gone(absent(5_010, 5_000, 0), TELLS), Some((Why::Computes, true)));
        assert_eq!(gone(absent(5_010, 3, 0), TELLS), Some((Why::Waits, true)));
        assert_eq!(gone(absent(4_990, 3, 0), TELLS), None);
    }

    #[test]
    fn who_had_no_processor_is_not_blamed() {
        // 30 ms of computing, at the lowest priority beside thirty others.
        assert_eq!(gone(absent(8_000, 10, 7_980), TELLS), None);
        assert_eq!(gone(absent(9_000, 12, 8_980), TELLS), Some((Why::Computes, false)));
        // A loop beside eight others, and a wait.
        assert_eq!(gone(absent(9_000, 2_000, 7_000), TELLS), Some((Why::Computes, false)));
        assert_eq!(gone(absent(5_020, 1, 10), TELLS), Some((Why::Waits, true)));
    }

    #[test]
    fn from_outside_less_is_known() {
        let seen = |away, process, alone| Absence {
            away: millis(away),
            process: Some(millis(process)),
            alone,
            ..Absence::default()
        };
        assert_eq!(gone(seen(5_010, 4_900, true), FREE), Some((Why::Computes, true)));
        assert_eq!(gone(seen(5_010, 10, false), FREE), Some((Why::Waits, true)));
        assert_eq!(gone(seen(5_010, 4_900, false), FREE), Some((Why::Either, true)), "others compute");
        assert_eq!(gone(seen(5_010, 4_900, true), BUSY), None);
        assert_eq!(gone(seen(9_010, 10, false), BUSY), Some((Why::Either, false)));
        let nothing = Absence { away: seconds(6), ..Absence::default() };
        assert_eq!(gone(nothing, FREE), Some((Why::Either, true)));
        assert_eq!(gone(nothing, BUSY), None);
    }
}
