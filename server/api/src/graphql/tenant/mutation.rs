//! Mutations of tenants.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use serde_json::Value;
use signalbox_services::tenants::{self, Change};
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
