//! The state types, as data for user interfaces.

use serde_json::{Map, Value, json};
use signalbox_schema::StateType;

/// Each type with the type it is a kind of and what it means for a run.
pub(super) fn info() -> Value {
    let info = StateType::ALL.iter().map(|kind| {
        let described = json!({
            "parent": kind.parent().map(StateType::as_str),
            "is_scheduled": kind.is_scheduled(),
            "is_finished": kind.is_finished(),
            "is_successful": kind.is_successful(),
            "is_failed": kind.is_failed(),
        });
        (kind.as_str().to_owned(), described)
    });
    Value::Object(info.collect())
}

/// The types nested by what they are kinds of: `{"Pending": {"Scheduled": {…}}, …}`.
pub(super) fn hierarchy() -> Value {
    Value::Object(children(None))
}

fn children(parent: Option<StateType>) -> Map<String, Value> {
    StateType::ALL
        .iter()
        .filter(|kind| kind.parent() == parent)
        .map(|kind| (kind.as_str().to_owned(), Value::Object(children(Some(*kind)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_place() {
        fn count(value: &Value) -> usize {
            value.as_object().unwrap().values().map(|inner| 1 + count(inner)).sum()
        }
        let hierarchy = hierarchy();
        assert!(hierarchy["Finished"]["Success"]["Cached"].is_object());
        assert!(hierarchy["Pending"]["Scheduled"]["Retrying"].is_object());
        assert_eq!(count(&hierarchy), StateType::ALL.len());
        assert_eq!(info().as_object().unwrap().len(), StateType::ALL.len());
    }
}
