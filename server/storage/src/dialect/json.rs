//! Conditions on JSON columns. PostgreSQL has operators for them; for SQLite the compared value, which is known, is
//! unfolded into conditions over `json_each`, so that objects and arrays compare by value and not by text.

use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Func, Query, SelectStatement};
use serde_json::Value;

use super::Dialect;

/// What is asked of a JSON column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum JsonTest<'a> {
    /// The same value; the order of an object's keys does not matter.
    Equals(&'a Value),
    /// PostgreSQL's `@>`.
    Contains(&'a Value),
    /// PostgreSQL's `<@`.
    ContainedIn(&'a Value),
    /// PostgreSQL's `?|`: one of the texts is a key of the object, an element of the array, or the text itself.
    AnyKey(&'a [String]),
    /// PostgreSQL's `?&`.
    AllKeys(&'a [String]),
}

/// PostgreSQL's operators; `?` and its relatives by their function names, since `?` may mean a parameter.
pub(super) fn postgres(dialect: Dialect, target: Expr, test: &JsonTest<'_>) -> Expr {
    let has_key = |key: &String| {
        Expr::expr(Func::cust("jsonb_exists").arg(target.clone()).arg(Expr::val(key.as_str())))
    };
    match test {
        JsonTest::Equals(value) => target.eq(dialect.json(value)),
        JsonTest::Contains(value) => target.binary(BinOper::Custom("@>"), dialect.json(value)),
        JsonTest::ContainedIn(value) => target.binary(BinOper::Custom("<@"), dialect.json(value)),
        JsonTest::AnyKey(keys) => any(keys.iter().map(has_key)),
        JsonTest::AllKeys(keys) => all(keys.iter().map(has_key)),
    }
}

/// The same on SQLite. A null column gives null, as the operators do.
pub(super) fn sqlite(target: Expr, test: &JsonTest<'_>) -> Expr {
    let root = Place::Root(target.clone());
    let mut unfold = Unfold { aliases: 0 };
    let condition = match test {
        JsonTest::Equals(value) => unfold.equals(&root, value),
        JsonTest::Contains(value) => unfold.contains_at_root(&root, value),
        JsonTest::ContainedIn(value) => unfold.contained_at_root(&root, value),
        JsonTest::AnyKey(keys) => any(keys.iter().map(|key| unfold.has_key(&root, key))),
        JsonTest::AllKeys(keys) => all(keys.iter().map(|key| unfold.has_key(&root, key))),
    };
    Expr::case(target.is_not_null(), condition).into()
}

fn all(conditions: impl Iterator<Item = Expr>) -> Expr {
    conditions.reduce(ExprTrait::and).unwrap_or(Expr::val(true))
}

fn any(conditions: impl Iterator<Item = Expr>) -> Expr {
    conditions.reduce(ExprTrait::or).unwrap_or(Expr::val(false))
}

/// Where a JSON value is found: in the column itself, or in a row of `json_each`.
#[derive(Clone)]
enum Place {
    Root(Expr),
    Each(String),
}

impl Place {
    /// SQLite's name of the value's type: object, array, text, integer, real, true, false or null.
    fn type_name(&self) -> Expr {
        match self {
            Self::Root(column) => Func::cust("json_type").arg(column.clone()).into(),
            Self::Each(alias) => Expr::col((alias.clone(), "type")),
        }
    }

    /// The value as SQL; JSON text for objects and arrays.
    fn value(&self) -> Expr {
        match self {
            Self::Root(column) => Func::cust("json_extract").arg(column.clone()).arg(Expr::val("$")).into(),
            Self::Each(alias) => Expr::col((alias.clone(), "value")),
        }
    }

    /// The value as the argument of `json_each`: nothing where the value is a scalar, for a member's text is not
    /// JSON and `json_each` would refuse it.
    fn members(&self) -> Expr {
        match self {
            Self::Root(column) => column.clone(),
            Self::Each(_) => Expr::case(self.type_name().is_in(["object", "array"]), self.value()).into(),
        }
    }

    fn is(&self, type_name: &'static str) -> Expr {
        self.type_name().eq(type_name)
    }
}

/// Unfolds a known value into conditions; counts the aliases of `json_each`.
struct Unfold {
    aliases: usize,
}

impl Unfold {
    /// A SELECT over the members of a place, for use in EXISTS; the condition is given the member's place.
    fn member(&mut self, of: &Place, condition: impl FnOnce(&mut Self, &Place) -> Expr) -> SelectStatement {
        self.aliases += 1;
        let alias = format!("j{}", self.aliases);
        let member = Place::Each(alias.clone());
        let condition = condition(self, &member);
        let members = Func::cust("json_each").arg(of.members());
        Query::select().expr(Expr::cust("1")).from_function(members, alias).and_where(condition).take()
    }

    fn has_member(&mut self, of: &Place, condition: impl FnOnce(&mut Self, &Place) -> Expr) -> Expr {
        Expr::exists(self.member(of, condition))
    }

    fn only_members(&mut self, of: &Place, condition: impl FnOnce(&mut Self, &Place) -> Expr) -> Expr {
        Expr::not_exists(self.member(of, |unfold, member| condition(unfold, member).not()))
    }

    fn keyed(member: &Place, key: impl Into<Expr>) -> Expr {
        match member {
            Place::Each(alias) => Expr::col((alias.clone(), "key")).eq(key),
            Place::Root(_) => Expr::val(false),
        }
    }

    fn equals(&mut self, place: &Place, value: &Value) -> Expr {
        match value {
            Value::Object(entries) => {
                let same = entries.iter().map(|(key, value)| {
                    self.has_member(place, |unfold, member| {
                        Self::keyed(member, key.as_str()).and(unfold.equals(member, value))
                    })
                });
                let same: Vec<_> = same.collect();
                let keys: Vec<_> = entries.keys().map(|key| Expr::val(key.as_str())).collect();
                let no_other = self.only_members(place, |_, member| {
                    any(keys.into_iter().map(|key| Self::keyed(member, key)))
                });
                all([place.is("object"), no_other].into_iter().chain(same))
            }
            Value::Array(elements) => {
                let length = Func::cust("json_array_length").arg(place.members());
                let length = Expr::expr(length).eq(count(elements.len()));
                let same = elements.iter().enumerate().map(|(index, value)| {
                    self.has_member(place, |unfold, member| {
                        Self::keyed(member, count(index)).and(unfold.equals(member, value))
                    })
                });
                let same: Vec<_> = same.collect();
                all([place.is("array"), length].into_iter().chain(same))
            }
            scalar => scalar_equals(place, scalar),
        }
    }

    /// `@>`: PostgreSQL lets an array contain a bare scalar, at the top only.
    fn contains_at_root(&mut self, root: &Place, value: &Value) -> Expr {
        let contains = self.contains(root, value);
        if value.is_object() || value.is_array() {
            return contains;
        }
        let element = self.has_member(root, |_, member| scalar_equals(member, value));
        contains.or(root.is("array").and(element))
    }

    fn contains(&mut self, place: &Place, value: &Value) -> Expr {
        match value {
            Value::Object(entries) => {
                let each = entries.iter().map(|(key, value)| {
                    self.has_member(place, |unfold, member| {
                        Self::keyed(member, key.as_str()).and(unfold.contains(member, value))
                    })
                });
                let each: Vec<_> = each.collect();
                all(std::iter::once(place.is("object")).chain(each))
            }
            Value::Array(elements) => {
                let each = elements
                    .iter()
                    .map(|value| self.has_member(place, |unfold, member| unfold.contains(member, value)));
                let each: Vec<_> = each.collect();
                all(std::iter::once(place.is("array")).chain(each))
            }
            scalar => scalar_equals(place, scalar),
        }
    }

    /// `<@`, with the same exception: a bare scalar is contained in an array that has it.
    fn contained_at_root(&mut self, root: &Place, value: &Value) -> Expr {
        let contained = self.contained(root, value);
        let Value::Array(elements) = value else { return contained };
        let scalars = elements.iter().filter(|element| !element.is_object() && !element.is_array());
        any(std::iter::once(contained).chain(scalars.map(|scalar| scalar_equals(root, scalar))))
    }

    fn contained(&mut self, place: &Place, value: &Value) -> Expr {
        match value {
            Value::Object(entries) => {
                let only = self.only_members(place, |unfold, member| {
                    any(entries.iter().map(|(key, value)| {
                        Self::keyed(member, key.as_str()).and(unfold.contained(member, value))
                    }))
                });
                place.is("object").and(only)
            }
            Value::Array(elements) => {
                let only = self.only_members(place, |unfold, member| {
                    any(elements.iter().map(|value| unfold.contained(member, value)))
                });
                place.is("array").and(only)
            }
            scalar => scalar_equals(place, scalar),
        }
    }

    fn has_key(&mut self, root: &Place, key: &str) -> Expr {
        self.has_member(root, |_, member| {
            let Place::Each(alias) = member else { return Expr::val(false) };
            // json_each gives objects text keys, arrays numbers, and a bare scalar none.
            let key_type = Expr::expr(Func::cust("typeof").arg(Expr::col((alias.clone(), "key"))));
            let in_object = key_type.clone().eq("text").and(Self::keyed(member, key));
            let element = key_type.ne("text").and(member.is("text")).and(member.value().eq(key));
            in_object.or(element)
        })
    }
}

fn count(number: usize) -> Expr {
    Expr::val(i64::try_from(number).unwrap_or(i64::MAX))
}

fn scalar_equals(place: &Place, value: &Value) -> Expr {
    match value {
        Value::String(text) => place.is("text").and(place.value().eq(text.as_str())),
        Value::Number(number) => {
            let bound = match number.as_i64() {
                Some(whole) => Expr::val(whole),
                None => Expr::val(number.as_f64()),
            };
            place.type_name().is_in(["integer", "real"]).and(place.value().eq(bound))
        }
        Value::Bool(true) => place.is("true"),
        Value::Bool(false) => place.is("false"),
        // Objects and arrays never come here: their callers unfold them.
        Value::Null | Value::Array(_) | Value::Object(_) => place.is("null"),
    }
}
