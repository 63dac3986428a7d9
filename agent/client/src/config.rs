//! Where the API is and how to talk to it. Reading the environment or files is the caller's business.

use std::{fmt, time::Duration};

use url::Url;
use uuid::Uuid;

/// How to reach one API. `Debug` never prints the key.
#[derive(Clone)]
pub struct ClientConfig {
    /// Address requests are posted to, for example `http://127.0.0.1:4200`.
    pub api: Url,
    /// API key, sent as `Authorization: Bearer <key>`. `None` works where the server answers without one
    /// (its default tenant on a loopback address).
    pub key: Option<String>,
    /// Tenant to act in, sent as `X-PREFECT-TENANT-ID`; `None` means the key's own tenant.
    pub tenant_id: Option<Uuid>,
    /// Longest time one attempt may take, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// How often a failed request is sent again; 0 means one attempt only. Safe because every mutation of the
    /// API may be delivered more than once.
    pub retries: u32,
}

impl ClientConfig {
    /// The defaults for an address: no key, 15 s per attempt (what Prefect's client allows), 5 retries.
    pub fn new(api: Url) -> Self {
        Self { api, key: None, tenant_id: None, timeout: Duration::from_secs(15), retries: 5 }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("api", &shown(&self.api))
            .field("key", &self.key.as_ref().map(|_| "***"))
            .field("tenant_id", &self.tenant_id)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish()
    }
}

/// The address as it may be shown: without user name, password, query and fragment.
pub(crate) fn shown(api: &Url) -> String {
    let mut shown = api.clone();
    // Both fail only for addresses that cannot carry credentials, which then need no masking.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_never_shown() {
        let mut config = ClientConfig::new(Url::parse("http://u:pw@127.0.0.1:4200/?token=t0k").unwrap());
        config.key = Some("sbx_secret".into());
        let shown = format!("{config:?}");
        assert!(shown.contains("***") && shown.contains("127.0.0.1:4200"), "{shown}");
        for secret in ["sbx_secret", "pw", "t0k"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
