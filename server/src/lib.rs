//! signalbox-server
