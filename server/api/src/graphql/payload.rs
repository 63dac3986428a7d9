//! Answers that many mutations share.

use async_graphql::SimpleObject;
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
