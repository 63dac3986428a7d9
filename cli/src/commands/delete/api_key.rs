//! `signalbox delete api-key`.

use super::{Arguments, Doomed, Mutation, delete};
use crate::failure::Failure;
use crate::session::{Session, find};

/// Removes a key; it stops working at once.
pub(crate) const DELETE_API_KEY: &str = "mutation ($input: delete_api_key_input!) {
  delete_api_key(input: $input) { success }
}";

/// Deletes every API key that is named, after asking once.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut doomed = Vec::new();
    for reference in &arguments.references {
        doomed.push(Doomed::new(find::api_key(session, reference).await?, "API key"));
    }
    let mutation = Mutation { document: DELETE_API_KEY, id_field: "key_id" };
    delete(&doomed, mutation, arguments.yes, session).await
}
