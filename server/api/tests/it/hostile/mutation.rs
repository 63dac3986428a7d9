//! Damage.

use super::choices::Choices;

/// What is put in: pieces of both grammars.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ":",
    ",",
    "\"",
    "\"\"\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\\udc00",
    "$",
    "$v0",
    "@",
    "@skip(if: ",
    "...",
    "... on flow",
    "...f0",
    "#",
    "!",
    "=",
    "|",
    "&",
    "null",
    "true",
    "NaN",
    "-",
    "1e999",
    "99999999999999999999",
    "__typename",
    "__schema { types { name } }",
    "_and: ",
    "fragment f0 on Query { ...f0 }",
    "query a ",
    "subscription ",
    "\u{feff}",
    "😀",
];

/// A text after a few accidents.
pub fn of_text(text: &str, choices: &mut Choices<'_>) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..choices.below(5) {
        accident(&mut letters, choices, |piece| piece.chars().collect());
    }
    letters.into_iter().collect()
}

/// Bytes after a few accidents; they may be no text any more.
pub fn of_bytes(bytes: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..choices.below(5) {
        accident(&mut bytes, choices, |piece| piece.as_bytes().to_vec());
        if choices.one_in(4) && !bytes.is_empty() {
            let at = choices.below(bytes.len());
            bytes[at] ^= 1 << choices.below(8);
        }
    }
    bytes
}

fn accident<T: Clone>(all: &mut Vec<T>, choices: &mut Choices<'_>, piece: impl Fn(&str) -> Vec<T>) {
    let from = choices.below(all.len() + 1);
    let to = (from + choices.below(20)).min(all.len());
    match choices.below(4) {
        0 => drop(all.drain(from..to)),
        1 => {
            let piece = all[from..to].to_vec();
            let times = if choices.one_in(8) { 200 } else { 1 };
            let copies = std::iter::repeat_n(piece, times).flatten();
            drop(all.splice(from..from, copies));
        }
        2 => drop(all.splice(from..from, piece(choices.of_all::<&str>(&PIECES)))),
        _ => all.truncate(from),
    }
}
