//! Repair of JSON text that holds half a surrogate pair.
//!
//! Python strings can hold one (undecodable bytes of a file name become U+DC80…U+DCFF), `json.dumps` writes
//! it as `\udc80`, and strict JSON parsers refuse the whole text for it. One odd file name in one log line
//! must not lose a batch of lines, so such halves become U+FFFD, the replacement character.

/// The text with every half of a surrogate pair replaced, or `None` if it holds none.
pub(super) fn repair(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut repaired: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match unit(bytes, at) {
            Some(high) if is_high(high) && unit(bytes, at + 6).is_some_and(is_low) => at += 12,
            Some(half) if is_high(half) || is_low(half) => {
                let text = repaired.get_or_insert_with(|| String::with_capacity(json.len()));
                text.push_str(&json[copied..at]);
                text.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            // Two bytes for every other escape, so that `\\u` is an escaped backslash followed by a `u`.
            _ => at += 2,
        }
    }
    repaired.map(|mut text| {
        text.push_str(&json[copied..]);
        text
    })
}

/// The UTF-16 unit written as `\uXXXX` at `at`, if there is one.
pub(super) fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let [b'\\', b'u', digits @ ..] = bytes.get(at..at + 6)? else { return None };
    digits.iter().try_fold(0_u16, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

/// Whether the unit must be followed by a low one.
pub(super) const fn is_high(unit: u16) -> bool {
    matches!(unit, 0xd800..=0xdbff)
}

/// Whether the unit must follow a high one.
pub(super) const fn is_low(unit: u16) -> bool {
    matches!(unit, 0xdc00..=0xdfff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_are_replaced() {
        for (json, expected) in [
            (r#"["plain", "\n", "\u00e9"]"#, None),
            (r#"["\ud83d\ude00"]"#, None),
            (r#"["\\ud83d"]"#, None),
            (r#"["\udc80.txt"]"#, Some(r#"["\ufffd.txt"]"#)),
            (r#"["\ud83d"]"#, Some(r#"["\ufffd"]"#)),
            (r#"["\ud83d\ud83d\ude00"]"#, Some(r#"["\ufffd\ud83d\ude00"]"#)),
            (r#"["\ud83d\n"]"#, Some(r#"["\ufffd\n"]"#)),
            (r#"["é\uDC80é"]"#, Some(r#"["é\ufffdé"]"#)),
            (r#"["\u12"#, None),
            ("\\", None),
        ] {
            assert_eq!(repair(json).as_deref(), expected, "{json}");
        }
    }
}
