//! The newest runs with their flow and project, as a dashboard's front page asks for them.

use serde_json::json;

use super::{Caller, Callers};
use crate::http::{Answer, Request};
use crate::seed::Stage;

const DOCUMENT: &str = "query($where: flow_run_bool_exp) {
    flow_run(where: $where, order_by: { scheduled_start_time: desc }, limit: 25) {
        id
        name
        state
        state_message
        labels
        scheduled_start_time
        start_time
        end_time
        flow { id name version project { id name } }
    }
}";

struct Listing(Request);

impl Caller for Listing {
    fn next(&mut self) -> Option<&[u8]> {
        Some(self.0.bytes())
    }

    fn accepts(&self, answer: &Answer<'_>) -> bool {
        answer.has("\"project\"")
    }
}

/// Callers that all look at the same page.
pub fn callers(stage: &Stage) -> Callers {
    let filter = json!({"state": {"_in": ["Scheduled", "Submitted", "Running", "Success", "Failed"]}});
    let request = Request::graphql(stage.target, &[], DOCUMENT, &json!({ "where": filter }));
    (0..stage.callers).map(|_| Box::new(Listing(request.clone())) as Box<dyn Caller>).collect()
}
