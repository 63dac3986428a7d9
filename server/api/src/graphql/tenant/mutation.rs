//! Mutations of tenants.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use serde_json::Value;
use signalbox_services::tenants::{self, Change, SetRetention};
use uuid::Uuid;

/// A tenant to make.
#[derive(Debug, InputObject)]
#[graphql(name = "create_tenant_input", rename_fields = "snake_case")]
struct CreateTenantInput {
    /// What people call it.
    name: String,
    /// Its name in addresses: a-z, 0-9, '-' and '_'.
    slug: String,
}

/// A tenant to rename.
#[derive(Debug, InputObject)]
#[graphql(name = "update_tenant_name_input", rename_fields = "snake_case")]
struct UpdateTenantNameInput {
    /// Its id.
    tenant_id: Uuid,
    /// What people shall call it.
    name: String,
}

/// A tenant to rename in addresses.
#[derive(Debug, InputObject)]
#[graphql(name = "update_tenant_slug_input", rename_fields = "snake_case")]
struct UpdateTenantSlugInput {
    /// Its id.
    tenant_id: Uuid,
    /// Its name in addresses: a-z, 0-9, '-' and '_'.
    slug: String,
}

/// Settings for a tenant.
#[derive(Debug, InputObject)]
#[graphql(name = "update_tenant_settings_input", rename_fields = "snake_case")]
struct UpdateTenantSettingsInput {
    /// Its id.
    tenant_id: Uuid,
    /// Settings to add or replace, by name; the others stay.
    settings: Value,
}

/// How long a tenant keeps what has happened. What is left out stays as it is; null keeps for ever.
#[derive(Debug, InputObject)]
#[graphql(name = "set_tenant_retention_input", rename_fields = "snake_case")]
struct SetTenantRetentionInput {
    /// Its id.
    tenant_id: Uuid,
    /// Log lines of runs that have ended: days from the end of the run.
    logs_days: MaybeUndefined<i32>,
    /// States of runs that have ended and of their task runs, but for the last of each: days from the end of the run.
    states_days: MaybeUndefined<i32>,
    /// Events: days from when they happened.
    events_days: MaybeUndefined<i32>,
    /// Runs that have ended, with everything that belongs to them: days from the end of the run.
    runs_days: MaybeUndefined<i32>,
}

/// What is set now; null is for ever.
#[derive(Debug, SimpleObject)]
#[graphql(name = "tenant_retention_payload", rename_fields = "snake_case")]
struct TenantRetentionPayload {
    /// The tenant.
    id: Uuid,
    /// Days of log lines.
    logs_days: Option<u32>,
    /// Days of states.
    states_days: Option<u32>,
    /// Days of events.
    events_days: Option<u32>,
    /// Days of runs.
    runs_days: Option<u32>,
}

/// A tenant to delete.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_tenant_input", rename_fields = "snake_case")]
struct DeleteTenantInput {
    /// Its id.
    tenant_id: Uuid,
}

/// Mutations of tenants.
#[derive(Debug, Default)]
pub struct TenantMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl TenantMutation {
    /// Makes a tenant.
    async fn create_tenant(&self, ctx: &Context<'_>, input: CreateTenantInput) -> Result<IdPayload> {
        let id = tenants::create(ctx.services()?, ctx.actor()?, &input.name, &input.slug).await?;
        Ok(id.0.into())
    }

    /// Renames a tenant.
    async fn update_tenant_name(&self, ctx: &Context<'_>, input: UpdateTenantNameInput) -> Result<IdPayload> {
        update(ctx, input.tenant_id, Change::Name(input.name)).await
    }

    /// Renames a tenant in addresses.
    async fn update_tenant_slug(&self, ctx: &Context<'_>, input: UpdateTenantSlugInput) -> Result<IdPayload> {
        update(ctx, input.tenant_id, Change::Slug(input.slug)).await
    }

    /// Adds or replaces settings of a tenant.
    async fn update_tenant_settings(
        &self,
        ctx: &Context<'_>,
        input: UpdateTenantSettingsInput,
    ) -> Result<IdPayload> {
        update(ctx, input.tenant_id, Change::Settings(input.settings)).await
    }

    /// Sets how long a tenant keeps what has happened. Off unless it is set; runs that have not ended are never touched.
    async fn set_tenant_retention(
        &self,
        ctx: &Context<'_>,
        input: SetTenantRetentionInput,
    ) -> Result<TenantRetentionPayload> {
        let access = ctx.access_in(Some(input.tenant_id))?;
        let command = SetRetention {
            logs: days(input.logs_days),
            states: days(input.states_days),
            events: days(input.events_days),
            runs: days(input.runs_days),
        };
        let set = tenants::set_retention(ctx.services()?, &access, command).await?;
        Ok(TenantRetentionPayload {
            id: input.tenant_id,
            logs_days: set.logs,
            states_days: set.states,
            events_days: set.events,
            runs_days: set.runs,
        })
    }

    /// Deletes a tenant with everything in it.
    async fn delete_tenant(&self, ctx: &Context<'_>, input: DeleteTenantInput) -> Result<SuccessPayload> {
        let access = ctx.access_in(Some(input.tenant_id))?;
        Ok(tenants::delete(ctx.services()?, &access).await?.into())
    }
}

async fn update(ctx: &Context<'_>, id: Uuid, change: Change) -> Result<IdPayload> {
    let access = ctx.access_in(Some(id))?;
    tenants::update(ctx.services()?, &access, change).await?;
    Ok(id.into())
}

/// `None` when it was left out, `Some(None)` for null.
#[expect(clippy::option_option, reason = "a value that was left out and null mean different things")]
fn days(wanted: MaybeUndefined<i32>) -> Option<Option<i64>> {
    match wanted {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(days) => Some(Some(i64::from(days))),
    }
}
