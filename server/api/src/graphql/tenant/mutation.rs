//! Mutations of tenants.

use crate::graphql::{context::RequestContext, payload::IdPayload};
use async_graphql::{Context, InputObject, Object, Result};
use signalbox_services::tenants;

/// A tenant to make.
#[derive(Debug, InputObject)]
#[graphql(name = "create_tenant_input", rename_fields = "snake_case")]
struct CreateTenantInput {
    /// What people call it.
    name: String,
    /// Its name in addresses: a-z, 0-9, '-' and '_'.
    slug: String,
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
}
