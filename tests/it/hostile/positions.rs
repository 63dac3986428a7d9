//! Hostile text in every position of the schema that takes text, found by walking over it: arguments, input fields,
//! conditions, orders, JSON values and their keys. Nothing but clean errors, and nobody else's rows are touched.

use serde_json::{Map, Value, json};
use signalbox_tests::dump::Dump;
use signalbox_tests::furnishing::Furnished;
use signalbox_tests::introspection::{Field, Samples, Schema};
use signalbox_tests::{Client, Reply, TestServer};

use super::assert_no_server_error;

/// What would be something else in SQL, in a pattern, in a JSON path, in C.
const TEXTS: [&str; 7] = [
    "'; DROP TABLE flow_run; --",
    "' OR tenant_id IS NOT NULL --",
    "\" || (SELECT key_hash FROM api_key) || \"",
    "$.\"a\"[0]'] #>> '{}' %_\\",
    "?1 :a @b $1 $$ \\",
    "a\u{0}b",
    "😀\u{202e}",
];
/// Queries in one request: as many as a batch may hold.
const TOGETHER: usize = 25;
/// Deepest place that is walked to.
const DEPTH: usize = 6;

/// Two tenants: one that attacks, one whose rows are watched.
struct Ring {
    _server: TestServer,
    schema: Schema,
    attacker: Furnished,
    victim: Furnished,
    before: Dump,
}

impl Ring {
    async fn open() -> Self {
        // The victim's runs have no process that would send heartbeats, and this takes longer than some patience.
        let server = TestServer::start_with(&[("SIGNALBOX_SILENT_AFTER_SECONDS", "86400")]);
        let operator = server.client();
        let schema = Schema::of(&operator).await;
        let attacker = Furnished::tenant(&operator, &schema, "attacker").await;
        let victim = Furnished::tenant(&operator, &schema, "victim").await;
        let before = Dump::of(&victim.admin, &schema).await;
        Self { _server: server, schema, attacker, victim, before }
    }

    fn client(&self) -> &Client {
        &self.attacker.admin
    }

    async fn send(&self, document: &str, variables: Value, what: &str) {
        let reply = self.client().graphql(document, variables).await;
        assert_no_server_error(&reply, what);
        self.assert_nothing_leaked(&reply.body, what);
    }

    /// Sends many queries, some together in one request.
    async fn send_all(&self, queries: &[(String, Value)]) {
        for some in queries.chunks(TOGETHER) {
            let each =
                some.iter().map(|(document, variables)| json!({"query": document, "variables": variables}));
            let batch = Value::Array(each.collect()).to_string();
            let reply = self.client().post(batch.as_bytes()).await;
            let answers = reply.body.as_array().unwrap_or_else(|| panic!("{} {}", reply.status, reply.body));
            for (answer, (document, variables)) in answers.iter().zip(some) {
                let what = format!("{document} {variables}");
                let one = Reply { status: reply.status, body: answer.clone() };
                assert_no_server_error(&one, &what);
                self.assert_nothing_leaked(answer, &what);
            }
        }
    }

    fn assert_nothing_leaked(&self, answer: &Value, to_what: &str) {
        let answer = answer.to_string();
        let leaked = self.before.all_ids().find(|id| answer.contains(id));
        assert_eq!(leaked, None, "{to_what} shows a row of another tenant: {answer}");
    }

    async fn assert_victim_unharmed(&self) {
        Dump::of(&self.victim.admin, &self.schema).await.assert_same_as(&self.before, "hostile text");
    }
}

/// A place inside the variables, and what may be put there.
struct Position {
    path: Vec<String>,
    values: Vec<Value>,
}

/// The positions of one argument or input field. `sample` is the value that stands there.
fn positions(schema: &Schema, field: &Field, path: &[String], sample: &Value, found: &mut Vec<Position>) {
    if path.len() > DEPTH {
        return;
    }
    let at = |name: &str| path.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
    let here = at(&field.name);
    if field.is_list() {
        let first = sample.as_array().and_then(|list| list.first()).unwrap_or(&Value::Null);
        let values = scalar(field.base()).into_iter().map(|value| json!([value])).collect();
        found.push(Position { path: here.clone(), values });
        if let Some(ty) = schema.get(field.base()).filter(|ty| ty.kind == "INPUT_OBJECT") {
            let inner: Vec<String> = here.iter().cloned().chain(["0".to_owned()]).collect();
            ty.fields.iter().for_each(|part| positions(schema, part, &inner, &first[&part.name], found));
        }
        return;
    }
    match schema.get(field.base()) {
        Some(ty) if ty.kind == "INPUT_OBJECT" => {
            ty.fields.iter().for_each(|part| positions(schema, part, &here, &sample[&part.name], found));
        }
        _ => {
            found.push(Position { path: here.clone(), values: scalar(field.base()) });
            inside(sample, &here, found);
        }
    }
}

/// Values for a scalar: text, whatever it is declared as; for JSON also as key and element.
fn scalar(base: &str) -> Vec<Value> {
    let texts = TEXTS.iter().map(|text| json!(text));
    match base {
        "JSON" | "jsonb" => texts
            .chain(TEXTS.iter().map(|&text| json!({text: {text: [text]}})))
            .chain(TEXTS.iter().map(|&text| json!([text])))
            .collect(),
        "String" => texts.collect(),
        _ => texts.take(2).collect(),
    }
}

/// The texts and keys within a JSON sample: a flow's names, a state's message.
fn inside(sample: &Value, path: &[String], found: &mut Vec<Position>) {
    let deeper = |name: String| path.iter().cloned().chain([name]).collect::<Vec<_>>();
    let parts: Vec<(String, &Value)> = match sample {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        // The elements of a list are alike.
        Value::Array(list) => list.iter().take(1).map(|value| ("0".to_owned(), value)).collect(),
        _ => return,
    };
    if let Value::Object(entries) = sample {
        let mut renamed = entries.clone();
        renamed.insert(TEXTS[0].to_owned(), json!(TEXTS[1]));
        found.push(Position { path: path.to_vec(), values: vec![Value::Object(renamed)] });
    }
    for (name, value) in parts {
        if value.is_string() || value.is_number() || value.is_null() {
            let values = [TEXTS[0], TEXTS[3], TEXTS[5]].iter().map(|text| json!(text)).collect();
            found.push(Position { path: deeper(name.clone()), values });
        }
        inside(value, &deeper(name), found);
    }
}

/// The variables with `value` at `path`; objects and lists on the way are made.
fn with(variables: &Value, path: &[String], value: Value) -> Value {
    let mut all = variables.clone();
    let mut place = &mut all;
    for step in path {
        place = if let Ok(index) = step.parse::<usize>() {
            if !place.is_array() {
                *place = json!([{}]);
            }
            &mut place.as_array_mut().expect("made above")[index]
        } else {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place.as_object_mut().expect("made above").entry(step.clone()).or_insert(Value::Null)
        };
    }
    *place = value;
    all
}

/// A document that declares every argument, with variables for those that a valid call needs.
fn operation(schema: &Schema, samples: &Samples, kind: &str, field: &Field) -> (String, Value) {
    let (_, variables) = samples.operation(schema, kind, field);
    let declared: Vec<String> = field.args.iter().map(|arg| format!("${}: {}", arg.name, arg.ty)).collect();
    let passed: Vec<String> = field.args.iter().map(|arg| format!("{0}: ${0}", arg.name)).collect();
    let columns = schema.columns(field.base());
    let selection = match (schema.is_leaf(field.base()), columns.is_empty()) {
        (true, _) => String::new(),
        (false, true) => "{ __typename }".to_owned(),
        (false, false) => format!("{{ {} }}", columns.join(" ")),
    };
    let (declared, passed) = match field.args.as_slice() {
        [] => (String::new(), String::new()),
        _ => (format!("({})", declared.join(", ")), format!("({})", passed.join(", "))),
    };
    (format!("{kind}{declared} {{ {}{passed} {selection} }}", field.name), variables)
}

async fn attack(ring: &Ring, kind: &str, roots: &[&Field]) -> usize {
    let samples = ring.attacker.samples();
    let mut sent = 0;
    for root in roots {
        let (document, variables) = operation(&ring.schema, &samples, kind, root);
        let mut found = Vec::new();
        for argument in &root.args {
            positions(&ring.schema, argument, &[], &variables[&argument.name], &mut found);
        }
        for position in &found {
            for value in &position.values {
                let what = format!("{} with {value} at {}", root.name, position.path.join("."));
                ring.send(&document, with(&variables, &position.path, value.clone()), &what).await;
                sent += 1;
            }
        }
    }
    sent
}

#[tokio::test]
async fn mutations_bind_their_text() {
    let ring = Ring::open().await;
    let mut mutations: Vec<&Field> = ring.schema.mutations().iter().collect();
    // What takes things away comes last, or the rest would find nothing.
    mutations.sort_by_key(|field| {
        (
            field.name == "delete_tenant",
            field.name.starts_with("delete_") || field.name.starts_with("archive_"),
        )
    });
    let sent = attack(&ring, "mutation", &mutations).await;
    assert!(sent > 1_000, "only {sent} requests were sent: the walk over the schema is broken");
    ring.assert_victim_unharmed().await;
}

#[tokio::test]
async fn queries_bind_their_text() {
    let ring = Ring::open().await;
    let mut sent = 0;
    let derived = |field: &&Field| field.args.iter().any(|arg| arg.name == "where");
    let (lists, others): (Vec<&Field>, Vec<&Field>) = ring.schema.queries().iter().partition(derived);
    sent += attack(&ring, "query", &others).await;
    for list in lists {
        let of = |name: &str| list.args.iter().find(|arg| arg.name == name);
        let types: Vec<String> = ["where", "order_by", "distinct_on"]
            .iter()
            .filter_map(|name| Some(format!("${name}: {}", of(name)?.ty)))
            .collect();
        let passed = "where: $where, order_by: $order_by, distinct_on: $distinct_on, limit: 2";
        let leaf = if ring.schema.columns(list.base()).contains(&"id") { "id" } else { "__typename" };
        let document = format!("query({}) {{ {}({passed}) {{ {leaf} }} }}", types.join(", "), list.name);
        let mut queries: Vec<(String, Value)> = conditions(&ring.schema, list)
            .into_iter()
            .map(|variables| (document.clone(), variables))
            .collect();
        for document in paths(&ring.schema, list) {
            let texts = [TEXTS[0], TEXTS[3], TEXTS[5]];
            queries.extend(texts.map(|text| (document.clone(), json!({"path": text}))));
        }
        sent += queries.len();
        ring.send_all(&queries).await;
    }
    assert!(sent > 2_000, "only {sent} requests were sent: the walk over the schema is broken");
    ring.assert_victim_unharmed().await;
}

/// Every operator of every column with text, the relationships one deep, and text in place of orders and columns.
fn conditions(schema: &Schema, list: &Field) -> Vec<Value> {
    let argument = |name: &str| list.args.iter().find(|arg| arg.name == name).map_or("", Field::base);
    let mut found = vec![
        json!({"where": {TEXTS[0]: {"_eq": 1}}}),
        json!({"where": {"_and": [{TEXTS[1]: TEXTS[0]}]}}),
        json!({"order_by": {TEXTS[0]: "asc"}}),
        json!({"order_by": [{"id": TEXTS[0]}]}),
        json!({"order_by": TEXTS[0]}),
        json!({"distinct_on": TEXTS[0]}),
        json!({"distinct_on": ["id", TEXTS[1]]}),
    ];
    let Some(filter) = schema.get(argument("where")) else { return found };
    for column in &filter.fields {
        let Some(operators) = schema.get(column.base()) else { continue };
        let own = operators.fields.iter().filter(|operator| operator.name.starts_with('_'));
        let is_relation = operators.fields.iter().any(|field| field.name == "_and");
        if is_relation && !column.name.starts_with('_') {
            found.push(json!({"where": {&column.name: {"id": {"_eq": TEXTS[0]}}}}));
            found.push(json!({"where": {&column.name: {TEXTS[0]: {"_eq": 1}}}}));
            found.push(json!({"order_by": {&column.name: {"name": TEXTS[0]}}}));
            continue;
        }
        if column.name.starts_with('_') {
            continue;
        }
        for operator in own {
            // How a value gets into JSON was tried by the mutations: here one of three is enough.
            let every = if operator.base() == "jsonb" { 3 } else { 1 };
            for value in scalar(operator.base()).into_iter().step_by(every) {
                let value = if operator.is_list() { json!([value, value]) } else { value };
                found.push(json!({"where": {&column.name: {&operator.name: value}}}));
            }
        }
    }
    found
}

/// A document for each JSON column: the argument that leads into it is text.
fn paths(schema: &Schema, list: &Field) -> Vec<String> {
    let fields = schema.get(list.base()).map_or(&[][..], |ty| &ty.fields);
    fields
        .iter()
        .filter(|field| field.args.iter().any(|arg| arg.name == "path"))
        .map(|field| {
            format!("query($path: String) {{ {}(limit: 1) {{ {}(path: $path) }} }}", list.name, field.name)
        })
        .collect()
}
