//! Browsers on the machine of an open server.
//!
//! A server that asks nobody for a key trusts everybody who reaches its port; every web page that the user
//! of the machine visits does, by way of the user's browser. Two headers that a page cannot forge tell: `Origin`
//! says which page sends, and `Host` says by which name the port was reached (a page can point its own name
//! at 127.0.0.1, but then that name is in `Host`). Keys are not sent by browsers on their own, so a server
//! that demands them needs neither check.

use super::Doors;
use crate::transport::Refusal;
use axum::http::{
    HeaderMap, HeaderValue, Uri,
    header::{HOST, ORIGIN},
};
use signalbox_schema::ErrorCode;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What browsers may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserPolicy {
    /// Whether keys are needed.
    pub doors: Doors,
    /// Whether the server listens on a loopback address.
    pub loopback: bool,
    /// Origins that may use the API from a browser, besides those of this machine on an open server.
    pub allowed_origins: Vec<String>,
    /// Names under which an open server on a loopback address may be reached, besides this machine's own.
    pub allowed_hosts: Vec<String>,
}

impl BrowserPolicy {
    /// Refuses a request that a foreign page may have caused.
    pub(crate) fn admit(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        if self.doors == Doors::Keys {
            return Ok(());
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
        if let Some(host) = host.filter(|host| self.loopback && !self.is_our_name(host)) {
            return Err(forbidden(format!(
                "this server serves its own machine only and does not know the name \"{host}\"; call it by \
                 127.0.0.1 or localhost, or add the name to the setting allowed_hosts"
            )));
        }
        let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or("?");
        if self.trusts(origin) || host.is_some_and(|host| is_of(origin, host)) {
            return Ok(());
        }
        Err(forbidden(format!(
            "pages of {origin} may not use this server, which asks for no key; add the origin to the setting \
             allowed_origins if it is yours"
        )))
    }

    /// The origin that may read the answer, for `Access-Control-Allow-Origin`.
    pub(crate) fn cors_origin<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        headers.get(ORIGIN).filter(|origin| origin.to_str().is_ok_and(|origin| self.trusts(origin)))
    }

    fn trusts(&self, origin: &str) -> bool {
        let listed = self.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
        let local = self.doors == Doors::Open
            && self.loopback
            && origin.split_once("://").is_some_and(|(_, authority)| is_local(host_of(authority)));
        listed || local
    }

    fn is_our_name(&self, authority: &str) -> bool {
        let host = host_of(authority);
        is_local(host) || self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

/// Whether the page was served under the name and port that the request goes to.
fn is_of(origin: &str, host: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

/// The host of `host[:port]`, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Whether a name always means this machine (RFC 6761 keeps `localhost` and what ends in it).
fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

fn forbidden(message: String) -> Refusal {
    Refusal::new(ErrorCode::Forbidden, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(policy: &BrowserPolicy, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).unwrap())]);
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        policy.admit(&headers, &Uri::from_static("/")).is_ok()
    }

    fn open(loopback: bool) -> BrowserPolicy {
        BrowserPolicy {
            doors: Doors::Open,
            loopback,
            allowed_origins: vec!["https://ui.example.com".to_owned()],
            allowed_hosts: vec!["host.docker.internal".to_owned()],
        }
    }

    #[test]
    fn an_open_server_knows_its_own_names_and_pages_only() {
        let policy = open(true);
        for host in
            ["127.0.0.1:4200", "localhost:4200", "[::1]:4200", "a.localhost", "host.docker.internal:4200"]
        {
            assert!(admits(&policy, host, None), "{host}");
        }
        for host in ["evil.example:4200", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1"] {
            assert!(!admits(&policy, host, None), "{host}");
        }
        for origin in
            ["http://localhost:8080", "http://127.0.0.1", "https://ui.example.com", "http://[::1]:1"]
        {
            assert!(admits(&policy, "localhost:4200", Some(origin)), "{origin}");
        }
        for origin in ["https://evil.example", "null", "http://localhost.evil", "http://127.0.0.1.evil"] {
            assert!(!admits(&policy, "localhost:4200", Some(origin)), "{origin}");
        }
    }

    #[test]
    fn an_open_server_on_a_network_admits_its_own_pages() {
        let policy = open(false);
        assert!(admits(&policy, "box.lan:4200", None));
        assert!(admits(&policy, "box.lan:4200", Some("http://box.lan:4200")));
        assert!(admits(&policy, "box.lan:4200", Some("https://ui.example.com")));
        assert!(!admits(&policy, "box.lan:4200", Some("http://localhost:8080")));
        assert!(!admits(&policy, "box.lan:4200", Some("https://evil.example")));
    }

    #[test]
    fn a_server_with_keys_leaves_browsers_to_cors() {
        let policy = BrowserPolicy { doors: Doors::Keys, ..open(true) };
        assert!(admits(&policy, "signalbox.example.com", Some("https://evil.example")));
        let headers =
            |origin: &'static str| HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
        assert!(policy.cors_origin(&headers("https://ui.example.com")).is_some());
        assert!(policy.cors_origin(&headers("https://evil.example")).is_none());
        assert!(policy.cors_origin(&headers("http://localhost:1")).is_none());
    }
}
