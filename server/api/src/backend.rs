//! The real product behind the transport.

use crate::{router::Backend, transport::Refusal};
use signalbox_core::{access::Actor, ids::Ids};
use signalbox_schema::TenantId;
use signalbox_services::{Link, ServiceError, Services, api_keys};

impl Backend for Services {
    async fn authenticate(&self, key: &str) -> Result<Actor, Refusal> {
        api_keys::authenticate(self, key).await.map_err(Refusal::from)
    }

    fn local(&self) -> Actor {
        self.local_actor()
    }

    async fn until_refused(&self, actor: &Actor, tenant: Option<TenantId>) -> Refusal {
        api_keys::until_refused(self, actor, tenant).await.into()
    }

    async fn check(&self) -> Result<(), Refusal> {
        self.store().ping().await.map_err(|error| ServiceError::from(error).into())
    }

    fn hints(&self) -> &'static str {
        match self.link() {
            Link::Local => "local",
            Link::Up => "ok",
            Link::Down => "lost",
        }
    }

    fn ids(&self) -> &dyn Ids {
        Self::ids(self)
    }
}
