//! Mutations of values that flows share.

use crate::graphql::{
    context::RequestContext,
    payload::{IdPayload, SuccessPayload},
};
use async_graphql::{Context, InputObject, Object, Result};
use serde_json::Value;
use signalbox_services::key_values;
use uuid::Uuid;

/// A value to set.
#[derive(Debug, InputObject)]
#[graphql(name = "set_key_value_input", rename_fields = "snake_case")]
struct SetKeyValueInput {
    /// Its key.
    key: String,
    /// The value.
    value: Value,
    /// The tenant it belongs to; the request's own, if absent.
    tenant_id: Option<Uuid>,
}

/// A value to delete.
#[derive(Debug, InputObject)]
#[graphql(name = "delete_key_value_input", rename_fields = "snake_case")]
struct DeleteKeyValueInput {
    /// Its id.
    key_value_id: Uuid,
}

/// Mutations of values that flows share.
#[derive(Debug, Default)]
pub struct KeyValueMutation;

#[Object(rename_fields = "snake_case", rename_args = "snake_case")]
impl KeyValueMutation {
    /// Sets the value under a key.
    async fn set_key_value(&self, ctx: &Context<'_>, input: SetKeyValueInput) -> Result<IdPayload> {
        let access = ctx.access_in(input.tenant_id)?;
        Ok(key_values::set(ctx.services()?, &access, input.key, input.value).await?.into())
    }

    /// Deletes a key with its value.
    async fn delete_key_value(
        &self,
        ctx: &Context<'_>,
        input: DeleteKeyValueInput,
    ) -> Result<SuccessPayload> {
        let access = ctx.access()?;
        Ok(key_values::delete(ctx.services()?, &access, input.key_value_id).await?.into())
    }
}
