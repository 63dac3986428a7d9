//! Flows.

mod mutation;
mod registration;

pub use mutation::FlowMutation;
pub use registration::RegistrationMutation;
