//! Lists inside statements.

use sea_orm::Value;
use uuid::Uuid;

/// Placeholders `$n, $n+1, …` for `ids`, padded to a power of two by repeating the last, so that few shapes of the
/// statement exist and each stays prepared. The ids are appended to `values`. An empty list matches nothing.
pub(crate) fn ids(values: &mut Vec<Value>, ids: impl IntoIterator<Item = Uuid>) -> String {
    placeholders(values, ids.into_iter().map(Value::from).collect())
}

/// The same for texts.
pub(crate) fn texts<'a>(values: &mut Vec<Value>, list: impl IntoIterator<Item = &'a str>) -> String {
    placeholders(values, list.into_iter().map(|text| Value::from(text.to_owned())).collect())
}

/// The same for whole numbers.
pub(crate) fn integers(values: &mut Vec<Value>, list: impl IntoIterator<Item = i64>) -> String {
    placeholders(values, list.into_iter().map(Value::from).collect())
}

fn placeholders(values: &mut Vec<Value>, mut list: Vec<Value>) -> String {
    let Some(filler) = list.last().cloned() else { return "NULL".to_owned() };
    list.resize(list.len().next_power_of_two(), filler);
    let mut text = String::with_capacity(list.len() * 5);
    for value in list {
        values.push(value);
        if !text.is_empty() {
            text.push(',');
        }
        text.push('$');
        text.push_str(&values.len().to_string());
    }
    text
}
