//! signalbox-bus
