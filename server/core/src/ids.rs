//! Ids and randomness as an input.

use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Where ids and random numbers come from.
pub trait Ids: Send + Sync + 'static {
    /// A new id. Later ids are greater (UUIDv7), which keeps index inserts at one end.
    fn id(&self) -> Uuid;

    /// 64 random bits.
    fn random(&self) -> u64;
}

/// UUIDv7 and the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where ids are made")]
    fn id(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place where randomness enters")]
    fn random(&self) -> u64 {
        Uuid::new_v4().as_u64_pair().1.rotate_left(8) ^ Uuid::new_v4().as_u64_pair().0
    }
}

/// Ids counted up from one, for tests whose answers are compared with a text.
#[derive(Debug, Default)]
pub struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn id(&self) -> Uuid {
        Uuid::from_u64_pair(0x7000, 0x8000_0000_0000_0000 | self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}
