//! Makes an artifact.

use super::LARGEST;
use crate::{ServiceError, Services, name};
use chrono::TimeDelta;
use serde_json::Value;
use signalbox_core::access::{Access, Reporter};
use signalbox_schema::{ArtifactId, TaskRunId};
use signalbox_storage::{
    TenantTx, Transaction,
    repo::{
        task_run,
        task_run_artifact::{self, NewArtifact},
    },
};

/// How long after an artifact the same one is taken for a repeated delivery: the client's time-out is 15 s.
const SENT_AGAIN_WITHIN: TimeDelta = TimeDelta::seconds(20);

/// An artifact to make.
#[derive(Debug)]
pub struct CreateArtifact {
    /// The task run that makes it.
    pub task_run: TaskRunId,
    /// What it is: `link` or `markdown`.
    pub kind: String,
    /// What it says.
    pub data: Value,
}

/// Makes an artifact. The same of the same task run within a moment is the same artifact.
///
/// # Errors
/// `NOT_FOUND` with the text `not found`, on which the stock client tries again.
pub async fn create(
    services: &Services,
    access: &Access<Reporter>,
    command: CreateArtifact,
) -> Result<ArtifactId, ServiceError> {
    name::check("kind", &command.kind)?;
    name::check_size("data", &command.data, LARGEST)?;
    let new = NewArtifact {
        id: ArtifactId(services.ids().id()),
        task_run: command.task_run,
        kind: command.kind,
        data: command.data,
        now: services.clock().now(),
    };
    services.store().write(access, &Create { new }).await
}

struct Create {
    new: NewArtifact,
}

impl Transaction for Create {
    const NAME: &'static str = "task_run_artifact.create";
    type Output = ArtifactId;
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<ArtifactId, ServiceError> {
        let new = &self.new;
        if !task_run::exists(tx, new.task_run).await? {
            return Err(ServiceError::not_found("Task run", new.task_run));
        }
        if let Some(same) = task_run_artifact::find_same(tx, new, new.now - SENT_AGAIN_WITHIN).await? {
            return Ok(same);
        }
        task_run_artifact::insert(tx, new).await?;
        Ok(new.id)
    }
}
