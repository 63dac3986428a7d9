//! API keys: made, shown once, kept as a hash, looked up at every request.

mod authenticate;
mod create;
mod delete;
mod watch;

pub(crate) use authenticate::KeyCache;
pub use authenticate::{authenticate, has_admin_key};
pub use create::{CreateApiKey, CreatedApiKey, adopt, create};
pub use delete::delete;
pub use watch::until_refused;

/// The hash under which a key is kept. A key is 256 random bits, so a fast hash is enough.
pub(crate) fn hash(key: &str) -> [u8; 32] {
    *blake3::hash(key.as_bytes()).as_bytes()
}
