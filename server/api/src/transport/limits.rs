//! What one request may ask of the transport. Limits of the data itself (rows, lengths, states) belong to
//! the rooms that own the data.

use signalbox_core::query::ReadLimits;
use std::time::Duration;

/// Bounds of a GraphQL request over HTTP. [`HttpLimits::default`] fits the stock client and the old UI
/// with room to spare; the server's configuration overrides single values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Largest request body in bytes, after decompression. The stock client's log batches reach about
    /// 4 MB of text before escaping.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Bytes of bodies larger than 64 KiB that may be held in memory at once, over all requests; further
    /// ones wait. At least [`Self::body_bytes`].
    pub buffered_bytes: usize,
    /// Operations in one batch (a JSON array). The old UI sends up to 25.
    pub batch: usize,
    /// Largest GraphQL document in bytes. Data belongs into variables, which only the body limits.
    pub document_bytes: usize,
    /// Brackets of any kind that may be open at once in a document: the parser recurses on each.
    pub document_nesting: usize,
    /// Fields on the longest way from the root to a leaf, fragments expanded. The usual introspection
    /// query needs 15.
    pub document_depth: usize,
    /// Fields of one selection set, fragments expanded.
    pub document_breadth: usize,
    /// Fields of one operation, fragments expanded.
    pub document_fields: usize,
    /// Root fields of one operation: each is a statement or a change of its own.
    pub root_fields: usize,
    /// Fields of one operation that have an alias, fragments expanded.
    pub document_aliases: usize,
    /// Directives of one operation, fragments expanded.
    pub document_directives: usize,
    /// Documents up to this size are kept parsed.
    pub cached_document_bytes: usize,
    /// Bytes of text whose parsed form is kept (which takes some twenty times as much).
    pub document_cache_bytes: usize,
    /// Web sockets that may be open at once.
    pub sockets: usize,
    /// Operations that may run at once on one WebSocket.
    pub operations_per_socket: usize,
    /// Answers from this size on are compressed when the client accepts it; `None` never compresses.
    pub compress_from_bytes: Option<usize>,
    /// Whether the schema may be asked about itself.
    pub introspection: bool,
    /// What one tenant may occupy at once.
    pub tenant: TenantLimits,
    /// What reads may ask for.
    pub read: ReadLimits,
}

/// What one tenant may occupy at once, so that it cannot starve the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantLimits {
    /// Requests and streams that are open, those that wait for something to happen among them. One more is refused.
    pub connections: usize,
    /// Operations that are executing. Further ones wait their turn.
    pub operations: usize,
    /// How long an operation waits for its turn before it is refused. Less than the 15 seconds after which the stock
    /// client gives up.
    pub patience: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            body_timeout: Duration::from_secs(30),
            buffered_bytes: 256 << 20,
            batch: 25,
            document_bytes: 2 << 20,
            document_nesting: 100,
            document_depth: 20,
            document_breadth: 500,
            document_fields: 2_000,
            document_aliases: 500,
            root_fields: 250,
            document_directives: 100,
            cached_document_bytes: 32 << 10,
            document_cache_bytes: 1 << 20,
            sockets: 10_000,
            operations_per_socket: 200,
            compress_from_bytes: Some(8 << 10),
            introspection: true,
            tenant: TenantLimits::default(),
            read: ReadLimits::default(),
        }
    }
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self { connections: 9_000, operations: 256, patience: Duration::from_secs(10) }
    }
}
