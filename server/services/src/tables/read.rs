//! Reading what one root field of the read API asks for.

use signalbox_core::access::{Access, Viewer};
use signalbox_core::query::{Plan, ReadScope};

use crate::{ServiceError, Services};

/// Answers a plan with the rows of the caller's tenant, as JSON text.
pub async fn read(services: &Services, access: &Access<Viewer>, plan: &Plan) -> Result<String, ServiceError> {
    let scope = ReadScope { tenant: access.tenant(), all_tenants: access.sees_all_tenants() };
    Ok(services.store().query(&scope, plan).await?)
}
