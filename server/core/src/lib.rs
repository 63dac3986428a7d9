//! signalbox-core
