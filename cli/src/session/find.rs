//! Finding things by what people type: an id, the beginning of an id, or a name. One match is used, several are listed,
//! none is an error.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Session;
use crate::failure::Failure;
use crate::output::text::printable;
use crate::output::time;

/// Flow runs by id or name, newest first.
pub(crate) const FIND_FLOW_RUNS: &str = "query ($where: flow_run_bool_exp!) {
  flow_run(where: $where, order_by: [{created: desc}], limit: 11) { id name state created flow { name } }
}";

/// Flows by id, group or name, newest version first.
pub(crate) const FIND_FLOWS: &str = "query ($where: flow_bool_exp!) {
  flow(where: $where, order_by: [{created: desc}], limit: 200) {
    id name version archived created flow_group_id parameters project { name }
  }
}";

/// Projects by id or name.
pub(crate) const FIND_PROJECTS: &str = "query ($where: project_bool_exp!) {
  project(where: $where, order_by: [{name: asc}], limit: 11) { id name created }
}";

/// Agents by id or name.
pub(crate) const FIND_AGENTS: &str = "query ($where: agent_bool_exp!) {
  agent(where: $where, order_by: [{created: desc}], limit: 11) { id name created }
}";

/// API keys by id or name.
pub(crate) const FIND_API_KEYS: &str = "query ($where: api_key_bool_exp!) {
  api_key(where: $where, order_by: [{created: desc}], limit: 11) { id name created }
}";

/// Concurrency limits by id, label or tag.
pub(crate) const FIND_CONCURRENCY_LIMITS: &str =
    "query ($labels: flow_concurrency_limit_bool_exp!, $tags: task_tag_limit_bool_exp!) {
  labels: flow_concurrency_limit(where: $labels, limit: 11) { id name created }
  tags: task_tag_limit(where: $tags, limit: 11) { id name: tag created }
}";

/// More matches than this are not listed one by one.
const LISTED: usize = 10;

/// Something that was found, with what is needed to tell it from its namesakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its id.
    pub(crate) id: Uuid,
    /// Its name, or the beginning of its id when it has none.
    pub(crate) name: String,
    /// "Running, flow etl, 3 min ago": shown when there are several.
    description: String,
}

/// A flow run by id, beginning of an id, or name.
pub(crate) async fn flow_run(session: &Session, reference: &str) -> Result<Found, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        flow_run: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        id: Uuid,
        name: Option<String>,
        state: Option<String>,
        created: DateTime<Utc>,
        flow: Option<Flow>,
    }
    #[derive(Deserialize)]
    struct Flow {
        name: String,
    }
    let answer: Answer = session.ask(FIND_FLOW_RUNS, json!({"where": by_id_or_name(reference)})).await?;
    let now = session.screen.now;
    let rows = answer.flow_run.into_iter().map(|row| Found {
        id: row.id,
        description: format!(
            "{}, flow {}, {}",
            row.state.as_deref().unwrap_or("no state"),
            row.flow.map_or_else(|| "-".to_owned(), |flow| flow.name),
            time::relative(now, row.created)
        ),
        name: row.name.unwrap_or_else(|| row.id.to_string()),
    });
    only("flow run", reference, rows.collect(), "See them with: signalbox get flow-runs")
}

/// A project by id or name.
pub(crate) async fn project(session: &Session, reference: &str) -> Result<Found, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        project: Vec<Named>,
    }
    let answer: Answer = session.ask(FIND_PROJECTS, json!({"where": by_id_or_name(reference)})).await?;
    only("project", reference, named(answer.project, session), "See them with: signalbox get projects")
}

/// An agent by id or name.
pub(crate) async fn agent(session: &Session, reference: &str) -> Result<Found, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        agent: Vec<Named>,
    }
    let answer: Answer = session.ask(FIND_AGENTS, json!({"where": by_id_or_name(reference)})).await?;
    only("agent", reference, named(answer.agent, session), "See them with: signalbox get agents")
}

/// An API key by id or name.
pub(crate) async fn api_key(session: &Session, reference: &str) -> Result<Found, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        api_key: Vec<Named>,
    }
    let answer: Answer = session.ask(FIND_API_KEYS, json!({"where": by_id_or_name(reference)})).await?;
    only("API key", reference, named(answer.api_key, session), "See them with: signalbox get api-keys")
}

/// A concurrency limit that was found.
#[derive(Debug)]
pub(crate) struct FoundLimit {
    /// The limit; its name is the label or tag.
    pub(crate) found: Found,
    /// Whether it is one of a label; else it is one of a tag.
    pub(crate) of_label: bool,
}

/// A concurrency limit by id, by its label or tag, or by `label:NAME` or `tag:NAME` where the name alone is not enough.
pub(crate) async fn concurrency_limit(session: &Session, reference: &str) -> Result<FoundLimit, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        labels: Vec<Named>,
        tags: Vec<Named>,
    }
    let condition = |column: &str, text: &str| {
        let name = json!({column: {"_eq": text}});
        match id_range(text) {
            Some(range) => json!({"_or": [name, {"id": range}]}),
            None => name,
        }
    };
    let exactly = |kind: &str| reference.strip_prefix(kind).and_then(|rest| rest.strip_prefix(':'));
    let nothing = json!({"_not": {}});
    let variables = match (exactly("label"), exactly("tag")) {
        (Some(label), _) => json!({"labels": {"name": {"_eq": label}}, "tags": nothing}),
        (_, Some(tag)) => json!({"labels": nothing, "tags": {"tag": {"_eq": tag}}}),
        _ => json!({"labels": condition("name", reference), "tags": condition("tag", reference)}),
    };
    let answer: Answer = session.ask(FIND_CONCURRENCY_LIMITS, variables).await?;
    let labels: Vec<Uuid> = answer.labels.iter().map(|row| row.id).collect();
    let mut rows = named(answer.labels, session);
    rows.extend(named(answer.tags, session));
    for row in &mut rows {
        let kind = if labels.contains(&row.id) { "of a label" } else { "of a tag" };
        row.description = format!("{kind}, {}", row.description);
    }
    let name = exactly("label").or(exactly("tag")).unwrap_or(reference);
    let found = only("concurrency limit", name, rows, "See them with: signalbox get concurrency-limits")?;
    Ok(FoundLimit { of_label: labels.contains(&found.id), found })
}

#[derive(Deserialize)]
struct Named {
    id: Uuid,
    name: Option<String>,
    created: DateTime<Utc>,
}

fn named(rows: Vec<Named>, session: &Session) -> Vec<Found> {
    let now = session.screen.now;
    rows.into_iter()
        .map(|row| Found {
            id: row.id,
            description: format!("created {}", time::relative(now, row.created)),
            name: row.name.unwrap_or_else(|| row.id.to_string()),
        })
        .collect()
}

/// One version of a flow.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FlowVersion {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) archived: bool,
    pub(crate) flow_group_id: Uuid,
    /// `[{name, required, default, …}]`, as registered.
    pub(crate) parameters: Option<Value>,
    pub(crate) project: Option<ProjectName>,
}

/// The project a flow is in.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProjectName {
    pub(crate) name: String,
}

impl FlowVersion {
    /// "etl (project Reports)"
    pub(crate) fn title(&self) -> String {
        match &self.project {
            Some(project) => format!("{} (project {})", printable(&self.name), printable(&project.name)),
            None => printable(&self.name),
        }
    }
}

/// What a flow is looked up by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FlowReference<'a> {
    /// Its id, its group's id, the beginning of either, or its name.
    pub(crate) text: &'a str,
    /// The project it must be in.
    pub(crate) project: Option<&'a str>,
}

/// All versions of the one flow that is meant, newest first; never empty. An id of a version gives that version first.
pub(crate) async fn flow(
    session: &Session,
    reference: FlowReference<'_>,
) -> Result<Vec<FlowVersion>, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        flow: Vec<FlowVersion>,
    }
    let FlowReference { text, project } = reference;
    let mut any = vec![json!({"name": {"_eq": text}})];
    if let Some(range) = id_range(text) {
        any.push(json!({"id": range}));
        any.push(json!({"flow_group_id": range}));
    }
    let mut condition = json!({"_or": any});
    if let Some(project) = project {
        condition["project"] = json!({"name": {"_eq": project}});
    }
    let mut flows = session.ask::<Answer>(FIND_FLOWS, json!({"where": condition})).await?.flow;
    if flows.iter().any(|flow| flow.name == text) {
        flows.retain(|flow| flow.name == text);
    }
    // Groups that are archived as a whole do not stand in the way of a living namesake.
    let living: Vec<Uuid> =
        flows.iter().filter(|flow| !flow.archived).map(|flow| flow.flow_group_id).collect();
    if !living.is_empty() {
        flows.retain(|flow| living.contains(&flow.flow_group_id));
    }
    let Some(first) = flows.first() else {
        let within = project.map(|project| format!(" in project `{project}`")).unwrap_or_default();
        return Err(Failure::new(format!("there is no flow `{}`{within}", printable(text)))
            .hint("See them with: signalbox get flows"));
    };
    let group = first.flow_group_id;
    if flows.iter().all(|flow| flow.flow_group_id == group) {
        return Ok(flows);
    }
    let mut groups: Vec<(Uuid, String)> = Vec::new();
    for flow in &flows {
        if !groups.iter().any(|(id, _)| *id == flow.flow_group_id) {
            groups.push((flow.flow_group_id, flow.title()));
        }
    }
    let lines: Vec<String> =
        groups.iter().take(LISTED).map(|(id, title)| format!("  {id}  {title}")).collect();
    Err(Failure::new(format!(
        "several flows match `{}`; say which with --project, or by id",
        printable(text)
    ))
    .hint(lines.join("\n")))
}

/// The one match, or a failure that says there is none or lists the candidates. An exact name wins over ids that begin
/// so.
fn only(noun: &str, reference: &str, mut found: Vec<Found>, hint: &str) -> Result<Found, Failure> {
    if found.iter().any(|one| one.name == reference) {
        found.retain(|one| one.name == reference);
    }
    match found.len() {
        0 => Err(Failure::new(format!("there is no {noun} `{}`", printable(reference))).hint(hint)),
        1 => Ok(found.remove(0)),
        number => {
            let mut lines: Vec<String> = found
                .iter()
                .take(LISTED)
                .map(|one| {
                    format!("  {}  {}  ({})", one.id, printable(&one.name), printable(&one.description))
                })
                .collect();
            if number > LISTED {
                lines.push("  …".to_owned());
            }
            Err(Failure::new(format!("several {noun}s match `{}`; say which by id", printable(reference)))
                .hint(lines.join("\n")))
        }
    }
}

/// The `where` that finds what people type: an id, the beginning of one, or a name.
fn by_id_or_name(reference: &str) -> Value {
    let name = json!({"name": {"_eq": reference}});
    match id_range(reference) {
        Some(range) => json!({"_or": [name, {"id": range}]}),
        None => name,
    }
}

/// The shortest beginning of an id that is looked up; shorter ones are surely names.
const SHORTEST_PREFIX: usize = 4;

/// The ids that begin with `text`, as bounds; nothing when no id can begin so.
fn id_range(text: &str) -> Option<Value> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hexadecimal || !(SHORTEST_PREFIX..=32).contains(&digits.len()) {
        return None;
    }
    let bound = |filler: &str| {
        let padded = format!("{digits}{}", filler.repeat(32 - digits.len()));
        Uuid::try_parse(&padded).ok()
    };
    let (low, high) = (bound("0")?, bound("f")?);
    if low == high { Some(json!({"_eq": low})) } else { Some(json!({"_gte": low, "_lte": high})) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(id: u128, name: &str) -> Found {
        Found { id: Uuid::from_u128(id), name: name.into(), description: "Running, 3 min ago".into() }
    }

    #[test]
    fn the_beginning_of_an_id_is_a_range() {
        assert_eq!(
            id_range("0196-aB"),
            Some(json!({
                "_gte": "0196ab00-0000-0000-0000-000000000000",
                "_lte": "0196abff-ffff-ffff-ffff-ffffffffffff",
            }))
        );
        let whole = "0196ab00-0000-7000-8000-000000000001";
        assert_eq!(id_range(whole), Some(json!({"_eq": whole})));
        for name in ["brave-otter", "abc", "", "éé", "0196ab00000070008000000000000001f"] {
            assert_eq!(id_range(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_look_like_ids_are_both() {
        assert_eq!(by_id_or_name("otter"), json!({"name": {"_eq": "otter"}}));
        assert_eq!(by_id_or_name("beef")["_or"][0], json!({"name": {"_eq": "beef"}}));
    }

    #[test]
    fn one_match_is_used_and_an_exact_name_wins() {
        assert_eq!(only("flow run", "a", vec![found(1, "a")], "").unwrap(), found(1, "a"));
        let both = vec![found(0xbeef, "other"), found(2, "beef")];
        assert_eq!(only("flow run", "beef", both, "").unwrap(), found(2, "beef"));
    }

    #[test]
    fn none_and_several_are_explained() {
        let none = only("flow run", "gone", vec![], "See them").unwrap_err();
        insta::assert_snapshot!(none, @"there is no flow run `gone`");
        let several = only("flow run", "a", vec![found(1, "a"), found(2, "a")], "").unwrap_err();
        insta::assert_snapshot!(several, @"several flow runs match `a`; say which by id");
    }
}
