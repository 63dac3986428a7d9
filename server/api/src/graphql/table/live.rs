//! The root fields of the tables as subscriptions: the same query, live.

use super::{answer, register, selection};
use crate::graphql::context::RequestContext;
use async_graphql::{
    Context, Error, PathSegment, Response, SubscriptionType, Value,
    registry::{MetaType, Registry},
};
use futures_util::{
    Stream, StreamExt,
    future::Either,
    stream::{once, unfold},
};
use indexmap::IndexMap;
use signalbox_core::access::Viewer;
use signalbox_core::registry::{self, Root};
use signalbox_services::live::{self, LiveQuery};
use std::borrow::Cow;
use std::future::ready;
use std::pin::Pin;

/// The root fields of every table, live. Merged with the streams into `Subscription`.
#[derive(Debug, Default)]
pub struct TableSubscription;

impl SubscriptionType for TableSubscription {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("TableSubscription")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_subscription_type::<Self, _>(|registry| -> MetaType {
            register::tables(registry, &Self::type_name())
        })
    }

    fn create_field_stream<'a>(
        &'a self,
        ctx: &'a Context<'_>,
    ) -> Option<Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        let root = registry::root(ctx.item.node.name.node.as_str())?;
        Some(answers(ctx, root).boxed())
    }
}

/// The answers of one root field, as they change.
fn answers(ctx: &Context<'_>, root: &Root) -> impl Stream<Item = Response> + Send + use<> {
    let key = ctx.item.node.response_key().node.clone();
    let position = ctx.item.pos;
    let failed = {
        let path = vec![PathSegment::Field(key.to_string())];
        move |error: Error| {
            Response::from_errors(vec![error.into_server_error(position).with_path(path.clone())])
        }
    };
    let query = match listen(ctx, root) {
        Ok(query) => query,
        Err(error) => return Either::Left(once(ready(failed(error)))),
    };
    Either::Right(unfold(Some((query, key, failed)), |listener| async move {
        let (mut query, key, failed) = listener?;
        match query.next().await {
            Ok(json) => {
                let data = Value::Object(IndexMap::from([(key.clone(), answer::raw(json.to_string()))]));
                Some((Response::new(data), Some((query, key, failed))))
            }
            Err(error) => Some((failed(error.into()), None)),
        }
    }))
}

fn listen(ctx: &Context<'_>, root: &Root) -> Result<LiveQuery, Error> {
    let access = ctx.access::<Viewer>()?;
    let selection = selection::of_root_field(ctx)?;
    let plan = answer::plan(ctx, root)?.into_owned();
    // The plan follows from the selection, whose keys, fields and arguments this text holds completely.
    let question = format!("{selection:?}");
    Ok(live::listen(ctx.services()?, &access, question, plan))
}
