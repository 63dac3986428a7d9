//! The selection set of a root field in the compiler's own form: fragments inlined, variables replaced.

use async_graphql::parser::types::{Field, Selection as Parsed, SelectionSet};
use async_graphql::{Context, Name, ServerError, ServerResult, Value};
use async_graphql_value::Value as Argument;
use serde_json::{Map, Value as Json};
use signalbox_core::query::Selection;

/// Reads the root field that `ctx` is at. (`@skip` and `@include` were applied before execution.)
pub(super) fn of_root_field(ctx: &Context<'_>) -> ServerResult<Selection> {
    let reader = Reader { ctx };
    let key = ctx.item.node.response_key().node.as_str();
    // The field may be selected more than once; the answer must then hold what all of them select, since the library
    // cannot merge answers that are text.
    let mut same = Vec::new();
    reader.read_fields_with_key(&ctx.query_env.operation.node.selection_set.node, key, &mut same)?;
    same.pop().map_or_else(|| reader.read_field(&ctx.item.node), Ok)
}

struct Reader<'c> {
    ctx: &'c Context<'c>,
}

impl Reader<'_> {
    fn read_fields_with_key(
        &self,
        set: &SelectionSet,
        key: &str,
        into: &mut Vec<Selection>,
    ) -> ServerResult<()> {
        self.each_field(set, &mut |field| {
            if field.response_key().node.as_str() == key {
                self.read_field(field)?.merge_into(into);
            }
            Ok(())
        })
    }

    fn read_field(&self, field: &Field) -> ServerResult<Selection> {
        let mut arguments = Map::new();
        for (name, value) in &field.arguments {
            if let Some(value) = self.argument(&value.node)? {
                arguments.insert(name.node.to_string(), value);
            }
        }
        let mut selections = Vec::with_capacity(field.selection_set.node.items.len());
        self.each_field(&field.selection_set.node, &mut |field| {
            self.read_field(field)?.merge_into(&mut selections);
            Ok(())
        })?;
        Ok(Selection {
            key: field.response_key().node.to_string(),
            field: field.name.node.to_string(),
            arguments,
            selections,
        })
    }

    /// Calls `visit` for each field of a set and of its fragments. Type conditions always hold: no table's type is
    /// an interface or a union, and validation refuses fragments that cannot apply.
    fn each_field(
        &self,
        set: &SelectionSet,
        visit: &mut dyn FnMut(&Field) -> ServerResult<()>,
    ) -> ServerResult<()> {
        for item in &set.items {
            match &item.node {
                Parsed::Field(field) => visit(&field.node)?,
                Parsed::InlineFragment(fragment) => {
                    self.each_field(&fragment.node.selection_set.node, visit)?;
                }
                Parsed::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self.ctx.query_env.fragments.get(name).ok_or_else(|| {
                        ServerError::new(format!("Unknown fragment \"{name}\"."), Some(spread.pos))
                    })?;
                    self.each_field(&fragment.node.selection_set.node, visit)?;
                }
            }
        }
        Ok(())
    }

    /// An argument's value; nothing when it is a variable that was not given.
    fn argument(&self, value: &Argument) -> ServerResult<Option<Json>> {
        Ok(Some(match value {
            Argument::Variable(name) => match self.variable(name)? {
                Some(value) => constant(value),
                None => return Ok(None),
            },
            Argument::List(elements) => {
                let elements = elements.iter().map(|e| Ok(self.argument(e)?.unwrap_or(Json::Null)));
                Json::Array(elements.collect::<ServerResult<_>>()?)
            }
            Argument::Object(entries) => {
                let mut object = Map::with_capacity(entries.len());
                for (name, value) in entries {
                    if let Some(value) = self.argument(value)? {
                        object.insert(name.to_string(), value);
                    }
                }
                Json::Object(object)
            }
            Argument::Null | Argument::Binary(_) => Json::Null,
            Argument::Number(number) => Json::Number(number.clone()),
            Argument::String(text) => Json::String(text.clone()),
            Argument::Boolean(truth) => Json::Bool(*truth),
            Argument::Enum(name) => Json::String(name.to_string()),
        }))
    }

    fn variable(&self, name: &Name) -> ServerResult<Option<&Value>> {
        let environment = self.ctx.query_env;
        if let Some(value) = environment.variables.get(name) {
            return Ok(Some(value));
        }
        let definitions = &environment.operation.node.variable_definitions;
        let definition = definitions.iter().find(|definition| definition.node.name.node == *name);
        let definition = definition.ok_or_else(|| {
            ServerError::new(format!("Variable {name} is not defined."), Some(self.ctx.item.pos))
        })?;
        Ok(definition.node.default_value.as_ref().map(|value| &value.node))
    }
}

fn constant(value: &Value) -> Json {
    match value {
        Value::Null | Value::Binary(_) => Json::Null,
        Value::Number(number) => Json::Number(number.clone()),
        Value::String(text) => Json::String(text.clone()),
        Value::Boolean(truth) => Json::Bool(*truth),
        Value::Enum(name) => Json::String(name.to_string()),
        Value::List(elements) => Json::Array(elements.iter().map(constant).collect()),
        Value::Object(entries) => {
            Json::Object(entries.iter().map(|(name, value)| (name.to_string(), constant(value))).collect())
        }
    }
}
