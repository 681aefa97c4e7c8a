//! The monkey: does what the plan says, when its time has come.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use ports::words::{count, enumeration};

use crate::Connection;
use crate::connection::insist;
use crate::live::fleet::Fleet;
use crate::live::plan::{Strike, Trick};
use crate::live::proxy::Proxy;
use crate::live::servers::Servers;
use crate::live::timeline::{Timeline, What};
use crate::record::Record;

/// What the monkey has in its reach.
pub struct Reach<'a> {
    pub fleet: &'a mut Fleet,
    pub servers: &'a mut Servers,
    pub proxy: Option<&'a Proxy>,
    pub record: &'a Record,
    /// Where it is written down what is done to whom.
    pub timeline: &'a mut Timeline,
}

/// Kills and freezes workers, cuts their connections, kills the servers, and publishes what
/// is published already.
pub struct Monkey {
    strikes: VecDeque<Strike>,
    /// When the next one is carried out, once its time has come.
    next: Option<(Instant, Strike)>,
    /// Who is gone, after what, and until when.
    gone: Vec<(Instant, usize, Trick)>,
    done: BTreeMap<Trick, u32>,
}

impl Monkey {
    pub fn new(strikes: Vec<Strike>) -> Self {
        Self { strikes: strikes.into(), next: None, gone: Vec::new(), done: BTreeMap::new() }
    }

    /// Whether it has done all, and everybody is back.
    pub fn is_done(&self) -> bool {
        self.strikes.is_empty() && self.next.is_none() && self.gone.is_empty()
    }

    /// How much it has done.
    pub fn strikes_done(&self) -> u32 {
        self.done.values().sum()
    }

    /// What it has done: "20 kills and 1 freeze".
    pub fn done(&self) -> String {
        let done: Vec<_> = self.done.iter().map(|(trick, times)| count(*times, trick.word())).collect();
        if done.is_empty() { "nothing in its way".to_owned() } else { enumeration(&done) }
    }

    /// Does what is due after so many messages; at the end, whatever is left.
    pub async fn act(&mut self, reach: Reach<'_>, done: u64, at_the_end: bool) -> anyhow::Result<()> {
        let Reach { fleet, servers, proxy, record, timeline } = reach;
        let now = Instant::now();
        let (back, gone) = std::mem::take(&mut self.gone).into_iter().partition(|(when, ..)| *when <= now);
        self.gone = gone;
        for (_, victim, trick) in back {
            match trick {
                Trick::Freeze => fleet.thaw(victim)?,
                _ => fleet.replace(victim).await?,
            }
            timeline.add(Some(victim), What::Back);
        }
        let is_time = self.strikes.front().is_some_and(|strike| strike.after <= done || at_the_end);
        if self.next.is_none()
            && is_time
            && let Some(strike) = self.strikes.pop_front()
        {
            self.next = Some((now + Duration::from_millis(strike.and), strike));
        }
        let Some((when, Strike { trick, lot, gap, .. })) = self.next.clone() else { return Ok(()) };
        let victim = lot.checked_rem(fleet.len() as u64).unwrap_or_default() as usize;
        let is_struck = match trick {
            // Who is gone cannot be struck; the monkey waits until it is back.
            Trick::Kill | Trick::Freeze => self.gone.iter().any(|(_, gone, _)| *gone == victim),
            Trick::Restart | Trick::Duplicate => servers.is_one_away()?,
            Trick::Cut => false,
        };
        if when > now || is_struck {
            return Ok(());
        }
        let gap = Duration::from_millis(gap);
        let has_struck = match trick {
            Trick::Kill => {
                fleet.kill(victim).await?;
                timeline.add(Some(victim), What::Killed);
                self.gone.push((now + gap, victim, trick));
                true
            }
            Trick::Freeze => {
                fleet.freeze(victim)?;
                timeline.add(Some(victim), What::Frozen);
                self.gone.push((now + gap, victim, trick));
                true
            }
            Trick::Restart => {
                servers.restart(gap)?;
                timeline.add(None, What::Killed);
                true
            }
            // Where there is nothing yet, it waits.
            Trick::Cut => proxy.is_none_or(|proxy| proxy.cut(lot, gap)),
            Trick::Duplicate => insist(Connection::PATIENCE * 4, async || record.repeat(lot).await).await?,
        };
        if has_struck {
            self.next = None;
            *self.done.entry(trick).or_default() += 1;
        } else if let Some((_, strike)) = &mut self.next {
            // Not for ever for the same one.
            strike.lot = lot.wrapping_add(1);
        }
        Ok(())
    }
}
