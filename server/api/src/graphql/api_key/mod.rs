//! API keys.

mod mutation;

pub use mutation::ApiKeyMutation;
