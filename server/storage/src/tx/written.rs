//! What a statement changes, told from its text: nobody who writes a row has to remember to say so.

use signalbox_core::registry::{Families, Family};

/// Columns that are signs of life. Statements that write nothing else come all the time, and whoever follows a table
/// does not do so for them: it sees them with the next change.
const SIGNS_OF_LIFE: [&str; 4] = ["heartbeat", "last_queried", "last_used", "lease_expires"];

/// The families of the tables that a statement writes.
pub(super) fn families(sql: &str) -> Families {
    let mut words = sql.split_ascii_whitespace();
    match words.next() {
        Some("INSERT") => words.nth(1).map_or(Families::ALL, of_table),
        Some("UPDATE") => match (words.next(), words.next(), words.next()) {
            (Some(_), Some("SET"), Some(column)) if SIGNS_OF_LIFE.contains(&name(column)) => Families::NONE,
            (Some(table), ..) => of_table(table),
            (None, ..) => Families::ALL,
        },
        // What goes with a row is in its tables' foreign keys.
        Some("DELETE" | "WITH") => Families::ALL,
        // SELECT, and what only sets up the session.
        _ => Families::NONE,
    }
}

fn of_table(word: &str) -> Families {
    match name(word) {
        // Counters, which nobody can follow.
        "event_position" | "log_position" => Families::NONE,
        table => Family::of(table).into(),
    }
}

/// A name without quotes, and without what follows it unseparated.
fn name(word: &str) -> &str {
    let word = word.trim_start_matches('"');
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_tells_what_it_changes() {
        for (sql, expected) in [
            ("SELECT id FROM flow_run", Families::NONE),
            ("INSERT INTO \"flow_run\" (\"id\") VALUES ($1)", Family::FlowRuns.into()),
            ("INSERT INTO log(id) VALUES ($1)", Family::Logs.into()),
            ("INSERT INTO event_position (tenant_id) VALUES ($1)", Families::NONE),
            ("UPDATE \"flow\" SET \"archived\" = $1", Family::Others.into()),
            (
                "UPDATE task_run\n                    SET updated = $4, heartbeat = $5",
                Family::TaskRuns.into(),
            ),
            ("UPDATE flow_run SET heartbeat = $2 WHERE id = $1", Families::NONE),
            ("UPDATE flow_run SET lease_expires = $2, heartbeat = $3", Families::NONE),
            ("DELETE FROM \"flow\" WHERE id = $1", Families::ALL),
            ("WITH gone AS (DELETE FROM log) SELECT 1", Families::ALL),
            ("SELECT set_config('signalbox.tenant', $1, true)", Families::NONE),
        ] {
            assert_eq!(families(sql), expected, "{sql}");
        }
    }
}
