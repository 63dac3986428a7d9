//! What is said about runs: the end of what their processes print, and the agent's own lines in the runs' logs.

mod capture;
mod ship;

pub(crate) use capture::Capture;
pub(crate) use ship::{Level, Shipper};
