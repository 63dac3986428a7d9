//! Mutations of concurrency limits, under the names of Prefect's paid edition.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_services::{
    ServiceError,
    concurrency_limits::{self, About, Name},
};
use uuid::Uuid;

/// A limit on flow runs with a label.
#[derive(Debug, InputObject)]
#[graphql(name = "update_flow_concurrency_limit_input", rename_fields = "snake_case")]
struct UpdateFlowConcurrencyLimitInput {
    /// The label. Either this or `name` is needed.
    label: Option<String>,
    /// The same, as older scripts call it.
    name: Option<String>,
    /// How many flow runs with this label may be under way at once; 0 lets none start.
    limit: i32,
}

/// A limit to lift.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_flow_concurrency_limit_input", rename_fields = "snake_case")]
struct DeleteFlowConcurrencyLimitInput {
    /// The limit.
    limit_id: Uuid,
}

/// A limit on task runs with a tag.
#[derive(Debug, InputObject)]
#[graphql(name = "update_task_tag_limit_input", rename_fields = "snake_case")]
struct UpdateTaskTagLimitInput {
    /// The tag.
    tag: String,
    /// How many task runs with this tag may run at once; 0 lets none start.
    limit: i32,
}

/// A limit to lift.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_task_tag_limit_input", rename_fields = "snake_case")]
struct DeleteTaskTagLimitInput {
    /// The limit.
    limit_id: Uuid,
}

/// Mutations of concurrency limits.
#[derive(Debug, Default)]
pub struct ConcurrencyLimitMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl ConcurrencyLimitMutation {
    /// Limits how many flow runs with a label are under way at once. Runs that are go on, whatever the number.
    async fn update_flow_concurrency_limit(
        &self,
        ctx: &Context<'_>,
        input: UpdateFlowConcurrencyLimitInput,
    ) -> Result<IdPayload> {
        let access = ctx.access()?;
        let label = input
            .label
            .or(input.name)
            .ok_or_else(|| ServiceError::invalid("label (or name, which means the same) is needed"))?;
        Ok(concurrency_limits::set(ctx.services()?, &access, Name::Label(label), input.limit.into())
            .await?
            .into())
    }

    /// Lifts the limit of a label. `success` says whether there was one.
    async fn delete_flow_concurrency_limit(
        &self,
        ctx: &Context<'_>,
        input: DeleteFlowConcurrencyLimitInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let deleted = concurrency_limits::delete(ctx.services()?, &access, About::Label, input.limit_id);
        Ok(deleted.await?.into())
    }

    /// Limits how many task runs with a tag run at once. Those that run go on, whatever the number.
    async fn update_task_tag_limit(
        &self,
        ctx: &Context<'_>,
        input: UpdateTaskTagLimitInput,
    ) -> Result<IdPayload> {
        let access = ctx.access()?;
        Ok(concurrency_limits::set(ctx.services()?, &access, Name::Tag(input.tag), input.limit.into())
            .await?
            .into())
    }

    /// Lifts the limit of a tag. `success` says whether there was one.
    async fn delete_task_tag_limit(
        &self,
        ctx: &Context<'_>,
        input: DeleteTaskTagLimitInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        let deleted = concurrency_limits::delete(ctx.services()?, &access, About::Tag, input.limit_id);
        Ok(deleted.await?.into())
    }
}
