//! signalbox-api

pub mod transport;
