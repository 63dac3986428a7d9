//! Values that flows share by name.

mod delete;
mod set;

pub use delete::delete;
pub use set::set;
