//! The kinds of events.

use std::fmt;

/// What happened. The name on the wire is dotted, noun first: a prefix selects all events of a noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A flow run was made, with its first state. Payload: `name`, `state`, `version`, `scheduled_start_time`,
    /// `auto_scheduled`, and `task_runs`, how many task runs were made with it. Those are `Pending` and have no event
    /// of their own until their state changes: a run of ten tasks is one event and not eleven.
    FlowRunCreated,
    /// A flow run has a new state. Payload: `name`, `state`, `message`, `version`.
    FlowRunState,
    /// A flow run was lost: its agent is gone, its process fell silent, or its process ended before it had. Payload:
    /// `cause`, `remedy`, `message`, `exit_code`, `signal`. What it leads to, if anything, is an event of its own.
    FlowRunLost,
    /// A flow run was deleted, with its task runs, states and logs. Payload: `name`. (Runs that go with their flow,
    /// flow group or project have no event each.)
    FlowRunDeleted,
    /// A task run was made after its flow run: an element of a mapped task, usually. Payload: `state`, `version`,
    /// `map_index`.
    TaskRunCreated,
    /// A task run has a new state. Payload: `state`, `message`, `version`.
    TaskRunState,
    /// A version of a flow was registered. Payload: `name`, `version`.
    FlowRegistered,
    /// A version of a flow was archived. Payload: `name`, `version`.
    FlowArchived,
    /// A version of a flow was deleted, with its runs. Payload: `name`, `version`.
    FlowDeleted,
    /// A flow's schedule was switched on or off. Payload: `active`.
    FlowScheduleChanged,
    /// Times of a flow's schedule passed while nobody planned, and get no run. Payload: `missed`, how many (1,000 stands
    /// for more), and `since`, the last time that was planned.
    FlowSlotsMissed,
    /// A flow group was given a schedule, or lost it. Payload: `flow_group_id`, `scheduled`.
    FlowGroupScheduleChanged,
    /// A flow group was deleted, with all versions and their runs. Payload: `flow_group_id`, `name`.
    FlowGroupDeleted,
    /// An agent registered for the first time. Payload: `name`, `type`.
    AgentRegistered,
    /// An agent was deleted. Payload: `name`, `type`.
    AgentDeleted,
    /// A concurrency limit was made or got another number of slots. Payload: `limit_id`, `label` or `tag`, `limit`.
    ConcurrencyLimitSet,
    /// A concurrency limit was lifted. Payload: `limit_id`, `label` or `tag`.
    ConcurrencyLimitDeleted,
    /// What was kept long enough was deleted. Payload: `deleted`, how many `logs`, `states`, `events` and `runs` went in
    /// this pass, and `days`, how long the tenant keeps each.
    TenantRetention,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::FlowRunCreated,
        Self::FlowRunState,
        Self::FlowRunLost,
        Self::FlowRunDeleted,
        Self::TaskRunCreated,
        Self::TaskRunState,
        Self::FlowRegistered,
        Self::FlowArchived,
        Self::FlowDeleted,
        Self::FlowScheduleChanged,
        Self::FlowSlotsMissed,
        Self::FlowGroupScheduleChanged,
        Self::FlowGroupDeleted,
        Self::AgentRegistered,
        Self::AgentDeleted,
        Self::ConcurrencyLimitSet,
        Self::ConcurrencyLimitDeleted,
        Self::TenantRetention,
    ];

    /// Its name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FlowRunCreated => "flow_run.created",
            Self::FlowRunState => "flow_run.state",
            Self::FlowRunLost => "flow_run.lost",
            Self::FlowRunDeleted => "flow_run.deleted",
            Self::TaskRunCreated => "task_run.created",
            Self::TaskRunState => "task_run.state",
            Self::FlowRegistered => "flow.registered",
            Self::FlowArchived => "flow.archived",
            Self::FlowDeleted => "flow.deleted",
            Self::FlowScheduleChanged => "flow.schedule_changed",
            Self::FlowSlotsMissed => "flow.slots_missed",
            Self::FlowGroupScheduleChanged => "flow_group.schedule_changed",
            Self::FlowGroupDeleted => "flow_group.deleted",
            Self::AgentRegistered => "agent.registered",
            Self::AgentDeleted => "agent.deleted",
            Self::ConcurrencyLimitSet => "concurrency_limit.set",
            Self::ConcurrencyLimitDeleted => "concurrency_limit.deleted",
            Self::TenantRetention => "tenant.retention",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;
    use std::collections::HashSet;

    #[test]
    fn names_are_dotted_and_each_names_one_kind() {
        let names: HashSet<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), EventKind::ALL.len());
        for name in names {
            assert!(name.split_once('.').is_some_and(|(noun, what)| !noun.is_empty() && !what.contains('.')));
            assert_eq!(EventKind::parse(name).map(EventKind::as_str), Some(name));
        }
        assert_eq!(EventKind::parse("flow_run"), None);
    }
}
