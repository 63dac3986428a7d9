//! What the request selects, free of any GraphQL library: fragments inlined, variables replaced.

use serde_json::{Map, Value};

/// One selected field. Argument objects keep the order of their keys: it is significant in `order_by`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Key of the answer: the alias, or the field's name.
    pub key: String,
    /// Name of the field.
    pub field: String,
    /// Arguments by name; enum values are strings; an undefined variable leaves its argument out.
    pub arguments: Map<String, Value>,
    /// Selected fields of the object, in the order of the answer.
    pub selections: Vec<Selection>,
}

impl Selection {
    /// Adds a selection to its siblings. Two selections with one key are one field (the specification's field
    /// merging; validation has made sure that they agree in field and arguments).
    pub fn merge_into(self, siblings: &mut Vec<Self>) {
        let Some(twin) = siblings.iter_mut().find(|sibling| sibling.key == self.key) else {
            siblings.push(self);
            return;
        };
        for selection in self.selections {
            selection.merge_into(&mut twin.selections);
        }
    }
}
