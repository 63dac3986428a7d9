//! The registry is consistent with itself.
