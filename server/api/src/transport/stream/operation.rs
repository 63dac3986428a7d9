//! One operation as a stream of answers.

use super::{
    Roots, answer,
    post::{self, Sender},
};
use crate::{
    router::{Api, Backend},
    transport::{Admitted, Operation, Refusal, reply},
};
use async_graphql::{Executor, Response, parser::types::OperationType};
use futures_util::{
    StreamExt,
    stream::{BoxStream, once},
};
use signalbox_schema::ErrorCode;

/// The answers of an operation: one of a query or mutation, any number of a subscription. `Err` is a refusal before
/// anything was executed.
pub(super) fn answers<E: Executor, B: Backend>(
    api: &Api<E, B>,
    sender: &Sender,
    operation: Operation,
) -> Result<BoxStream<'static, Response>, Box<Response>> {
    let is_subscription =
        |admitted: &Admitted| kind(admitted, &operation) == Some(OperationType::Subscription);
    let Admitted { request, document, .. } = match post::prepare(api, sender, &operation) {
        Ok(admitted) if is_subscription(&admitted) => admitted,
        Ok(_) => return Ok(once(alone(api.clone(), sender.clone(), operation)).boxed()),
        Err(response) => return Err(response),
    };
    let roots = document.roots(operation.name.as_deref()).cloned();
    let fields = roots.as_ref().map_or(0, |roots| roots.fields.len());
    let introspects = roots.iter().flat_map(|roots| &roots.fields).any(|field| field.name.starts_with("__"));
    if fields != 1 || introspects {
        let refusal = Refusal::new(
            ErrorCode::ValidationFailed,
            format!("a subscription has one root field, this one has {fields}; send several subscriptions"),
        );
        return Err(Box::new(post::refuse(refusal, api, &sender.request_id)));
    }
    tracing::debug!(request_id = %sender.request_id, fields = roots.as_ref().map(Roots::summary), "subscribed");
    let (api, id) = (api.clone(), sender.request_id.clone());
    let answers = api.executor().execute_stream(request, None);
    Ok(answers
        .map(move |response| answer::complete(response, roots.as_ref(), api.root_fields(), &id.0))
        .boxed())
}

/// What kind of operation it is; `None` if the executor will refuse to choose among several.
pub(super) fn kind(admitted: &Admitted, operation: &Operation) -> Option<OperationType> {
    admitted.document.roots(operation.name.as_deref()).map(|roots| roots.kind)
}

/// A query or mutation. In a task of its own: a client that hangs up does not stop a change half-way.
async fn alone<E: Executor, B: Backend>(api: Api<E, B>, sender: Sender, operation: Operation) -> Response {
    let id = sender.request_id.clone();
    let occupied = api.occupy();
    let executing = {
        let api = api.clone();
        tokio::spawn(async move {
            let _occupied = occupied;
            post::execute(&api, &sender, operation, None).await
        })
    };
    match executing.await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => post::refuse(refusal, &api, &id),
        Err(error) => {
            tracing::error!(request_id = %id, panicked = error.is_panic(), "a request failed");
            post::refuse(reply::internal(), &api, &id)
        }
    }
}

/// Whether an answer says that nothing was executed.
pub(super) fn is_refusal(response: &Response) -> bool {
    !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}
