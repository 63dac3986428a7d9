//! The rules of Signalbox, pure: no I/O, no clock, no runtime. What must happen is decided here and
//! performed by `signalbox-services`.

pub mod access;
pub mod clock;
pub mod concurrency;
pub mod cursor;
pub mod event;
pub mod explain;
pub mod flow;
pub mod ids;
pub mod lease;
pub mod query;
pub mod queue;
pub mod registry;
pub mod retention;
pub mod run;
pub mod schedule;
