//! Changes a project.

use crate::{ServiceError, Services, name};
use chrono::{DateTime, Utc};
use signalbox_core::access::{Access, Operator};
use signalbox_schema::ProjectId;
use signalbox_storage::{TenantTx, Transaction, repo::project};

/// One change.
#[derive(Debug)]
pub enum Change {
    /// Another name.
    Name(String),
    /// Another description, or none.
    Description(Option<String>),
}

/// Changes a project.
pub async fn update(
    services: &Services,
    access: &Access<Operator>,
    id: ProjectId,
    change: Change,
) -> Result<(), ServiceError> {
    match &change {
        Change::Name(name) => name::check("name", name)?,
        Change::Description(description) => name::check_description("description", description.as_deref())?,
    }
    let now = services.clock().now();
    services.store().write(access, &Update { id, change, now }).await
}

struct Update {
    id: ProjectId,
    change: Change,
    now: DateTime<Utc>,
}

impl Transaction for Update {
    const NAME: &'static str = "project.update";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let before =
            project::find(tx, self.id).await?.ok_or_else(|| ServiceError::not_found("project", self.id))?;
        let mut after = before.clone();
        match &self.change {
            Change::Name(name) => after.name.clone_from(name),
            Change::Description(description) => after.description.clone_from(description),
        }
        if after != before {
            project::save(tx, self.id, &after, self.now).await?;
        }
        Ok(())
    }
}
