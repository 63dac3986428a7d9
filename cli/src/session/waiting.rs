//! Why a run that has not started waits, as far as it can be told from the run and the agents. Pure, but for the one
//! document that reads the agents.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::output::text::printable;
use crate::output::time;

/// Every agent of the tenant.
pub(crate) const AGENTS: &str = "query {
  agent(order_by: [{last_queried: desc_nulls_last}], limit: 200) { id name type labels last_queried }
}";

/// The answer to [`AGENTS`].
#[derive(Debug, Deserialize)]
pub(crate) struct AgentsAnswer {
    pub(crate) agent: Vec<AgentSeen>,
}

/// An agent as far as it matters for taking runs.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct AgentSeen {
    pub(crate) id: Uuid,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
    pub(crate) last_queried: Option<DateTime<Utc>>,
}

/// An agent that asked for work this recently counts as alive (the stock client's rule).
const ALIVE: Duration = Duration::minutes(1);

/// Whether an agent asked for work within the last minute.
pub(crate) fn is_alive(last_queried: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_queried.is_some_and(|last| now - last < ALIVE)
}

impl AgentSeen {
    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        is_alive(self.last_queried, now)
    }

    /// The label rule: all labels of the run are the agent's, and runs without labels go only to agents without.
    fn may_take(&self, labels: &[String]) -> bool {
        if labels.is_empty() {
            return self.labels.is_empty();
        }
        labels.iter().all(|label| self.labels.contains(label))
    }
}

/// The part of a run that decides whether it can start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unstarted<'a> {
    /// Name of its state.
    pub(crate) state: &'a str,
    /// When it may start.
    pub(crate) due: Option<DateTime<Utc>>,
    /// Its labels.
    pub(crate) labels: &'a [String],
}

/// One sentence that says why the run waits; nothing when it is not waiting for an agent or a time.
pub(crate) fn why(run: Unstarted<'_>, agents: &[AgentSeen], now: DateTime<Utc>) -> Option<String> {
    match run.state {
        "Paused" => return Some("it is paused until somebody resumes it".to_owned()),
        "Queued" => return Some("a concurrency limit holds it back".to_owned()),
        "Submitted" => return Some("an agent has taken it and is starting its process".to_owned()),
        "Scheduled" => {}
        _ => return None,
    }
    if let Some(due) = run.due.filter(|due| *due > now + Duration::seconds(1)) {
        return Some(format!("it is due {} ({})", time::relative(now, due), time::local(due)));
    }
    let wanted = if run.labels.is_empty() {
        "without labels (a labelled agent never takes a run without labels)".to_owned()
    } else {
        let labels: Vec<String> = run.labels.iter().map(|label| printable(label)).collect();
        format!("with the labels {}", labels.join(", "))
    };
    let able: Vec<&AgentSeen> = agents.iter().filter(|agent| agent.may_take(run.labels)).collect();
    if able.is_empty() {
        return Some(format!("no agent {wanted} is registered; {}", start_one(run.labels)));
    }
    if let Some(agent) = able.iter().find(|agent| agent.is_alive(now)) {
        return Some(format!("agent {} may take it; it has no free slot or is about to", name(agent)));
    }
    let last = able
        .iter()
        .filter_map(|agent| agent.last_queried.map(|last| (last, agent)))
        .max_by_key(|(last, _)| *last);
    Some(match last {
        Some((last, agent)) => format!(
            "no agent {wanted} asks for work: {} last did {}; {}",
            name(agent),
            time::relative(now, last),
            start_one(run.labels)
        ),
        None => format!("no agent {wanted} has ever asked for work; {}", start_one(run.labels)),
    })
}

fn name(agent: &AgentSeen) -> String {
    agent.name.as_deref().map_or_else(|| agent.id.to_string(), printable)
}

fn start_one(labels: &[String]) -> String {
    let command = ["start one: signalbox agent start local".to_owned()];
    let labels = labels.iter().map(|label| format!("--label {}", printable(label)));
    command.into_iter().chain(labels).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn agent(name: &str, labels: &[&str], seconds_ago: Option<i64>) -> AgentSeen {
        AgentSeen {
            id: Uuid::nil(),
            name: Some(name.into()),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            last_queried: seconds_ago.map(|seconds| now() - Duration::seconds(seconds)),
        }
    }

    fn scheduled(labels: &[String]) -> Unstarted<'_> {
        Unstarted { state: "Scheduled", due: Some(now() - Duration::seconds(5)), labels }
    }

    #[test]
    fn a_labelled_agent_is_no_help_to_a_run_without_labels() {
        let agents = [agent("box", &["box"], Some(1))];
        insta::assert_snapshot!(why(scheduled(&[]), &agents, now()).unwrap(), @"no agent without labels (a labelled agent never takes a run without labels) is registered; start one: signalbox agent start local");
    }

    #[test]
    fn the_labels_that_are_missing_are_named() {
        let labels = ["gpu".to_owned(), "lab".to_owned()];
        insta::assert_snapshot!(why(scheduled(&labels), &[agent("a", &["gpu"], Some(1))], now()).unwrap(), @"no agent with the labels gpu, lab is registered; start one: signalbox agent start local --label gpu --label lab");
        insta::assert_snapshot!(why(scheduled(&labels), &[agent("a", &["lab", "gpu"], Some(600))], now()).unwrap(), @"no agent with the labels gpu, lab asks for work: a last did 10 min ago; start one: signalbox agent start local --label gpu --label lab");
        insta::assert_snapshot!(why(scheduled(&labels), &[agent("a", &["lab", "gpu"], Some(6))], now()).unwrap(), @"agent a may take it; it has no free slot or is about to");
    }

    #[test]
    fn times_come_first_and_running_runs_do_not_wait() {
        let later = Unstarted { state: "Scheduled", due: Some(now() + Duration::minutes(10)), labels: &[] };
        assert!(why(later, &[], now()).unwrap().starts_with("it is due in 10 min"));
        assert_eq!(why(Unstarted { state: "Running", due: None, labels: &[] }, &[], now()), None);
    }
}
