//! Lists and counts of flow runs: indexes for a dashboard's lists, and the number of runs of each flow in each state,
//! kept as they change, because counting a million rows takes longer than anybody waits.
//!
//! The counts of a flow and state are the sum of its slots. SQLite has one writer and one slot. On PostgreSQL a
//! transaction takes the first slot that no other transaction holds (an advisory lock, released when it ends), so
//! nobody ever waits for a count, and no two transactions can wait for each other. Counts refer to no other table:
//! a check would have to lock the flow, which a run's change of state otherwise leaves alone; instead they are removed
//! after their flow.

use crate::Migration;

/// The change.
pub const MIGRATION: Migration = Migration {
    name: "m0003_counts",
    up: &[
        // lists by state, newest made first
        "CREATE INDEX flow_run_state_created ON flow_run (tenant_id, state, created, id)",
        // lists by state, latest started first
        "CREATE INDEX flow_run_state_start ON flow_run (tenant_id, state, start_time, id)",
        // lists by flow (or project) and state, by the time of the start
        "CREATE INDEX flow_run_flow_state ON flow_run (flow_id, state, scheduled_start_time, id, tenant_id)",
        // The former lacked the id, which ends every order, and the tenant, which every query asks for.
        "DROP INDEX flow_run_flow",
        // lists by flow (or project), by the time of the start; scheduler; cascade
        "CREATE INDEX flow_run_flow ON flow_run (flow_id, scheduled_start_time, id, tenant_id)",
        "[sqlite] CREATE TABLE flow_run_count (
            tenant_id blob NOT NULL, state text NOT NULL, flow_id blob NOT NULL, slot bigint NOT NULL,
            n bigint NOT NULL, PRIMARY KEY (tenant_id, state, flow_id, slot)) WITHOUT ROWID",
        "[postgres] CREATE TABLE flow_run_count (
            tenant_id uuid NOT NULL, state text NOT NULL, flow_id uuid NOT NULL, slot bigint NOT NULL,
            n bigint NOT NULL, PRIMARY KEY (tenant_id, state, flow_id, slot)) WITH (fillfactor = 50)",
        "CREATE INDEX flow_run_count_flow ON flow_run_count (flow_id)", // counts of a flow; their removal
        "INSERT INTO flow_run_count (tenant_id, state, flow_id, slot, n)
            SELECT tenant_id, state, flow_id, 0, count(*) FROM flow_run GROUP BY tenant_id, state, flow_id",
        "[sqlite] CREATE TRIGGER flow_run_counted AFTER INSERT ON flow_run BEGIN
            INSERT INTO flow_run_count (tenant_id, state, flow_id, slot, n)
                VALUES (NEW.tenant_id, NEW.state, NEW.flow_id, 0, 1)
                ON CONFLICT (tenant_id, state, flow_id, slot) DO UPDATE SET n = n + 1;
            END",
        "[sqlite] CREATE TRIGGER flow_run_recounted AFTER UPDATE OF state ON flow_run WHEN OLD.state <> NEW.state BEGIN
            UPDATE flow_run_count SET n = n - 1 WHERE tenant_id = OLD.tenant_id AND state = OLD.state
                AND flow_id = OLD.flow_id AND slot = 0;
            INSERT INTO flow_run_count (tenant_id, state, flow_id, slot, n)
                VALUES (NEW.tenant_id, NEW.state, NEW.flow_id, 0, 1)
                ON CONFLICT (tenant_id, state, flow_id, slot) DO UPDATE SET n = n + 1;
            END",
        "[sqlite] CREATE TRIGGER flow_run_uncounted AFTER DELETE ON flow_run BEGIN
            UPDATE flow_run_count SET n = n - 1 WHERE tenant_id = OLD.tenant_id AND state = OLD.state
                AND flow_id = OLD.flow_id AND slot = 0;
            END",
        "[sqlite] CREATE TRIGGER flow_uncounted AFTER DELETE ON flow BEGIN
            DELETE FROM flow_run_count WHERE flow_id = OLD.id;
            END",
        // A slot beyond the locked ones is the connection's own: no two live ones have the same process id.
        "[postgres] CREATE FUNCTION flow_run_count_slot() RETURNS bigint LANGUAGE plpgsql AS $$
            BEGIN
                FOR slot IN 0..255 LOOP
                    IF pg_try_advisory_xact_lock(736967, slot) THEN RETURN slot; END IF;
                END LOOP;
                RETURN 256 + pg_backend_pid();
            END $$",
        "[postgres] CREATE FUNCTION flow_run_counted() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE own bigint := flow_run_count_slot();
            BEGIN
                INSERT INTO flow_run_count AS c (tenant_id, state, flow_id, slot, n)
                    SELECT tenant_id, state, flow_id, own, count(*) FROM added GROUP BY tenant_id, state, flow_id
                    ON CONFLICT (tenant_id, state, flow_id, slot) DO UPDATE SET n = c.n + excluded.n;
                RETURN NULL;
            END $$",
        "[postgres] CREATE FUNCTION flow_run_recounted() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE own bigint := flow_run_count_slot();
            BEGIN
                INSERT INTO flow_run_count AS c (tenant_id, state, flow_id, slot, n)
                    SELECT tenant_id, state, flow_id, own, sum(change) FROM (
                        SELECT tenant_id, state, flow_id, 1 AS change FROM added UNION ALL
                        SELECT tenant_id, state, flow_id, -1 FROM removed) AS changes
                    GROUP BY tenant_id, state, flow_id HAVING sum(change) <> 0
                    ON CONFLICT (tenant_id, state, flow_id, slot) DO UPDATE SET n = c.n + excluded.n;
                RETURN NULL;
            END $$",
        // A flow that is gone took its counts with it: what a cascade deletes is told after all its deletions.
        "[postgres] CREATE FUNCTION flow_run_uncounted() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE own bigint := flow_run_count_slot();
            BEGIN
                INSERT INTO flow_run_count AS c (tenant_id, state, flow_id, slot, n)
                    SELECT tenant_id, state, flow_id, own, -count(*) FROM removed
                    WHERE EXISTS (SELECT 1 FROM flow WHERE flow.id = removed.flow_id)
                    GROUP BY tenant_id, state, flow_id
                    ON CONFLICT (tenant_id, state, flow_id, slot) DO UPDATE SET n = c.n + excluded.n;
                RETURN NULL;
            END $$",
        "[postgres] CREATE FUNCTION flow_uncounted() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM flow_run_count WHERE flow_id = OLD.id;
                RETURN NULL;
            END $$",
        "[postgres] CREATE TRIGGER flow_run_counted AFTER INSERT ON flow_run
            REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION flow_run_counted()",
        "[postgres] CREATE TRIGGER flow_run_recounted AFTER UPDATE ON flow_run
            REFERENCING NEW TABLE AS added OLD TABLE AS removed
            FOR EACH STATEMENT EXECUTE FUNCTION flow_run_recounted()",
        "[postgres] CREATE TRIGGER flow_run_uncounted AFTER DELETE ON flow_run
            REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION flow_run_uncounted()",
        "[postgres] CREATE TRIGGER flow_uncounted AFTER DELETE ON flow
            FOR EACH ROW EXECUTE FUNCTION flow_uncounted()",
    ],
    down: &[
        "[postgres] DROP TRIGGER flow_uncounted ON flow",
        "[postgres] DROP TRIGGER flow_run_uncounted ON flow_run",
        "[postgres] DROP TRIGGER flow_run_recounted ON flow_run",
        "[postgres] DROP TRIGGER flow_run_counted ON flow_run",
        "[postgres] DROP FUNCTION flow_uncounted()",
        "[postgres] DROP FUNCTION flow_run_uncounted()",
        "[postgres] DROP FUNCTION flow_run_recounted()",
        "[postgres] DROP FUNCTION flow_run_counted()",
        "[postgres] DROP FUNCTION flow_run_count_slot()",
        "[sqlite] DROP TRIGGER flow_uncounted",
        "[sqlite] DROP TRIGGER flow_run_uncounted",
        "[sqlite] DROP TRIGGER flow_run_recounted",
        "[sqlite] DROP TRIGGER flow_run_counted",
        "DROP TABLE flow_run_count",
        "DROP INDEX flow_run_flow",
        "CREATE INDEX flow_run_flow ON flow_run (flow_id, scheduled_start_time)",
        "DROP INDEX flow_run_flow_state",
        "DROP INDEX flow_run_state_start",
        "DROP INDEX flow_run_state_created",
    ],
};
