//! signalbox-api
