//! Concurrency limits, the slots that are taken under them, and priorities of runs.
//!
//! A slot belongs to a run. Triggers remove it with whatever change of state ends the run's work (and the foreign keys
//! with its deletion), so that no statement anywhere can forget to: a slot without work cannot be left behind. A run that
//! is paused in the middle is still at work: its running tasks finish, and its process waits.

use crate::Migration;

/// The change.
pub const MIGRATION: Migration = Migration {
    name: "m0004_concurrency",
    up: &[
        "CREATE TABLE flow_concurrency_limit (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            name text NOT NULL, \"limit\" bigint NOT NULL, UNIQUE (tenant_id, name))",
        "CREATE TABLE concurrency_slot (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            flow_concurrency_limit_id {uuid} REFERENCES flow_concurrency_limit (id) ON DELETE CASCADE,
            task_tag_limit_id {uuid} REFERENCES task_tag_limit (id) ON DELETE CASCADE,
            flow_run_id {uuid} NOT NULL REFERENCES flow_run (id) ON DELETE CASCADE,
            task_run_id {uuid} REFERENCES task_run (id) ON DELETE CASCADE,
            CHECK ((flow_concurrency_limit_id IS NULL) = (task_run_id IS NOT NULL)),
            CHECK ((task_tag_limit_id IS NULL) = (task_run_id IS NULL)))",
        // a run takes one slot of a limit; how many are taken
        "CREATE UNIQUE INDEX concurrency_slot_flow_run ON concurrency_slot (flow_concurrency_limit_id, flow_run_id)
            WHERE flow_concurrency_limit_id IS NOT NULL",
        "CREATE UNIQUE INDEX concurrency_slot_task_run ON concurrency_slot (task_tag_limit_id, task_run_id)
            WHERE task_tag_limit_id IS NOT NULL",
        "CREATE INDEX concurrency_slot_of_flow_run ON concurrency_slot (flow_run_id)", // the triggers; cascade
        "CREATE INDEX concurrency_slot_of_task_run ON concurrency_slot (task_run_id) WHERE task_run_id IS NOT NULL",
        "CREATE INDEX concurrency_slot_tenant ON concurrency_slot (tenant_id)", // cascade
        // With the flow run its task runs' slots go, too: nobody works on them any more.
        "[sqlite] CREATE TRIGGER flow_run_frees_slots AFTER UPDATE OF state ON flow_run
            WHEN NEW.state NOT IN ('Submitted', 'Running', 'Cancelling')
                 AND NOT (NEW.state = 'Paused' AND OLD.state IN ('Running', 'Paused'))
            BEGIN DELETE FROM concurrency_slot WHERE flow_run_id = NEW.id; END",
        "[sqlite] CREATE TRIGGER task_run_frees_slots AFTER UPDATE OF state ON task_run
            WHEN OLD.state = 'Running' AND NEW.state IS DISTINCT FROM 'Running'
            BEGIN DELETE FROM concurrency_slot WHERE task_run_id = NEW.id; END",
        "[postgres] CREATE FUNCTION flow_run_frees_slots() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN DELETE FROM concurrency_slot WHERE flow_run_id = NEW.id; RETURN NULL; END $$",
        "[postgres] CREATE TRIGGER flow_run_frees_slots AFTER UPDATE OF state ON flow_run FOR EACH ROW
            WHEN (NEW.state NOT IN ('Submitted', 'Running', 'Cancelling')
                  AND NOT (NEW.state = 'Paused' AND OLD.state IN ('Running', 'Paused')))
            EXECUTE FUNCTION flow_run_frees_slots()",
        "[postgres] CREATE FUNCTION task_run_frees_slots() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN DELETE FROM concurrency_slot WHERE task_run_id = NEW.id; RETURN NULL; END $$",
        "[postgres] CREATE TRIGGER task_run_frees_slots AFTER UPDATE OF state ON task_run FOR EACH ROW
            WHEN (OLD.state = 'Running' AND NEW.state IS DISTINCT FROM 'Running')
            EXECUTE FUNCTION task_run_frees_slots()",
        "ALTER TABLE flow_run ADD COLUMN priority bigint NOT NULL DEFAULT 0",
        "ALTER TABLE flow_group ADD COLUMN priority bigint NOT NULL DEFAULT 0",
        "DROP INDEX flow_run_queue",
        // runs that are due, by labels and priority: get_runs_in_queue, claim_flow_runs
        "CREATE INDEX flow_run_queue ON flow_run (tenant_id, labels_key, priority, state_start_time, id)
            WHERE state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued') AND state_start_time IS NOT NULL",
    ],
    down: &[
        "DROP INDEX flow_run_queue",
        "CREATE INDEX flow_run_queue ON flow_run (tenant_id, labels_key, state_start_time)
            WHERE state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued') AND state_start_time IS NOT NULL",
        "ALTER TABLE flow_group DROP COLUMN priority",
        "ALTER TABLE flow_run DROP COLUMN priority",
        "[sqlite] DROP TRIGGER task_run_frees_slots",
        "[sqlite] DROP TRIGGER flow_run_frees_slots",
        "[postgres] DROP TRIGGER task_run_frees_slots ON task_run",
        "[postgres] DROP FUNCTION task_run_frees_slots()",
        "[postgres] DROP TRIGGER flow_run_frees_slots ON flow_run",
        "[postgres] DROP FUNCTION flow_run_frees_slots()",
        "DROP TABLE concurrency_slot",
        "DROP TABLE flow_concurrency_limit",
    ],
};
