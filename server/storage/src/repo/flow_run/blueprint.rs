//! What a flow gives to its runs.

use crate::{
    StorageError, TenantTx,
    repo::{list, lock},
};
use sea_orm::Value;
use serde_json::Value as Json;
use signalbox_schema::{FlowId, TaskId};
use std::collections::HashMap;
use uuid::Uuid;

/// A flow version and its group, as far as a new run needs them.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// Whether the version was replaced.
    pub archived: bool,
    /// Declared parameters.
    pub parameters: Json,
    /// Run config of the flow.
    pub run_config: Option<Json>,
    /// Environment of the flow (before Prefect 0.14).
    pub environment: Option<Json>,
    /// Labels of the flow group.
    pub group_labels: Option<Json>,
    /// Run config of the flow group.
    pub group_run_config: Option<Json>,
    /// Parameters of the flow group.
    pub group_parameters: Option<Json>,
    /// Priority of the flow group's runs.
    pub group_priority: i64,
    /// Its tasks.
    pub tasks: Vec<BlueprintTask>,
}

/// A task, as far as a new run needs it.
#[derive(Debug, Clone)]
pub struct BlueprintTask {
    /// Its id.
    pub id: TaskId,
    /// The key of its cache, copied to its runs.
    pub cache_key: Option<String>,
}

/// The blueprints of these flows; unknown ones are left out.
pub async fn blueprints(tx: &TenantTx, flows: &[FlowId]) -> Result<HashMap<FlowId, Blueprint>, StorageError> {
    let mut values = vec![Value::from(tx.tenant().0)];
    let flow_list = list::ids(&mut values, flows.iter().map(|id| id.0));
    let rows = tx
        .query(
            format!(
                "SELECT f.id, f.archived, f.parameters, f.run_config, f.environment, g.labels AS group_labels,
                        g.run_config AS group_run_config, g.default_parameters AS group_parameters, g.priority AS group_priority
                   FROM flow f JOIN flow_group g ON g.id = f.flow_group_id
                  WHERE f.tenant_id = $1 AND f.id IN ({flow_list})"
            ),
            values.clone(),
        )
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let blueprint = Blueprint {
            archived: row.try_get("", "archived")?,
            parameters: row.try_get("", "parameters")?,
            run_config: row.try_get("", "run_config")?,
            environment: row.try_get("", "environment")?,
            group_labels: row.try_get("", "group_labels")?,
            group_run_config: row.try_get("", "group_run_config")?,
            group_parameters: row.try_get("", "group_parameters")?,
            group_priority: row.try_get("", "group_priority")?,
            tasks: Vec::new(),
        };
        found.insert(FlowId(row.try_get("", "id")?), blueprint);
    }
    let tasks = tx
        .query(
            format!(
                "SELECT flow_id, id, cache_key FROM task WHERE tenant_id = $1 AND flow_id IN ({flow_list})"
            ),
            values,
        )
        .await?;
    for row in tasks {
        let flow = FlowId(row.try_get_by_index(0)?);
        if let Some(blueprint) = found.get_mut(&flow) {
            let id = TaskId(row.try_get_by_index(1)?);
            blueprint.tasks.push(BlueprintTask { id, cache_key: row.try_get_by_index(2)? });
        }
    }
    Ok(found)
}

/// The newest version of a version group that is not archived.
pub async fn newest_of_version_group(tx: &TenantTx, group: &str) -> Result<Option<FlowId>, StorageError> {
    lock::version_group(tx, group).await?;
    let values = vec![Value::from(tx.tenant().0), Value::from(group.to_owned()), Value::from(false)];
    let rows = tx
        .query(
            "SELECT f.id FROM flow_group g JOIN flow f ON f.flow_group_id = g.id
              WHERE g.tenant_id = $1 AND g.name = $2 AND f.archived = $3 ORDER BY f.version DESC LIMIT 1",
            values,
        )
        .await?;
    let id = rows.first().map(|row| row.try_get_by_index::<Uuid>(0)).transpose()?;
    Ok(id.map(FlowId))
}
