//! signalbox-services
