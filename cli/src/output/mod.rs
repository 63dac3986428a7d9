//! What people and scripts see: tables, JSON, colours, times. Data goes to stdout, messages for people to stderr. No
//! requests are made here.

pub(crate) mod log_line;
pub(crate) mod screen;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
