//! Answers that many mutations share.

use async_graphql::SimpleObject;
use signalbox_services::flow_runs::Told;
use uuid::Uuid;

/// The id of what was made or found.
#[derive(Debug, SimpleObject)]
#[graphql(name = "id_payload", rename_fields = "snake_case")]
pub(crate) struct IdPayload {
    /// Its id.
    pub id: Uuid,
}

/// Whether there was something to do.
#[derive(Debug, SimpleObject)]
#[graphql(name = "success_payload", rename_fields = "snake_case")]
pub(crate) struct SuccessPayload {
    /// Whether there was something to do.
    pub success: bool,
}

impl From<Uuid> for IdPayload {
    fn from(id: Uuid) -> Self {
        Self { id }
    }
}

impl From<bool> for SuccessPayload {
    fn from(success: bool) -> Self {
        Self { success }
    }
}

/// What became of one state.
#[derive(Debug, SimpleObject)]
#[graphql(name = "set_state_payload", rename_fields = "snake_case")]
pub(crate) struct SetStatePayload {
    /// The run.
    id: Uuid,
    /// `SUCCESS`, or `QUEUED` when the run must wait for a free slot.
    status: &'static str,
    /// Why, if there is something to say.
    message: Option<String>,
}

/// What became of states.
#[derive(Debug, SimpleObject)]
#[graphql(name = "set_states_payload", rename_fields = "snake_case")]
pub(crate) struct SetStatesPayload {
    /// One for each state, in order.
    states: Vec<SetStatePayload>,
}

impl SetStatesPayload {
    /// What was told about each.
    pub fn new(told: Vec<(Uuid, Told)>) -> Self {
        let payload = |(id, told)| match told {
            Told::Set => SetStatePayload { id, status: "SUCCESS", message: None },
            Told::Queued(why) => SetStatePayload { id, status: "QUEUED", message: Some(why) },
        };
        Self { states: told.into_iter().map(payload).collect() }
    }
}
