//! `signalbox delete agent`.

use super::{Arguments, Doomed, Mutation, delete};
use crate::failure::Failure;
use crate::session::{Session, find};

/// Removes an agent; its runs stay.
pub(crate) const DELETE_AGENT: &str = "mutation ($input: delete_agent_input!) {
  delete_agent(input: $input) { success }
}";

/// Deletes every agent that is named, after asking once.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut doomed = Vec::new();
    for reference in &arguments.references {
        doomed.push(Doomed::new(find::agent(session, reference).await?, "agent"));
    }
    let mutation = Mutation { document: DELETE_AGENT, id_field: "agent_id" };
    delete(&doomed, mutation, arguments.yes, session).await
}
