//! The log of events, in the order of their commits; and the order in which log lines arrived.
//!
//! `event_position` has one row per tenant, the position of its last event. A transaction adds to it just before it
//! commits, and holds its lock until then: whoever has read up to a position will never find a new event before it.
//! Events keep the ids of rows that are gone, so only the tenant is a foreign key. `log_position` does the same for log
//! lines: a line may arrive late with an early time, and whoever follows a log must not miss it.

use crate::Migration;

/// The change.
pub const MIGRATION: Migration = Migration {
    name: "m0002_event",
    up: &[
        "CREATE TABLE event_position (
            tenant_id {uuid} NOT NULL PRIMARY KEY REFERENCES tenant (id) ON DELETE CASCADE,
            position bigint NOT NULL)",
        "CREATE TABLE event (
            id {uuid} NOT NULL PRIMARY KEY,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            position bigint NOT NULL, occurred {timestamp} NOT NULL, kind text NOT NULL,
            flow_run_id {uuid}, task_run_id {uuid}, flow_id {uuid}, agent_id {uuid}, payload {json} NOT NULL,
            UNIQUE (tenant_id, position))", // readers that follow the log: everything after a position
        // the events of a run in order: its history, and subscriptions to the states of its task runs
        "CREATE INDEX event_flow_run ON event (flow_run_id, position) WHERE flow_run_id IS NOT NULL",
        "CREATE TABLE log_position (
            tenant_id {uuid} NOT NULL PRIMARY KEY REFERENCES tenant (id) ON DELETE CASCADE,
            position bigint NOT NULL)",
        "ALTER TABLE log ADD COLUMN position bigint NOT NULL DEFAULT 0",
        "UPDATE log SET position = line.place
            FROM (SELECT id, row_number() OVER (PARTITION BY tenant_id ORDER BY timestamp, id) AS place FROM log) line
            WHERE line.id = log.id",
        "INSERT INTO log_position (tenant_id, position) SELECT tenant_id, max(position) FROM log GROUP BY tenant_id",
        "CREATE INDEX log_arrival ON log (flow_run_id, position)", // followers of a run's log
    ],
    down: &[
        "DROP INDEX log_arrival",
        "ALTER TABLE log DROP COLUMN position",
        "DROP TABLE log_position",
        "DROP TABLE event",
        "DROP TABLE event_position",
    ],
};
