//! The root fields of an operation, in the order in which they were asked for.

use super::super::Refusal;
use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet},
};
use signalbox_schema::ErrorCode;

/// Fields whose answers wait on purpose.
const LONG_POLLS: &[&str] = &["claim_flow_runs"];

/// What the answer must hold at its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::transport) struct Roots {
    /// Query, mutation or subscription.
    pub kind: OperationType,
    /// Response key (alias or name) and name of each root field, in order, each key once. Fields that
    /// `@skip` or `@include` may remove are among them.
    pub fields: Vec<RootField>,
    /// Variables that must be given: name and type.
    pub required: Vec<(String, String)>,
}

/// One root field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::transport) struct RootField {
    /// Its key in the answer.
    pub key: String,
    /// Its name in the schema.
    pub name: String,
}

impl Roots {
    /// The root fields of `operation`. The document must have been measured: fragments do not form a cycle.
    pub(super) fn of(operation: &OperationDefinition, document: &ExecutableDocument) -> Self {
        let required = operation
            .variable_definitions
            .iter()
            .map(|definition| &definition.node)
            .filter(|variable| !variable.var_type.node.nullable && variable.default_value.is_none())
            .map(|variable| (variable.name.node.to_string(), variable.var_type.node.to_string()))
            .collect();
        let mut roots = Self { kind: operation.ty, fields: Vec::new(), required };
        roots.collect(&operation.selection_set.node, document);
        roots
    }

    fn collect(&mut self, set: &SelectionSet, document: &ExecutableDocument) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    if !self.fields.iter().any(|known| known.key == key) {
                        self.fields
                            .push(RootField { key: key.to_owned(), name: field.node.name.node.to_string() });
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.collect(&fragment.node.selection_set.node, document);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        self.collect(&fragment.node.selection_set.node, document);
                    }
                }
            }
        }
    }

    /// Refuses variables among which a required one is missing or null. The executor would let it pass and
    /// complain, when it comes to use it, that the variable "is not defined".
    pub fn check(&self, variables: &Variables) -> Result<(), Refusal> {
        let missing = self
            .required
            .iter()
            .find(|(name, _)| variables.get(&Name::new(name)).is_none_or(|value| *value == Value::Null));
        match missing {
            Some((name, kind)) => Err(Refusal::new(
                ErrorCode::InvalidInput,
                format!("the variable ${name} of type {kind} is missing or null"),
            )),
            None => Ok(()),
        }
    }

    /// Whether the operation asks the schema about itself. (`__typename` needs no schema.)
    pub fn introspects(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.name.as_str(), "__schema" | "__type"))
    }

    /// Whether the answer may be waiting for something to happen: a long poll.
    pub fn waits(&self) -> bool {
        self.fields.iter().any(|field| LONG_POLLS.contains(&field.name.as_str()))
    }

    /// The operation in a word or two, for logs: names of the schema, never values.
    pub fn summary(&self) -> String {
        const SHOWN: usize = 3;
        let mut summary =
            self.fields.iter().take(SHOWN).map(|field| field.name.as_str()).collect::<Vec<_>>().join(",");
        if self.fields.len() > SHOWN {
            summary.push_str(",…");
        }
        summary
    }
}
