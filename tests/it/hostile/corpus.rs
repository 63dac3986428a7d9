//! The corpus: files of documents and bodies that have been, or would be, trouble. Each is sent as it is.
//!
//! `corpus/refused/` must be refused, `corpus/harmless/` may be answered or refused; a `.graphql` file is a document, a
//! `.json` file a whole body. A file is added for every request that ever hurt a server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use signalbox_schema::ErrorCode;
use signalbox_tests::Reply;
use signalbox_tests::binary::workspace;

use super::Siege;

/// How long an answer may take, on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = workspace().join("tests/it/hostile/corpus").join(folder);
    let entries = std::fs::read_dir(&folder).expect("the corpus is committed");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the corpus can be read").path()).collect();
    files.sort();
    files
}

async fn send(siege: &Siege, file: &PathBuf) -> Reply {
    let content = std::fs::read(file).expect("the corpus can be read");
    let began = Instant::now();
    let reply = if file.extension().is_some_and(|it| it == "graphql") {
        let document =
            String::from_utf8(content).expect("documents of the corpus are text; others are bodies");
        siege.scene.client.graphql(&document, Value::Null).await
    } else {
        siege.scene.client.post(&content).await
    };
    assert!(began.elapsed() < LONGEST, "{} took {:?}", file.display(), began.elapsed());
    let answers = reply.body.as_array().cloned().unwrap_or_else(|| vec![reply.body.clone()]);
    for answer in answers {
        let one = Reply { status: reply.status, body: answer };
        super::assert_no_server_error(&one, &file.display().to_string());
        assert!(one.code().is_none_or(|code| ErrorCode::parse(code).is_some()), "{}", one.body);
    }
    reply
}

#[tokio::test]
async fn the_refused_are_refused() {
    let siege = Siege::begin().await;
    let files = files("refused");
    assert!(files.len() > 20, "only {} files: the search is broken", files.len());
    for file in files {
        let reply = send(&siege, &file).await;
        assert!(reply.code().is_some(), "{} was answered {} {}", file.display(), reply.status, reply.body);
        reply.assert_refused();
    }
    siege.assert_unharmed("the corpus of the refused").await;
}

#[tokio::test]
async fn the_harmless_do_no_harm() {
    let siege = Siege::begin().await;
    let files = files("harmless");
    assert!(files.len() > 10, "only {} files: the search is broken", files.len());
    for file in files {
        send(&siege, &file).await;
    }
    siege.assert_unharmed("the corpus of the harmless").await;
}
