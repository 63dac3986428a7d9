//! The settings that bound requests, and the limits of the transport and of reads that they become. What each is for
//! and how a refusal looks is in `docs/limits.md`.

use super::layers::{Reader, flag, number, seconds, size};
use figment::value::Value;
use signalbox_api::transport::{HttpLimits, TenantLimits};
use signalbox_core::query::ReadLimits;
use std::{ops::RangeInclusive, time::Duration};

/// What requests may ask for. `None` is the default of [`HttpLimits`].
#[derive(Debug, Clone, Default)]
pub struct Limits {
    http: HttpLimits,
    tenant_connections: Option<usize>,
}

/// The shortest bodies and documents that make sense: the stock client's usual ones must pass.
const LEAST_BYTES: usize = 1 << 16;
/// The parser recurses on each; far below what its stack holds.
const MOST_BRACKETS: usize = 200;

impl Limits {
    /// Takes the settings of this room; those that are missing or wrong have their defaults.
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut http = HttpLimits::default();
        let mut set = |name: &str, range: RangeInclusive<usize>, limit: &mut usize| {
            *limit = reader.take(name, |value| within(value, &range)).unwrap_or(*limit);
        };
        set("max_body_bytes", LEAST_BYTES..=usize::MAX, &mut http.body_bytes);
        set("max_batch_operations", 1..=usize::MAX, &mut http.batch);
        set("max_document_bytes", LEAST_BYTES..=usize::MAX, &mut http.document_bytes);
        set("max_document_nesting", 10..=MOST_BRACKETS, &mut http.document_nesting);
        set("max_query_depth", 1..=usize::MAX, &mut http.document_depth);
        set("max_query_breadth", 1..=usize::MAX, &mut http.document_breadth);
        set("max_query_fields", 1..=usize::MAX, &mut http.document_fields);
        set("max_query_roots", 1..=usize::MAX, &mut http.root_fields);
        set("max_query_aliases", 0..=usize::MAX, &mut http.document_aliases);
        set("max_query_directives", 0..=usize::MAX, &mut http.document_directives);
        set("max_query_relations", 1..=usize::MAX, &mut http.read.max_levels);
        set("max_query_relations_deep", 1..=usize::MAX, &mut http.read.max_depth);
        set("max_query_conditions", 1..=ReadLimits::MOST_CONDITIONS, &mut http.read.max_conditions);
        set("max_tenant_operations", 1..=usize::MAX, &mut http.tenant.operations);
        http.buffered_bytes = http.buffered_bytes.max(http.body_bytes);
        let mut set = |name: &str, limit: &mut u64| {
            let positive = |value: &_| match number(value)? {
                0 => Err("at least 1 is wanted".to_owned()),
                number => Ok(number),
            };
            *limit = reader.take(name, positive).unwrap_or(*limit);
        };
        set("max_query_cost", &mut http.read.max_cost);
        set("max_rows", &mut http.read.max_rows_root);
        set("max_nested_rows", &mut http.read.max_rows_level);
        set("max_answer_bytes", &mut http.read.max_answer_bytes);
        http.read.default_rows_root = reader.take("default_rows", number).filter(|rows| *rows > 0);
        http.read.default_rows_nested = reader.take("default_nested_rows", number).filter(|rows| *rows > 0);
        let timeout = reader.take("query_timeout_seconds", |value| match seconds(value)? {
            Duration::ZERO => Err("at least 1 is wanted".to_owned()),
            timeout => Ok(timeout),
        });
        http.read.timeout = timeout.unwrap_or(http.read.timeout);
        http.introspection = reader.take("introspection", flag).unwrap_or(http.introspection);
        let tenant_connections = reader.take("max_tenant_connections", |value| size(value, 1));
        Self { http, tenant_connections }
    }

    /// The limits of a server that serves so many connections. One tenant leaves a tenth of them to others, unless
    /// the operator says otherwise.
    pub(super) fn http(&self, connections: usize) -> HttpLimits {
        let most = (connections - connections / 10).max(1);
        let tenant =
            TenantLimits { connections: self.tenant_connections.unwrap_or(most), ..self.http.tenant };
        HttpLimits { tenant, ..self.http.clone() }
    }
}

fn within(value: &Value, range: &RangeInclusive<usize>) -> Result<usize, String> {
    match size(value, *range.start())? {
        size if size <= *range.end() => Ok(size),
        _ => Err(format!("at most {} is allowed", range.end())),
    }
}
