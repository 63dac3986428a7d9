//! Tables: aligned columns without frames, as `kubectl` and `gh` print them, so that `awk` and `grep` work on them too.

use std::io::IsTerminal;

use comfy_table::{Cell, ContentArrangement, Table, presets};
use serde::Serialize;

use super::screen::Screen;
use super::state;
use super::text::printable;

/// One thing that can be a line of a table and an element of a JSON array.
pub(crate) trait Row: Serialize {
    /// The headings, in capitals.
    const HEADINGS: &'static [&'static str];

    /// The cells of this row, one for each heading.
    fn cells(&self, screen: &Screen) -> Vec<Cell>;
}

/// A cell of plain text, without control characters.
pub(crate) fn text(content: impl AsRef<str>) -> Cell {
    Cell::new(printable(content.as_ref()))
}

/// A cell that names a state, in the colour of the state.
pub(crate) fn state_cell(name: &str) -> Cell {
    Cell::new(printable(name)).fg(state::cell_colour(name))
}

/// The table as text, without a line end after the last row.
pub(crate) fn render<R: Row>(rows: &[R], screen: &Screen) -> String {
    grid(R::HEADINGS, rows.iter().map(|row| row.cells(screen)), screen)
}

/// Any rows of cells under headings.
pub(crate) fn grid(headings: &[&str], rows: impl Iterator<Item = Vec<Cell>>, screen: &Screen) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(headings.iter().map(|heading| {
        let cell = Cell::new(heading);
        if screen.colours { cell.add_attribute(comfy_table::Attribute::Bold) } else { cell }
    }));
    // Only a person wants lines broken to the width of the window; a pipe gets one line per row.
    let arrangement = if std::io::stdout().is_terminal() {
        ContentArrangement::Dynamic
    } else {
        ContentArrangement::Disabled
    };
    table.set_content_arrangement(arrangement);
    if screen.colours {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
