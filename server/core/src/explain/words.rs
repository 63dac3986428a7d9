//! Times, names and lists as people read them. Whatever a user wrote is quoted.

use super::{Holder, LimitFacts};
use chrono::{DateTime, Utc};
use signalbox_schema::LabelSet;

/// Most names in a list.
const LISTED: usize = 3;

/// "at 12:03:04 UTC", with the date when it is not today's.
pub(super) fn at(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if moment.date_naive() == now.date_naive() {
        moment.format("at %H:%M:%S UTC").to_string()
    } else {
        moment.format("on %Y-%m-%d at %H:%M:%S UTC").to_string()
    }
}

/// The same without the first word, after "since" or "until".
pub(super) fn time(moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let text = at(moment, now);
    text.trim_start_matches("at ").trim_start_matches("on ").to_owned()
}

/// "3 minutes": the span between two moments, in the largest unit that fits.
pub(super) fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let seconds = (to - from).num_seconds().max(0);
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if number == 1 { format!("{number} {unit}") } else { format!("{number} {unit}s") }
}

/// ": 'text'", or nothing.
pub(super) fn quoted(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).map(|text| format!(" ('{}')", shortened(text))).unwrap_or_default()
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}

/// "'a', 'b' and 4 more".
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("'{name}'")).collect();
    match (names.len().saturating_sub(LISTED), shown.split_last()) {
        (0, None) => "nobody".to_owned(),
        (0, Some((last, []))) => last.clone(),
        (0, Some((last, first))) => format!("{} and {last}", first.join(", ")),
        (more, _) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// "'a' is", "'a' and 'b' are".
pub(super) fn are<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    let verb = if all.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names(all))
}

/// "with the labels [eu, gpu]", "without labels".
pub(super) fn labelled(labels: &LabelSet) -> String {
    match labels.as_slice() {
        [] => "without labels".to_owned(),
        [one] => format!("with the label '{one}'"),
        several => format!("with the labels [{}]", several.join(", ")),
    }
}

/// "3 of 3 slots of 'db' are taken, by 'a', 'b' and 'c'".
pub(super) fn limit(limit: &LimitFacts) -> String {
    let taken = format!("{} of {} slots of '{}' are taken", limit.taken, limit.slots, limit.name);
    if limit.slots == 0 {
        return format!("the limit of '{}' is 0, which lets nothing start", limit.name);
    }
    if limit.holders.is_empty() {
        return taken;
    }
    let mut holders: Vec<&str> = limit.holders.iter().map(|Holder { name, .. }| name.as_str()).collect();
    holders.dedup();
    format!("{taken}, by {}", names(holders))
}
