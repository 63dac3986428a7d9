//! The stock client sends a request again when an answer does not come in time, so every mutation may arrive twice.
//! Each is delivered twice here; everything readable must be the same after the second delivery as before it.

use std::collections::BTreeSet;

use signalbox_tests::TestServer;
use signalbox_tests::dump::Dump;
use signalbox_tests::furnishing::Furnished;
use signalbox_tests::introspection::{Field, Schema};

use crate::uncovered::assert_list_is;

const UNCOVERED: &str = include_str!("replay_uncovered.txt");

/// What came of delivering one mutation twice.
enum Outcome {
    /// It did something the first time, and nothing the second.
    Proven,
    /// The first delivery was refused or changed nothing, so that the second proves nothing.
    Unproven,
}

async fn deliver_twice(furnished: &Furnished, schema: &Schema, mutation: &Field) -> Outcome {
    let (document, variables) = furnished.samples().operation(schema, "mutation", mutation);
    let untouched = Dump::of(&furnished.admin, schema).await;
    let first = furnished.admin.graphql(&document, variables.clone()).await;
    if first.code().is_some() {
        eprintln!("{} was refused: {}\n  {document}\n  {variables}", mutation.name, first.body["errors"]);
        return Outcome::Unproven;
    }
    let before = Dump::of(&furnished.admin, schema).await;
    let second = furnished.admin.graphql(&document, variables).await;
    assert!(
        second.status < 500 && !matches!(second.code(), Some("INTERNAL" | "API_ERROR")),
        "{}: {}",
        mutation.name,
        second.body
    );
    Dump::of(&furnished.admin, schema)
        .await
        .assert_same_as(&before, &format!("the second {}", mutation.name));
    if before == untouched { Outcome::Unproven } else { Outcome::Proven }
}

#[tokio::test]
async fn every_mutation_may_arrive_twice() {
    let server = TestServer::start();
    let operator = server.client();
    let schema = Schema::of(&operator).await;
    let mut uncovered = BTreeSet::new();
    for (number, mutation) in schema.mutations().iter().enumerate() {
        let furnished = Furnished::tenant(&operator, &schema, &format!("tenant-{number}")).await;
        if matches!(deliver_twice(&furnished, &schema, mutation).await, Outcome::Unproven) {
            uncovered.insert(mutation.name.clone());
        }
    }
    assert_list_is(UNCOVERED, &uncovered, "tests/it/replay_uncovered.txt");
}
