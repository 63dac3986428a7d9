//! signalbox-agent
