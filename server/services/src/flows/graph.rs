//! Writes tasks and edges of a flow, and keeps the flags of its tasks right.

use crate::ServiceError;
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::{
    flow::{EdgeSpec, FlowError, TaskSpec, check_acyclic, roles},
    ids::Ids,
};
use signalbox_schema::{EdgeId, FlowId, TaskId};
use signalbox_storage::{
    TenantTx,
    repo::{
        edge::{self, NewEdge},
        task,
    },
};
use std::collections::{BTreeSet, HashMap};

/// A flow whose graph is written.
pub(super) struct Graph<'a> {
    pub flow: FlowId,
    /// Slugs of the tasks that decide the flow's state; empty means the terminal ones.
    pub reference: BTreeSet<&'a str>,
    pub ids: &'a dyn Ids,
    pub now: DateTime<Utc>,
}

/// Slugs of the reference tasks that a document declares.
pub(super) fn declared_reference(document: Option<&Value>) -> BTreeSet<&str> {
    document
        .and_then(|document| document.get("reference_tasks"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|task| task.get("slug")?.as_str())
        .collect()
}

impl Graph<'_> {
    /// Adds tasks and edges. What the flow has already stays as it is, so a repeated delivery is harmless.
    pub async fn add(
        &self,
        tx: &TenantTx,
        tasks: &[TaskSpec],
        edges: &[EdgeSpec],
    ) -> Result<(), ServiceError> {
        let new: Vec<(TaskId, &TaskSpec)> = tasks.iter().map(|spec| (TaskId(self.ids.id()), spec)).collect();
        task::insert_new(tx, self.flow, &new, self.now).await?;
        let tasks = task::of_flow(tx, self.flow).await?;
        let by_slug: HashMap<&str, TaskId> = tasks.iter().map(|task| (task.slug.as_str(), task.id)).collect();
        let id = |slug: &str| {
            by_slug.get(slug).copied().ok_or_else(|| FlowError::UnknownSlug(slug.chars().take(100).collect()))
        };
        let new = edges
            .iter()
            .map(|spec| {
                Ok(NewEdge {
                    id: EdgeId(self.ids.id()),
                    upstream: id(&spec.upstream)?,
                    downstream: id(&spec.downstream)?,
                    key: spec.key.clone(),
                    mapped: spec.mapped,
                })
            })
            .collect::<Result<Vec<_>, FlowError>>()?;
        edge::insert_new(tx, self.flow, new, self.now).await?;
        let edges = edge::of_flow(tx, self.flow).await?;
        let slugs: HashMap<TaskId, &str> = tasks.iter().map(|task| (task.id, task.slug.as_str())).collect();
        let edges: Vec<(&str, &str, bool)> = edges
            .iter()
            .filter_map(|edge| {
                Some((*slugs.get(&edge.upstream)?, *slugs.get(&edge.downstream)?, edge.mapped))
            })
            .collect();
        check_acyclic(edges.iter().map(|(upstream, downstream, _)| (*upstream, *downstream)))
            .map_err(FlowError::from)?;
        let places = roles(tasks.iter().map(|task| task.slug.as_str()), edges, &self.reference);
        let changed = tasks.iter().filter_map(|task| {
            let place = *places.get(task.slug.as_str())?;
            (place != task.roles).then_some((task.id, place))
        });
        Ok(task::set_roles(tx, changed).await?)
    }
}
