//! What the agent takes on: registering, asking for work, counting what it holds, and winding down. How one run is
//! executed is the next room's business (`run/`).

pub(crate) mod drain;
pub(crate) mod poll;
pub(crate) mod register;
pub(crate) mod slots;
