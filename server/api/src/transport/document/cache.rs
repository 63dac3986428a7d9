//! Documents kept parsed: parsing takes most of the time of a small request.
//!
//! The stock client writes ids and timestamps into many of its documents, so most texts are seen once and
//! keeping them would push out the ones that repeat. A text is kept at its first sight if it uses variables,
//! else at its second.

use super::{super::HttpLimits, super::Refusal, Document};
use moka::sync::Cache;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Slots of the memory of what was seen once; a power of two. A lost memory costs one more parse.
const SEEN_SLOTS: usize = 1024;

/// Parsed documents by the hash of their text.
pub(crate) struct Documents {
    kept: Cache<[u8; 32], Arc<Document>>,
    seen: Box<[AtomicU64]>,
    limits: HttpLimits,
}

impl Documents {
    /// An empty cache within `limits`.
    pub fn new(limits: &HttpLimits) -> Self {
        let kept = Cache::builder()
            .weigher(|_, document: &Arc<Document>| document.weight)
            .max_capacity(limits.document_cache_bytes as u64)
            .build();
        Self { kept, seen: (0..SEEN_SLOTS).map(|_| AtomicU64::new(0)).collect(), limits: limits.clone() }
    }

    /// The parsed form of a text.
    pub fn get(&self, text: &str) -> Result<Arc<Document>, Refusal> {
        if text.len() > self.limits.cached_document_bytes {
            return Document::read(text, &self.limits).map(Arc::new);
        }
        let hash = *blake3::hash(text.as_bytes()).as_bytes();
        if let Some(document) = self.kept.get(&hash) {
            return Ok(document);
        }
        let document = Arc::new(Document::read(text, &self.limits)?);
        if text.contains('$') || self.seen_before(hash) {
            self.kept.insert(hash, Arc::clone(&document));
        }
        Ok(document)
    }

    fn seen_before(&self, hash: [u8; 32]) -> bool {
        let mark = u64::from_le_bytes(std::array::from_fn(|at| hash[at]));
        let slot = usize::from(u16::from_le_bytes([hash[8], hash[9]])) % SEEN_SLOTS;
        self.seen[slot].swap(mark, Ordering::Relaxed) == mark
    }

    #[cfg(test)]
    pub(super) fn keeps(&self, text: &str) -> bool {
        self.kept.contains_key(blake3::hash(text.as_bytes()).as_bytes())
    }
}
