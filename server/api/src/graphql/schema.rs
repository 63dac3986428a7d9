//! The roots, put together from the nouns.

use super::{
    agent::AgentMutation,
    agent_config::AgentConfigMutation,
    api_info::ApiInfoQuery,
    api_key::ApiKeyMutation,
    concurrency_limit::ConcurrencyLimitMutation,
    flow::{FlowMutation, RegistrationMutation},
    flow_group::{FlowGroupMutation, FlowGroupScheduleMutation},
    flow_run::{
        ClaimMutation, FlowRunEditMutation, FlowRunExplainQuery, FlowRunMutation, FlowRunSteerMutation,
        QueueMutation,
    },
    key_value::KeyValueMutation,
    log::LogMutation,
    project::ProjectMutation,
    stream::StreamSubscription,
    table::{TableQuery, TableSubscription},
    task_run::{MappedChildrenQuery, TaskRunEditMutation, TaskRunMutation, TaskRunQuery},
    task_run_artifact::TaskRunArtifactMutation,
    tenant::TenantMutation,
};
use async_graphql::{MergedObject, MergedSubscription, Schema};
use signalbox_services::Services;

/// The server's schema.
pub type ApiSchema = Schema<Query, Mutation, Subscription>;

/// Everything that can be read.
#[derive(Debug, Default, MergedObject)]
#[graphql(name = "Query")]
pub struct Query(TableQuery, ApiInfoQuery, TaskRunQuery, MappedChildrenQuery, FlowRunExplainQuery);

/// Everything that can be changed. In groups, because each entry of a merged object nests its resolver one deeper.
#[derive(Debug, Default, MergedObject)]
#[graphql(name = "Mutation")]
pub struct Mutation(TenantMutations, FlowMutations, RunMutations, AgentMutations);

/// Everything that can be followed: any read of the tables, live, and streams that go on from a cursor.
#[derive(Debug, Default, MergedSubscription)]
#[graphql(name = "Subscription")]
pub struct Subscription(TableSubscription, StreamSubscription);

/// Changes of tenants, and of what belongs to a tenant as a whole.
#[derive(Debug, Default, MergedObject)]
pub struct TenantMutations(TenantMutation, ApiKeyMutation, KeyValueMutation, ConcurrencyLimitMutation);

/// Changes of flows, and of what holds them.
#[derive(Debug, Default, MergedObject)]
pub struct FlowMutations(
    ProjectMutation,
    RegistrationMutation,
    FlowMutation,
    FlowGroupMutation,
    FlowGroupScheduleMutation,
);

/// Changes of runs, and of what they leave.
#[derive(Debug, Default, MergedObject)]
pub struct RunMutations(
    FlowRunMutation,
    FlowRunEditMutation,
    FlowRunSteerMutation,
    TaskRunMutation,
    TaskRunEditMutation,
    TaskRunArtifactMutation,
    LogMutation,
);

/// Agents, and how they get their work.
#[derive(Debug, Default, MergedObject)]
pub struct AgentMutations(AgentMutation, AgentConfigMutation, QueueMutation, ClaimMutation);

/// The schema that answers requests.
pub fn build(services: Services) -> ApiSchema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default()).data(services).finish()
}

/// The contract, as text. Needs no database.
pub fn sdl() -> String {
    Schema::build(Query::default(), Mutation::default(), Subscription::default()).finish().sdl()
}
