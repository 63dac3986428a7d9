//! What the running server says about its own schema: the universe that coverage tests start from.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::client::Client;

const DOCUMENT: &str = "{ __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  types { kind name
    fields(includeDeprecated: true) { name type { ...t } args { name type { ...t } defaultValue } }
    inputFields { name type { ...t } defaultValue }
    enumValues(includeDeprecated: true) { name } }
} }
fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";

/// All types of the schema.
#[derive(Debug, Clone)]
pub struct Schema {
    types: BTreeMap<String, Type>,
    roots: [Option<String>; 3],
}

/// One type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// `OBJECT`, `INPUT_OBJECT`, `ENUM`, `SCALAR` …
    pub kind: String,
    /// Fields of an object, or input fields.
    pub fields: Vec<Field>,
    /// Values of an enum.
    pub values: Vec<String>,
}

/// A field, an argument or an input field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type as written in SDL, for example `[uuid!]`.
    pub ty: String,
    /// Its arguments.
    pub args: Vec<Field>,
    /// Whether there is a default.
    pub has_default: bool,
}

impl Field {
    /// The type's name without lists and exclamation marks.
    pub fn base(&self) -> &str {
        self.ty.trim_matches(['[', ']', '!'])
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        self.ty.starts_with('[')
    }

    /// Whether a value must be given.
    pub fn is_required(&self) -> bool {
        self.ty.ends_with('!') && !self.has_default
    }
}

impl Schema {
    /// Asks the server.
    ///
    /// # Panics
    /// When introspection is refused or incomplete.
    pub async fn of(client: &Client) -> Self {
        let schema = client.data(DOCUMENT, Value::Null).await["__schema"].take();
        let types = list(&schema["types"]).iter().map(|ty| (text(&ty["name"]), parse_type(ty))).collect();
        let roots = ["queryType", "mutationType", "subscriptionType"]
            .map(|root| schema[root]["name"].as_str().map(str::to_owned));
        Self { types, roots }
    }

    /// A schema from its parts: the types, and the names of the query, mutation and subscription roots.
    pub fn new(types: BTreeMap<String, Type>, roots: [Option<String>; 3]) -> Self {
        Self { types, roots }
    }

    /// A type by name.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// All types by name.
    pub fn types(&self) -> &BTreeMap<String, Type> {
        &self.types
    }

    /// The fields of the query root.
    pub fn queries(&self) -> &[Field] {
        self.root(0)
    }

    /// The fields of the mutation root.
    pub fn mutations(&self) -> &[Field] {
        self.root(1)
    }

    /// The fields of the subscription root.
    pub fn subscriptions(&self) -> &[Field] {
        self.root(2)
    }

    fn root(&self, index: usize) -> &[Field] {
        self.roots[index].as_ref().and_then(|name| self.types.get(name)).map_or(&[], |ty| &ty.fields)
    }

    /// Whether values of this type have no parts to select.
    pub fn is_leaf(&self, name: &str) -> bool {
        self.get(name).is_none_or(|ty| matches!(ty.kind.as_str(), "SCALAR" | "ENUM"))
    }

    /// The names of a type's fields that can be read as they are: leaves without required arguments.
    pub fn columns(&self, name: &str) -> Vec<&str> {
        let fields = self.get(name).map_or(&[][..], |ty| &ty.fields);
        let plain = |field: &&Field| self.is_leaf(field.base()) && !field.args.iter().any(Field::is_required);
        fields.iter().filter(plain).map(|field| field.name.as_str()).collect()
    }

    /// The root fields that read whole tables: a list of objects with an id, with a `where` argument.
    pub fn tables(&self) -> Vec<&Field> {
        let is_table = |field: &&Field| {
            field.is_list()
                && field.args.iter().any(|arg| arg.name == "where")
                && self.columns(field.base()).contains(&"id")
        };
        self.queries().iter().filter(is_table).collect()
    }
}

fn parse_type(ty: &Value) -> Type {
    let fields = if ty["fields"].is_array() { &ty["fields"] } else { &ty["inputFields"] };
    Type {
        kind: text(&ty["kind"]),
        fields: list(fields).iter().map(parse_field).collect(),
        values: list(&ty["enumValues"]).iter().map(|value| text(&value["name"])).collect(),
    }
}

fn parse_field(field: &Value) -> Field {
    Field {
        name: text(&field["name"]),
        ty: written(&field["type"]),
        args: list(&field["args"]).iter().map(parse_field).collect(),
        has_default: field["defaultValue"].is_string(),
    }
}

/// The type reference as SDL writes it.
fn written(ty: &Value) -> String {
    match ty["kind"].as_str() {
        Some("NON_NULL") => written(&ty["ofType"]) + "!",
        Some("LIST") => format!("[{}]", written(&ty["ofType"])),
        _ => text(&ty["name"]),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Which data a sample value may be made of.
#[derive(Debug, Default)]
pub struct Samples {
    values: BTreeMap<&'static str, Value>,
}

impl Samples {
    /// Says what stands for every argument or input field of this name; `name@Type` only for those of this type.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.values.insert(name, value);
        self
    }

    /// Whether there is a value for this name.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A value for the field: by name where one is known, else the smallest its type allows.
    pub fn value(&self, schema: &Schema, field: &Field) -> Value {
        let typed = format!("{}@{}", field.name, field.base());
        let known = self.values.get(typed.as_str()).or_else(|| self.values.get(field.name.as_str()));
        let single = match known {
            Some(known) if field.is_list() == known.is_array() || field.base() == "JSON" => {
                return known.clone();
            }
            Some(known) => known.clone(),
            None => self.of_type(schema, field.base()),
        };
        if field.is_list() { json!([single]) } else { single }
    }

    fn of_type(&self, schema: &Schema, name: &str) -> Value {
        match schema.get(name) {
            Some(ty) if ty.kind == "INPUT_OBJECT" => {
                let wanted = ty.fields.iter().filter(|field| field.is_required() || self.has(&field.name));
                wanted.map(|field| (field.name.clone(), self.value(schema, field))).collect()
            }
            Some(ty) if ty.kind == "ENUM" => ty.values.first().map_or(Value::Null, |value| json!(value)),
            _ => match name {
                "Int" | "Float" => json!(1),
                "Boolean" => json!(false),
                "JSON" | "jsonb" | "json" => json!({}),
                "UUID" | "uuid" => json!("00000000-0000-4000-8000-000000000000"),
                "DateTime" | "timestamptz" => json!("2026-01-01T00:00:00+00:00"),
                _ => json!("sample"),
            },
        }
    }

    /// A valid operation that calls a root field: the document, and its variables.
    pub fn operation(&self, schema: &Schema, kind: &str, field: &Field) -> (String, Value) {
        let given: Vec<&Field> =
            field.args.iter().filter(|arg| arg.is_required() || self.has(&arg.name)).collect();
        let declared: Vec<String> = given.iter().map(|arg| format!("${}: {}", arg.name, arg.ty)).collect();
        let passed: Vec<String> = given.iter().map(|arg| format!("{0}: ${0}", arg.name)).collect();
        let parenthesized = |parts: &[String]| {
            if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
        };
        let document = format!(
            "{kind}{} {{ {}{}{} }}",
            parenthesized(&declared),
            field.name,
            parenthesized(&passed),
            selection(schema, field.base(), 0)
        );
        let variables = given.iter().map(|arg| (arg.name.clone(), self.value(schema, arg))).collect();
        (document, variables)
    }
}

/// Everything that can be read of a type without arguments, or the first level of what it holds.
fn selection(schema: &Schema, name: &str, depth: usize) -> String {
    if schema.is_leaf(name) {
        return String::new();
    }
    let columns = schema.columns(name);
    if !columns.is_empty() || depth == 3 {
        return format!(
            " {{ {} }}",
            if columns.is_empty() { "__typename".to_owned() } else { columns.join(" ") }
        );
    }
    let parts = schema.get(name).map_or(&[][..], |ty| &ty.fields);
    let parts: Vec<String> =
        parts.iter().map(|field| field.name.clone() + &selection(schema, field.base(), depth + 1)).collect();
    format!(" {{ {} }}", parts.join(" "))
}
