//! LIKE patterns as SQLite's GLOB patterns and as PostgreSQL's regular expressions.

/// Translates a LIKE pattern (`%`, `_`, backslash escapes the next character) into a GLOB pattern that matches the
/// same texts. Ignoring case turns each letter into the set of its two cases, so that it works beyond ASCII too.
pub(super) fn glob(like: &str, ignore_case: bool) -> String {
    let mut glob = String::with_capacity(like.len() * 2);
    let mut characters = like.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '\\' => {
                if let Some(escaped) = characters.next() {
                    push_literal(&mut glob, escaped, ignore_case);
                }
            }
            other => push_literal(&mut glob, other, ignore_case),
        }
    }
    glob
}

fn push_literal(glob: &mut String, character: char, ignore_case: bool) {
    if matches!(character, '*' | '?' | '[') {
        glob.extend(['[', character, ']']);
        return;
    }
    let other = if ignore_case { other_case(character) } else { None };
    match other {
        Some(other) => glob.extend(['[', character, other, ']']),
        None => glob.push(character),
    }
}

/// Translates a LIKE pattern into a regular expression that matches the same texts in either case. Letters become the
/// set of their two cases, as above, so that it does not depend on the database's collation.
pub(super) fn regular_expression(like: &str) -> String {
    let mut expression = String::with_capacity(like.len() * 4 + 2);
    expression.push('^');
    let mut characters = like.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => expression.push_str(".*"),
            '_' => expression.push('.'),
            '\\' => {
                if let Some(escaped) = characters.next() {
                    push_expression(&mut expression, escaped);
                }
            }
            other => push_expression(&mut expression, other),
        }
    }
    expression.push('$');
    expression
}

fn push_expression(expression: &mut String, character: char) {
    match other_case(character) {
        Some(other) => expression.extend(['[', character, other, ']']),
        None if character.is_alphanumeric() || !character.is_ascii() => expression.push(character),
        // Any other character means itself behind a backslash.
        None => expression.extend(['\\', character]),
    }
}

/// The other case of a letter, where it is a single character (it is not for `ß`).
fn other_case(character: char) -> Option<char> {
    let single = |mut cased: Box<dyn Iterator<Item = char>>| match (cased.next(), cased.next()) {
        (Some(only), None) if only != character => Some(only),
        _ => None,
    };
    single(Box::new(character.to_lowercase())).or_else(|| single(Box::new(character.to_uppercase())))
}

#[cfg(test)]
mod tests {
    use super::{glob, regular_expression};

    #[test]
    fn wildcards_literals_and_escapes() {
        assert_eq!(glob("a%b_c", false), "a*b?c");
        assert_eq!(glob("100\\%", false), "100%");
        assert_eq!(glob("a*b?c[d]", false), "a[*]b[?]c[[]d]");
        assert_eq!(glob("\\\\", false), "\\");
    }

    #[test]
    fn regular_expressions_match_the_same() {
        assert_eq!(regular_expression("a%É_1"), "^[aA].*[Éé].1$");
        assert_eq!(regular_expression("ß.[x]^\\%"), "^ß\\.\\[[xX]\\]\\^\\%$");
    }

    #[test]
    fn ignoring_case_is_not_limited_to_ascii() {
        assert_eq!(glob("aÉ1", true), "[aA][Éé]1");
        assert_eq!(glob("ß", true), "ß");
    }
}
