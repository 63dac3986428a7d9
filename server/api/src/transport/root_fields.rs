//! Which root fields of the schema may not be null.

use async_graphql::parser::{
    parse_schema,
    types::{OperationType, TypeDefinition, TypeKind, TypeSystemDefinition},
};
use std::collections::HashSet;

/// The root fields that may not be null, by operation. Read from the SDL, because the executor keeps its
/// registry to itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RootFields {
    query: HashSet<String>,
    mutation: HashSet<String>,
}

impl RootFields {
    /// Reads an SDL. One that cannot be read (it never is: the executor printed it) counts every field as
    /// nullable, which costs a `null` key where the whole data should have been null.
    pub fn from_sdl(sdl: &str) -> Self {
        let Ok(document) = parse_schema(sdl) else { return Self::default() };
        let mut names = (String::from("Query"), String::from("Mutation"));
        let mut types: Vec<TypeDefinition> = Vec::new();
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    names.0 = schema.node.query.map_or(names.0, |name| name.node.to_string());
                    names.1 = schema.node.mutation.map_or(names.1, |name| name.node.to_string());
                }
                TypeSystemDefinition::Type(definition) => types.push(definition.node),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        Self { query: non_null(&types, &names.0), mutation: non_null(&types, &names.1) }
    }

    /// Whether a field may not be null.
    pub(super) fn is_non_null(&self, kind: OperationType, field: &str) -> bool {
        match kind {
            OperationType::Query => self.query.contains(field),
            OperationType::Mutation => self.mutation.contains(field),
            OperationType::Subscription => false,
        }
    }
}

fn non_null(types: &[TypeDefinition], name: &str) -> HashSet<String> {
    let fields = types.iter().filter(|definition| definition.name.node == name).filter_map(|definition| {
        match &definition.kind {
            TypeKind::Object(object) => Some(&object.fields),
            _ => None,
        }
    });
    fields
        .flatten()
        .filter(|field| !field.node.ty.node.nullable)
        .map(|field| field.node.name.node.to_string())
        .collect()
}
