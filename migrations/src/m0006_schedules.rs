//! What a flow group wishes of its schedule, which slots were planned, and how late runs began.

use crate::Migration;

/// The change.
pub const MIGRATION: Migration = Migration {
    name: "m0006_schedules",
    up: &[
        "ALTER TABLE flow_group ADD COLUMN overlap_policy text NOT NULL DEFAULT 'allow'",
        "ALTER TABLE flow_group ADD COLUMN catch_up_seconds bigint",
        "ALTER TABLE flow_group ADD COLUMN jitter_seconds bigint NOT NULL DEFAULT 0",
        "ALTER TABLE flow ADD COLUMN planned_until {timestamp}",
        "ALTER TABLE flow_run ADD COLUMN slot_time {timestamp}",
        "ALTER TABLE flow_run ADD COLUMN lateness_ms bigint",
        // runs of a flow that have not ended: what the overlap policy looks at
        "CREATE INDEX flow_run_open ON flow_run (flow_id, state_start_time)
            WHERE state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued', 'Submitted', 'Running', 'Cancelling')",
    ],
    down: &[
        "DROP INDEX flow_run_open",
        "ALTER TABLE flow_run DROP COLUMN lateness_ms",
        "ALTER TABLE flow_run DROP COLUMN slot_time",
        "ALTER TABLE flow DROP COLUMN planned_until",
        "ALTER TABLE flow_group DROP COLUMN jitter_seconds",
        "ALTER TABLE flow_group DROP COLUMN catch_up_seconds",
        "ALTER TABLE flow_group DROP COLUMN overlap_policy",
    ],
};
