//! Takes a batch of a flow's tasks (`flow.register` sends them after the flow, 500 at a time).

use super::{document, graph};
use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::{
    access::{Access, Operator},
    flow::{TaskSpec, parse_tasks},
    ids::Ids,
};
use signalbox_schema::FlowId;
use signalbox_storage::{TenantTx, Transaction, repo::flow};

/// Takes a batch of tasks. Those whose slug the flow has already are left as they are; an empty batch is fine.
pub async fn register_tasks(
    services: &Services,
    access: &Access<Operator>,
    id: FlowId,
    tasks: &Value,
) -> Result<(), ServiceError> {
    let tasks = parse_tasks(tasks, "serialized_tasks")?;
    let register = Register { id, tasks, ids: services.ids(), now: services.clock().now() };
    services.store().write(access, &register).await
}

struct Register<'a> {
    id: FlowId,
    tasks: Vec<TaskSpec>,
    ids: &'a dyn Ids,
    now: DateTime<Utc>,
}

impl Transaction for Register<'_> {
    const NAME: &'static str = "flow.register_tasks";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let mut flow =
            flow::find(tx, self.id).await?.ok_or_else(|| ServiceError::not_found("flow", self.id))?;
        // The sender knows the flow's id, so the call that made it was answered.
        flow::close_registration(tx, self.id).await?;
        let graph = graph::Graph {
            flow: self.id,
            reference: graph::declared_reference(flow.document.as_ref()),
            ids: self.ids,
            now: self.now,
        };
        graph.add(tx, &self.tasks, &[]).await?;
        if let Some(document) = &mut flow.document {
            let tasks = self.tasks.iter().map(|task| &task.document);
            let slug = |task: &Value| task.get("slug").and_then(Value::as_str).map(str::to_owned);
            if document::append(document, "tasks", tasks, slug) {
                flow::set_document(tx, self.id, document.take(), self.now).await?;
            }
        }
        Ok(())
    }
}
