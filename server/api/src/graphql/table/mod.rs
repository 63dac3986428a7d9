//! The tables of the registry in GraphQL: `X`, `X_by_pk`, `X_aggregate` and every type under them.
//!
//! One type, [`TableQuery`], registers them all and answers their root fields: it reads the whole selection set, makes
//! a plan of it and puts the rows' JSON text into the response. Rules are in `signalbox_core::query`.

mod answer;
mod live;
mod register;
mod selection;

#[cfg(test)]
mod tests;

pub use live::TableSubscription;
pub(crate) use selection::Reader;

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaTypeId, Registry};
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
};
use signalbox_core::registry;

/// The root fields of every table. Merged with the other reads into `Query`.
#[derive(Debug, Default)]
pub struct TableQuery;

impl OutputType for TableQuery {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("TableQuery")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            register::tables(registry, &Self::type_name())
        })
    }

    /// Never used as a value: its fields are resolved one by one.
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        async_graphql::resolver_utils::resolve_container(ctx, self).await
    }
}

impl ContainerType for TableQuery {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let Some(root) = registry::root(ctx.item.node.name.node.as_str()) else { return Ok(None) };
        match answer::root_field(ctx, root).await {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(ctx.set_error_path(error.into_server_error(ctx.item.pos))),
        }
    }
}

impl ObjectType for TableQuery {}
