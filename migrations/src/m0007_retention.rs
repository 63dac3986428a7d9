//! What retention needs to find the runs that have ended, oldest first, without looking at others.

use crate::Migration;

/// The change.
pub const MIGRATION: Migration = Migration {
    name: "m0007_retention",
    up: &[
        // runs that ended before a time, in the order in which they did: the retention task
        "CREATE INDEX flow_run_ended ON flow_run (tenant_id, state_timestamp, id)
            WHERE state IN ('Finished', 'Success', 'Skipped', 'Cached', 'Mapped', 'Looped', 'Failed', 'TimedOut',
                            'TriggerFailed', 'ValidationFailed', 'Cancelled')",
    ],
    down: &["DROP INDEX flow_run_ended"],
};
