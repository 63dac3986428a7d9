//! Recurrence rules (iCalendar's RRULE) by the `rrule` crate.
//!
//! What the client writes keeps only the UTC offset of a rule's start, so a rule has a fixed offset (none: UTC) and no
//! daylight saving. The crate holds rules to RFC 5545; the client's library is more lenient, and a rule that the
//! standard forbids (such as `BYMONTHDAY` with `FREQ=WEEKLY`) is refused, as is `BYEASTER`. A rule that finds nothing
//! in 100,000 periods of its frequency is taken to have ended.

use crate::schedule::ScheduleError;
use crate::schedule::moment::{Moment, Zone, parse_naive};
use crate::schedule::read::At;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeDelta, Utc};
use rrule::{Frequency, RRule, RRuleSet, Tz, Unvalidated};
use std::collections::HashSet;
use std::iter::Peekable;

/// Most rules, dates and exceptions in one clock.
const MAX_PARTS: usize = 1_000;

/// Most recurrences that are passed over to reach the moment asked about (only a rule with `COUNT` walks so far).
const MAX_PASSED: usize = 100_000;

/// Rules and dates, less the excluded ones.
#[derive(Debug, Clone)]
pub(in crate::schedule) struct Recurrence {
    rules: Vec<Rule>,
    dates: Vec<Moment>,
    excluded_rules: Vec<Rule>,
    excluded_dates: HashSet<DateTime<Utc>>,
    /// Whether the rule has no offset, and the client compares wall clocks.
    naive: bool,
    start: Option<Moment>,
    end: Option<Moment>,
}

/// One rule, computed on the wall clock of a fixed offset.
#[derive(Debug, Clone)]
struct Rule {
    /// Without `COUNT`, and with an interval of one when `every` is set.
    parts: RRule<Unvalidated>,
    count: Option<usize>,
    /// Of the periods (in seconds) since the start, only each `every`-th counts. Only for rules within a day that
    /// also have `BY…` parts: the crate loses the phase of those when it leaps over hours that they exclude.
    every: Option<(i64, i64)>,
    start: NaiveDateTime,
    offset: FixedOffset,
}

/// An ISO 8601 date-time whose offset may be missing.
struct Stamp {
    local: NaiveDateTime,
    offset: Option<FixedOffset>,
}

impl Stamp {
    fn read(at: &At<'_>) -> Result<Self, ScheduleError> {
        let text = at.text()?;
        if let Ok(aware) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self { local: aware.naive_local(), offset: Some(*aware.offset()) });
        }
        let local = parse_naive(text)
            .ok_or_else(|| at.refuse("an ISO 8601 date and time between the years 1 and 9999"))?;
        Ok(Self { local, offset: None })
    }

    fn moment(&self) -> Option<Moment> {
        let offset = self.offset.unwrap_or(Utc.fix());
        Some(Moment { instant: self.local.checked_sub_offset(offset)?.and_utc(), zone: Zone::Fixed(offset) })
    }
}

impl Recurrence {
    pub(in crate::schedule) fn parse(at: &At<'_>) -> Result<Self, ScheduleError> {
        let object = at.member("rrule_obj");
        object.object()?;
        let rules;
        let mut naive = Vec::new();
        let mut read_rules = |list: Vec<At<'_>>| -> Result<Vec<Rule>, ScheduleError> {
            list.iter()
                .map(|at| {
                    let (rule, is_naive) = Rule::parse(at)?;
                    naive.push(is_naive);
                    Ok(rule)
                })
                .collect()
        };
        let (mut dates, mut excluded_rules, mut excluded_dates) = (Vec::new(), Vec::new(), HashSet::new());
        let kind = object.member("type");
        match kind.text()? {
            "rrule" => rules = read_rules(vec![object.clone()])?,
            "rruleset" => {
                rules = read_rules(object.member("_rrule").items(MAX_PARTS)?)?;
                excluded_rules = read_rules(object.member("_exrule").items(MAX_PARTS)?)?;
                dates = read_dates(&object.member("_rdate"))?;
                excluded_dates =
                    read_dates(&object.member("_exdate"))?.iter().map(|date| date.instant).collect();
                dates.sort_by_key(|date: &Moment| date.instant);
            }
            _ => return Err(kind.refuse("\"rrule\" or \"rruleset\"")),
        }
        let moment = |name: &str| at.member(name).optional().map(|at| at.moment()).transpose();
        let naive = naive.first().copied().unwrap_or(false);
        let (start, end) = (moment("start_date")?, moment("end_date")?);
        Ok(Self { rules, dates, excluded_rules, excluded_dates, naive, start, end })
    }

    pub(in crate::schedule) fn events(&self, after: DateTime<Utc>) -> impl Iterator<Item = Moment> + '_ {
        // From a start date in the future on, that moment itself counts; a rule without an offset is compared with
        // the wall clock of the start date's zone.
        let from = match self.start.filter(|start| after < start.instant) {
            Some(start) if self.naive => start.local().and_utc(),
            Some(start) => start.instant,
            None => after,
        };
        let included = self.start.is_some_and(|start| after < start.instant);
        let mut sources: Vec<Source<'_>> = self.rules.iter().map(|rule| rule.source(from)).collect();
        sources
            .push((Box::new(self.dates.iter().copied()) as Box<dyn Iterator<Item = Moment> + '_>).peekable());
        let mut excluded: Vec<Source<'_>> =
            self.excluded_rules.iter().map(|rule| rule.source(from)).collect();
        let mut latest = None;
        std::iter::from_fn(move || {
            for _ in 0..MAX_PASSED {
                let moment = take_first(&mut sources)?;
                let early = moment.instant < from || (moment.instant == from && !included);
                if early
                    || latest.replace(moment.instant) == Some(moment.instant)
                    || self.excluded_dates.contains(&moment.instant)
                    || excluded.iter_mut().any(|source| contains(source, moment.instant))
                {
                    continue;
                }
                return Some(moment);
            }
            None
        })
        .take_while(|moment| self.end.is_none_or(|end| moment.instant <= end.instant))
    }
}

type Source<'a> = Peekable<Box<dyn Iterator<Item = Moment> + 'a>>;

fn take_first(sources: &mut [Source<'_>]) -> Option<Moment> {
    let first = sources
        .iter_mut()
        .enumerate()
        .filter_map(|(index, source)| source.peek().map(|moment| (moment.instant, index)))
        .min()?;
    sources[first.1].next()
}

fn contains(source: &mut Source<'_>, instant: DateTime<Utc>) -> bool {
    while source.next_if(|moment| moment.instant < instant).is_some() {}
    source.peek().is_some_and(|moment| moment.instant == instant)
}

fn read_dates(list: &At<'_>) -> Result<Vec<Moment>, ScheduleError> {
    list.items(MAX_PARTS)?
        .iter()
        .map(|at| Stamp::read(at)?.moment().ok_or_else(|| at.refuse("a moment within the calendar")))
        .collect()
}

impl Rule {
    /// Reads `{rr, _dtstart, _until}`; says whether it has no offset.
    fn parse(at: &At<'_>) -> Result<(Self, bool), ScheduleError> {
        let rr = at.member("rr");
        let text = rr.text()?;
        let line = |name: &str| {
            text.lines().find_map(|line| {
                line.get(..name.len())
                    .filter(|head| head.eq_ignore_ascii_case(name))
                    .map(|_| &line[name.len()..])
            })
        };
        let written_start = line("DTSTART:").and_then(|start| parse_naive(start.trim_end_matches('Z')));
        let start = match (at.member("_dtstart").optional(), written_start) {
            (Some(start), _) => Stamp::read(&start)?,
            (None, Some(local)) => Stamp { local, offset: None },
            // What the client fills in for a rule without a start.
            (None, None) => Stamp {
                local: NaiveDate::from_ymd_opt(2018, 6, 20)
                    .unwrap_or_default()
                    .and_time(chrono::NaiveTime::MIN),
                offset: Some(Utc.fix()),
            },
        };
        let offset = start.offset.unwrap_or(Utc.fix());
        // UNTIL is given twice, the second time with its offset; COUNT is counted here.
        let body = line("RRULE:").unwrap_or_else(|| text.lines().last().unwrap_or_default());
        let (ends, rest): (Vec<_>, Vec<_>) = body.split(';').partition(|part| {
            let name = part.split('=').next().unwrap_or_default();
            name.eq_ignore_ascii_case("UNTIL") || name.eq_ignore_ascii_case("COUNT")
        });
        let end = |name: &str| {
            let values = ends.iter().filter_map(|part| part.split_once('='));
            values.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
        };
        let mut rule: RRule<Unvalidated> =
            rest.join(";").parse().map_err(|problem| rr.refuse(format!("a recurrence rule ({problem})")))?;
        let mut count = match end("COUNT").map(str::parse) {
            None => None,
            Some(Ok(count)) => Some(count),
            Some(Err(_)) => return Err(rr.refuse("a recurrence rule whose COUNT is a number")),
        };
        let until = match (at.value.get("_until"), end("UNTIL")) {
            (Some(serde_json::Value::Null), _) | (None, None) => None,
            (Some(_), _) => {
                let until = Stamp::read(&at.member("_until"))?;
                let own = until.offset.unwrap_or(offset);
                until.local.checked_sub_offset(own).and_then(|utc| utc.checked_add_offset(offset))
            }
            (None, Some(written)) => {
                let local = parse_naive(written.trim_end_matches('Z'));
                Some(local.ok_or_else(|| rr.refuse("a recurrence rule with a readable UNTIL"))?)
            }
        };
        match until {
            // Over before it begins: the crate has no rule without recurrences.
            Some(until) if until < start.local => count = Some(0),
            Some(until) => rule = rule.until(until.and_utc().with_timezone(&Tz::UTC)),
            None => {}
        }
        let interval = i64::from(rule.get_interval());
        let within_day =
            matches!(rule.get_freq(), Frequency::Hourly | Frequency::Minutely | Frequency::Secondly);
        let limited =
            rest.iter().any(|part| part.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("BY")));
        let every = match unit(rule.get_freq()) {
            Some(unit) if within_day && limited && interval > 1 => {
                rule = rule.interval(1);
                Some((unit, interval))
            }
            _ => None,
        };
        let rule = Self { parts: rule, count, every, start: start.local, offset };
        if let Err(problem) = rule.parts.clone().build(rule.start.and_utc().with_timezone(&Tz::UTC)) {
            return Err(rr.refuse(format!("a recurrence rule of RFC 5545 ({problem})")));
        }
        Ok((rule, start.offset.is_none()))
    }

    /// The recurrences from about `from` on: some before it may come first.
    fn source(&self, from: DateTime<Utc>) -> Source<'_> {
        let zone = Zone::Fixed(self.offset);
        let start = self.near(zone.local(from)).and_utc().with_timezone(&Tz::UTC);
        let set: Option<RRuleSet> = self.parts.clone().build(start).ok().map(RRuleSet::limit);
        let recurrences = set.as_ref().map(IntoIterator::into_iter);
        let moments = recurrences
            .into_iter()
            .flatten()
            .take(MAX_PASSED)
            .map(|local| local.naive_utc())
            .filter(|local| self.in_phase(*local))
            .take(self.count.unwrap_or(usize::MAX))
            .filter_map(move |local| {
                Some(Moment { instant: local.checked_sub_offset(self.offset)?.and_utc(), zone })
            });
        (Box::new(moments) as Box<dyn Iterator<Item = Moment> + '_>).peekable()
    }

    fn in_phase(&self, local: NaiveDateTime) -> bool {
        self.every.is_none_or(|(unit, every)| {
            let period = |at: NaiveDateTime| at.and_utc().timestamp().div_euclid(unit);
            (period(local) - period(self.start)).rem_euclid(every) == 0
        })
    }

    /// A start close before `local` that yields the same recurrences from there on: moved by whole periods, so that
    /// nothing depends on how long ago a rule began. Rules that count, and months and years (few), stay.
    fn near(&self, local: NaiveDateTime) -> NaiveDateTime {
        let period = match unit(self.parts.get_freq()) {
            Some(unit) if self.count.is_none() => unit * i64::from(self.parts.get_interval()),
            _ => return self.start,
        };
        if period == 0 {
            return self.start;
        }
        let periods = local.signed_duration_since(self.start).num_seconds() / period - 1;
        if periods <= 0 {
            return self.start;
        }
        self.start.checked_add_signed(TimeDelta::seconds(periods * period)).unwrap_or(self.start)
    }
}

/// Seconds of a frequency's period; `None` for months and years, which differ.
fn unit(frequency: Frequency) -> Option<i64> {
    match frequency {
        Frequency::Secondly => Some(1),
        Frequency::Minutely => Some(60),
        Frequency::Hourly => Some(3_600),
        Frequency::Daily => Some(86_400),
        Frequency::Weekly => Some(604_800),
        Frequency::Monthly | Frequency::Yearly => None,
    }
}
