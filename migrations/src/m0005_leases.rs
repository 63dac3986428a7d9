//! Runs that were shown to a stock agent are kept for it for a moment; runs at work are watched.

use crate::Migration;

/// The change.
pub const MIGRATION: Migration = Migration {
    name: "m0005_leases",
    up: &[
        "ALTER TABLE flow_run ADD COLUMN reserved_by text",
        "ALTER TABLE flow_run ADD COLUMN reserved_until {timestamp}",
        // to how many who asked it was shown lately: only when it was one can a second `Submitted` be a repetition
        "ALTER TABLE flow_run ADD COLUMN handed_out bigint NOT NULL DEFAULT 0",
        // which question of which process a lease answered: one whose answer never arrived is handed out again
        "ALTER TABLE flow_run ADD COLUMN lease_process {uuid}",
        "ALTER TABLE flow_run ADD COLUMN lease_claim bigint",
        // runs at work, of all tenants: those that fell silent are looked for. It has no column that a heartbeat writes.
        "CREATE INDEX flow_run_at_work ON flow_run (state, id) WHERE state IN ('Submitted', 'Running', 'Cancelling')",
    ],
    down: &[
        "DROP INDEX flow_run_at_work",
        "ALTER TABLE flow_run DROP COLUMN lease_claim",
        "ALTER TABLE flow_run DROP COLUMN lease_process",
        "ALTER TABLE flow_run DROP COLUMN handed_out",
        "ALTER TABLE flow_run DROP COLUMN reserved_until",
        "ALTER TABLE flow_run DROP COLUMN reserved_by",
    ],
};
