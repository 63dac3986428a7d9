//! Takes a batch of a flow's edges (`flow.register` sends them after the tasks, 500 at a time).

use super::{document, graph};
use crate::{ServiceError, Services};
use chrono::{DateTime, Utc};
use serde_json::Value;
use signalbox_core::{
    access::{Access, Operator},
    flow::{EdgeSpec, parse_edges},
    ids::Ids,
};
use signalbox_schema::FlowId;
use signalbox_storage::{TenantTx, Transaction, repo::flow};

/// Takes a batch of edges. Those that the flow has already are left as they are; an empty batch is fine.
///
/// # Errors
/// `INVALID_INPUT` for an edge to a task that the flow does not have, and for a cycle over all edges of the flow.
pub async fn register_edges(
    services: &Services,
    access: &Access<Operator>,
    id: FlowId,
    edges: &Value,
) -> Result<(), ServiceError> {
    let edges = parse_edges(edges, "serialized_edges")?;
    let register = Register { id, edges, ids: services.ids(), now: services.clock().now() };
    services.store().write(access, &register).await
}

struct Register<'a> {
    id: FlowId,
    edges: Vec<EdgeSpec>,
    ids: &'a dyn Ids,
    now: DateTime<Utc>,
}

impl Transaction for Register<'_> {
    const NAME: &'static str = "flow.register_edges";
    type Output = ();
    type Error = ServiceError;

    async fn run(&self, tx: &TenantTx) -> Result<(), ServiceError> {
        let mut flow =
            flow::find(tx, self.id).await?.ok_or_else(|| ServiceError::not_found("flow", self.id))?;
        flow::close_registration(tx, self.id).await?;
        let graph = graph::Graph {
            flow: self.id,
            reference: graph::declared_reference(flow.document.as_ref()),
            ids: self.ids,
            now: self.now,
        };
        graph.add(tx, &[], &self.edges).await?;
        if let Some(document) = &mut flow.document {
            let edges = self.edges.iter().map(|edge| &edge.document);
            if document::append(document, "edges", edges, identity) {
                flow::set_document(tx, self.id, document.take(), self.now).await?;
            }
        }
        Ok(())
    }
}

/// What makes two edges the same, as in the table: both ends and the argument.
fn identity(edge: &Value) -> [Option<String>; 3] {
    let slug = |end: &str| edge.get(end)?.get("slug")?.as_str().map(str::to_owned);
    [
        slug("upstream_task"),
        slug("downstream_task"),
        edge.get("key").and_then(Value::as_str).map(str::to_owned),
    ]
}
