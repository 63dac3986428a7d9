//! What is written down: small, versioned JSON.

use serde::{Deserialize, Serialize};
use signalbox_client::operations::{ClaimedRun, Held};
use uuid::Uuid;

use crate::executor::Handle;

/// Version of the shapes below, raised when a reader of the old ones could not use the new ones.
const VERSION: u32 = 1;

/// A question for work. It keeps its name until its answer is here and written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) version: u32,
    /// This agent's folder, in effect: the same in every process that works in it.
    pub(crate) process_id: Uuid,
    /// Counted upwards, so that the server sees which runs of earlier answers never arrived.
    pub(crate) number: u32,
    /// Names the question.
    pub(crate) claim_id: Uuid,
}

impl Question {
    /// The first of a new folder.
    pub(crate) fn first(process_id: Uuid, claim_id: Uuid) -> Self {
        Self { version: VERSION, process_id, number: 1, claim_id }
    }

    /// The one after this.
    pub(crate) fn next(self, claim_id: Uuid) -> Self {
        Self { number: self.number + 1, claim_id, ..self }
    }
}

/// A run from its claim to its release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    version: u32,
    /// As the server gave it.
    pub(crate) claimed: ClaimedRun,
    /// The work, written down before it begins; none before that.
    pub(crate) handle: Option<Handle>,
}

impl RunRecord {
    /// A run that was just claimed.
    pub(crate) fn new(claimed: ClaimedRun) -> Self {
        Self { version: VERSION, claimed, handle: None }
    }

    /// The same with its work.
    pub(crate) fn with(self, handle: Handle) -> Self {
        Self { handle: Some(handle), ..self }
    }

    /// The right to it.
    pub(crate) fn held(&self) -> Held {
        Held { flow_run_id: self.claimed.flow_run_id, lease_token: self.claimed.lease_token }
    }

    /// Whether this version knows the shape.
    pub(super) fn is_understood(&self) -> bool {
        self.version == VERSION
    }
}
