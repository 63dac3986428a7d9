//! The registry is consistent with itself.

use std::collections::HashSet;

use super::{Answer, Cardinality, Kind, TABLES, root, roots};

#[test]
fn relationships_join_uuid_columns_that_exist_and_every_fk_is_followed() {
    for table in TABLES {
        for relation in table.relations {
            let local = table.columns.iter().find(|column| column.name == relation.local).unwrap();
            let remote =
                relation.target.columns.iter().find(|column| column.name == relation.remote).unwrap();
            assert_eq!(
                (local.kind, remote.kind),
                (Kind::Uuid, Kind::Uuid),
                "{}.{}",
                table.name,
                relation.name
            );
            match relation.cardinality {
                Cardinality::One => assert_eq!(relation.remote, "id"),
                Cardinality::Many => assert_eq!(relation.local, "id"),
            }
        }
    }
}

#[test]
fn names_do_not_collide() {
    for table in TABLES {
        let mut names = HashSet::from(["_and".to_owned(), "_or".to_owned(), "_not".to_owned()]);
        let columns = table.columns.iter().map(|column| column.name.to_owned());
        let relations = table
            .relations
            .iter()
            .flat_map(|relation| [relation.name.to_owned(), format!("{}_aggregate", relation.name)]);
        for name in columns.chain(relations) {
            assert!(!name.starts_with('_') && !name.starts_with("numbered"), "{name} is the compiler's");
            assert!(names.insert(name.clone()), "{}.{name} exists twice", table.name);
        }
    }
    let all: HashSet<_> = roots().iter().map(|root| &root.name).collect();
    assert_eq!(all.len(), roots().len());
}

#[test]
fn every_table_has_a_key_and_a_tenant() {
    for table in TABLES {
        // An event does not change, and says itself when it happened.
        let times: &[&str] = if table.name == "event" { &["occurred"] } else { &["created", "updated"] };
        for name in ["id"].iter().chain(times) {
            assert!(
                table.public_column(name).is_some_and(|column| !column.nullable),
                "{}.{name}",
                table.name
            );
        }
        let tenant = table.public_column(table.tenant_column).unwrap();
        assert_eq!(tenant.kind, Kind::Uuid);
        assert!(!tenant.nullable);
        assert_eq!(table.is_tenant(), table.tenant_column == "id");
    }
}

#[test]
fn bytes_are_private() {
    for table in TABLES {
        assert!(table.public_columns().all(|column| column.kind != Kind::Bytes), "{}", table.name);
    }
}

#[test]
fn roots_are_found_by_name() {
    assert_eq!(root("flow_run_by_pk").unwrap().answer, Answer::ByPk);
    assert_eq!(root("auth_api_key").unwrap().table.name, "api_key");
    assert!(root("hello").is_none());
}
