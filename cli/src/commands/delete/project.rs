//! `signalbox delete project`.

use super::{Arguments, Doomed, Mutation, delete};
use crate::failure::Failure;
use crate::session::{Session, find};

/// Removes a project with its flows and their runs.
pub(crate) const DELETE_PROJECT: &str = "mutation ($input: delete_project_input!) {
  delete_project(input: $input) { success }
}";

/// Deletes every project that is named, after asking once.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut doomed = Vec::new();
    for reference in &arguments.references {
        let consequence = " with all its flows and runs".to_owned();
        doomed
            .push(Doomed { consequence, ..Doomed::new(find::project(session, reference).await?, "project") });
    }
    let mutation = Mutation { document: DELETE_PROJECT, id_field: "project_id" };
    delete(&doomed, mutation, arguments.yes, session).await
}
