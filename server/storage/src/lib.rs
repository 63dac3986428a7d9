//! signalbox-storage
