//! Operations made from the schema: mostly such as fit it, some that do not.

use super::{
    choices::Choices,
    literal::{self, Literal},
};
use async_graphql::parser::{
    parse_schema,
    types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};
use serde_json::{Map, Value};
use std::{collections::HashMap, fmt::Write};

/// Fields of one operation; more would only be refused for their number.
const MOST_FIELDS: usize = 40;
/// Levels of selections and of input values.
const MOST_LEVELS: usize = 6;

pub struct Grammar {
    types: HashMap<String, Shape>,
}

enum Shape {
    Object(Vec<Field>),
    Input(Vec<Input>),
    Enum(Vec<String>),
    Scalar,
}

struct Field {
    name: String,
    ty: String,
    arguments: Vec<Input>,
}

struct Input {
    name: String,
    ty: Type,
}

impl Grammar {
    pub fn of_the_schema() -> Self {
        let document = parse_schema(signalbox_api::graphql::sdl()).unwrap();
        let mut types = HashMap::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let shape = match definition.node.kind {
                TypeKind::Object(object) => Shape::Object(
                    object
                        .fields
                        .iter()
                        .map(|field| Field {
                            name: field.node.name.node.to_string(),
                            ty: base(&field.node.ty.node).to_owned(),
                            arguments: field.node.arguments.iter().map(|it| input(&it.node)).collect(),
                        })
                        .collect(),
                ),
                TypeKind::InputObject(object) => {
                    Shape::Input(object.fields.iter().map(|field| input(&field.node)).collect())
                }
                TypeKind::Enum(object) => {
                    Shape::Enum(object.values.iter().map(|value| value.node.value.node.to_string()).collect())
                }
                _ => Shape::Scalar,
            };
            types.insert(definition.node.name.node.to_string(), shape);
        }
        Self { types }
    }

    /// An operation: the document and its variables.
    pub fn operation(&self, choices: &mut Choices<'_>, ids: &[String]) -> (String, Value) {
        let kind = if choices.one_in(3) { "mutation" } else { "query" };
        let root = if kind == "query" { "Query" } else { "Mutation" };
        let mut writer = Writer { grammar: self, choices, ids, operation: Operation::default() };
        writer.selection(root, MOST_LEVELS);
        writer.operation.finish(kind)
    }

    /// A list of one table with a condition, an order and a page.
    pub fn condition(&self, choices: &mut Choices<'_>, ids: &[String]) -> (String, Value) {
        let Some(Shape::Object(roots)) = self.types.get("Query") else { panic!("there is a query root") };
        let tables: Vec<&Field> =
            roots.iter().filter(|field| field.arguments.iter().any(|it| it.name == "where")).collect();
        let table = *choices.of_all(&tables);
        let mut writer = Writer { grammar: self, choices, ids, operation: Operation::default() };
        writer.operation.text = format!("{{ {}", table.name);
        writer.arguments(&table.arguments, true);
        let leaf = if table.name.ends_with("_aggregate") { "aggregate { count }" } else { "id" };
        let _ = write!(writer.operation.text, " {{ {leaf} }} }}");
        writer.operation.finish("query")
    }
}

fn input(definition: &InputValueDefinition) -> Input {
    Input { name: definition.name.node.to_string(), ty: definition.ty.node.clone() }
}

fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => base(inner),
    }
}

#[derive(Default)]
struct Operation {
    text: String,
    fragments: String,
    declared: Vec<String>,
    variables: Map<String, Value>,
    fields: usize,
}

impl Operation {
    fn finish(self, kind: &str) -> (String, Value) {
        let declared = match self.declared.as_slice() {
            [] => String::new(),
            declared => format!("({})", declared.join(", ")),
        };
        (format!("{kind}{declared} {}{}", self.text, self.fragments), Value::Object(self.variables))
    }
}

struct Writer<'a, 'b> {
    grammar: &'a Grammar,
    choices: &'a mut Choices<'b>,
    ids: &'a [String],
    operation: Operation,
}

impl Writer<'_, '_> {
    fn selection(&mut self, of: &str, levels: usize) {
        let grammar = self.grammar;
        let Some(Shape::Object(fields)) = grammar.types.get(of) else { return };
        self.operation.text.push_str(" {");
        for _ in 0..=self.choices.below(4) {
            if self.choices.one_in(12) {
                self.spread(of, levels);
                continue;
            }
            let field = self.choices.of_all(fields);
            let leaf = !matches!(grammar.types.get(&field.ty), Some(Shape::Object(_)));
            self.operation.fields += 1;
            if !leaf && (levels == 0 || self.operation.fields > MOST_FIELDS) {
                self.operation.text.push_str(" __typename");
                continue;
            }
            self.operation.text.push(' ');
            if self.choices.one_in(4) {
                let number = self.choices.below(3);
                let _ = write!(self.operation.text, "a{number}: ");
            }
            self.operation.text.push_str(&field.name);
            self.arguments(&field.arguments, false);
            if self.choices.one_in(16) {
                self.operation.text.push_str(" @include(if: true) @skip(if: false)");
            }
            if !leaf {
                self.selection(&field.ty, levels - 1);
            }
        }
        self.operation.text.push_str(" }");
    }

    /// A spread of a fragment, which is written aside.
    fn spread(&mut self, of: &str, levels: usize) {
        if levels == 0 {
            self.operation.text.push_str(" __typename");
            return;
        }
        if self.choices.one_in(2) {
            let _ = write!(self.operation.text, " ... on {of}");
            self.selection(of, levels - 1);
            return;
        }
        let outer = std::mem::take(&mut self.operation.text);
        self.selection(of, levels - 1);
        let inner = std::mem::replace(&mut self.operation.text, outer);
        let number = self.operation.fragments.matches("fragment ").count();
        let _ = write!(self.operation.fragments, " fragment f{number} on {of}{inner}");
        let _ = write!(self.operation.text, " ...f{number}");
    }

    fn arguments(&mut self, arguments: &[Input], all: bool) {
        let mut written = Vec::new();
        for argument in arguments {
            if argument.ty.nullable && !all && !self.choices.one_in(2) {
                continue;
            }
            let value = self.value(argument, MOST_LEVELS);
            if !value.is_writable() || self.choices.one_in(3) {
                let name = format!("v{}", self.operation.declared.len());
                self.operation.declared.push(format!("${name}: {}", argument.ty));
                self.operation.variables.insert(name.clone(), value.json());
                written.push(format!("{}: ${name}", argument.name));
            } else {
                written.push(format!("{}: {}", argument.name, value.graphql()));
            }
        }
        if !written.is_empty() {
            let _ = write!(self.operation.text, "({})", written.join(", "));
        }
    }

    fn value(&mut self, input: &Input, levels: usize) -> Literal {
        // A poll must not wait.
        if input.name == "wait_ms" {
            return Literal::Number("0");
        }
        self.of_type(&input.ty, levels)
    }

    fn of_type(&mut self, ty: &Type, levels: usize) -> Literal {
        if self.choices.one_in(100) {
            return literal::any(self.choices, 2);
        }
        if ty.nullable && self.choices.one_in(12) {
            return Literal::Null;
        }
        match &ty.base {
            BaseType::List(inner) => {
                // One value may stand for a list of one.
                if self.choices.one_in(8) {
                    return self.of_type(inner, levels);
                }
                let length = if levels == 0 { 0 } else { self.choices.below(4) };
                Literal::List((0..length).map(|_| self.of_type(inner, levels.saturating_sub(1))).collect())
            }
            BaseType::Named(name) => self.named(name, levels),
        }
    }

    fn named(&mut self, name: &str, levels: usize) -> Literal {
        let grammar = self.grammar;
        match grammar.types.get(name) {
            Some(Shape::Enum(values)) => Literal::Enum(self.choices.of_all(values).clone()),
            Some(Shape::Input(fields)) => {
                let mut entries = Vec::new();
                for field in fields.iter().filter(|field| !field.ty.nullable) {
                    entries.push((field.name.clone(), self.value(field, levels.saturating_sub(1))));
                }
                for _ in 0..if levels == 0 { 0 } else { self.choices.below(4) } {
                    let field = self.choices.of_all(fields);
                    if entries.iter().all(|(name, _)| *name != field.name) {
                        entries.push((field.name.clone(), self.value(field, levels - 1)));
                    }
                }
                Literal::Object(entries)
            }
            _ => self.scalar(name),
        }
    }

    fn scalar(&mut self, name: &str) -> Literal {
        match name {
            "Int" | "Float" if self.choices.one_in(8) => literal::number(self.choices),
            "Int" | "Float" => Literal::Number(self.choices.of_all::<&str>(&["1", "0", "7", "500"])),
            "Boolean" => Literal::Boolean(self.choices.one_in(2)),
            "UUID" | "uuid" | "ID" if !self.choices.one_in(20) => {
                Literal::Text(self.choices.of_all(self.ids).clone())
            }
            "DateTime" | "timestamptz" if !self.choices.one_in(16) => {
                Literal::Text("2026-01-01T00:00:00+00:00".to_owned())
            }
            "JSON" | "jsonb" | "json" => literal::any(self.choices, 3),
            _ => Literal::Text(literal::text(self.choices)),
        }
    }
}
