//! One root field: from its selections to the value in the response.

use async_graphql::{Context, Error, Name, Value};
use async_graphql_value::RAW_VALUE_TOKEN;
use indexmap::IndexMap;
use signalbox_core::access::Viewer;
use signalbox_core::query::{Plan, ReadLimits, Rejection};
use signalbox_core::registry::Root;
use signalbox_services::{ServiceError, tables};
use std::borrow::Cow;
use std::sync::Arc;

use super::selection;
use crate::graphql::context::RequestContext;
use crate::graphql::price::{Plans, ReadBounds, affordable};

pub(super) async fn root_field(ctx: &Context<'_>, root: &Root) -> Result<Value, Error> {
    let access = ctx.access::<Viewer>()?;
    let plan = plan(ctx, root)?;
    let json = tables::read(ctx.services()?, &access, &plan).await?;
    Ok(raw(json))
}

/// A value of JSON text.
pub(super) fn raw(json: String) -> Value {
    // The library writes the text of this one key into the response as it is.
    Value::Object(IndexMap::from([(Name::new(RAW_VALUE_TOKEN), Value::String(json))]))
}

/// The plan that was made when the operation was priced. A request that did not come that way, or whose plan was not
/// understood then, is planned and priced now.
pub(super) fn plan<'a>(ctx: &Context<'a>, root: &Root) -> Result<Cow<'a, Plan>, Error> {
    let key = ctx.item.node.response_key().node.as_str();
    if let Some(plan) = ctx.data_opt::<Plans>().and_then(|plans| plans.get(key)) {
        return Ok(Cow::Borrowed(plan));
    }
    let bounds = ctx.data_opt::<ReadBounds>();
    let limits = bounds.map_or_else(ReadLimits::default, |bounds| bounds.limits);
    let selection = selection::of_root_field(ctx)?;
    let refused = |rejection: Rejection| ServiceError::from(rejection);
    let mut plan = Plan::build(root, &selection, &limits).map_err(refused)?;
    affordable(plan.cost(), &limits).map_err(refused)?;
    if let Some(bounds) = bounds {
        plan.allowance = Arc::clone(&bounds.allowance);
    }
    Ok(Cow::Owned(plan))
}
