//! Makes a project.

use crate::{ServiceError, Services, name};
use signalbox_core::access::{Access, Operator};
use signalbox_schema::ProjectId;
use signalbox_storage::{
    StorageError, TenantTx, Transaction,
    repo::project::{self, NewProject},
};

/// What the project shall be.
#[derive(Debug)]
pub struct CreateProject {
    /// Its name, unique in the tenant.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// Makes a project.
///
/// # Errors
/// `ALREADY_EXISTS`, with the text `Uniqueness violation.` that the stock client looks for.
pub async fn create(
    services: &Services,
    access: &Access<Operator>,
    command: CreateProject,
) -> Result<ProjectId, ServiceError> {
    name::check("name", &command.name)?;
    name::check_description("description", command.description.as_deref())?;
    let new = NewProject {
        id: ProjectId(services.ids().id()),
        name: command.name,
        description: command.description,
        now: services.clock().now(),
    };
    services.store().write(access, &Insert { new: &new }).await?;
    Ok(new.id)
}

struct Insert<'a> {
    new: &'a NewProject,
}

impl Transaction for Insert<'_> {
    const NAME: &'static str = "project.create";
    type Output = ();
    type Error = StorageError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StorageError> {
        project::insert(tx, self.new).await
    }
}
