//! The committed schema is the contract: the server says the same of itself, and every document of ours fits it.

mod breaking;
mod errors;
mod fits;
mod sdl;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use signalbox_tests::TestServer;
use signalbox_tests::binary::workspace;
use signalbox_tests::introspection::{Schema, Type};

/// Scalars every schema has, whether it says so or not.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

fn committed() -> Schema {
    let path = workspace().join("schema/schema.graphql");
    let text = std::fs::read_to_string(&path).expect("schema/schema.graphql is committed");
    sdl::read(&text).expect("schema/schema.graphql is valid SDL")
}

#[tokio::test]
async fn the_committed_schema_is_what_the_server_serves() {
    let running = TestServer::start();
    let served = Schema::of(&running.client()).await;
    let committed = committed();
    let differences = differences(&committed, &served);
    assert!(
        differences.is_empty(),
        "schema/schema.graphql is not current, run `make schema`:\n  {}",
        differences.join("\n  ")
    );
}

/// What one schema has and the other has not, or has differently.
fn differences(committed: &Schema, served: &Schema) -> Vec<String> {
    let own = |schema: &Schema| -> BTreeSet<String> {
        let names = schema
            .types()
            .keys()
            .filter(|name| !name.starts_with("__") && !BUILT_IN.contains(&name.as_str()));
        names.cloned().collect()
    };
    let mut found = Vec::new();
    for name in own(committed).union(&own(served)) {
        match (committed.get(name), served.get(name)) {
            (Some(committed), Some(served)) if sorted(committed) == sorted(served) => {}
            (Some(committed), Some(served)) => {
                let (committed, served) = (sorted(committed), sorted(served));
                let gone = committed.fields.iter().filter(|field| !served.fields.contains(field));
                let new = served.fields.iter().filter(|field| !committed.fields.contains(field));
                found.extend(
                    gone.map(|field| format!("{name}.{}: {} is committed only", field.name, field.ty)),
                );
                found.extend(new.map(|field| format!("{name}.{}: {} is served only", field.name, field.ty)));
                if committed.kind != served.kind || committed.values != served.values {
                    found.push(format!(
                        "{name}: {} {:?} became {} {:?}",
                        committed.kind, committed.values, served.kind, served.values
                    ));
                }
            }
            (Some(_), None) => found.push(format!("{name} is committed only")),
            (None, _) => found.push(format!("{name} is served only")),
        }
    }
    found
}

/// A type with its parts in order of their names: their order is no part of the contract.
fn sorted(ty: &Type) -> Type {
    let mut ty = ty.clone();
    ty.fields.iter_mut().for_each(|field| field.args.sort_by(|one, other| one.name.cmp(&other.name)));
    ty.fields.sort_by(|one, other| one.name.cmp(&other.name));
    ty.values.sort();
    ty
}

/// Documents in `.graphql` files, and those in string constants of the Rust clients.
fn documents() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["schema/operations", "cli/src", "agent/src", "agent/client/src"] {
        collect(&workspace().join(folder), &mut files);
    }
    let mut documents = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a source can be read");
        let name = path.strip_prefix(workspace()).expect("found in the workspace").display().to_string();
        if path.extension().is_some_and(|it| it == "graphql") {
            documents.push((name, text));
        } else {
            documents.extend(in_constants(&text).map(|document| (name.clone(), document)));
        }
    }
    documents
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the workspace can be read") {
        let path = entry.expect("a folder of the workspace can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs" || it == "graphql") {
            files.push(path);
        }
    }
}

/// The texts of `const …: &str = "…"` that begin like a document.
fn in_constants(source: &str) -> impl Iterator<Item = String> {
    source.split(": &str = \"").skip(1).filter_map(|rest| {
        let document =
            rest.starts_with("query") || rest.starts_with("mutation") || rest.starts_with("subscription");
        let text = rest.split("\";").next()?;
        document.then(|| text.replace("\\\n", "").replace("\\\"", "\"").replace("\\n", "\n"))
    })
}

#[test]
fn every_document_of_ours_fits_the_committed_schema() {
    let schema = committed();
    let documents = documents();
    assert!(documents.len() > 30, "only {} documents were found: the search is broken", documents.len());
    let findings: Vec<String> = documents
        .iter()
        .flat_map(|(name, document)| {
            fits::findings(&schema, document).into_iter().map(move |it| format!("{name}: {it}"))
        })
        .collect();
    assert!(
        findings.is_empty(),
        "documents that do not fit schema/schema.graphql:\n  {}",
        findings.join("\n  ")
    );
}

#[test]
fn differences_are_found() {
    let one =
        sdl::read("type Query { a(x: Int): String } enum E { A } type Gone { id: ID }").expect("valid SDL");
    let other = sdl::read("type Query { a(x: Int!): String } enum E { A B }").expect("valid SDL");
    assert_eq!(differences(&one, &one), Vec::<String>::new());
    assert_eq!(differences(&one, &other).len(), 4, "{:?}", differences(&one, &other));
}

#[test]
fn documents_in_constants_are_found() {
    let source =
        "const A: &str = \"query { a }\";\nconst B: &str = \"text\";\nconst C: &str = \"mutation {\n b }\";";
    assert_eq!(in_constants(source).collect::<Vec<_>>(), ["query { a }", "mutation {\n b }"]);
}
