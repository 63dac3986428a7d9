//! `signalbox set schedule-policy`: overlap, catch-up and jitter of a flow's schedule.

use chrono::Duration;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::screen::{self, Format};
use crate::output::text::printable;
use crate::output::time;
use crate::session::Session;
use crate::session::find::{self, FlowReference};

/// The policy as it is.
pub(crate) const SCHEDULE_POLICY: &str = "query ($id: uuid!) {
  flow_group_by_pk(id: $id) { overlap_policy catch_up_seconds jitter_seconds }
}";

/// Sets all of it.
pub(crate) const SET_SCHEDULE_POLICY: &str = "mutation ($input: set_flow_group_schedule_policy_input!) {
  set_flow_group_schedule_policy(input: $input) { success }
}";

/// Set the policy of a flow's schedule; what is not named stays
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("policy").required(true).multiple(true))]
pub(crate) struct Arguments {
    /// Name of the flow, or id of a version or of the flow group
    #[arg(value_name = "FLOW")]
    flow: String,
    /// Project of the flow, where the name alone is not enough
    #[arg(long, short)]
    project: Option<String>,
    /// What happens when a scheduled run comes due while another run of the flow is active
    #[arg(long, group = "policy")]
    overlap: Option<Overlap>,
    /// How late a scheduled run may still start, for example 1h; later ones are skipped. "off" is no limit
    #[arg(long, value_name = "SPAN", value_parser = window, group = "policy")]
    catch_up: Option<Window>,
    /// By at most how much each start is put off, for example 5m. "off" is not at all
    #[arg(long, value_name = "SPAN", value_parser = window, group = "policy")]
    jitter: Option<Window>,
}

/// What happens when runs would overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Overlap {
    /// It starts beside the other
    Allow,
    /// It is skipped
    Skip,
    /// One waits for the end of the other, further ones are skipped
    QueueOne,
    /// The other is cancelled first
    CancelOther,
}

impl Overlap {
    const fn wire(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Skip => "skip",
            Self::QueueOne => "queue_one",
            Self::CancelOther => "cancel_other",
        }
    }
}

/// A span, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    Off,
    Of(Duration),
}

fn window(text: &str) -> Result<Window, String> {
    if text == "off" { Ok(Window::Off) } else { time::parse_span(text).map(Window::Of) }
}

impl Window {
    const fn seconds(self) -> Option<i64> {
        match self {
            Self::Off => None,
            Self::Of(span) => Some(span.num_seconds()),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    flow_group_by_pk: Option<Policy>,
}

/// The policy of a flow group.
#[expect(clippy::struct_field_names, reason = "fields are named as the API's columns are")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    overlap_policy: String,
    catch_up_seconds: Option<i64>,
    jitter_seconds: i64,
}

impl Policy {
    /// Whether it is as if there were none.
    pub(crate) fn is_none(&self) -> bool {
        self.overlap_policy == "allow" && self.catch_up_seconds.is_none() && self.jitter_seconds == 0
    }
}

/// Sets what is named, and shows the whole.
pub(crate) async fn run(arguments: Arguments, session: &Session) -> Result<(), Failure> {
    let reference = FlowReference { text: &arguments.flow, project: arguments.project.as_deref() };
    let versions = find::flow(session, reference).await?;
    let Some(flow) = versions.first() else {
        return Err(Failure::new(format!("there is no flow `{}`", printable(&arguments.flow))));
    };
    let group: Uuid = flow.flow_group_id;
    let answer: Answer = session.ask(SCHEDULE_POLICY, json!({"id": group})).await?;
    let mut policy = answer
        .flow_group_by_pk
        .ok_or_else(|| Failure::new(format!("flow group {group} is gone: somebody deleted it")))?;
    if let Some(overlap) = arguments.overlap {
        overlap.wire().clone_into(&mut policy.overlap_policy);
    }
    if let Some(window) = arguments.catch_up {
        policy.catch_up_seconds = window.seconds();
    }
    if let Some(window) = arguments.jitter {
        policy.jitter_seconds = window.seconds().unwrap_or_default();
    }
    let input = json!({
        "flow_group_id": group, "overlap_policy": policy.overlap_policy,
        "catch_up_seconds": policy.catch_up_seconds, "jitter_seconds": policy.jitter_seconds,
    });
    session.ask::<Value>(SET_SCHEDULE_POLICY, json!({"input": input})).await?;
    match session.screen.format {
        Format::Json => screen::json(&policy),
        Format::Table => screen::line(&format!("{}: {}", flow.title(), words(&policy))),
    }
}

/// "overlap skip, catch-up 1 h 0 m, jitter 30 s"
pub(crate) fn words(policy: &Policy) -> String {
    let span = |seconds: i64| time::span(Duration::seconds(seconds));
    let catch_up = policy.catch_up_seconds.map_or_else(|| "without limit".to_owned(), span);
    let jitter = if policy.jitter_seconds == 0 { "off".to_owned() } else { span(policy.jitter_seconds) };
    format!("overlap {}, catch-up {catch_up}, jitter {jitter}", printable(&policy.overlap_policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_put_into_words() {
        let policy = |catch_up_seconds, jitter_seconds| Policy {
            overlap_policy: "queue_one".into(),
            catch_up_seconds,
            jitter_seconds,
        };
        insta::assert_snapshot!(words(&policy(None, 0)), @"overlap queue_one, catch-up without limit, jitter off");
        insta::assert_snapshot!(words(&policy(Some(3600), 30)), @"overlap queue_one, catch-up 1 h 0 m, jitter 30.0 s");
    }

    #[test]
    fn spans_are_read() {
        assert_eq!(window("off"), Ok(Window::Off));
        assert_eq!(window("1h").map(Window::seconds), Ok(Some(3600)));
        assert!(window("soon").is_err());
    }
}
