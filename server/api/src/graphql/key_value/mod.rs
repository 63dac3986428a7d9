//! Values that flows share by name.

mod mutation;

pub use mutation::KeyValueMutation;
