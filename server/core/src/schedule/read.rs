//! Reading JSON with a path, so that every refusal says where it happened. Knows shapes, not schedules.

use super::ScheduleError;
use super::moment::{Moment, Zone};
use serde_json::{Map, Value};

/// What an absent key reads as.
static NULL: Value = Value::Null;

/// A value and where it stands in the document.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
}

impl<'a> At<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { path: "schedule".to_owned(), value }
    }

    /// The member `key`; null when it is absent.
    pub(super) fn member(&self, key: &str) -> At<'a> {
        At { path: format!("{}.{key}", self.path), value: self.value.get(key).unwrap_or(&NULL) }
    }

    pub(super) fn refuse(&self, expected: impl Into<String>) -> ScheduleError {
        ScheduleError::new(self.path.clone(), expected, self.value)
    }

    /// This value, or `None` when it is null or absent.
    pub(super) fn optional(self) -> Option<Self> {
        (!self.value.is_null()).then_some(self)
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, ScheduleError> {
        self.value.as_object().ok_or_else(|| self.refuse("an object"))
    }

    /// The items of a list of at most `most`; null and absent are the empty list.
    pub(super) fn items(&self, most: usize) -> Result<Vec<At<'a>>, ScheduleError> {
        let items = match self.value {
            Value::Null => return Ok(Vec::new()),
            Value::Array(items) if items.len() <= most => items,
            Value::Array(_) => return Err(self.refuse(format!("a list of at most {most} items"))),
            _ => return Err(self.refuse("a list")),
        };
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, value)| At { path: format!("{}[{index}]", self.path), value })
            .collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, ScheduleError> {
        self.value.as_str().ok_or_else(|| self.refuse("a text"))
    }

    /// A whole number; `3.0` is one.
    pub(super) fn whole(&self) -> Result<i64, ScheduleError> {
        #[expect(clippy::cast_possible_truncation, reason = "the value is whole and within the exact range")]
        let from_float = |float: f64| (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64);
        self.value
            .as_i64()
            .or_else(|| self.value.as_f64().and_then(from_float))
            .ok_or_else(|| self.refuse("a whole number"))
    }

    /// The clocks' date-times: `{"dt": wall clock, "tz": zone}`.
    pub(super) fn moment(&self) -> Result<Moment, ScheduleError> {
        self.object()?;
        let (dt, tz) = (self.member("dt"), self.member("tz"));
        let zone = Zone::parse(tz.text()?)
            .ok_or_else(|| tz.refuse("a time zone of the IANA database or an offset such as +02:00"))?;
        let moment = Moment::parse(dt.text()?, zone)
            .ok_or_else(|| dt.refuse("an ISO 8601 date and time between the years 1 and 9999"))?;
        Ok(Moment { zone, ..moment })
    }
}
