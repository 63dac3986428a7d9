//! The roots, put together from the nouns.

use super::{
    api_key::ApiKeyMutation,
    flow_run::{ClaimMutation, FlowRunMutation, QueueMutation},
    log::LogMutation,
    table::TableQuery,
    task_run::{TaskRunMutation, TaskRunQuery},
    agent::AgentMutation,
    flow::{FlowMutation, RegistrationMutation},
    project::ProjectMutation,
    tenant::TenantMutation,
};
use async_graphql::{EmptySubscription, MergedObject, Object, Schema};
use signalbox_services::Services;

/// The server's schema.
pub type ApiSchema = Schema<Query, Mutation, EmptySubscription>;

/// Everything that can be read.
#[derive(Debug, Default, MergedObject)]
#[graphql(name = "Query")]
pub struct Query(TableQuery, ApiQuery, TaskRunQuery);

/// Everything that can be changed.
#[derive(Debug, Default, MergedObject)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    TenantMutation,
    ApiKeyMutation,
    FlowRunMutation,
    QueueMutation,
    ClaimMutation,
    TaskRunMutation,
    LogMutation,
    ProjectMutation,
    RegistrationMutation,
    FlowMutation,
    AgentMutation,
);

/// Reads that are not tables.
#[derive(Debug, Default)]
pub struct ApiQuery;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl ApiQuery {
    /// A greeting: agents ask for it to see whether the API answers.
    async fn hello(&self) -> &'static str {
        "👋 from Signalbox"
    }
}

/// The schema that answers requests.
pub fn build(services: Services) -> ApiSchema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).data(services).finish()
}

/// The contract, as text. Needs no database.
pub fn sdl() -> String {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).finish().sdl()
}
