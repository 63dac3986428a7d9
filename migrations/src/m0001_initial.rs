//! The first schema: the tables of Prefect Server (reference §3.5) under our keys and indexes.
//!
//! Every row but a tenant's carries its tenant. Children go with their parents (`ON DELETE CASCADE`). Each
//! index says which query it serves.

use crate::Migration;

/// The change.
pub const MIGRATION: Migration = Migration {
    name: "m0001_initial",
    up: &[
        "CREATE TABLE tenant (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            name text NOT NULL, slug text NOT NULL UNIQUE, info {json} NOT NULL, settings {json} NOT NULL)",
        "CREATE TABLE api_key (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            name text NOT NULL, role text NOT NULL, prefix text NOT NULL, key_hash {bytes} NOT NULL UNIQUE,
            expires_at {timestamp}, last_used {timestamp})",
        "CREATE INDEX api_key_tenant ON api_key (tenant_id)", // list of a tenant's keys
        "CREATE TABLE project (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            name text NOT NULL, description text, UNIQUE (tenant_id, name))",
        "CREATE TABLE flow_group (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            name text NOT NULL, description text, labels {json}, schedule {json}, settings {json} NOT NULL,
            default_parameters {json} NOT NULL, run_config {json}, UNIQUE (tenant_id, name))",
        "CREATE TABLE flow (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            project_id {uuid} NOT NULL REFERENCES project (id) ON DELETE CASCADE,
            flow_group_id {uuid} NOT NULL REFERENCES flow_group (id) ON DELETE CASCADE,
            version_group_id text NOT NULL, version bigint NOT NULL, name text NOT NULL, description text,
            environment {json}, run_config {json}, parameters {json} NOT NULL, storage {json},
            settings {json} NOT NULL, serialized_flow {json}, schedule {json}, core_version text,
            archived boolean NOT NULL, is_schedule_active boolean NOT NULL, registration_fingerprint bigint,
            UNIQUE (flow_group_id, version))",
        "CREATE INDEX flow_name ON flow (tenant_id, name, version)", // flow by name, newest version
        "CREATE INDEX flow_project ON flow (project_id)", // a project's flows; cascade
        "CREATE INDEX flow_scheduled ON flow (tenant_id) WHERE is_schedule_active AND NOT archived", // scheduler
        "CREATE TABLE task (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            flow_id {uuid} NOT NULL REFERENCES flow (id) ON DELETE CASCADE,
            name text, slug text NOT NULL, description text, type text, max_retries bigint,
            retry_delay bigint, trigger text, mapped boolean NOT NULL, auto_generated boolean NOT NULL,
            cache_key text, is_root_task boolean NOT NULL, is_terminal_task boolean NOT NULL,
            is_reference_task boolean NOT NULL, tags {json} NOT NULL, UNIQUE (flow_id, slug))",
        "CREATE INDEX task_tenant ON task (tenant_id, created)", // `get tasks`, newest first
        "CREATE TABLE edge (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            flow_id {uuid} NOT NULL REFERENCES flow (id) ON DELETE CASCADE,
            upstream_task_id {uuid} NOT NULL REFERENCES task (id) ON DELETE CASCADE,
            downstream_task_id {uuid} NOT NULL REFERENCES task (id) ON DELETE CASCADE,
            key text, mapped boolean NOT NULL)",
        // One edge per pair and argument: the same task may feed two arguments of another.
        "CREATE UNIQUE INDEX edge_pair ON edge (flow_id, upstream_task_id, downstream_task_id, coalesce(key, ''))",
        "CREATE INDEX edge_upstream ON edge (upstream_task_id)", // downstream edges of a task; cascade
        "CREATE INDEX edge_downstream ON edge (downstream_task_id)", // upstream edges of a task; cascade
        "CREATE TABLE agent_config (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            name text, settings {json} NOT NULL)",
        "CREATE TABLE agent (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            agent_config_id {uuid} REFERENCES agent_config (id) ON DELETE SET NULL,
            name text, type text NOT NULL, core_version text, labels {json} NOT NULL, last_queried {timestamp},
            identity text NOT NULL, UNIQUE (tenant_id, identity))",
        "CREATE TABLE flow_run (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            flow_id {uuid} NOT NULL REFERENCES flow (id) ON DELETE CASCADE,
            agent_id {uuid} REFERENCES agent (id) ON DELETE SET NULL,
            name text, parameters {json} NOT NULL, labels {json} NOT NULL, run_config {json}, context {json},
            scheduled_start_time {timestamp} NOT NULL, auto_scheduled boolean NOT NULL, heartbeat {timestamp},
            start_time {timestamp}, end_time {timestamp}, version bigint NOT NULL, state text NOT NULL,
            state_timestamp {timestamp}, state_message text, state_result {json}, state_start_time {timestamp},
            serialized_state {json}, times_resurrected bigint NOT NULL, idempotency_key text,
            labels_key text NOT NULL, state_fingerprint bigint, lease_token {uuid}, lease_expires {timestamp})",
        // one run per key and flow, for ever
        "CREATE UNIQUE INDEX flow_run_idempotency ON flow_run (flow_id, idempotency_key)
            WHERE idempotency_key IS NOT NULL",
        // runs that are due, by labels: get_runs_in_queue, claim_flow_runs
        "CREATE INDEX flow_run_queue ON flow_run (tenant_id, labels_key, state_start_time)
            WHERE state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued') AND state_start_time IS NOT NULL",
        "CREATE INDEX flow_run_created ON flow_run (tenant_id, created, id)", // lists, newest first
        // lists by the time of the start: dashboards
        "CREATE INDEX flow_run_scheduled ON flow_run (tenant_id, scheduled_start_time, id)",
        "CREATE INDEX flow_run_flow ON flow_run (flow_id, scheduled_start_time)", // a flow's runs; scheduler
        "CREATE INDEX flow_run_state_time ON flow_run (tenant_id, state, scheduled_start_time, id)", // lists by state
        "CREATE INDEX flow_run_agent ON flow_run (agent_id) WHERE agent_id IS NOT NULL", // an agent's runs
        // runs that one of our agents holds: directives of claim_flow_runs
        "CREATE INDEX flow_run_leased ON flow_run (agent_id, lease_token) WHERE lease_token IS NOT NULL",
        "CREATE TABLE task_run (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            flow_run_id {uuid} NOT NULL REFERENCES flow_run (id) ON DELETE CASCADE,
            task_id {uuid} NOT NULL REFERENCES task (id) ON DELETE CASCADE,
            map_index bigint NOT NULL, name text, version bigint NOT NULL, heartbeat {timestamp},
            start_time {timestamp}, end_time {timestamp}, cache_key text, state text, state_timestamp {timestamp},
            state_message text, state_result {json}, state_start_time {timestamp}, serialized_state {json},
            state_fingerprint bigint, UNIQUE (flow_run_id, task_id, map_index))",
        "CREATE INDEX task_run_task ON task_run (task_id)", // a task's runs; cascade
        // retries that are due: get_runs_in_queue
        "CREATE INDEX task_run_queue ON task_run (tenant_id, state_start_time)
            WHERE state IN ('Scheduled', 'Paused', 'Resume', 'Retrying', 'Queued') AND state_start_time IS NOT NULL",
        // cache look-ups of the client (reference Q11), by task and by key
        "CREATE INDEX task_run_cached ON task_run (tenant_id, task_id, state_timestamp) WHERE state = 'Cached'",
        "CREATE INDEX task_run_cache_key ON task_run (tenant_id, cache_key, state_timestamp)
            WHERE state = 'Cached' AND cache_key IS NOT NULL",
        "CREATE TABLE flow_run_state (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            flow_run_id {uuid} NOT NULL REFERENCES flow_run (id) ON DELETE CASCADE,
            timestamp {timestamp} NOT NULL, state text NOT NULL, message text, result {json},
            start_time {timestamp}, version bigint NOT NULL, serialized_state {json} NOT NULL, fingerprint bigint)",
        "CREATE INDEX flow_run_state_run ON flow_run_state (flow_run_id, version)", // history of a run
        "CREATE TABLE task_run_state (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            task_run_id {uuid} NOT NULL REFERENCES task_run (id) ON DELETE CASCADE,
            timestamp {timestamp} NOT NULL, state text NOT NULL, message text, result {json},
            start_time {timestamp}, version bigint NOT NULL, serialized_state {json} NOT NULL, fingerprint bigint)",
        "CREATE INDEX task_run_state_run ON task_run_state (task_run_id, version)", // history of a task run
        "CREATE TABLE log (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            flow_run_id {uuid} NOT NULL REFERENCES flow_run (id) ON DELETE CASCADE,
            task_run_id {uuid}, timestamp {timestamp} NOT NULL, name text, level text, message text, info {json},
            is_loaded_from_archive boolean NOT NULL)",
        "CREATE INDEX log_flow_run ON log (flow_run_id, timestamp)", // a run's log, in order
        "CREATE INDEX log_task_run ON log (task_run_id) WHERE task_run_id IS NOT NULL", // a task run's log
        "CREATE TABLE task_run_artifact (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            task_run_id {uuid} NOT NULL REFERENCES task_run (id) ON DELETE CASCADE,
            kind text NOT NULL, data {json})",
        "CREATE INDEX task_run_artifact_run ON task_run_artifact (task_run_id)", // artifacts of a task run
        "CREATE TABLE task_tag_limit (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            tag text NOT NULL, \"limit\" bigint NOT NULL, UNIQUE (tenant_id, tag))",
        "CREATE TABLE key_value (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            key text NOT NULL, value {json}, UNIQUE (tenant_id, key))",
        "CREATE TABLE cloud_hook (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            version_group_id text, states {json} NOT NULL, type text NOT NULL, name text, config {json} NOT NULL,
            active boolean NOT NULL)",
        "CREATE TABLE message (
            id {uuid} NOT NULL PRIMARY KEY, created {timestamp} NOT NULL, updated {timestamp} NOT NULL,
            tenant_id {uuid} NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
            read boolean NOT NULL, type text NOT NULL, text text, content {json})",
    ],
    down: &[
        "DROP TABLE message",
        "DROP TABLE cloud_hook",
        "DROP TABLE key_value",
        "DROP TABLE task_tag_limit",
        "DROP TABLE task_run_artifact",
        "DROP TABLE log",
        "DROP TABLE task_run_state",
        "DROP TABLE flow_run_state",
        "DROP TABLE task_run",
        "DROP TABLE flow_run",
        "DROP TABLE agent",
        "DROP TABLE agent_config",
        "DROP TABLE edge",
        "DROP TABLE task",
        "DROP TABLE flow",
        "DROP TABLE flow_group",
        "DROP TABLE project",
        "DROP TABLE api_key",
        "DROP TABLE tenant",
    ],
};
