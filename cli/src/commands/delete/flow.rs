//! `signalbox delete flow`: one version when an id names it, the whole flow group otherwise.

use clap::Args;
use uuid::Uuid;

use super::{Doomed, Mutation, delete};
use crate::failure::Failure;
use crate::output::text::count;
use crate::session::Session;
use crate::session::find::{self, FlowReference, FlowVersion};

/// Removes one version with its runs.
pub(crate) const DELETE_FLOW: &str = "mutation ($input: delete_flow_input!) {
  delete_flow(input: $input) { success }
}";

/// Removes all versions with their runs.
pub(crate) const DELETE_FLOW_GROUP: &str = "mutation ($input: delete_flow_group_input!) {
  delete_flow_group(input: $input) { success }
}";

/// Delete a flow
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Id of a version, or id of a flow group or name of a flow for all its versions
    #[arg(value_name = "FLOW")]
    flow: String,
    /// Project of the flow, where the name alone is not enough
    #[arg(long, short)]
    project: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Deletes the version or the flow.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let reference = FlowReference { text: &arguments.flow, project: arguments.project.as_deref() };
    let versions = find::flow(session, reference).await?;
    let Some(first) = versions.first() else {
        return Err(Failure::new(format!("there is no flow `{}`", arguments.flow)));
    };
    let one_version = names_version(&arguments.flow, first);
    let (id, consequence) = if one_version {
        (first.id, format!(" version {} with its runs", first.version))
    } else {
        (first.flow_group_id, format!(", {} with all runs", count(versions.len(), "version")))
    };
    let doomed = [Doomed { id, name: first.title(), noun: "flow", consequence }];
    let mutation = if one_version {
        Mutation { document: DELETE_FLOW, id_field: "flow_id" }
    } else {
        Mutation { document: DELETE_FLOW_GROUP, id_field: "flow_group_id" }
    };
    delete(&doomed, mutation, arguments.yes, session).await
}

/// Whether the text is (the beginning of) the id of this version, not its name or its group's id.
fn names_version(text: &str, flow: &FlowVersion) -> bool {
    let begins = |id: Uuid| id.simple().to_string().starts_with(&text.replace('-', "").to_ascii_lowercase());
    text != flow.name && begins(flow.id) && !begins(flow.flow_group_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_of_a_version_means_one_version() {
        let flow = FlowVersion {
            id: Uuid::from_u128(0x1234 << 112),
            name: "1234".into(),
            version: 2,
            archived: false,
            flow_group_id: Uuid::from_u128(0x12ff << 112),
            parameters: None,
            project: None,
        };
        assert!(names_version("12340", &flow));
        assert!(names_version(&flow.id.to_string().to_uppercase(), &flow));
        assert!(!names_version("1234", &flow), "its name means all versions");
        assert!(!names_version("12ff", &flow));
    }
}
