//! SDL text as the same shape that introspection has, so that the two can be compared.

use std::collections::BTreeMap;

use async_graphql_parser::types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition};
use async_graphql_parser::{Positioned, parse_schema};
use signalbox_tests::introspection::{Field, Schema, Type};

/// Reads a schema.
pub fn read(text: &str) -> Result<Schema, String> {
    let document = parse_schema(text).map_err(|error| error.to_string())?;
    let mut types = BTreeMap::new();
    let mut roots = ["Query", "Mutation", "Subscription"].map(|name| Some(name.to_owned()));
    for definition in document.definitions {
        match definition {
            TypeSystemDefinition::Schema(schema) => {
                let schema = schema.node;
                roots = [schema.query, schema.mutation, schema.subscription]
                    .map(|root| root.map(|name| name.node.to_string()));
            }
            TypeSystemDefinition::Type(ty) => {
                types.insert(ty.node.name.node.to_string(), shape(ty.node.kind));
            }
            TypeSystemDefinition::Directive(_) => {}
        }
    }
    Ok(Schema::new(types, roots))
}

fn shape(kind: TypeKind) -> Type {
    let of = |kind: &str, fields, values| Type { kind: kind.to_owned(), fields, values };
    match kind {
        TypeKind::Scalar => of("SCALAR", Vec::new(), Vec::new()),
        TypeKind::Object(object) => of("OBJECT", object.fields.iter().map(field).collect(), Vec::new()),
        TypeKind::Interface(interface) => {
            of("INTERFACE", interface.fields.iter().map(field).collect(), Vec::new())
        }
        TypeKind::InputObject(input) => {
            of("INPUT_OBJECT", input.fields.iter().map(input_value).collect(), Vec::new())
        }
        TypeKind::Enum(values) => {
            let values = values.values.iter().map(|value| value.node.value.node.to_string()).collect();
            of("ENUM", Vec::new(), values)
        }
        TypeKind::Union(_) => of("UNION", Vec::new(), Vec::new()),
    }
}

fn field(definition: &Positioned<FieldDefinition>) -> Field {
    let definition = &definition.node;
    Field {
        name: definition.name.node.to_string(),
        ty: definition.ty.node.to_string(),
        args: definition.arguments.iter().map(input_value).collect(),
        has_default: false,
    }
}

fn input_value(definition: &Positioned<InputValueDefinition>) -> Field {
    let definition = &definition.node;
    Field {
        name: definition.name.node.to_string(),
        ty: definition.ty.node.to_string(),
        args: Vec::new(),
        has_default: definition.default_value.is_some(),
    }
}
