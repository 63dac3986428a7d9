//! Whether a document fits a schema: fields, arguments, input fields and variables, down to the leaves.

use std::collections::BTreeMap;

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql_value::Value;
use signalbox_tests::introspection::{Field, Schema};

/// Everything that does not fit.
pub fn findings(schema: &Schema, document: &str) -> Vec<String> {
    let parsed = match parse_query(document) {
        Ok(parsed) => parsed,
        Err(error) => return vec![format!("not a document: {error}")],
    };
    let mut walk = Walk { schema, document: &parsed, variables: BTreeMap::new(), findings: Vec::new() };
    for (_, operation) in parsed.operations.iter() {
        let operation = &operation.node;
        walk.variables.clear();
        for variable in &operation.variable_definitions {
            let variable = &variable.node;
            walk.variables.insert(variable.name.node.to_string(), variable.var_type.node.to_string());
        }
        let root = match operation.ty {
            OperationType::Query => schema.queries(),
            OperationType::Mutation => schema.mutations(),
            OperationType::Subscription => schema.subscriptions(),
        };
        walk.selections(root, "the root", &operation.selection_set.node);
    }
    walk.findings
}

struct Walk<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    /// Declared types by name.
    variables: BTreeMap<String, String>,
    findings: Vec<String>,
}

impl Walk<'_> {
    fn fields_of(&self, name: &str) -> &'_ [Field] {
        self.schema.get(name).map_or(&[], |ty| &ty.fields)
    }

    fn selections(&mut self, fields: &[Field], of: &str, selected: &SelectionSet) {
        for selection in &selected.items {
            match &selection.node {
                Selection::Field(field) if field.node.name.node == "__typename" => {}
                Selection::Field(field) => {
                    let node = &field.node;
                    let Some(known) = fields.iter().find(|known| known.name == node.name.node.as_str())
                    else {
                        self.findings.push(format!("{of} has no field {}", node.name.node));
                        continue;
                    };
                    let arguments =
                        node.arguments.iter().map(|(name, value)| (name.node.as_str(), &value.node));
                    self.inputs(&known.args, &known.name, &arguments.collect::<Vec<_>>());
                    let leaf = self.schema.is_leaf(known.base());
                    if leaf != node.selection_set.node.items.is_empty() {
                        self.findings.push(format!("{} of {of} is selected like something else", known.name));
                    }
                    let inner = self.fields_of(known.base()).to_vec();
                    self.selections(&inner, known.base(), &node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    match self.document.fragments.get(&spread.node.fragment_name.node) {
                        Some(fragment) => self.selections(fields, of, &fragment.node.selection_set.node),
                        None => self.findings.push(format!("no fragment {}", spread.node.fragment_name.node)),
                    }
                }
                Selection::InlineFragment(inline) => {
                    self.selections(fields, of, &inline.node.selection_set.node);
                }
            }
        }
    }

    /// Arguments of a field, or the fields of an input object.
    fn inputs(&mut self, known: &[Field], of: &str, given: &[(&str, &Value)]) {
        for input in known.iter().filter(|input| input.is_required()) {
            if !given.iter().any(|(name, _)| *name == input.name) {
                self.findings.push(format!("{of} needs {}", input.name));
            }
        }
        for (name, value) in given {
            match known.iter().find(|input| input.name == *name) {
                Some(input) => self.value(input, value),
                None => self.findings.push(format!("{of} takes no {name}")),
            }
        }
    }

    fn value(&mut self, input: &Field, value: &Value) {
        match value {
            Value::Variable(name) => match self.variables.get(name.as_str()).cloned() {
                Some(declared) if declared.trim_matches(['[', ']', '!']) == input.base() => {}
                Some(declared) => {
                    self.findings.push(format!("{} is {}, not {declared}", input.name, input.ty));
                }
                None => self.findings.push(format!("${name} is not declared")),
            },
            Value::List(items) => items.iter().for_each(|item| self.value(input, item)),
            Value::Object(fields) => {
                if let Some(ty) = self.schema.get(input.base()).filter(|ty| ty.kind == "INPUT_OBJECT") {
                    let known = ty.fields.clone();
                    let given: Vec<(&str, &Value)> =
                        fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
                    self.inputs(&known, input.base(), &given);
                }
            }
            Value::Enum(name) => {
                let values = self.schema.get(input.base()).map_or(&[][..], |ty| &ty.values);
                if !values.iter().any(|value| value == name.as_str()) {
                    self.findings.push(format!("{} has no value {name}", input.base()));
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_kind_of_mistake_is_found() {
    let schema = super::sdl::read(
        "type Query { run(id: ID!, where: filter, order: direction): Run } type Run { id: ID, states: [State] }
         type State { name: String } input filter { name: String, and: [filter] } enum direction { asc desc }",
    )
    .expect("valid SDL");
    let good = "query($i: ID!, $w: filter) { run(id: $i, where: {and: [{name: \"x\"}, $w]}, order: asc) { id states { ...s } } }
                fragment s on State { name }";
    assert_eq!(findings(&schema, good), Vec::<String>::new());
    for (bad, expected) in [
        ("{", "not a document"),
        ("{ nonsense }", "no field nonsense"),
        ("{ run(id: 1) { id { x } } }", "selected like something else"),
        ("{ run(id: 1) { states } }", "selected like something else"),
        ("{ run { id } }", "run needs id"),
        ("{ run(id: 1, x: 2) { id } }", "takes no x"),
        ("{ run(id: 1, where: {x: 2}) { id } }", "takes no x"),
        ("{ run(id: 1, where: {and: [{y: 2}]}) { id } }", "takes no y"),
        ("{ run(id: 1, order: sideways) { id } }", "no value sideways"),
        ("query($i: Int) { run(id: $i) { id } }", "not Int"),
        ("{ run(id: $i) { id } }", "$i is not declared"),
        ("{ run(id: 1) { ...gone } }", "no fragment gone"),
    ] {
        let found = findings(&schema, bad).join("; ");
        assert!(found.contains(expected), "{bad}: {found:?}");
    }
}
