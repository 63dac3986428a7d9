//! One file per operation of the agent: the document (from `schema/operations/agent`), its input, its answer.
