//! Instants that remember the zone their wall clock is read in, and the two ways the client turns a wall clock into
//! an instant around a daylight-saving change.

use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Longest gap in local time that is looked across: zones have skipped whole days (Samoa, 2011).
const LONGEST_GAP: TimeDelta = TimeDelta::hours(25);

/// A zone of the IANA database or a fixed offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

/// An instant and the zone in which filters and whole-day arithmetic read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    pub(super) instant: DateTime<Utc>,
    pub(super) zone: Zone,
}

impl Zone {
    pub(super) const UTC: Self = Self::Named(Tz::UTC);

    /// Reads an IANA name, or an offset as `+05:30`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        name.parse::<Tz>().map(Self::Named).or_else(|_| name.parse::<FixedOffset>().map(Self::Fixed)).ok()
    }

    /// The wall clock of this zone at an instant.
    pub(super) fn local(self, instant: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Named(zone) => instant.with_timezone(&zone).naive_local(),
            Self::Fixed(zone) => instant.with_timezone(&zone).naive_local(),
        }
    }

    /// The first and the last instant that read as `local`; `None` when the zone skips it.
    fn candidates(self, local: NaiveDateTime) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let offsets = match self {
            Self::Named(zone) => zone.offset_from_local_datetime(&local).map(|offset| offset.fix()),
            Self::Fixed(zone) => MappedLocalTime::Single(zone),
        };
        let instant = |offset| local.checked_sub_offset(offset).map(|utc| utc.and_utc());
        Some((instant(offsets.earliest()?)?, instant(offsets.latest()?)?))
    }

    /// The instant of a wall clock as date arithmetic of the client has it: a repeated time is the second one, a
    /// skipped time moves forward by the length of the gap. `None` beyond the calendar.
    pub(super) fn resolve_late(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let step = TimeDelta::minutes(30);
        let mut back = TimeDelta::zero();
        while back <= LONGEST_GAP {
            if let Some((_, instant)) = self.candidates(local.checked_sub_signed(back)?) {
                return instant.checked_add_signed(back);
            }
            back += step;
        }
        None
    }

    /// The instant of a wall clock as cron has it: a repeated time is the first one, a skipped time becomes the first
    /// minute after the gap. Says whether the wall clock exists. `None` beyond the calendar.
    pub(super) fn resolve_early(self, local: NaiveDateTime) -> Option<(DateTime<Utc>, bool)> {
        let mut forward = TimeDelta::zero();
        while forward <= LONGEST_GAP {
            if let Some((instant, _)) = self.candidates(local.checked_add_signed(forward)?) {
                return Some((instant, forward.is_zero()));
            }
            forward += TimeDelta::minutes(1);
        }
        None
    }
}

impl Moment {
    pub(super) fn local(self) -> NaiveDateTime {
        self.zone.local(self.instant)
    }

    /// Reads ISO 8601; a text without an offset is a wall clock of `zone`.
    pub(super) fn parse(text: &str, zone: Zone) -> Option<Self> {
        if let Ok(aware) = DateTime::parse_from_rfc3339(text) {
            return Some(Self { instant: aware.to_utc(), zone: Zone::Fixed(*aware.offset()) });
        }
        let instant = zone.resolve_late(parse_naive(text)?)?;
        Some(Self { instant, zone })
    }
}

/// Reads an ISO 8601 wall clock of the years 1 to 9999 (the calendar of the client).
pub(super) fn parse_naive(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y%m%dT%H%M%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| text.parse::<chrono::NaiveDate>().ok().map(|date| date.and_time(chrono::NaiveTime::MIN)))
        .filter(|local| (1..=9999).contains(&chrono::Datelike::year(local)))
}
