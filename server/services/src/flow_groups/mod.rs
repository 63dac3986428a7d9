//! Flow groups: what all versions of a flow share.

mod delete;
mod lost_policy;
mod policy;
mod reprioritize;
mod schedule;
mod update;

pub use delete::delete;
pub use lost_policy::{LostPolicy, set_lost_policy};
pub use policy::{SetPolicy, set_policy};
pub use reprioritize::reprioritize;
pub use schedule::{delete_schedule, set_schedule};
pub use update::{Change, update};
