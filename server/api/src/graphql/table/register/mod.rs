//! Putting the types of every table into async-graphql's registry, which derives otherwise do.

mod aggregate;
mod input;
mod meta;
mod object;
mod scalar;

use async_graphql::registry::{MetaType, Registry};
use indexmap::IndexMap;
use signalbox_core::registry::{Answer, TABLES, roots};

use meta::{argument, field, object};

/// Registers all types of all tables; the type of their roots is returned under `name`.
pub(super) fn tables(registry: &mut Registry, name: &str) -> MetaType {
    scalar::register(registry);
    input::register_shared(registry);
    for table in TABLES {
        object::register(registry, table);
        aggregate::register(registry, table);
        input::register(registry, table);
    }
    let mut fields = IndexMap::new();
    for root in roots() {
        let table = root.table.name;
        let (ty, arguments, description) = match root.answer {
            Answer::List => {
                (format!("[{table}!]!"), object::row_arguments(root.table), root.table.description.to_owned())
            }
            Answer::ByPk => (
                table.to_owned(),
                vec![argument("id", "uuid!", "Primary key.")],
                format!("The row of `{table}` with this id, or null."),
            ),
            Answer::Aggregate => (
                format!("{table}_aggregate!"),
                object::row_arguments(root.table),
                format!("Aggregates over rows of `{table}`."),
            ),
        };
        fields.insert(root.name.clone(), field(&root.name, ty, arguments, &description));
    }
    object(name, "The tables.", fields)
}

/// Adds a type unless it is known.
fn add(registry: &mut Registry, ty: MetaType) {
    registry.types.entry(ty.name().to_owned()).or_insert(ty);
}
