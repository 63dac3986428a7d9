//! The document of a flow as it is kept: what was registered, with its tasks and edges inside, however they came.

use serde_json::{Map, Value};
use std::collections::HashSet;

/// The document of a new flow: lists for tasks and edges even when they come later.
pub(super) fn of_new_flow(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(fields) = document.as_object_mut() {
        for list in ["tasks", "edges"] {
            items(fields, list);
        }
    }
    document
}

/// Appends to a list of the document what is not in it yet; whether anything was. `identity` is what makes two items
/// the same.
pub(super) fn append<'a, K: Eq + std::hash::Hash>(
    document: &mut Value,
    list: &str,
    new: impl IntoIterator<Item = &'a Value>,
    identity: impl Fn(&Value) -> K,
) -> bool {
    let Some(fields) = document.as_object_mut() else { return false };
    let items = items(fields, list);
    let mut known: HashSet<K> = items.iter().map(&identity).collect();
    let before = items.len();
    items.extend(new.into_iter().filter(|item| known.insert(identity(item))).cloned());
    items.len() > before
}

fn items<'a>(fields: &'a mut Map<String, Value>, list: &str) -> &'a mut Vec<Value> {
    let slot = fields.entry(list).or_insert(Value::Null);
    if !slot.is_array() {
        *slot = Value::Array(Vec::new());
    }
    slot.as_array_mut().expect("what is no list was replaced by one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_there_is_not_appended_again() {
        let mut document = of_new_flow(&json!({"name": "x", "tasks": null}));
        assert_eq!(document, json!({"name": "x", "tasks": [], "edges": []}));
        let tasks = [json!({"slug": "a"}), json!({"slug": "b"})];
        let slug = |task: &Value| task["slug"].as_str().map(str::to_owned);
        assert!(append(&mut document, "tasks", &tasks, slug));
        assert!(!append(&mut document, "tasks", &tasks, slug));
        assert_eq!(document["tasks"], json!(tasks));
    }
}
