//! What a flow group wishes of its schedule beyond the times: whether runs may overlap, how late one may still start,
//! and how far starts are spread. None of it is Prefect's; without wishes everything is as there.

use chrono::{DateTime, TimeDelta, Utc};
use signalbox_schema::FlowGroupId;

/// What happens when a scheduled run comes due while another run of its flow group is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlap {
    /// It starts beside the other.
    #[default]
    Allow,
    /// It is skipped.
    Skip,
    /// One waits for the end of the other; those that come due behind it are skipped.
    QueueOne,
    /// The others are cancelled, and it starts when they have ended.
    CancelOther,
}

impl Overlap {
    /// Every policy.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Skip, Self::QueueOne, Self::CancelOther];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
            Self::QueueOne => "queue_one",
            Self::CancelOther => "cancel_other",
        }
    }

    /// The policy with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

/// The wishes of a flow group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether its runs may overlap.
    pub overlap: Overlap,
    /// How late a scheduled run may still start; `None` is as late as it gets.
    pub catch_up: Option<TimeDelta>,
    /// By at most how much each start is put off, so that not all flows start at the full hour.
    pub jitter: TimeDelta,
}

/// Why a policy was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Out of bounds.
    #[error("catch_up_seconds must be from {least} to {most}, or null for no limit; it is {0}", least = CATCH_UP.0, most = CATCH_UP.1)]
    CatchUp(i64),
    /// Out of bounds.
    #[error("jitter_seconds must be from 0 to {LONGEST_JITTER}; it is {0}")]
    Jitter(i64),
}

/// Bounds of the catch-up window, in seconds. Less than the least would skip runs because an agent was busy.
const CATCH_UP: (i64, i64) = (10, 366 * 24 * 3600);

/// Most seconds of jitter.
const LONGEST_JITTER: i64 = 24 * 3600;

impl Policy {
    /// Reads wishes, in seconds.
    ///
    /// # Errors
    /// When a number is out of bounds.
    pub fn new(
        overlap: Overlap,
        catch_up_seconds: Option<i64>,
        jitter_seconds: i64,
    ) -> Result<Self, PolicyError> {
        if let Some(wrong) = catch_up_seconds.filter(|seconds| !(CATCH_UP.0..=CATCH_UP.1).contains(seconds)) {
            return Err(PolicyError::CatchUp(wrong));
        }
        if !(0..=LONGEST_JITTER).contains(&jitter_seconds) {
            return Err(PolicyError::Jitter(jitter_seconds));
        }
        let catch_up = catch_up_seconds.map(TimeDelta::seconds);
        Ok(Self { overlap, catch_up, jitter: TimeDelta::seconds(jitter_seconds) })
    }

    /// Whether scheduled runs are judged when they come due, or simply start.
    pub fn judges(&self) -> bool {
        self.overlap != Overlap::Allow || self.catch_up.is_some()
    }

    /// When the run of a slot is due: up to the jitter later, by an amount that the slot determines, so that planning
    /// twice says the same, and that does not change with the version of the flow.
    pub fn due(&self, group: FlowGroupId, slot: DateTime<Utc>) -> DateTime<Utc> {
        let most = u128::from(self.jitter.num_milliseconds().unsigned_abs());
        if most == 0 {
            return slot;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(group.0.as_bytes());
        hasher.update(&slot.timestamp_micros().to_le_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        // A fraction of 2^64 of the jitter, both ends included.
        let put_off = (u128::from(u64::from_le_bytes(bytes)) * (most + 1)) >> 64;
        // At most a day, which always fits.
        slot + TimeDelta::milliseconds(i64::try_from(put_off).unwrap_or_default())
    }
}
