//! `signalbox delete flow-run`.

use super::{Arguments, Doomed, Mutation, delete};
use crate::failure::Failure;
use crate::session::{Session, find};

/// Removes a run with its task runs, states and log.
pub(crate) const DELETE_FLOW_RUN: &str = "mutation ($input: delete_flow_run_input!) {
  delete_flow_run(input: $input) { success }
}";

/// Deletes every flow run that is named, after asking once.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut doomed = Vec::new();
    for reference in &arguments.references {
        doomed.push(Doomed::new(find::flow_run(session, reference).await?, "flow run"));
    }
    let mutation = Mutation { document: DELETE_FLOW_RUN, id_field: "flow_run_id" };
    delete(&doomed, mutation, arguments.yes, session).await
}
