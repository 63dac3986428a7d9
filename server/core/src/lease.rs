//! Leases: an agent's time-limited right to a run; and how long silence is borne.

use chrono::{DateTime, TimeDelta, Utc};
use signalbox_schema::LeaseToken;
use uuid::Uuid;

/// How long a right lasts and how long silence is borne, all decided by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// How long a run that was shown to a stock agent is kept for it.
    pub reservation: TimeDelta,
    /// How long a lease of one of our agents lasts without renewal.
    pub lease: TimeDelta,
    /// How long after its last sign of life a run whose lease has ended is lost. Longer than a flow-run process is
    /// silent between two heartbeats (30 s), so that a process that outlives its agent is not given up.
    pub lost_after: TimeDelta,
    /// The same for a `Running` run of a stock agent, of which only heartbeats are known (Prefect: 10 minutes).
    pub silent_after: TimeDelta,
    /// How long a run of a stock agent may be `Submitted` and silent: images are pulled and machines are started
    /// meanwhile (Prefect's figure).
    pub unstarted_after: TimeDelta,
    /// How long a flow-run process must have been silent before another may take up a retry of its tasks.
    pub gone_after: TimeDelta,
    /// How often runs that are at work are looked at.
    pub look_every: TimeDelta,
    /// How often a lost run is started again, unless its flow group says otherwise (Prefect's figure).
    pub reschedules: u32,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            reservation: TimeDelta::seconds(15),
            lease: TimeDelta::seconds(45),
            lost_after: TimeDelta::seconds(45),
            silent_after: TimeDelta::seconds(120),
            unstarted_after: TimeDelta::seconds(600),
            gone_after: TimeDelta::seconds(60),
            look_every: TimeDelta::seconds(5),
            reschedules: 3,
        }
    }
}

impl Intervals {
    /// How often an agent renews its leases: three chances before one ends.
    pub fn renewal(&self) -> TimeDelta {
        (self.lease / 3).max(TimeDelta::seconds(1))
    }

    /// The shortest silence after which anything can be lost.
    pub fn shortest_silence(&self) -> TimeDelta {
        self.lost_after.min(self.silent_after).min(self.unstarted_after)
    }
}

/// A right to one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// What its holder shows with every report.
    pub token: LeaseToken,
    /// When it ends unless renewed.
    pub expires: DateTime<Utc>,
    /// The question that it answers.
    pub asked: Option<Asked>,
}

/// One question of one process of an agent. A process asks the next only when it has the answer to the one before, so
/// that a run of an earlier question which it does not name among those that it holds never reached it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The process; the same after a restart that finds its journal.
    pub process: Uuid,
    /// Counts its questions upwards.
    pub number: i64,
}
