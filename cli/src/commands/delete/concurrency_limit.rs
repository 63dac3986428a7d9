//! `signalbox delete concurrency-limit`.

use serde_json::json;

use super::{Answer, Arguments, Doomed, allowed, report};
use crate::failure::Failure;
use crate::session::{Session, find};

/// Lifts the limit of a label.
pub(crate) const DELETE_LABEL_LIMIT: &str = "mutation ($input: delete_flow_concurrency_limit_input!) {
  delete_flow_concurrency_limit(input: $input) { success }
}";

/// Lifts the limit of a tag.
pub(crate) const DELETE_TAG_LIMIT: &str = "mutation ($input: delete_task_tag_limit_input!) {
  delete_task_tag_limit(input: $input) { success }
}";

/// Lifts every limit that is named, after asking once.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let mut doomed = Vec::new();
    let mut documents = Vec::new();
    for reference in &arguments.references {
        let found = find::concurrency_limit(session, reference).await?;
        let (noun, document) = if found.of_label {
            ("concurrency limit of label", DELETE_LABEL_LIMIT)
        } else {
            ("concurrency limit of tag", DELETE_TAG_LIMIT)
        };
        documents.push(document);
        doomed.push(Doomed::new(found.found, noun));
    }
    allowed(&doomed, arguments.yes, session)?;
    for (one, document) in doomed.iter().zip(documents) {
        let answer: Answer = session.ask(document, json!({"input": {"limit_id": one.id}})).await?;
        if !answer.values().all(|payload| payload.success == Some(true)) {
            return Err(Failure::new(format!("{} {} was gone already", one.noun, one.name)));
        }
    }
    report(&doomed, session)
}
