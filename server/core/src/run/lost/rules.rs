//! How long silence is borne and what follows it: the installation's figures, and what a flow group says otherwise.

use crate::lease::Intervals;
use chrono::TimeDelta;
use serde_json::Value;

/// What happens with a lost run of a flow group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It is started again, a limited number of times.
    Reschedule,
    /// It stays as it is until a person decides.
    Wait,
    /// It has failed.
    Fail,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Reschedule, Self::Wait, Self::Fail];

    /// Its name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reschedule => "reschedule",
            Self::Wait => "wait",
            Self::Fail => "fail",
        }
    }

    /// The policy with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

/// The rules by which the runs of one flow group are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether its runs send heartbeats.
    pub heartbeat: bool,
    /// Whether Lazarus starts silent runs again.
    pub lazarus: bool,
    /// Whether the zombie killer ends silent task runs.
    pub zombie_killer: bool,
    /// What happens with lost runs; `None` does as Prefect does.
    pub policy: Option<Policy>,
    /// How often a lost run is started again at most.
    pub reschedules: u32,
    /// How long a lease lasts.
    pub lease: TimeDelta,
    /// See [`Intervals::lost_after`].
    pub lost_after: TimeDelta,
    /// See [`Intervals::silent_after`].
    pub silent_after: TimeDelta,
    /// See [`Intervals::unstarted_after`].
    pub unstarted_after: TimeDelta,
}

impl Rules {
    /// Reads the settings of a flow group. What they do not say, or say in a way that is not understood, is as the
    /// installation has it. A silence that is set for the group counts in place of all three.
    pub fn of(settings: &Value, intervals: &Intervals) -> Self {
        let switch = |name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or(true);
        let lost = settings.get("lost_policy").unwrap_or(&Value::Null);
        let number = |name: &str| lost.get(name).and_then(Value::as_u64);
        let silence =
            number("silent_seconds").and_then(|n| i64::try_from(n).ok()).and_then(TimeDelta::try_seconds);
        Self {
            heartbeat: switch("heartbeat_enabled"),
            lazarus: switch("lazarus_enabled"),
            zombie_killer: switch("zombie_killer_enabled"),
            policy: lost.get("action").and_then(Value::as_str).and_then(Policy::parse),
            reschedules: number("reschedules")
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(intervals.reschedules),
            lease: intervals.lease,
            lost_after: silence.unwrap_or(intervals.lost_after),
            silent_after: silence.unwrap_or(intervals.silent_after),
            unstarted_after: silence.unwrap_or(intervals.unstarted_after),
        }
    }
}
