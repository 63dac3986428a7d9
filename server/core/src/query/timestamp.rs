//! Instants as people write them.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// Reads an ISO 8601 instant: `T` or a space between date and time, any number of fraction digits, any offset.
/// Without an offset the time is UTC (the stock client's cache look-up sends such times); a date alone is its
/// midnight. `None` when the text is no instant of the years 1 to 9999 (beyond them text order is not time order).
pub fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let (local, rest) = parse_local(text)?;
    let offset = parse_offset(rest.trim_start())?;
    let instant = local.and_local_timezone(offset).single()?.to_utc();
    (1..=9999).contains(&instant.year()).then_some(instant)
}

fn parse_local(text: &str) -> Option<(NaiveDateTime, &str)> {
    const FORMS: [&str; 4] =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    if let Some(found) = FORMS.iter().find_map(|form| NaiveDateTime::parse_and_remainder(text, form).ok()) {
        return Some(found);
    }
    let (date, rest) = NaiveDate::parse_and_remainder(text, "%Y-%m-%d").ok()?;
    rest.is_empty().then_some((date.and_time(NaiveTime::MIN), rest))
}

fn parse_offset(text: &str) -> Option<FixedOffset> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return FixedOffset::east_opt(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    if minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}
