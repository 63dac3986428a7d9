//! Cursors: where in something that only grows a reader is. Text on the wire, which clients give back as they got it.

use std::{fmt, str::FromStr};

/// A place behind one item of a stream: the item's number, and, where several items share a number, how many of them
/// lie before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The number of the item that was seen last; 0 is before the first.
    pub number: i64,
    /// Which of the items with this number it was; `None` is the last of them.
    pub within: Option<u32>,
}

/// The text is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a cursor; give back the text that an item of the stream came with, or null for the beginning"
)]
pub struct NotACursor(String);

impl Cursor {
    /// Before the first item.
    pub const START: Self = Self { number: 0, within: None };

    /// Behind the only item with a number.
    pub const fn behind(number: i64) -> Self {
        Self { number, within: None }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            Some(within) => write!(f, "{}.{within}", self.number),
            None => write!(f, "{}", self.number),
        }
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let digits = |part: &str| (1..=19).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let (number, within) = match text.split_once('.') {
            Some((number, within)) => (number, Some(within)),
            None => (text, None),
        };
        let parsed = || {
            if !digits(number) || !within.is_none_or(digits) {
                return None;
            }
            let within = within.map(str::parse).transpose().ok()?;
            Some(Self { number: number.parse().ok()?, within })
        };
        parsed().ok_or_else(|| NotACursor(text.chars().take(60).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for cursor in [Cursor::START, Cursor::behind(i64::MAX), Cursor { number: 7, within: Some(3) }] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "-1", "+1", "1.", ".1", "1.2.3", "a", " 1", "9223372036854775808", "1.4294967296", "٣"]
        {
            assert!(text.parse::<Cursor>().is_err(), "{text:?}");
        }
        let long = "x".repeat(1000).parse::<Cursor>().unwrap_err().to_string();
        assert!(long.len() < 200 && long.contains("is not a cursor"), "{long}");
    }
}
