//! One root field: from its selections to the value in the response.

use async_graphql::{Context, Error, Name, Value};
use async_graphql_value::RAW_VALUE_TOKEN;
use indexmap::IndexMap;
use signalbox_core::access::Viewer;
use signalbox_core::query::{Plan, ReadLimits};
use signalbox_core::registry::Root;
use signalbox_services::{ServiceError, tables};

use super::selection;
use crate::graphql::context::RequestContext;

pub(super) async fn root_field(ctx: &Context<'_>, root: &Root) -> Result<Value, Error> {
    let access = ctx.access::<Viewer>()?;
    let selection = selection::of_root_field(ctx)?;
    let plan = Plan::build(root, &selection, &ReadLimits::default()).map_err(ServiceError::from)?;
    let json = tables::read(ctx.services()?, &access, &plan).await?;
    // The library writes the text of this one key into the response as it is.
    Ok(Value::Object(IndexMap::from([(Name::new(RAW_VALUE_TOKEN), Value::String(json))])))
}
