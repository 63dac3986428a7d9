//! What a resolver knows about its request.

use crate::transport::{AgentHeader, CoreVersion, RequestedTenant};
use async_graphql::Context;
use signalbox_core::access::{Access, Actor, Level};
use signalbox_schema::{AgentId, ErrorCode, TenantId};
use signalbox_services::{ServiceError, Services};
use uuid::Uuid;

/// Short ways to what the transport put into the context.
pub(crate) trait RequestContext {
    /// The use cases.
    fn services(&self) -> Result<&Services, ServiceError>;

    /// Who sent the request.
    fn actor(&self) -> Result<&Actor, ServiceError>;

    /// The proof of right `L` in the tenant that the request's header names, or else the actor's own.
    fn access<L: Level>(&self) -> Result<Access<L>, ServiceError> {
        self.access_in(None)
    }

    /// The same in the tenant that the input names.
    fn access_in<L: Level>(&self, tenant: Option<Uuid>) -> Result<Access<L>, ServiceError>;

    /// The agent that sent the request, if it says so.
    fn agent(&self) -> Option<AgentId>;

    /// The version of the sender's library, if it says so.
    fn core_version(&self) -> Option<String>;
}

impl RequestContext for Context<'_> {
    fn services(&self) -> Result<&Services, ServiceError> {
        self.data_opt::<Services>().ok_or_else(incomplete)
    }

    fn actor(&self) -> Result<&Actor, ServiceError> {
        self.data_opt::<Actor>().ok_or_else(|| {
            ServiceError::new(ErrorCode::Unauthenticated, "UNAUTHENTICATED: this server needs an API key")
        })
    }

    fn access_in<L: Level>(&self, tenant: Option<Uuid>) -> Result<Access<L>, ServiceError> {
        let header = self.data_opt::<RequestedTenant>().and_then(|requested| requested.0);
        Ok(self.actor()?.access(tenant.map(TenantId).or(header))?)
    }

    fn agent(&self) -> Option<AgentId> {
        self.data_opt::<AgentHeader>().and_then(|header| header.0)
    }

    fn core_version(&self) -> Option<String> {
        self.data_opt::<CoreVersion>().and_then(|header| header.0.clone())
    }
}

fn incomplete() -> ServiceError {
    ServiceError::new(ErrorCode::Internal, "the request reached the API without its surroundings")
}
