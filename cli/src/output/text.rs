//! Small pieces of text that several tables share: labels, shortened values, plurals. Pure.

use serde_json::Value;

/// Labels as one cell: sorted as they come, `-` when there are none.
pub(crate) fn labels(labels: &[String]) -> String {
    if labels.is_empty() { "-".to_owned() } else { labels.join(", ") }
}

/// An optional value as one cell, `-` when there is none.
pub(crate) fn or_dash(value: Option<impl Into<String>>) -> String {
    value.map(Into::into).filter(|text: &String| !text.is_empty()).unwrap_or_else(|| "-".to_owned())
}

/// At most `width` characters of the first line, with an ellipsis where something was cut.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut = line.chars().count() > width;
    if !cut && line.len() == text.trim_end().len() {
        return line.to_owned();
    }
    let kept: String = line.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `1 run`, `2 runs`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A JSON value as people write it: strings bare, everything else as JSON.
pub(crate) fn json(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Removes control characters (also escape sequences that a hostile log line or name could carry to the terminal),
/// except tabs and line ends.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as value;

    #[test]
    fn long_or_many_lined_text_is_cut_with_an_ellipsis() {
        assert_eq!(shorten("short", 10), "short");
        assert_eq!(shorten("short\n", 10), "short");
        assert_eq!(shorten("exactly ten", 5), "exac…");
        assert_eq!(shorten("first\nsecond", 20), "first…");
        assert_eq!(shorten("żółć", 3), "żó…");
        assert_eq!(shorten("", 3), "");
    }

    #[test]
    fn values_are_shown_as_people_write_them() {
        assert_eq!(json(&value!("text")), "text");
        assert_eq!(json(&value!({"a": [1, null]})), r#"{"a":[1,null]}"#);
        assert_eq!(count(1, "run"), "1 run");
        assert_eq!(count(0, "run"), "0 runs");
        assert_eq!(labels(&[]), "-");
        assert_eq!(or_dash(Some("")), "-");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\tc\nd\r"), "a[31mb\tc\nd");
    }
}
