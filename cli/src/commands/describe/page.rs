//! A page of text with headings, aligned fields and tables, as `describe` prints it. Pure.

use std::fmt::Write;

use comfy_table::Cell;
use serde_json::Value;

use crate::output::screen::Screen;
use crate::output::table::grid;
use crate::output::text::{json, printable, shorten};

/// The width of the column of field names.
const NAMES: usize = 13;
/// A parameter's value is cut here; `--output json` has the whole.
const VALUE: usize = 100;

/// A page that is being written.
pub(super) struct Page<'a> {
    screen: &'a Screen,
    text: String,
}

impl<'a> Page<'a> {
    /// An empty page with a title.
    pub(super) fn new(title: &str, screen: &'a Screen) -> Self {
        Self { screen, text: screen.bold(&printable(title)) + "\n" }
    }

    /// `Name:   value`; left out when there is no value. The value may hold colours, so it is not cleaned here.
    pub(super) fn field(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let label = self.screen.dim(&format!("{:<NAMES$}", format!("{name}:")));
            // Writing to a string cannot fail.
            let _ = writeln!(self.text, "  {label} {value}");
        }
    }

    /// Fields of a JSON object, one a line, under one name; left out when there are none.
    pub(super) fn object(&mut self, name: &str, value: Option<&Value>) {
        let Some(Value::Object(object)) = value else { return };
        for (index, (key, value)) in object.iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let label = if name.is_empty() { String::new() } else { format!("{name}:") };
            let label = self.screen.dim(&format!("{label:<NAMES$}"));
            let _ = writeln!(
                self.text,
                "  {label} {} = {}",
                printable(key),
                shorten(&printable(&json(value)), VALUE)
            );
        }
    }

    /// A heading over what follows.
    pub(super) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.text, "\n{}", self.screen.bold(text));
    }

    /// A table, indented.
    pub(super) fn table(&mut self, headings: &[&str], rows: Vec<Vec<Cell>>) {
        for line in grid(headings, rows.into_iter(), self.screen).lines() {
            let _ = writeln!(self.text, "  {line}");
        }
    }

    /// A text of one or more lines, indented. It may hold colours.
    pub(super) fn lines(&mut self, text: &str) {
        for line in text.lines() {
            let _ = writeln!(self.text, "  {line}");
        }
    }

    /// The page without its last line end.
    pub(super) fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }
}
