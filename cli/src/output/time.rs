//! Times and spans of time, as people say and write them. Pure: the present moment is an argument.

use chrono::{DateTime, Duration, Local, NaiveDate, NaiveDateTime, TimeZone, Utc};

const SECOND: i64 = 1;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// "just now", "3 min ago", "in 2 h": the distance of `then` from `now`, in the largest unit that fits.
pub(crate) fn relative(now: DateTime<Utc>, then: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds();
    let words = coarse(seconds.abs());
    match seconds {
        0..=4 => "just now".to_owned(),
        -4..=-1 => "now".to_owned(),
        5.. => format!("{words} ago"),
        _ => format!("in {words}"),
    }
}

fn coarse(seconds: i64) -> String {
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ if seconds < DAY + DAY / 2 => "1 day".to_owned(),
        // To the nearest day: a key made a moment ago for 30 days expires in 30.
        _ if seconds < 60 * DAY => format!("{} days", (seconds + DAY / 2) / DAY),
        _ if seconds < 730 * DAY => format!("{} months", seconds / (30 * DAY)),
        _ => format!("{} years", seconds / (365 * DAY)),
    }
}

/// A span of time in at most two units: "120 ms", "4.2 s", "3 m 10 s", "2 h 5 m", "1 d 4 h".
pub(crate) fn span(length: Duration) -> String {
    let millis = length.num_milliseconds().max(0);
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis} ms"),
        1..MINUTE => format!("{seconds}.{} s", millis % 1000 / 100),
        MINUTE..HOUR => format!("{} m {} s", seconds / MINUTE, seconds % MINUTE),
        HOUR..DAY => format!("{} h {} m", seconds / HOUR, seconds % HOUR / MINUTE),
        _ => format!("{} d {} h", seconds / DAY, seconds % DAY / HOUR),
    }
}

/// The span from `start` to `end`, or to `now` while there is no end. Nothing when it has not started.
pub(crate) fn elapsed(
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<String> {
    start.map(|start| span(end.unwrap_or(now) - start))
}

/// A moment in the reader's own time zone, to the second.
pub(crate) fn local(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The time of day in the reader's own time zone, to the millisecond: the left edge of a log line.
pub(crate) fn time_of_day(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&Local).format("%H:%M:%S%.3f").to_string()
}

/// Reads a span of time as people type it: `90s`, `45m`, `12h`, `30d`, `2w`, or several at once (`1h30m`).
///
/// # Errors
/// A sentence that says what a span looks like.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a length of time; write for example 90s, 45m, 12h, 30d or 1h30m");
    let mut seconds: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[..letters] {
            "s" | "sec" => SECOND,
            "m" | "min" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => WEEK,
            _ => return Err(wrong()),
        };
        rest = rest[letters..].trim_start();
        seconds = number.checked_mul(unit).and_then(|part| seconds.checked_add(part)).ok_or_else(wrong)?;
    }
    Duration::try_seconds(seconds).ok_or_else(wrong)
}

/// Reads a moment as people type it: RFC 3339 (`2026-01-02T03:04:05Z`), a local date and time (`2026-01-02 03:04`), a
/// local date (`2026-01-02`), `now`, or a span from now (`+10m`).
///
/// # Errors
/// A sentence that says what a moment looks like.
pub(crate) fn parse_moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let wrong = || {
        format!(
            "`{text}` is not a time; write for example 2026-01-02T03:04:05Z, \"2026-01-02 03:04\" (local) or +10m"
        )
    };
    if text == "now" {
        return Ok(now);
    }
    if let Some(later) = text.strip_prefix('+') {
        return now.checked_add_signed(parse_span(later)?).ok_or_else(wrong);
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let spaced = text.replacen('T', " ", 1);
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&spaced, format).ok())
        .or_else(|| NaiveDate::parse_from_str(&spaced, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
        .ok_or_else(wrong)?;
    Local
        .from_local_datetime(&naive)
        .earliest()
        .map(|moment| moment.with_timezone(&Utc))
        .ok_or_else(|| format!("{text} does not exist here: the clocks are put forward over it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    #[test]
    fn distances_are_said_in_the_largest_unit_that_fits() {
        let now = at("2026-06-15T12:00:00Z");
        let cases = [
            ("2026-06-15T11:59:58Z", "just now"),
            ("2026-06-15T11:59:20Z", "40 s ago"),
            ("2026-06-15T11:57:00Z", "3 min ago"),
            ("2026-06-15T09:00:00Z", "3 h ago"),
            ("2026-06-14T11:00:00Z", "1 day ago"),
            ("2026-06-01T12:00:00Z", "14 days ago"),
            ("2026-07-15T11:59:59Z", "in 30 days"),
            ("2026-01-01T12:00:00Z", "5 months ago"),
            ("2020-01-01T12:00:00Z", "6 years ago"),
            ("2026-06-15T12:00:02Z", "now"),
            ("2026-06-15T12:10:00Z", "in 10 min"),
        ];
        for (then, expected) in cases {
            assert_eq!(relative(now, at(then)), expected, "{then}");
        }
    }

    #[test]
    fn spans_have_at_most_two_units() {
        let cases = [
            (0, "0 ms"),
            (120, "120 ms"),
            (4_250, "4.2 s"),
            (190_000, "3 m 10 s"),
            (7_500_000, "2 h 5 m"),
            (100_800_000, "1 d 4 h"),
            (-5, "0 ms"),
        ];
        for (millis, expected) in cases {
            assert_eq!(span(Duration::milliseconds(millis)), expected, "{millis}");
        }
    }

    #[test]
    fn spans_are_read_in_every_unit_and_combined() {
        assert_eq!(parse_span("90s"), Ok(Duration::seconds(90)));
        assert_eq!(parse_span("1h30m"), Ok(Duration::minutes(90)));
        assert_eq!(parse_span("1h 30min"), Ok(Duration::minutes(90)));
        assert_eq!(parse_span("30d"), Ok(Duration::days(30)));
        assert_eq!(parse_span("2w"), Ok(Duration::days(14)));
        for wrong in ["", "30", "d", "-1d", "1y", "1.5h", "9223372036854775807w", "é"] {
            assert!(parse_span(wrong).is_err(), "{wrong:?} must not be a span");
        }
    }

    #[test]
    fn moments_are_read_absolute_local_and_from_now() {
        let now = at("2026-06-15T12:00:00Z");
        assert_eq!(parse_moment("2026-01-02T03:04:05+02:00", now), Ok(at("2026-01-02T01:04:05Z")));
        assert_eq!(parse_moment("now", now), Ok(now));
        assert_eq!(parse_moment("+1h", now), Ok(at("2026-06-15T13:00:00Z")));
        let naive = NaiveDate::from_ymd_opt(2026, 1, 2).unwrap().and_hms_opt(3, 4, 0).unwrap();
        let local = Local.from_local_datetime(&naive).unwrap().with_timezone(&Utc);
        assert_eq!(parse_moment("2026-01-02 03:04", now), Ok(local));
        assert_eq!(parse_moment("2026-01-02T03:04", now), Ok(local));
        for wrong in ["tomorrow", "2026-13-01", "", "+", "03:04"] {
            assert!(parse_moment(wrong, now).is_err(), "{wrong:?} must not be a moment");
        }
    }
}
