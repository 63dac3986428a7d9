//! signalbox-schema
