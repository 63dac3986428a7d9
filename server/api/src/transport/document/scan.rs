//! One pass over a document's text before the parser sees it.
//!
//! The parser (async-graphql-parser 7.2.1) recurses once per open bracket, panics on half a surrogate pair
//! in a string (`"\ud83d"`), does not join pairs, and rounds integers of more than 64 bits. Python's
//! `json.dumps`, with which the stock client makes its literals, writes such pairs for every emoji.

use super::super::{
    Refusal,
    surrogates::{is_high, is_low, unit},
};
use async_graphql::Pos;
use signalbox_schema::ErrorCode;
use std::borrow::Cow;

/// The text that the parser may see: pairs joined, halves replaced by U+FFFD.
pub(super) fn scan(text: &str, nesting: usize) -> Result<Cow<'_, str>, Refusal> {
    let bytes = text.as_bytes();
    let mut edits = Edits { text, edited: String::new(), copied: 0 };
    let mut open = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at = end(bytes, at, |byte| !matches!(byte, b'\n' | b'\r')),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => at = end_of_block(bytes, at + 3),
            b'"' => at = string(bytes, at + 1, &mut edits),
            b'{' | b'[' | b'(' => {
                open += 1;
                if open > nesting {
                    return Err(Refusal::at(
                        ErrorCode::LimitReached,
                        format!(
                            "the document is nested too deep; {nesting} open brackets are allowed \
                             (max_document_nesting)"
                        ),
                        position(text, at),
                    ));
                }
                at += 1;
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let literal_end =
                    end(bytes, at, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
                number(text, at, literal_end)?;
                // At least one byte: a lone `-` is for the parser to refuse.
                at = literal_end.max(at + 1);
            }
            byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
                at = end(bytes, at, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            }
            _ => at += 1,
        }
    }
    Ok(edits.finish())
}

/// The replacements made so far. Nothing is copied until there is one.
struct Edits<'a> {
    text: &'a str,
    edited: String,
    copied: usize,
}

impl<'a> Edits<'a> {
    fn replace(&mut self, from: usize, to: usize, by: char) {
        self.edited.push_str(&self.text[self.copied..from]);
        self.edited.push(by);
        self.copied = to;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 {
            return Cow::Borrowed(self.text);
        }
        self.edited.push_str(&self.text[self.copied..]);
        Cow::Owned(self.edited)
    }
}

/// Reads a string from behind its opening quote; returns the position behind its closing one. A string that
/// does not end on its line is left to the parser.
fn string(bytes: &[u8], mut at: usize, edits: &mut Edits<'_>) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            b'\\' => match unit(bytes, at) {
                Some(first) if is_high(first) || is_low(first) => {
                    let pair = unit(bytes, at + 6).and_then(|second| joined(first, second));
                    let end = at + if pair.is_some() { 12 } else { 6 };
                    edits.replace(at, end, pair.unwrap_or(char::REPLACEMENT_CHARACTER));
                    at = end;
                }
                _ => at += 2,
            },
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The character of a surrogate pair.
fn joined(first: u16, second: u16) -> Option<char> {
    char::decode_utf16([first, second]).next()?.ok()
}

/// The position behind a block string's closing quotes, or the end of the text.
fn end_of_block(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"\\\"\"\"") {
            at += 4;
        } else if rest.starts_with(b"\"\"\"") {
            return at + 3;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end(bytes: &[u8], at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|byte| !belongs(*byte)).map_or(bytes.len(), |length| at + length)
}

/// Refuses an integer literal that the parser would silently turn into a float.
fn number(text: &str, start: usize, end: usize) -> Result<(), Refusal> {
    let literal = &text[start..end];
    let digits = literal.strip_prefix('-').unwrap_or(literal);
    let fits = digits.len() < 19
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
        || literal.parse::<i64>().is_ok()
        || literal.parse::<u64>().is_ok();
    if fits {
        return Ok(());
    }
    Err(Refusal::at(
        ErrorCode::InvalidInput,
        "an integer does not fit into 64 bits; send it as a string",
        position(text, start),
    ))
}

/// Line and column, both from one, as the parser counts them.
fn position(text: &str, at: usize) -> Pos {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Pos { line, column }
}
