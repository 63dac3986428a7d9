//! Table `flow_run`.

use super::super::Relation;
use super::super::column::{CREATED, Column, ID, TENANT_ID, UPDATED};
use super::{AGENT, CONCURRENCY_SLOT, FLOW, FLOW_RUN_STATE, LOG, TASK_RUN, TENANT, Table};

/// One execution of a flow.
pub static FLOW_RUN: Table = Table {
    name: "flow_run",
    description: "One execution of a flow.",
    tenant_column: "tenant_id",
    columns: &[
        ID,
        CREATED,
        UPDATED,
        TENANT_ID,
        Column::uuid("flow_id", "The flow version."),
        Column::uuid("agent_id", "The agent that has the run.").nullable(),
        Column::text("name", "Name of the run.").nullable(),
        Column::json("parameters", "Parameter values."),
        Column::json("labels", "Labels an agent must have."),
        Column::json("run_config", "Where and how the run executes.").nullable(),
        Column::json("context", "Context values of the run.").nullable(),
        Column::timestamp("scheduled_start_time", "When the run was meant to start."),
        Column::boolean("auto_scheduled", "Whether the schedule created the run."),
        Column::timestamp(
            "slot_time",
            "The time the schedule names; jitter puts the start off. Null for other runs.",
        )
        .nullable(),
        Column::integer("lateness_ms", "How much later than scheduled it first ran, in milliseconds.")
            .nullable(),
        Column::integer("version", "Number of states the run has had."),
        Column::timestamp("heartbeat", "Last sign of life of the process.").nullable(),
        Column::timestamp("start_time", "When it first ran.").nullable(),
        Column::timestamp("end_time", "When it last ended.").nullable(),
        Column::text("state", "Type of the current state."),
        Column::timestamp("state_timestamp", "When the current state was set.").nullable(),
        Column::text("state_message", "Message of the current state.").nullable(),
        Column::json("state_result", "Result of the current state.").nullable(),
        Column::timestamp("state_start_time", "When a scheduled state is due; null for other states.")
            .nullable(),
        Column::json("serialized_state", "The current state as the client sent it.").nullable(),
        Column::integer("times_resurrected", "How often Lazarus rescheduled the run."),
        Column::integer("priority", "Runs of higher priority are handed out first."),
        Column::text("idempotency_key", "A repeated request with this key creates nothing.").nullable(),
        Column::text("labels_key", "Canonical form of the labels, matched by the queue.").private(),
        Column::uuid("lease_token", "Fencing token of the agent that has the run.").nullable().private(),
        Column::timestamp("lease_expires", "When the lease ends unless renewed.").nullable().private(),
        Column::uuid("lease_process", "The process of the agent that asked for the run.")
            .nullable()
            .private(),
        Column::integer("lease_claim", "Which of its questions the lease answered.").nullable().private(),
        Column::integer("handed_out", "To how many who asked the run was shown lately.").private(),
        Column::text("reserved_by", "The stock agent that was shown the run.").nullable().private(),
        Column::timestamp("reserved_until", "Until when no other agent gets it.").nullable().private(),
        Column::integer("state_fingerprint", "Recognises a repeated delivery of the current state.")
            .nullable()
            .private(),
    ],
    relations: &[
        Relation::one("flow", "flow_id", &FLOW, "The flow version."),
        Relation::one("tenant", "tenant_id", &TENANT, "The tenant of the run."),
        Relation::one("agent", "agent_id", &AGENT, "The agent that has the run."),
        Relation::many("states", &FLOW_RUN_STATE, "flow_run_id", "Every state the run has had."),
        Relation::many("task_runs", &TASK_RUN, "flow_run_id", "Runs of the tasks."),
        Relation::many("logs", &LOG, "flow_run_id", "Log lines of the run."),
        Relation::many(
            "concurrency_slots",
            &CONCURRENCY_SLOT,
            "flow_run_id",
            "Slots of limits that the run and its task runs have taken.",
        ),
    ],
};
