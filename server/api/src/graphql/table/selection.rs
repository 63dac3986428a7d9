//! The selection set of a root field in the compiler's own form: fragments inlined, variables replaced.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection as Parsed,
    SelectionSet,
};
use async_graphql::{Context, Name, Pos, Positioned, ServerError, ServerResult, Value, Variables};
use async_graphql_value::Value as Argument;
use serde_json::{Map, Value as Json};
use signalbox_core::query::Selection;

/// Reads the root field that `ctx` is at.
pub(super) fn of_root_field(ctx: &Context<'_>) -> ServerResult<Selection> {
    let environment = ctx.query_env;
    let reader = Reader {
        fragments: &environment.fragments,
        operation: &environment.operation.node,
        variables: &environment.variables,
    };
    let key = ctx.item.node.response_key().node.as_str();
    // The field may be selected more than once; the answer must then hold what all of them select, since the library
    // cannot merge answers that are text.
    let mut same = Vec::new();
    reader.each_root(&mut |field| {
        if field.response_key().node.as_str() == key {
            reader.read_field(field)?.merge_into(&mut same);
        }
        Ok(())
    })?;
    same.pop().map_or_else(|| reader.read_field(&ctx.item.node), Ok)
}

/// Reads the selections of one operation.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
}

impl<'a> Reader<'a> {
    /// A reader of an operation of a document. Its fragments must not form a cycle.
    pub fn new(
        document: &'a ExecutableDocument,
        operation: &'a OperationDefinition,
        variables: &'a Variables,
    ) -> Self {
        Self { fragments: &document.fragments, operation, variables }
    }

    /// Calls `visit` for each root field, as often as it is selected.
    pub fn each_root(&self, visit: &mut dyn FnMut(&'a Field) -> ServerResult<()>) -> ServerResult<()> {
        self.each_field(&self.operation.selection_set.node, visit)
    }

    /// A field with what is selected of it.
    pub fn read_field(&self, field: &'a Field) -> ServerResult<Selection> {
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

    /// Calls `visit` for each field of a set and of its fragments, but for those that `@skip` and `@include` leave
    /// out. Type conditions always hold: no table's type is an interface or a union, and validation refuses fragments
    /// that cannot apply.
    pub fn each_field(
        &self,
        set: &'a SelectionSet,
        visit: &mut dyn FnMut(&'a Field) -> ServerResult<()>,
    ) -> ServerResult<()> {
        for item in &set.items {
            match &item.node {
                Parsed::Field(field) if self.selects(&field.node.directives)? => visit(&field.node)?,
                Parsed::InlineFragment(fragment) if self.selects(&fragment.node.directives)? => {
                    self.each_field(&fragment.node.selection_set.node, visit)?;
                }
                Parsed::FragmentSpread(spread) if self.selects(&spread.node.directives)? => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self.fragments.get(name).ok_or_else(|| {
                        ServerError::new(format!("Unknown fragment \"{name}\"."), Some(spread.pos))
                    })?;
                    self.each_field(&fragment.node.selection_set.node, visit)?;
                }
                Parsed::Field(_) | Parsed::InlineFragment(_) | Parsed::FragmentSpread(_) => {}
            }
        }
        Ok(())
    }

    /// Whether neither `@skip` nor `@include` leaves something out. (The executor has applied them already when it
    /// comes to a resolver, and its validation refuses conditions that are no booleans.)
    fn selects(&self, directives: &[Positioned<Directive>]) -> ServerResult<bool> {
        for directive in directives {
            let left_out_if = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => continue,
            };
            let condition = directive.node.arguments.iter().find(|(name, _)| name.node == "if");
            let condition = condition.map(|(_, value)| self.argument(&value.node)).transpose()?.flatten();
            if condition == Some(Json::Bool(left_out_if)) {
                return Ok(false);
            }
        }
        Ok(true)
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

    fn variable(&self, name: &Name) -> ServerResult<Option<&'a Value>> {
        if let Some(value) = self.variables.get(name) {
            return Ok(Some(value));
        }
        let definition = self
            .operation
            .variable_definitions
            .iter()
            .find(|definition| definition.node.name.node == *name)
            .ok_or_else(|| ServerError::new(format!("Variable {name} is not defined."), None::<Pos>))?;
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
